#include <doctest/doctest.h>

#include "controller/config.hpp"
#include "tests/controller/temporary_directory.hpp"

namespace commonwatt {
namespace {

using test::TemporaryDirectory;

constexpr const char* broker = R"([broker]
uri = "ssl://broker.example:8883"
ca = "ca.pem"
certificate = "own.pem"
key = "own.key"
)";

/// A good gateway.toml; "[market]" stands in line 9.
std::string gateway_text() {
  return R"([household]
id = "hh01"
store = "store"
keys = "keys"
)" + std::string(broker).substr(0, std::string(broker).find("key =")) +
         R"([market]
origin = "commonwatt.example/street"
log_key = "0101010101010101010101010101010101010101010101010101010101010101"
retail_price = 300000
feed_in_price = 80000
[[meter]]
id = "hh01-grid"
role = "billing"
rating_w = 14000
url = "modbus+tcp://127.0.0.1:502?unit=1"
)";
}

std::string with_broker_key(std::string text) {
  text.insert(text.find("[market]"), "key = \"own.key\"\n");
  return text;
}

std::string controller_text() {
  const std::string point(66, '0');
  const std::string key(64, '0');
  return R"([market]
origin = "commonwatt.example/street"
retail_price = 300000
feed_in_price = 80000
[controller]
store = "store"
keys = "keys"
)" + std::string(broker) +
         R"([[household]]
id = "hh02"
fuse_w = 14000
order_key = ")" +
         point + "\"\nreading_key = \"" + point + "\"\nwitness_key = \"" + key + R"("
[[household.meter]]
id = "hh02-grid"
role = "billing"
rating_w = 14000
)";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

/// The faults of a gateway file with that text, one a line, the file's name taken away.
std::string faults_of(const std::string& text) {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory / "gateway.toml";
  test::write_text(file, text);
  const auto config = read_gateway_config(file);
  if (config) return "good";
  std::string faults;
  for (const std::string& fault : config.error()) {
    REQUIRE(fault.find(file.string()) == 0);
    faults += fault.substr(file.string().size()) + "\n";
  }
  return faults;
}

bool says(const std::string& faults, const std::string& what) {
  CAPTURE(faults);
  CHECK(faults.find(what) != std::string::npos);
  return true;
}

