#include "controller/settle_rules.hpp"

#include <algorithm>

#include "controller/config_reader.hpp"
#include "controller/tariff_file.hpp"

namespace commonwatt {
namespace {

constexpr IntegerRange price_range{-price_magnitude_max.count, price_magnitude_max.count};
constexpr IntegerRange permille_range{0, 1'000};

/// The keys of a table that are households, each with its value.
template <class Each>
void for_households(ConfigTable& table, Each each) {
  for (const std::string& name : table.keys()) {
    if (!is_name(name)) {
      table.fault(name.c_str(), "is not the name of a household: 1 to 32 characters of a-z, 0-9, '-' and '_'");
    }
    each(name);
  }
}

InternalPrice read_internal_price(ConfigTable& table) {
  if (!table.is_text("internal_price"))
    return {.rule = InternalPriceRule::fixed, .fixed = Price{table.integer("internal_price", price_range)}};
  const std::string rule = table.text("internal_price");
  if (rule == "mid_market") return {.rule = InternalPriceRule::mid_market};
  if (rule == "supply_demand_ratio") return {.rule = InternalPriceRule::supply_demand_ratio};
  table.fault("internal_price",
              "'" + rule + "' is none of mid_market, supply_demand_ratio and a number of micro-currency per kWh");
  return {};
}

void read_allocation(ConfigTable table, SettleRules& rules) {
  const std::string key = table.text("key");
  const std::optional<AllocationKey> known = allocation_key_from_text(key);
  if (!known && table.has("key")) table.fault("key", "'" + key + "' is none of dynamic, static, percentage, priority");
  rules.allocation.key = known.value_or(AllocationKey::dynamic);
  rules.allocation.internal_price = read_internal_price(table);
  ConfigTable shares = table.table("shares");
  std::int64_t sum = 0;
  for_households(shares, [&](const std::string& name) {
    const std::int64_t permille = shares.integer(name.c_str(), permille_range);
    rules.shares[name] = {.permille = permille, .tier = tier_last};
    sum += permille;
  });
  if (sum > permille_range.high) table.fault("shares", explain(AllocationFault::shares_above_whole));
  ConfigTable tiers = table.table("tiers");
  for_households(tiers, [&](const std::string& name) {
    rules.shares.try_emplace(name).first->second.tier = tiers.integer(name.c_str(), {0, tier_last - 1});
  });
}

void read_imbalance(ConfigTable table, SettleRules& rules) {
  const std::string rule = table.text("rule", "dual");
  if (rule == "single") {
    rules.imbalance_price = Price{table.integer("price", price_range)};
  } else if (rule != "dual") {
    table.fault("rule", "'" + rule + "' is neither dual (retail and feed-in) nor single (one price)");
  }
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
}

}  // namespace

std::optional<ZoneIndex> SettleRules::zone_of(const std::string& name) const {
  if (zone_names.empty()) return ZoneIndex{0};
  if (name.empty()) return zones.root();
  const auto found = std::find(zone_names.begin(), zone_names.end(), name);
  if (found == zone_names.end()) return std::nullopt;
  return static_cast<ZoneIndex>(found - zone_names.begin());
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
  if (rules.method == SettlementMethod::allocation || table.has("allocation"))
    read_allocation(table.table("allocation"), rules);
  read_imbalance(table.table("imbalance"), rules);
  read_zones(table.tables("zone"), rules);
  read_households(table, rules);
  std::vector<std::string> faults = table.finish();
  if (!faults.empty()) return Fail{std::move(faults)};
  return rules;
}

}  // namespace commonwatt
