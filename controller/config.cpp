#include "controller/config.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>

#include <arpa/inet.h>

#include "controller/broker.hpp"
#include "controller/config_reader.hpp"
#include "controller/mqtt_messages.hpp"
#include "controller/tariff_file.hpp"
#include "meter/device_url.hpp"

namespace commonwatt {
namespace {

constexpr IntegerRange price_range{-price_magnitude_max.count, price_magnitude_max.count};
constexpr IntegerRange power_range{0, 1'000'000'000};
constexpr IntegerRange seconds_range{1, 86'400};
constexpr std::size_t households_max = 10'000;
constexpr std::size_t meters_max = 2'000;
constexpr IntegerRange mirror_units{1, 247};

template <class Kind>
Id<Kind> read_id(ConfigTable& table, const char* key, std::optional<std::string> otherwise = std::nullopt) {
  const std::string name = table.text(key, std::move(otherwise));
  std::optional<Id<Kind>> id = Id<Kind>::from(name);
  if (!id && table.has(key)) table.fault(key, "'" + name + "' is not 1 to 32 characters of a-z, 0-9, '-' and '_'");
  return std::move(id).value_or(Id<Kind>());
}

HouseholdId read_household_id(ConfigTable& table, const char* key) {
  HouseholdId id = read_id<Household>(table, key);
  if (id.text() == broker_controller_name)
    table.fault(key, "'controller' is the controller's own name at the broker; choose another");
  return id;
}

BrokerAccess read_broker(ConfigTable table) {
  BrokerAccess broker;
  broker.uri = table.text("uri");
  if (table.has("uri") && !broker.uri.starts_with("ssl://"))
    table.fault("uri", "must begin with ssl://; the broker is never talked to in the clear");
  broker.ca = table.path("ca");
  broker.certificate = table.path("certificate");
  broker.key = table.path("key");
  constexpr IntegerRange wait{10, 600'000};
  broker.reconnect_min_ms = table.integer("reconnect_min_ms", wait, 1000);
  broker.reconnect_max_ms = table.integer("reconnect_max_ms", wait, 30'000);
  return broker;
}

/// The tariff: two constant prices in [market], or the table [tariff] beside it.
TariffSchedule read_market_tariff(ConfigTable& top, ConfigTable& market, std::int64_t interval_seconds) {
  if (top.has("tariff")) {
    for (const char* key : {"retail_price", "feed_in_price"}) {
      if (market.has(key)) market.fault(key, "and the table [tariff] are two tariffs; keep one");
    }
    ConfigTable table = top.table("tariff");
    return read_tariff(table, interval_seconds);
  }
  const Tariff tariff{.retail = Price{market.integer("retail_price", price_range)},
                      .feed_in = Price{market.integer("feed_in_price", price_range)}};
  if (tariff.feed_in > tariff.retail)
    market.fault("feed_in_price", "is above retail_price: every household could earn by feeding in what it buys");
  return TariffSchedule::constant(tariff);
}

MarketRules read_rules(ConfigTable& top, ConfigTable& table) {
  MarketRules rules;
  rules.currency = table.text("currency", "EUR");
  rules.interval_seconds = table.integer("interval_seconds", {300, 3600}, 900);
  if (!is_interval_length(rules.interval_seconds)) table.fault("interval_seconds", "must be 300, 900, 1800 or 3600");
  rules.gate_closure_seconds = table.integer("gate_closure_seconds", seconds_range, 60);
  rules.settlement_lag_seconds = table.integer("settlement_lag_seconds", {0, 14 * 86'400}, 1800);
  rules.revision_seconds = table.integer("revision_seconds", {60, 86'400}, 3600);
  rules.final_seconds = table.integer("final_seconds", {3600, 400 * 86'400}, 14 * 86'400);
  if (rules.final_seconds <= rules.settlement_lag_seconds)
    table.fault("final_seconds", "must be above settlement_lag_seconds: the final run comes after the initial one");
  rules.witnesses_required = table.integer("witnesses_required", {1, 1000}, 2);
  rules.clearing.k_permille = table.integer("k_permille", {0, 1000}, 500);
  rules.tariff = read_market_tariff(top, table, rules.interval_seconds);
  rules.loss_permille = table.integer("loss_permille", {0, 1000}, 0);
  rules.network_fee = Price{table.integer("network_fee", {0, price_range.high}, 0)};
  const std::string end = table.text("trading_end", "");
  if (!end.empty()) {
    rules.trading_end = time_from_text(end);
    if (!rules.trading_end) table.fault("trading_end", "'" + end + "' is not a time such as 2026-06-22T00:00:00Z");
  }
  return rules;
}

MeterRecord read_meter_record(ConfigTable& table) {
  MeterRecord meter;
  meter.id = read_id<Meter>(table, "id");
  const std::string role = table.text("role");
  const std::optional<MeterRole> known = meter_role_from_text(role);
  if (!known && table.has("role")) table.fault("role", "'" + role + "' is none of billing, production, submeter");
  meter.role = known.value_or(MeterRole::billing);
  meter.rating = Power{table.integer("rating_w", {1, power_range.high})};
  meter.device = table.text("device", "");
  return meter;
}

/// Where the household lies; nothing when the file does not say.
std::optional<Site> read_site(ConfigTable& household) {
  const std::optional<double> latitude = household.real("latitude", -90, 90);
  const std::optional<double> longitude = household.real("longitude", -180, 180);
  if (household.has("latitude") != household.has("longitude")) {
    household.fault("latitude", "and longitude belong together");
  }
  if (!latitude || !longitude) return std::nullopt;
  return Site{.latitude_degrees = *latitude, .longitude_degrees = *longitude};
}

std::optional<SolarPlant> read_plant(ConfigTable& meter, const MeterRecord& record, const std::optional<Site>& site) {
  const Power peak{meter.integer("solar_peak_w", {1, power_range.high}, 0)};
  if (!meter.has("solar_peak_w")) return std::nullopt;
  if (record.role != MeterRole::production) meter.fault("solar_peak_w", "is of meters with role = \"production\" only");
  if (!site) meter.fault("solar_peak_w", "needs latitude and longitude under [household]");
  return SolarPlant{.site = site.value_or(Site{}), .peak = peak};
}

MeterExchange read_exchange(ConfigTable& table) {
  MeterExchange exchange;
  const std::string at = table.text("at");
  const std::optional<UtcTime> time = time_from_text(at);
  if (!time && table.has("at")) table.fault("at", "'" + at + "' is not a time such as 2026-06-22T10:30:00Z");
  exchange.time = time.value_or(UtcTime{});
  constexpr IntegerRange register_range{0, 1'000'000'000'000'000};
  const auto closing = [&table, &register_range](const char* key) {
    const Energy energy{table.integer(key, register_range, 0)};
    return table.has(key) ? std::optional(energy) : std::nullopt;
  };
  exchange.closing_import = closing("closing_import_wh");
  exchange.closing_export = closing("closing_export_wh");
  exchange.opening_import = Energy{table.integer("opening_import_wh", register_range, 0)};
  exchange.opening_export = Energy{table.integer("opening_export_wh", register_range, 0)};
  return exchange;
}

std::vector<MeterExchange> read_exchanges(ConfigTable& meter) {
  std::vector<MeterExchange> exchanges;
  for (ConfigTable& table : meter.tables("exchange")) exchanges.push_back(read_exchange(table));
  std::sort(exchanges.begin(), exchanges.end(),
            [](const MeterExchange& a, const MeterExchange& b) { return a.time < b.time; });
  return exchanges;
}

GatewayMeter read_gateway_meter(ConfigTable& table, const ProfileLibrary& library, const std::optional<Site>& site,
                                std::size_t place) {
  GatewayMeter meter;
  meter.record = read_meter_record(table);
  meter.plant = read_plant(table, meter.record, site);
  meter.exchanges = read_exchanges(table);
  DeviceConfig device{.id = meter.record.id,
                      .url = table.text("url"),
                      .profile = table.text("profile", std::string(sunspec_profile)),
                      .serial = table.text("serial", "")};
  const std::int64_t timeout = table.integer("response_timeout_ms", {50, 60'000}, 0);
  if (timeout > 0) device.response_timeout = std::chrono::milliseconds(timeout);
  // A line has no more units than that; what comes later in the file is shown only when it says so.
  const std::int64_t unit =
      place < static_cast<std::size_t>(mirror_units.high) ? static_cast<std::int64_t>(place) + 1 : 0;
  meter.mirror_unit = static_cast<std::uint8_t>(table.integer("mirror_unit", mirror_units, unit));
  const bool has_url = table.has("url");
  Result<DevicePlan, std::string> plan = plan_device(std::move(device), library, open_mqtt_messages);
  if (plan) {
    meter.device = std::move(*plan);
  } else if (has_url) {
    table.fault("url", plan.error());
  }
  return meter;
}

void check_meter_names(ConfigTable& table, const char* key, const std::vector<MeterRecord>& meters) {
  std::set<MeterId> names;
  for (const MeterRecord& meter : meters) {
    if (!names.insert(meter.id).second) table.fault(key, "two meters are named '" + meter.id.text() + "'");
  }
  if (meters.size() > meters_max)
    table.fault(key, "more than " + std::to_string(meters_max) + " meters in one household");
}

HouseholdRecord read_household(ConfigTable& table) {
  HouseholdRecord household;
  household.id = read_household_id(table, "id");
  household.name = table.text("name", household.id.text());
  household.zone = read_id<Zone>(table, "zone", "root");
  household.owner = read_id<Household>(table, "owner", household.id.text());
  household.fuse_rating = Power{table.integer("fuse_w", {1, power_range.high})};
  household.nameplate = Power{table.integer("nameplate_w", power_range, 0)};
  household.storage = Power{table.integer("storage_w", power_range, 0)};
  household.credit_limit = Money{table.integer("credit_limit_nano", {0, 1'000'000'000'000'000}, 100'000'000'000)};
  household.order_key = table.hex("order_key", 33);
  household.reading_key = table.hex("reading_key", 33);
  household.witness_key = table.hex("witness_key", 32);
  for (ConfigTable& meter : table.tables("meter")) household.meters.push_back(read_meter_record(meter));
  check_meter_names(table, "meter", household.meters);
  return household;
}

/// The text without its scheme, and with the port of that scheme where it names none.
std::string with_port(std::string_view place, const char* port) {
  const std::size_t colon = place.rfind(':');
  const bool has_port = colon != std::string_view::npos && place.find(']', colon) == std::string_view::npos;
  return std::string(place) + (has_port ? "" : ":" + std::string(port));
}

LocalBroker read_local_broker(ConfigTable& table) {
  LocalBroker broker;
  const std::string uri = table.text("broker");
  const std::filesystem::path ca = table.path("ca", "");
  constexpr std::string_view clear = "mqtt://";
  constexpr std::string_view secure = "mqtts://";
  if (uri.starts_with(clear) && uri.size() > clear.size()) {
    broker.uri = "tcp://" + with_port(std::string_view(uri).substr(clear.size()), "1883");
    if (!ca.empty()) table.fault("ca", "is of no use with mqtt://, which protects nothing; write mqtts://");
  } else if (uri.starts_with(secure) && uri.size() > secure.size()) {
    broker.uri = "ssl://" + with_port(std::string_view(uri).substr(secure.size()), "8883");
    if (ca.empty()) table.fault("ca", "is missing; mqtts:// needs the file of the broker's authority");
  }
  const bool is_place = !broker.uri.empty() && broker.uri.find_first_of("@/ ", clear.size() - 1) == std::string::npos;
  if (!is_place && table.has("broker"))
    table.fault("broker", "'" + uri + "' is not mqtt://HOST:PORT or mqtts://HOST:PORT");
  broker.ca = ca;
  broker.user = table.text("user", "");
  const std::filesystem::path file = table.path("password_file", "");
  if (file.empty()) return broker;
  if (broker.user.empty()) table.fault("password_file", "needs a user");
  std::ifstream in(file);
  if (!std::getline(in, broker.password) || broker.password.empty()) {
    table.fault("password_file", file.string() + " does not hold a password");
  }
  return broker;
}

constexpr IntegerRange publish_period{1, 3600};

std::optional<HomeAssistantConfig> read_home_assistant(ConfigTable table, bool is_there) {
  if (!is_there) return std::nullopt;
  const bool enabled = table.boolean("enabled", true);
  HomeAssistantConfig config;
  config.broker = read_local_broker(table);
  config.prefix = table.text("discovery_prefix", config.prefix);
  const bool is_topic = !config.prefix.empty() && config.prefix.find_first_of("+#") == std::string::npos &&
                        config.prefix.front() != '/' && config.prefix.back() != '/';
  if (!is_topic) table.fault("discovery_prefix", "'" + config.prefix + "' is no beginning of a topic");
  const std::string form = table.text("form", "device");
  if (form != "device" && form != "entity") table.fault("form", "'" + form + "' is none of device, entity");
  config.form = form == "entity" ? DiscoveryForm::entity : DiscoveryForm::device;
  config.period_seconds = table.integer("period_seconds", publish_period, config.period_seconds);
  return enabled ? std::optional(config) : std::nullopt;
}

std::string read_sparkplug_name(ConfigTable& table, const char* key, const std::string& otherwise) {
  std::string name = table.text(key, otherwise);
  constexpr std::size_t name_max = 64;
  if (name.empty() || name.size() > name_max || name.find_first_of("+#/") != std::string::npos) {
    table.fault(key, "'" + name + "' is not 1 to 64 characters without '/', '+' and '#'");
  }
  return name;
}

std::optional<SparkplugConfig> read_sparkplug(ConfigTable table, bool is_there, const HouseholdId& household) {
  if (!is_there) return std::nullopt;
  const bool enabled = table.boolean("enabled", true);
  SparkplugConfig config;
  config.broker = read_local_broker(table);
  config.group = read_sparkplug_name(table, "group", config.group);
  config.node = read_sparkplug_name(table, "node", household.text());
  config.period_seconds = table.integer("period_seconds", publish_period, config.period_seconds);
  return enabled ? std::optional(config) : std::nullopt;
}

/// Every meter has the number its table gives, or its place in the file, from 1 on.
void check_mirror_units(ConfigTable& top, const std::vector<GatewayMeter>& meters) {
  std::set<std::uint8_t> units;
  for (const GatewayMeter& meter : meters) {
    if (meter.mirror_unit == 0 || units.insert(meter.mirror_unit).second) continue;
    top.fault("meter", "two meters have the mirror_unit " + std::to_string(meter.mirror_unit));
  }
}

void read_write_permit(ConfigTable& table, std::vector<GatewayMeter>& meters) {
  const MeterId id = read_id<Meter>(table, "meter");
  const bool is_signed = table.boolean("signed", false);
  const IntegerRange raw = is_signed ? IntegerRange{-32'768, 32'767} : IntegerRange{0, 65'535};
  const WritePermit permit{.address = static_cast<std::uint16_t>(table.integer("address", {0, 65'535})),
                           .min = static_cast<std::int32_t>(table.integer("min", raw)),
                           .max = static_cast<std::int32_t>(table.integer("max", raw)),
                           .is_signed = is_signed};
  if (permit.min > permit.max) table.fault("min", "is above max: no value could be written");
  const auto meter =
      std::find_if(meters.begin(), meters.end(), [&id](const GatewayMeter& one) { return one.record.id == id; });
  if (meter == meters.end()) {
    if (table.has("meter")) table.fault("meter", "'" + id.text() + "' is none of this file's meters");
    return;
  }
  if (meter->device.url.protocol != DeviceProtocol::modbus) {
    table.fault("meter", "'" + id.text() + "' speaks by itself; nothing can be written to it");
  }
  const bool twice = std::any_of(meter->writes.begin(), meter->writes.end(),
                                 [&permit](const WritePermit& one) { return one.address == permit.address; });
  if (twice) table.fault("address", "is there twice for '" + id.text() + "'");
  meter->writes.push_back(permit);
}

/// "127.0.0.1:1502"
bool is_listening_place(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  in_addr address{};
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const std::from_chars_result parsed = std::from_chars(text.data() + colon + 1, end, port);
  return parsed.ec == std::errc{} && parsed.ptr == end && port > 0 &&
         ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &address) == 1;
}

std::optional<ModbusServerConfig> read_modbus_server(ConfigTable table, bool is_there,
                                                     std::vector<GatewayMeter>& meters) {
  if (!is_there) return std::nullopt;
  ModbusServerConfig config;
  config.listen = table.text("listen");
  if (table.has("listen") && !is_listening_place(config.listen)) {
    table.fault("listen", "'" + config.listen + "' is not an IPv4 address and a port such as 127.0.0.1:1502");
  }
  config.age_max_seconds = table.integer("age_max_seconds", {1, 3600}, config.age_max_seconds);
  for (ConfigTable& write : table.tables("write")) read_write_permit(write, meters);
  return config;
}

/// The first line of a file that only its owner may read.
std::string read_token(ConfigTable& api, const char* key) {
  const std::filesystem::path file = api.path(key, "");
  if (file.empty()) return {};
  std::ifstream in(file);
  std::string token;
  std::getline(in, token);
  constexpr std::size_t token_min = 16;
  if (token.size() < token_min) api.fault(key, file.string() + " does not hold a token of at least 16 characters");
  return token;
}

}  // namespace

Result<GatewayConfig, ConfigFaults> read_gateway_config(const std::filesystem::path& file) {
  ConfigTable top = ConfigTable::open(file);
  GatewayConfig config;
  ConfigTable household = top.table("household");
  config.household = read_household_id(household, "id");
  config.store = household.path("store");
  config.keys = household.path("keys");
  config.broker = read_broker(top.table("broker"));
  ConfigTable market = top.table("market");
  config.origin = market.text("origin");
  config.log_key = market.hex("log_key", 32);
  config.rules = read_rules(top, market);
  ConfigTable order = top.table("order");
  const auto limit = [&order](const char* key) {
    const Price price{order.integer(key, price_range, 0)};
    return order.has(key) ? std::optional(price) : std::nullopt;
  };
  config.buy_limit = limit("buy_limit");
  config.sell_limit = limit("sell_limit");
  // A tariff that changes is none before its calendar begins; then every order keeps to its interval's prices.
  if (const std::optional<IntervalTariff> constant = config.rules.tariff.at(Interval{})) {
    if (config.buy_limit > constant->tariff.retail)
      order.fault("buy_limit", "is above the retail price: the utility is cheaper");
    if (config.sell_limit && *config.sell_limit < constant->tariff.feed_in)
      order.fault("sell_limit", "is below the feed-in price: the utility pays more");
  }
  config.order_lead_seconds = order.integer("lead_seconds", seconds_range, 240);
  config.forecast_seconds = order.integer("forecast_seconds", seconds_range, 600);
  ConfigTable polling = top.table("polling");
  config.poll_seconds = polling.integer("poll_seconds", {1, 300}, 1);
  config.live_seconds = polling.integer("live_seconds", {1, 3600}, 10);
  config.reading_period_seconds =
      polling.integer("reading_period_seconds", {1, 900}, std::max<std::int64_t>(10, 3 * config.poll_seconds));
  config.resend_ms = polling.integer("resend_ms", {10, 600'000}, 5000);
  std::vector<std::filesystem::path> directories;
  if (const std::filesystem::path own = household.path("profiles", ""); !own.empty()) directories.push_back(own);
  directories.emplace_back("/etc/commonwatt/profiles");
  const ProfileLibrary library(std::move(directories));
  const std::optional<Site> site = read_site(household);
  for (ConfigTable& meter : top.tables("meter")) {
    config.meters.push_back(read_gateway_meter(meter, library, site, config.meters.size()));
  }
  std::vector<MeterRecord> records;
  for (const GatewayMeter& meter : config.meters) records.push_back(meter.record);
  check_meter_names(top, "meter", records);
  check_mirror_units(top, config.meters);
  if (records.empty()) top.fault("meter", "is missing; a gateway needs at least one [[meter]]");
  config.home_assistant = read_home_assistant(top.table("home_assistant"), top.has("home_assistant"));
  config.sparkplug = read_sparkplug(top.table("sparkplug"), top.has("sparkplug"), config.household);
  config.modbus_server = read_modbus_server(top.table("modbus_server"), top.has("modbus_server"), config.meters);
  config.clock = top.table("clock").path("file", "");
  ConfigFaults faults = top.finish();
  if (!faults.empty()) return Fail{std::move(faults)};
  return config;
}

Result<ControllerConfig, ConfigFaults> read_controller_config(const std::filesystem::path& file) {
  ConfigTable top = ConfigTable::open(file);
  ControllerConfig config;
  ConfigTable market = top.table("market");
  config.origin = market.text("origin");
  if (config.origin.empty() || config.origin.find_first_of(" +\n") != std::string::npos) {
    market.fault("origin", "must be a name without spaces and '+', such as commonwatt.example/street");
  }
  config.rules = read_rules(top, market);
  ConfigTable controller = top.table("controller");
  config.store = controller.path("store");
  config.keys = controller.path("keys");
  config.broker = read_broker(top.table("broker"));
  ConfigTable api = top.table("api");
  config.api_address = api.text("address", "127.0.0.1");
  config.api_port = api.integer("port", {0, 65'535}, 8080);
  config.api_port_file = api.path("port_file", "");
  config.api_token = read_token(api, "token_file");
  config.payments = top.table("ledger").path("payments", "");
  config.keep_months = top.table("privacy").integer("keep_months", {2, 1200}, 0);
  std::set<HouseholdId> names;
  std::set<MeterId> meters;
  for (ConfigTable& table : top.tables("household")) {
    HouseholdRecord household = read_household(table);
    if (!names.insert(household.id).second) table.fault("id", "two households are named '" + household.id.text() + "'");
    for (const MeterRecord& meter : household.meters) {
      if (!meters.insert(meter.id).second) table.fault("meter", "two meters are named '" + meter.id.text() + "'");
    }
    config.households.push_back(std::move(household));
  }
  std::sort(config.households.begin(), config.households.end(),
            [](const HouseholdRecord& a, const HouseholdRecord& b) { return a.id < b.id; });
  if (config.households.empty()) top.fault("household", "is missing; a market needs at least one [[household]]");
  if (config.households.size() > households_max) top.fault("household", "more than " + std::to_string(households_max));
  if (top.has("chain")) config.chain = read_chain_config(top.table("chain"), config.households);
  config.clock = top.table("clock").path("file", "");
  ConfigFaults faults = top.finish();
  if (!faults.empty()) return Fail{std::move(faults)};
  return config;
}

Result<AttesterConfig, ConfigFaults> read_attester_config(const std::filesystem::path& file) {
  ConfigTable top = ConfigTable::open(file);
  AttesterConfig config;
  ConfigTable attester = top.table("attester");
  config.name = read_attester_name(attester);
  config.store = attester.path("store");
  config.key = read_key_place(attester, {.file = "key", .credential = "credential", .pkcs11 = "pkcs11"});
  ConfigTable market = top.table("market");
  config.origin = market.text("origin");
  config.log_key = market.hex("log_key", 32);
  config.broker = read_broker(top.table("broker"));
  ConfigTable chain = top.table("chain");
  config.domain = read_anchor_domain(chain);
  config.clock = top.table("clock").path("file", "");
  ConfigFaults faults = top.finish();
  if (!faults.empty()) return Fail{std::move(faults)};
  return config;
}

}  // namespace commonwatt
