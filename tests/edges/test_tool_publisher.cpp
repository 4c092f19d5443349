#include <fstream>
#include <map>
#include <mutex>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "controller/sparkplug_payload.hpp"
#include "controller/tool_publisher.hpp"
#include "tests/controller/home_assistant_rules.hpp"
#include "tests/edges/edge_fixture.hpp"

using namespace commonwatt;
using namespace commonwatt::test;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr const char* availability = "commonwatt/hh01/availability";
constexpr const char* meter_availability = "commonwatt/hh01/hh01-grid/availability";
constexpr const char* state = "commonwatt/hh01/hh01-grid/state";
constexpr const char* device_config = "homeassistant/device/commonwatt_hh01_hh01-grid_17/config";
constexpr const char* client_of_home_assistant = "commonwatt-hh01";

UtcTime at(std::int64_t seconds) {
  return UtcTime::from_seconds(1'750'500'000 + seconds);
}

/// A broker as a household has it: one port, in the clear, with or without a password.
class HouseBroker {
 public:
  enum class Access { open, password };
  explicit HouseBroker(Access access = Access::open) {
    std::ofstream out(directory_ / "mosquitto.conf");
    if (::geteuid() == 0) out << "user root\n";
    out << "listener " << port_ << " 127.0.0.1\n";
    if (access == Access::open) {
      out << "allow_anonymous true\n";
      return;
    }
    Child maker({"mosquitto_passwd", "-c", "-b", directory_ / "users", "commonwatt", "correct horse"},
                directory_ / "passwd.out");
    REQUIRE(maker.wait() == 0);
    out << "allow_anonymous false\npassword_file " << directory_ / "users"
        << "\n";
  }
  void start() {
    const auto program = find_broker_program();
    REQUIRE_MESSAGE(program.has_value(), "mosquitto is not installed");
    child_.emplace(std::vector<std::string>{*program, "-c", directory_ / "mosquitto.conf"}, directory_ / "out");
    INFO("broker's output: ", text_of(directory_ / "out"));
    REQUIRE(eventually([&] { return somebody_listens("127.0.0.1", port_); }));
  }
  void kill() { child_.reset(); }
  LocalBroker place() const {
    return {.uri = "tcp://127.0.0.1:" + std::to_string(port_), .ca = {}, .user = {}, .password = {}};
  }

 private:
  TemporaryDirectory directory_;
  std::uint16_t port_ = free_port();
  std::optional<Child> child_;
};

/// Another tool at the same broker: it hears everything.
class Listener {
 public:
  explicit Listener(const LocalBroker& broker, const std::string& name = "listener") {
    MqttOptions options{.broker = broker.uri,
                        .ca_file = {},
                        .certificate_file = {},
                        .key_file = {},
                        .client_id = name,
                        .subscriptions = {"#"},
                        .reconnect_min = milliseconds{50},
                        .reconnect_max = milliseconds{200}};
    options.user = broker.user;
    options.password = broker.password;
    MqttHandlers handlers;
    handlers.on_message = [this](const std::string& topic, const Bytes& payload) {
      const std::lock_guard lock(mutex_);
      heard_[topic].push_back(as_text(payload));
    };
    handlers.on_connection = [](bool) {};
    handlers.on_refused = [](const std::string&, int) {};
    auto bus = MqttBus::start(std::move(options), std::move(handlers));
    REQUIRE_MESSAGE(bus.ok(), (bus.ok() ? "" : bus.error().text));
    bus_ = std::move(bus).value();
    REQUIRE(eventually([&] { return bus_->connected(); }));
  }
  std::vector<std::string> heard(const std::string& topic) {
    const std::lock_guard lock(mutex_);
    return heard_[topic];
  }
  std::string last(const std::string& topic) {
    const std::vector<std::string> all = heard(topic);
    return all.empty() ? std::string{} : all.back();
  }
  SparkplugPayload payload(const std::string& topic) {
    const auto decoded = decode_sparkplug(as_bytes(last(topic)));
    REQUIRE(decoded.ok());
    return *decoded;
  }
  void say(const std::string& topic, ByteView payload) {
    CHECK(bus_->publish(topic, payload, MqttDelivery::at_least_once, MqttRetain::no) == PublishOutcome::accepted);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> heard_;
  std::unique_ptr<MqttBus> bus_;
};

MeterLook look(std::int64_t seconds, std::int64_t wh, double watts) {
  MeterLook look{.meter = *MeterId::from("hh01-grid"),
                 .identity = {.maker = "Eastron", .model = "SDM630", .serial = "17"},
                 .reading = {.time = at(seconds), .values = {}, .raw = {}, .reason = {}, .meter_clock = {}}};
  look.reading.values.push_back(
      {.quantity = {.measurand = Measurand::energy_import}, .value = static_cast<double>(wh), .energy = Energy{wh}});
  look.reading.values.push_back({.quantity = {.measurand = Measurand::active_power}, .value = watts});
  return look;
}

/// A gateway's publisher and a directory for what it keeps.
struct House {
  TemporaryDirectory directory;
  HouseBroker broker;
  ToolPublisherOptions options{.household = *HouseholdId::from("hh01"),
                               .meters = {*MeterId::from("hh01-grid")},
                               .home_assistant = HomeAssistantConfig{.broker = broker.place()},
                               .sparkplug = std::nullopt,
                               .memory = directory / "tools.json"};

  void use_sparkplug() {
    options.home_assistant.reset();
    options.sparkplug = SparkplugConfig{.broker = broker.place(), .group = "street", .node = "hh01"};
  }
};

bool work_until(ToolPublisher& publisher, UtcTime now, const std::function<bool()>& claim) {
  return eventually([&] {
    publisher.work(now);
    return claim();
  });
}

std::int64_t session_of(const SparkplugPayload& payload) {
  for (const SparkplugMetric& metric : payload.metrics) {
    if (metric.name == "bdSeq") return static_cast<std::int64_t>(std::get<std::uint64_t>(metric.value));
  }
  return -1;
}

/// Every energy that was published, in order, while the meter's counter fell from 2000 to 0 and came back.
std::vector<std::int64_t> published_over_a_drop(CounterRatchet ratchet) {
  House house;
  house.broker.start();
  house.options.ratchet = ratchet;
  Listener tool(house.broker.place());
  ToolPublisher publisher(house.options, at(0));
  REQUIRE(work_until(publisher, at(0), [&] { return tool.last(availability) == "online"; }));
  std::size_t wanted = 0;
  for (const std::int64_t wh : {2000, 0, 1990, 2001}) {
    const auto seconds = static_cast<std::int64_t>(10 * wanted);
    publisher.read({look(seconds, wh, 1)}, at(seconds));
    ++wanted;
    REQUIRE(work_until(publisher, at(seconds), [&] { return tool.heard(state).size() == wanted; }));
  }
  std::vector<std::int64_t> energies;
  for (const std::string& text : tool.heard(state)) energies.push_back(json::parse(text).at("energy_import"));
  return energies;
}

}  // namespace

TEST_CASE("Home Assistant finds a meter, whenever it comes") {
  House house;
  house.broker.start();
  SUBCASE("in one message") {}
  SUBCASE("in one message for each value") {
    house.options.home_assistant->form = DiscoveryForm::entity;
  }
  ToolPublisher publisher(house.options, at(0));
  Listener early(house.broker.place(), "early");
  REQUIRE(work_until(publisher, at(0), [&] { return early.last(availability) == "online"; }));
  publisher.read({look(0, 1000, 250.5)}, at(0));
  REQUIRE(work_until(publisher, at(0), [&] { return !early.heard(state).empty(); }));
  CHECK(json::parse(early.last(state)) ==
        json{{"energy_import", 1000}, {"active_power", 250.5}, {"time", to_text(at(0))}});

  // Who comes later gets the announcements and the availability, which the broker keeps, and no old state.
  Listener late(house.broker.place(), "late");
  const bool whole = house.options.home_assistant->form == DiscoveryForm::device;
  const std::string id = "homeassistant/sensor/commonwatt_hh01_hh01-grid_17/";
  HomeAssistantRules rules("homeassistant");
  for (const std::string& topic : whole ? std::vector<std::string>{device_config}
                                        : std::vector{id + "energy_import/config", id + "active_power/config"}) {
    REQUIRE(eventually([&] { return !late.heard(topic).empty(); }));
    CHECK(rules.faults_of(topic, late.last(topic)) == std::vector<std::string>{});
  }
  REQUIRE(eventually([&] { return late.last(meter_availability) == "online"; }));
  CHECK(late.last(availability) == "online");
  CHECK(late.heard(state).empty());

  // It says that it has started, and hears the state as well.
  late.say("homeassistant/status", as_bytes("online"));
  CHECK(work_until(publisher, at(1), [&] { return late.heard(state).size() == 1; }));
}

TEST_CASE("a counter's drop is never published") {
  CHECK(published_over_a_drop(CounterRatchet::kept) == std::vector<std::int64_t>{2000, 2000, 2000, 2001});
}

TEST_CASE("without the ratchet the drop is seen") {
  CHECK(published_over_a_drop(CounterRatchet::off) == std::vector<std::int64_t>{2000, 0, 1990, 2001});
}

TEST_CASE("a drop that hides behind a restart is not published either") {
  House house;
  house.broker.start();
  Listener tool(house.broker.place());
  for (const std::int64_t wh : {2000, 0}) {
    const std::size_t before = tool.heard(state).size();
    ToolPublisher publisher(house.options, at(0));
    REQUIRE(work_until(publisher, at(0), [&] { return tool.last(availability) == "online"; }));
    publisher.read({look(0, wh, 1)}, at(0));
    REQUIRE(work_until(publisher, at(0), [&] { return tool.heard(state).size() > before; }));
    CHECK(json::parse(tool.last(state)).at("energy_import") == 2000);
  }
}

TEST_CASE("everything is unavailable when the publisher says goodbye, or vanishes") {
  House house;
  house.broker.start();
  Listener tool(house.broker.place());
  auto publisher = std::make_unique<ToolPublisher>(house.options, at(0));
  REQUIRE(work_until(*publisher, at(0), [&] { return tool.last(availability) == "online"; }));
  SUBCASE("goodbye") {
    publisher.reset();
  }
  SUBCASE("vanished") {
    // A second client of the same name makes the broker drop the first without a goodbye of its own.
    const Listener thief(house.broker.place(), client_of_home_assistant);
    CHECK(eventually([&] { return tool.last(availability) == "offline"; }));
  }
  CHECK(eventually([&] { return tool.last(availability) == "offline"; }));
  Listener late(house.broker.place(), "late");
  CHECK(eventually([&] { return late.last(availability) == "offline"; }));
}

TEST_CASE("a meter that does not answer is unavailable, and what it lacks is left out") {
  House house;
  house.broker.start();
  Listener tool(house.broker.place());
  ToolPublisher publisher(house.options, at(0));
  REQUIRE(work_until(publisher, at(0), [&] { return tool.last(availability) == "online"; }));
  MeterLook partly = look(0, 1000, 1);
  partly.reading.values[1].value.reset();
  partly.reading.values[1].quality = Quality::missing;
  publisher.read({partly}, at(0));
  REQUIRE(work_until(publisher, at(0), [&] { return tool.heard(state).size() == 1; }));
  CHECK_FALSE(json::parse(tool.last(state)).contains("active_power"));
  MeterLook nothing = partly;
  nothing.reading.values[0].quality = Quality::stale;
  publisher.read({nothing}, at(20));
  publisher.read({}, at(31));
  CHECK(work_until(publisher, at(31), [&] { return tool.last(meter_availability) == "offline"; }));
  CHECK(tool.heard(state).size() == 1);
}

TEST_CASE("a broker that is not there holds nothing up, and is told everything when it comes") {
  House house;
  const auto begin = steady_clock::now();
  ToolPublisher publisher(house.options, at(0));
  for (int i = 0; i < 1000; ++i) {
    publisher.read({look(i, 1000 + i, i)}, at(i));
    publisher.work(at(i));
  }
  CHECK(steady_clock::now() - begin <
        test::patience);  // waiting a tenth of a second for it each time would take longer
  house.broker.start();
  Listener tool(house.broker.place());
  CHECK(work_until(publisher, at(1000), [&] { return !tool.heard(state).empty(); }));
  CHECK(json::parse(tool.last(state)).at("energy_import") == 1990);  // the last that was due
  house.broker.kill();
  publisher.work(at(1001));
  house.broker.start();
  CHECK(work_until(publisher, at(1002), [&] { return tool.heard(state).size() >= 2; }));
}

TEST_CASE("user and password are shown to the broker, and a wrong one gets nowhere") {
  TemporaryDirectory directory;
  HouseBroker broker(HouseBroker::Access::password);
  broker.start();
  LocalBroker place = broker.place();
  place.user = "commonwatt";
  place.password = "correct horse";
  Listener tool(place);
  ToolPublisherOptions options{.household = *HouseholdId::from("hh01"),
                               .meters = {*MeterId::from("hh01-grid")},
                               .home_assistant = HomeAssistantConfig{.broker = place},
                               .sparkplug = std::nullopt,
                               .memory = directory / "tools.json"};
  options.home_assistant->broker.password = "wrong";
  {
    ToolPublisher wrong(options, at(0));
    // A client with the right one is in long before the wrong one would have been.
    const Listener other(place, "other");
    wrong.work(at(0));
    CHECK(tool.heard(availability).empty());
  }
  options.home_assistant->broker.password = "correct horse";
  ToolPublisher right(options, at(0));
  CHECK(work_until(right, at(0), [&] { return tool.last(availability) == "online"; }));
}

TEST_CASE("a plant's host sees births, data and the death of the same session, and the next session's number") {
  House house;
  house.broker.start();
  house.use_sparkplug();
  Listener host(house.broker.place());
  for (std::int64_t session = 0; session < 3; ++session) {
    CAPTURE(session);
    ToolPublisher publisher(house.options, at(0));
    const auto births = static_cast<std::size_t>(session + 1);
    REQUIRE(work_until(publisher, at(0), [&] { return host.heard("spBv1.0/street/NBIRTH/hh01").size() == births; }));
    CHECK(session_of(host.payload("spBv1.0/street/NBIRTH/hh01")) == session);
    publisher.read({look(0, 1000, 1)}, at(0));
    REQUIRE(work_until(publisher, at(0),
                       [&] { return host.heard("spBv1.0/street/DBIRTH/hh01/hh01-grid").size() == births; }));
    publisher.read({look(10, 1001, 2)}, at(10));
    REQUIRE(work_until(publisher, at(10),
                       [&] { return host.heard("spBv1.0/street/DDATA/hh01/hh01-grid").size() == births; }));
    CHECK(host.payload("spBv1.0/street/DDATA/hh01/hh01-grid").seq == 2);
  }
  CHECK(eventually([&] { return host.heard("spBv1.0/street/NDEATH/hh01").size() == 3; }));
  CHECK(session_of(host.payload("spBv1.0/street/NDEATH/hh01")) == 2);
}

TEST_CASE("every attempt to connect has a will of its own, and a rebirth keeps the session") {
  House house;
  house.broker.start();
  house.use_sparkplug();
  Listener host(house.broker.place());
  ToolPublisher publisher(house.options, at(0));
  const std::string birth = "spBv1.0/street/NBIRTH/hh01";
  REQUIRE(work_until(publisher, at(0), [&] { return host.heard(birth).size() == 1; }));
  host.say("spBv1.0/street/NCMD/hh01",
           encode(SparkplugPayload{.metrics = {{.name = "Node Control/Rebirth", .datatype = 11, .value = true}}}));
  REQUIRE(work_until(publisher, at(1), [&] { return host.heard(birth).size() == 2; }));
  CHECK(session_of(host.payload(birth)) == 0);
  { const Listener thief(house.broker.place(), "commonwatt-hh01-sparkplug"); }
  CHECK(eventually([&] { return !host.heard("spBv1.0/street/NDEATH/hh01").empty(); }));
  CHECK(session_of(host.payload("spBv1.0/street/NDEATH/hh01")) == 0);
  REQUIRE(work_until(publisher, at(2), [&] { return host.heard(birth).size() == 3; }));
  CHECK(session_of(host.payload(birth)) >= 1);
}
