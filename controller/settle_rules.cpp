#include "controller/settle_rules.hpp"

#include <algorithm>

#include "controller/household_keys.hpp"
#include "controller/tariff_file.hpp"
#include "market/spoofing.hpp"

namespace commonwatt {
namespace {

constexpr IntegerRange price_range{-price_magnitude_max.count, price_magnitude_max.count};
constexpr IntegerRange permille_range{0, 1'000};

void read_imbalance(ConfigTable table, SettleRules& rules) {
  const std::string rule = table.text("rule", "dual");
  if (rule == "single") {
    rules.imbalance_price = Price{table.integer("price", price_range)};
  } else if (rule != "dual") {
    table.fault("rule", "'" + rule + "' is neither dual (retail and feed-in) nor single (one price)");
  }
}

void read_islanded(ConfigTable& file, SettleRules& rules) {
  const bool is_there = file.has("islanded");
  ConfigTable table = file.table("islanded");
  if (!is_there) return;
  ImbalancePrices& prices = rules.islanded.emplace();
  prices.shortfall = Price{table.integer("shortfall", price_range)};
  prices.surplus = Price{table.integer("surplus", price_range)};
  // Else whoever sells by contract and delivers nothing would earn by it.
  if (prices.surplus > prices.shortfall) table.fault("surplus", "is above shortfall");
}

void read_zones(std::vector<ConfigTable> tables, SettleRules& rules) {
  if (tables.empty()) return;
  std::vector<std::string> parents;
  std::vector<Zone> zones;
  rules.loss_permille.clear();
  for (ConfigTable& table : tables) {
    const std::string name = table.text("name");
    if (!is_name(name) && table.has("name")) table.fault("name", "is not 1 to 32 characters of a-z, 0-9, '-' and '_'");
    if (rules.zone_of(name) && !rules.zone_names.empty()) table.fault("name", "'" + name + "' is there twice");
    rules.zone_names.push_back(name);
    parents.push_back(table.text("parent", ""));
    zones.push_back({.parent = {},
                     .fee = Price{table.integer("fee", {0, price_range.high}, 0)},
                     .export_limit = {},
                     .import_limit = {}});
    if (parents.back().empty() && zones.back().fee > Price{0})
      table.fault("fee", "the root has no edge: it can have no fee");
    rules.loss_permille.push_back(table.integer("loss_permille", permille_range, 0));
    rules.transformers.push_back(table.boolean("transformer", false));
  }
  for (std::size_t i = 0; i < zones.size(); ++i) {
    if (parents[i].empty()) continue;
    zones[i].parent = rules.zone_of(parents[i]);
    if (!zones[i].parent) tables[i].fault("parent", "'" + parents[i] + "' is not among the zones");
  }
  Result<ZoneTree, ZoneError> tree = ZoneTree::from(zones);
  if (!tree) {
    tables[tree.error().zone].fault("name", explain(tree.error().fault));
  } else {
    rules.zones = std::move(*tree);
  }
}

void read_households(ConfigTable& file, SettleRules& rules) {
  ConfigTable households = file.table("households");
  for_households(households, [&](const std::string& name) {
    const std::optional<ZoneIndex> zone = rules.zone_of(households.text(name.c_str()));
    if (!zone) households.fault(name.c_str(), "is in a zone that is not among the zones");
    rules.household_zones[name] = zone.value_or(0);
  });
  ConfigTable fuses = file.table("fuse_w");
  for_households(fuses, [&](const std::string& name) {
    rules.fuses[name] = Power{fuses.integer(name.c_str(), {1, 1'000'000'000})};
  });
  ConfigTable nameplates = file.table("nameplate_w");
  for_households(nameplates, [&](const std::string& name) {
    rules.nameplates[name] = Power{nameplates.integer(name.c_str(), {1, 1'000'000'000})};
  });
}

void read_exchange_keys(ConfigTable keys, SettleRules& rules) {
  for_households(keys, [&](const std::string& name) {
    const std::optional<Bytes> key = from_hex(keys.text(name.c_str()));
    if (!key || key->size() != 33)
      keys.fault(name.c_str(), "is no reading key: 66 hexadecimal digits, as 'commonwatt keys show' prints them");
    rules.exchange_keys[name] = key.value_or(Bytes{});
  });
}

void read_head_meters(std::vector<ConfigTable> tables, SettleRules& rules) {
  for (ConfigTable& table : tables) {
    HeadMeter head{.meter = table.text("meter"), .zone = 0};
    if (!is_name(head.meter) && table.has("meter"))
      table.fault("meter", "is not 1 to 32 characters of a-z, 0-9, '-' and '_'");
    const auto same = [&](const HeadMeter& other) { return other.meter == head.meter; };
    if (std::any_of(rules.head_meters.begin(), rules.head_meters.end(), same))
      table.fault("meter", "'" + head.meter + "' is there twice");
    const std::string name = table.text("zone", "");
    const std::optional<ZoneIndex> zone = rules.zone_of(name);
    if (!zone) table.fault("zone", "'" + name + "' is not among the zones");
    head.zone = zone.value_or(0);
    rules.head_meters.push_back(std::move(head));
  }
}

void read_balance(ConfigTable table, SettleRules& rules) {
  constexpr IntegerRange days_range{static_cast<std::int64_t>(spoof_baseline_min), 60};
  BalanceRules& balance = rules.balance;
  balance.head_class_permille = table.integer("head_class_permille", {1, 100}, balance.head_class_permille);
  balance.meter_class_permille = table.integer("meter_class_permille", {1, 100}, balance.meter_class_permille);
  rules.baseline_days = static_cast<std::size_t>(
      table.integer("baseline_days", days_range, static_cast<std::int64_t>(rules.baseline_days)));
  const std::optional<double> latitude = table.real("latitude", -90, 90);
  const std::optional<double> longitude = table.real("longitude", -180, 180);
  if (latitude && longitude) rules.site = Site{.latitude_degrees = *latitude, .longitude_degrees = *longitude};
  if (latitude.has_value() != longitude.has_value())
    table.fault(latitude ? "latitude" : "longitude", "latitude and longitude go together");
}

}  // namespace

std::optional<ZoneIndex> SettleRules::zone_of(const std::string& name) const {
  if (zone_names.empty()) return ZoneIndex{0};
  if (name.empty()) return zones.root();
  const auto found = std::find(zone_names.begin(), zone_names.end(), name);
  if (found == zone_names.end()) return std::nullopt;
  return static_cast<ZoneIndex>(found - zone_names.begin());
}

ZoneIndex SettleRules::home_of(const std::string& household) const {
  const auto found = household_zones.find(household);
  return found == household_zones.end() ? zones.root() : found->second;
}

ZoneIndex SettleRules::transformer_of(const std::string& household) const {
  const bool are_marked = std::find(transformers.begin(), transformers.end(), true) != transformers.end();
  ZoneIndex zone = home_of(household);
  while (zones[zone].parent) {
    if (are_marked ? transformers[zone] : *zones[zone].parent == zones.root()) return zone;
    zone = *zones[zone].parent;
  }
  return zone;
}

Result<SettleRules, std::vector<std::string>> read_settle_rules(const std::filesystem::path& file) {
  ConfigTable table = ConfigTable::open(file);
  SettleRules rules;
  rules.interval_seconds = table.integer("interval_seconds", {300, 3600});
  if (!is_interval_length(rules.interval_seconds) && table.has("interval_seconds"))
    table.fault("interval_seconds", "must be 300, 900, 1800 or 3600");
  const std::string method = table.text("method");
  if (method == "allocation") {
    rules.method = SettlementMethod::allocation;
  } else if (method != "auction" && table.has("method")) {
    table.fault("method", "'" + method + "' is neither auction nor allocation");
  }
  ConfigTable tariff = table.table("tariff");
  rules.tariff = read_tariff(tariff, rules.interval_seconds);
  rules.communities = read_communities(table, rules.method == SettlementMethod::allocation, rules.interval_seconds);
  read_imbalance(table.table("imbalance"), rules);
  read_islanded(table, rules);
  read_zones(table.tables("zone"), rules);
  read_households(table, rules);
  read_exchange_keys(table.table("exchange_keys"), rules);
  read_head_meters(table.tables("head_meter"), rules);
  read_balance(table.table("balance"), rules);
  std::vector<std::string> faults = table.finish();
  if (!faults.empty()) return Fail{std::move(faults)};
  return rules;
}

}  // namespace commonwatt