TEST_CASE("a tariff is two prices in [market] or the table [tariff], not both") {
  constexpr const char* table =
      "\n[tariff]\nretail = 250000\nfeed_in = 60000\n[[tariff.levy]]\nname = \"grid\"\n"
      "price = 20000\napplies_to = [\"utility\"]\n";
  const std::string good = gateway_text();
  says(faults_of(good + table), "market.retail_price: and the table [tariff] are two tariffs; keep one");
  std::string own = replaced(good, "retail_price = 300000\n", "");
  own = replaced(own, "feed_in_price = 80000\n", "");
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory / "gateway.toml";
  test::write_text(file, with_broker_key(own + table));
  const auto config = read_gateway_config(file);
  if (!config) FAIL(config.error().front());
  const std::optional<IntervalTerms> terms = config->rules.terms(Interval(1'782'000'000, 900));
  REQUIRE(terms.has_value());
  CHECK(terms->tariff == Tariff{.retail = Price{250'000}, .feed_in = Price{60'000}});
  CHECK(terms->charges.levies.size() == 1);
  CHECK_FALSE(faults_of(own) == "good");
}

TEST_CASE("a good gateway file is read, with its defaults and its paths beside it") {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory / "gateway.toml";
  test::write_text(file, with_broker_key(gateway_text()));
  const auto config = read_gateway_config(file);
  REQUIRE(config.ok());
  CHECK(config->household.text() == "hh01");
  CHECK(config->store == directory / "store");
  CHECK(config->clock.empty());
  CHECK(config->broker.uri == "ssl://broker.example:8883");
  CHECK(config->log_key == Bytes(32, 1));
  CHECK(config->rules.interval_seconds == 900);
  CHECK(config->rules.tariff == TariffSchedule::constant({.retail = Price{300'000}, .feed_in = Price{80'000}}));
  CHECK_FALSE(config->buy_limit.has_value());
  CHECK_FALSE(config->sell_limit.has_value());
  REQUIRE(config->meters.size() == 1);
  CHECK(config->meters[0].record.rating == Power{14'000});
}

TEST_CASE("a good controller file is read, households in order of id") {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory / "controller.toml";
  std::string text = controller_text();
  std::string second = text.substr(text.find("[[household]]"));
  while (second.find("hh02") != std::string::npos) second = replaced(second, "hh02", "hh01");
  test::write_text(file, text + second);
  const auto config = read_controller_config(file);
  REQUIRE(config.ok());
  REQUIRE(config->households.size() == 2);
  CHECK(config->households[0].id.text() == "hh01");
  CHECK(config->households[0].owner.text() == "hh01");
  CHECK(config->households[0].zone.text() == "root");
  CHECK(config->households[1].meters.at(0).id.text() == "hh02-grid");
  CHECK(config->api_address == "127.0.0.1");
  test::write_text(file, text + text.substr(text.find("[[household]]")));
  REQUIRE_FALSE(read_controller_config(file).ok());
  test::write_text(file, replaced(text, "commonwatt.example/street", "with space"));
  REQUIRE_FALSE(read_controller_config(file).ok());
}

TEST_CASE("an unknown key, a wrong type and a value out of range are named with line and column") {
  const std::string good = with_broker_key(gateway_text());
  CHECK(faults_of(good) == "good");
  says(faults_of(replaced(good, "store =", "stor =")),
       ":3:1: unknown key 'household.stor'; known here: id, keys, latitude, longitude, profiles, store");
  says(faults_of(replaced(good, "store =", "stor =")), "household.store: is missing");
  says(faults_of(replaced(good, "\"store\"", "7")), ":3:9: household.store: must be a text in quotes");
  says(faults_of(replaced(good, "300000", "\"300000\"")), ":13:16: market.retail_price: must be a whole number");
  says(faults_of(replaced(good, "300000", "300000.0")), ":13:16: market.retail_price: must be a whole number");
  says(faults_of(replaced(good, "300000", "1000000001")), ":13:16: market.retail_price: must be a whole number from");
  says(faults_of(replaced(good, "0101", "01")), ":12:11: market.log_key: must be 64 hexadecimal digits");
  says(faults_of(replaced(good, "billing", "boiling")), ":17:8: meter.role: 'boiling' is none of");
  says(faults_of("unknown = 1\n" + good), ":1:1: unknown key 'unknown'");
  says(faults_of(replaced(good, "[household]", "[household")), ":1:");
}

TEST_CASE("what cannot be right together is refused") {
  const std::string good = with_broker_key(gateway_text());
  says(faults_of(replaced(good, "80000", "300001")), "market.feed_in_price: is above retail_price");
  says(faults_of(replaced(good, "ssl://", "tcp://")), "broker.uri: must begin with ssl://");
  says(faults_of(replaced(good, "\"hh01\"", "\"controller\"")), "the controller's own name");
  says(faults_of(replaced(good, "\"hh01\"", "\"HH 01\"")), "is not 1 to 32 characters");
  says(faults_of(replaced(good, "[market]", "[market]\ninterval_seconds = 600")), "must be 300, 900, 1800 or 3600");
  says(faults_of(replaced(good, "[market]", "[market]\ntrading_end = \"soon\"")), "is not a time such as");
  says(faults_of(replaced(good, "[[meter]]", "[order]\nbuy_limit = 300001\n[[meter]]")), "order.buy_limit: is above");
  says(faults_of(replaced(good, "[[meter]]", "[order]\nsell_limit = 79999\n[[meter]]")), "order.sell_limit: is below");
  says(faults_of(replaced(good, "modbus+tcp", "http")), "meter.url: ");
  says(faults_of(good.substr(0, good.find("[[meter]]"))), "at least one [[meter]]");
  says(faults_of(good + good.substr(good.find("[[meter]]"))), "two meters are named 'hh01-grid'");
}

constexpr const char* solar_meter = R"([[meter]]
id = "hh01-roof"
role = "production"
rating_w = 8000
url = "modbus+tcp://127.0.0.1:503?unit=1"
solar_peak_w = 9200
[[meter.exchange]]
at = "2026-06-22T10:30:00Z"
closing_export_wh = 51234567
[[meter.exchange]]
at = "2025-01-01T00:00:00Z"
opening_import_wh = 5
)";

TEST_CASE("where a plant stands, and what meters were exchanged, is read") {
  const TemporaryDirectory directory;
  std::string text = with_broker_key(gateway_text()) + solar_meter;
  text.insert(text.find("keys ="), "latitude = 47\nlongitude = -8.5\n");
  const std::filesystem::path file = directory / "gateway.toml";
  test::write_text(file, text);
  const auto config = read_gateway_config(file);
  REQUIRE(config.ok());
  CHECK_FALSE(config->meters[0].plant);
  const GatewayMeter& roof = config->meters[1];
  REQUIRE(roof.plant);
  CHECK(roof.plant->peak == Power{9200});
  CHECK(roof.plant->site.latitude_degrees == 47.0);
  CHECK(roof.plant->site.longitude_degrees == -8.5);
  REQUIRE(roof.exchanges.size() == 2);
  CHECK(roof.exchanges[0].time < roof.exchanges[1].time);
  CHECK(roof.exchanges[0].opening_import == Energy{5});
  CHECK_FALSE(roof.exchanges[0].closing_export);
  CHECK(roof.exchanges[1].closing_export == Energy{51'234'567});
}

TEST_CASE("a plant without a place, and an exchange without a time, are refused") {
  const auto with = [](std::string text, const char* where, const char* more) {
    text.insert(text.find(where), more);
    return faults_of(text);
  };
  const std::string good = with_broker_key(gateway_text());
  CHECK(with(good + solar_meter, "", "").find("needs latitude and longitude") != std::string::npos);
  CHECK(with(good, "keys =", "latitude = 47.5\n").find("belong together") != std::string::npos);
  CHECK(with(good, "keys =", "latitude = 97.5\nlongitude = 8\n").find("from -90 to 90") != std::string::npos);
  CHECK(with(good + "[[meter.exchange]]\n", "", "").find("exchange.at: is missing") != std::string::npos);
  CHECK(with(good + "[[meter.exchange]]\nat = \"noon\"\n", "", "").find("is not a time") != std::string::npos);
  CHECK(with(good, "url =", "solar_peak_w = 5\n").find("production") != std::string::npos);
}

TEST_CASE("a gateway publishes to other tools only when its file asks for it") {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory / "gateway.toml";
  const std::string good = with_broker_key(gateway_text());
  test::write_text(file, good);
  const auto without = read_gateway_config(file);
  REQUIRE(without.ok());
  CHECK_FALSE(without->home_assistant.has_value());
  CHECK_FALSE(without->sparkplug.has_value());

  test::write_text(directory / "password", "correct horse\n");
  test::write_text(file, good + R"([home_assistant]
broker = "mqtt://homeassistant.local"
user = "commonwatt"
password_file = "password"
form = "entity"
[sparkplug]
broker = "mqtts://scada.example:8884"
ca = "scada.pem"
group = "Low Voltage 7"
)");
  const auto with = read_gateway_config(file);
  REQUIRE(with.ok());
  REQUIRE(with->home_assistant.has_value());
  CHECK(with->home_assistant->broker.uri == "tcp://homeassistant.local:1883");
  CHECK(with->home_assistant->broker.user == "commonwatt");
  CHECK(with->home_assistant->broker.password == "correct horse");
  CHECK(with->home_assistant->prefix == "homeassistant");
  CHECK(with->home_assistant->form == DiscoveryForm::entity);
  CHECK(with->home_assistant->period_seconds == 10);
  REQUIRE(with->sparkplug.has_value());
  CHECK(with->sparkplug->broker.uri == "ssl://scada.example:8884");
  CHECK(with->sparkplug->broker.ca == directory / "scada.pem");
  CHECK(with->sparkplug->broker.user.empty());
  CHECK(with->sparkplug->group == "Low Voltage 7");
  CHECK(with->sparkplug->node == "hh01");

  test::write_text(file, good + "[sparkplug]\nenabled = false\nbroker = \"mqtt://[::1]\"\n");
  const auto off = read_gateway_config(file);
  REQUIRE(off.ok());
  CHECK_FALSE(off->sparkplug.has_value());
}

TEST_CASE("what other tools cannot be told with is refused") {
  const std::string good = with_broker_key(gateway_text());
  const auto home = [&](const std::string& lines) { return faults_of(good + "[home_assistant]\n" + lines); };
  const auto plant = [&](const std::string& lines) {
    return faults_of(good + "[sparkplug]\nbroker = \"mqtt://10.0.0.2\"\n" + lines);
  };
  const std::string local = "broker = \"mqtt://10.0.0.2:1883\"\n";
  CHECK(home(local) == "good");
  says(home(""), "home_assistant.broker: is missing");
  says(home("broker = \"ssl://10.0.0.2\""), "home_assistant.broker: 'ssl://10.0.0.2' is not mqtt://HOST:PORT");
  says(home("broker = \"mqtt://\""), "'mqtt://' is not mqtt://HOST:PORT");
  says(home("broker = \"mqtt://me:secret@10.0.0.2\""), "is not mqtt://HOST:PORT");
  says(home("broker = \"mqtts://10.0.0.2\""), "home_assistant.ca: is missing; mqtts:// needs");
  says(home(local + "ca = \"ca.pem\""), "home_assistant.ca: is of no use with mqtt://");
  says(home(local + "password_file = \"nothing\""), "home_assistant.password_file: needs a user");
  says(home(local + "user = \"me\"\npassword_file = \"nothing\""), "does not hold a password");
  says(home(local + "form = \"both\""), "home_assistant.form: 'both' is none of device, entity");
  says(home(local + "discovery_prefix = \"home/#\""), "home_assistant.discovery_prefix: 'home/#' is no beginning");
  says(home(local + "enabled = \"yes\""), "home_assistant.enabled: must be true or false");
  says(home(local + "brokr = \"x\""), "unknown key 'home_assistant.brokr'; known here: broker, ca, discovery_prefix");
  says(home(local + "period_seconds = 0"), "home_assistant.period_seconds: must be a whole number from 1 to 3600");
  says(plant("group = \"a/b\""), "sparkplug.group: 'a/b' is not 1 to 64 characters");
  says(plant("node = \"\""), "sparkplug.node: '' is not 1 to 64 characters");
}

TEST_CASE(
    "a gateway repeats its meters over Modbus only when its file asks for it, and read-only unless it says more") {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory / "gateway.toml";
  const std::string good = with_broker_key(gateway_text());
  test::write_text(file, good);
  const auto without = read_gateway_config(file);
  REQUIRE(without.ok());
  CHECK_FALSE(without->modbus_server.has_value());

  std::string roof = replaced(good.substr(good.find("[[meter]]")), "hh01-grid", "hh01-roof");
  std::string shed = replaced(good.substr(good.find("[[meter]]")), "hh01-grid", "hh01-shed");
  roof = replaced(roof, "[[meter]]", "[[meter]]\nmirror_unit = 126");
  const std::string server = "[modbus_server]\nlisten = \"0.0.0.0:1502\"\n";
  test::write_text(file, good + roof + shed + server);
  const auto with = read_gateway_config(file);
  REQUIRE(with.ok());
  REQUIRE(with->modbus_server.has_value());
  CHECK(with->modbus_server->listen == "0.0.0.0:1502");
  CHECK(with->modbus_server->age_max_seconds == 10);
  CHECK(with->meters[0].mirror_unit == 1);
  CHECK(with->meters[1].mirror_unit == 126);
  CHECK(with->meters[2].mirror_unit == 3);
  CHECK(with->meters[1].writes.empty());

  test::write_text(file, good + roof + server + R"([[modbus_server.write]]
meter = "hh01-roof"
address = 40242
min = -100
max = 100
signed = true
)");
  const auto writable = read_gateway_config(file);
  REQUIRE(writable.ok());
  CHECK(writable->meters[0].writes.empty());
  REQUIRE(writable->meters[1].writes.size() == 1);
  CHECK(writable->meters[1].writes[0].address == 40'242);
  CHECK(writable->meters[1].writes[0].min == -100);
  CHECK(writable->meters[1].writes[0].is_signed);
}

TEST_CASE("what cannot be repeated over Modbus is refused") {
  const std::string good = with_broker_key(gateway_text());
  const auto server = [&](const std::string& lines) { return faults_of(good + "[modbus_server]\n" + lines); };
  const std::string local = "listen = \"127.0.0.1:1502\"\n";
  const std::string write = local + "[[modbus_server.write]]\nmeter = \"hh01-grid\"\naddress = 7\nmin = 0\nmax = 9\n";
  CHECK(server(local) == "good");
  CHECK(server(write) == "good");
  says(server(""), "modbus_server.listen: is missing");
  for (const char* place : {"127.0.0.1", "localhost:1502", "127.0.0.1:0", "127.0.0.1:65536", "pty:/tmp/line", ":502"}) {
    says(server("listen = \"" + std::string(place) + "\""), "is not an IPv4 address and a port");
  }
  says(server(local + "age_max_seconds = 0"), "modbus_server.age_max_seconds: must be a whole number from 1 to 3600");
  says(server(local + "age_max = 5"), "unknown key 'modbus_server.age_max'");
  says(server(replaced(write, "address = 7\n", "")), "modbus_server.write.address: is missing");
  says(server(replaced(write, "min = 0\n", "")), "modbus_server.write.min: is missing");
  says(server(replaced(write, "max = 9", "max = 65536")), "modbus_server.write.max: must be a whole number from 0");
  says(server(replaced(write, "min = 0", "min = -1")), "modbus_server.write.min: must be a whole number from 0");
  says(server(replaced(write, "max = 9", "max = 32768\nsigned = true")), "must be a whole number from -32768");
  says(server(replaced(write, "min = 0", "min = 10")), "modbus_server.write.min: is above max");
  says(server(replaced(write, "hh01-grid", "hh01-roof")), "'hh01-roof' is none of this file's meters");
  says(server(write + write.substr(write.find("[["))), "modbus_server.write.address: is there twice for 'hh01-grid'");
  says(faults_of(
           replaced(good + "[modbus_server]\n" + write, "modbus+tcp://127.0.0.1:502?unit=1", "p1+tcp://10.0.0.9:23")),
       "speaks by itself; nothing can be written");
  says(faults_of(replaced(good, "[[meter]]", "[[meter]]\nmirror_unit = 248")), "meter.mirror_unit: must be a whole");
  const std::string second = replaced(good.substr(good.find("[[meter]]")), "hh01-grid", "hh01-roof");
  says(faults_of(good + replaced(second, "[[meter]]", "[[meter]]\nmirror_unit = 1")),
       "two meters have the mirror_unit 1");
}

TEST_CASE("one run shows every fault of a file, and a file that is not there is said once") {
  const std::string faults = faults_of(
      replaced(replaced(with_broker_key(gateway_text()), "300000", "true"), "modbus+tcp://127.0.0.1:502", "nonsense"));
  says(faults, "market.retail_price");
  says(faults, "meter.url");
  const TemporaryDirectory directory;
  const auto missing = read_gateway_config(directory / "missing.toml");
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().size() == 1);
  CHECK(missing.error()[0].find("missing.toml") != std::string::npos);
}

}  // namespace
}  // namespace commonwatt
