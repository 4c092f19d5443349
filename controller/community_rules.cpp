#include "controller/community_rules.hpp"

#include <algorithm>
#include <array>

#include "controller/household_keys.hpp"

namespace commonwatt {
namespace {

constexpr IntegerRange price_range{-price_magnitude_max.count, price_magnitude_max.count};
constexpr IntegerRange permille_range{0, 1'000};

// What is known of each law, where from and as of when is in docs/communities.md; change both together.
constexpr std::array presets{
    CommunityPreset{.name = "at",
                    .law = "ElWG sections 66 to 72, in force since 2026-10-01; before, ElWOG 2010 section 16e"},
    CommunityPreset{.name = "lu",
                    .law = "loi modifiée du 1er août 2007 (marché de l'électricité), articles 8ter, 8quater"},
    CommunityPreset{.name = "ch-leg",
                    .law = "StromVG (SR 734.7) articles 17d, 17e; StromVV (SR 734.71) articles 19e to 19h",
                    .fee = FeeRule::by_transformers,
                    .is_the_only_one = true},
    CommunityPreset{
        .name = "it", .law = "D.Lgs. 199/2021; ARERA 727/2022/R/eel, annex A (TIAD)", .interval_seconds = 3'600},
    CommunityPreset{.name = "de-42c", .law = "EnWG section 42c", .fee = FeeRule::whole},
};

/// Reads one community from its table: what the file states, else what its preset implies.
class CommunityReader {
 public:
  CommunityReader(ConfigTable& table, bool has_network_fee) : table_(table), has_network_fee_(has_network_fee) {}

  Community read(std::int64_t interval_seconds) {
    read_preset(interval_seconds);
    read_key();
    read_internal_price();
    read_reduction();
    read_shares();
    if (preset() != nullptr) imply("cap", "own demand");
    return std::move(community_);
  }

 private:
  [[nodiscard]] const CommunityPreset* preset() const { return community_.preset; }
  void imply(const char* key, std::string value) { community_.implied.emplace_back(key, std::move(value)); }

  void read_preset(std::int64_t interval_seconds) {
    if (!table_.has("preset")) return;
    const std::string name = table_.text("preset");
    std::string known;
    for (const CommunityPreset& each : presets) {
      if (name == each.name) community_.preset = &each;
      known += (known.empty() ? "" : ", ") + std::string(each.name);
    }
    if (preset() == nullptr) {
      table_.fault("preset", "'" + name + "' is none of " + known);
      return;
    }
    const std::string seconds = std::to_string(preset()->interval_seconds);
    if (interval_seconds != preset()->interval_seconds) {
      table_.fault("preset",
                   "'" + name + "' shares energy over " + seconds + " seconds; interval_seconds must be " + seconds);
    }
    imply("interval_seconds", seconds);
  }

  void read_key() {
    AllocationKey& key = community_.terms.key;
    if (preset() != nullptr && !table_.has("key")) {
      key = preset()->key;
      imply("key", to_text(key));
    } else {
      const std::string text = table_.text("key");
      const std::optional<AllocationKey> known = allocation_key_from_text(text);
      if (!known && table_.has("key"))
        table_.fault("key", "'" + text + "' is none of dynamic, static, percentage, priority");
      key = known.value_or(AllocationKey::dynamic);
    }
    const bool is_static = key == AllocationKey::static_shares;
    if (is_static && preset() != nullptr && !table_.has("pass_on")) imply("pass_on", "false");
    if (!table_.has("pass_on")) return;
    if (!is_static) table_.fault("pass_on", "is for key = \"static\": no other key leaves a share unused by its owner");
    if (table_.boolean("pass_on", false)) key = AllocationKey::percentage;
  }

  void read_internal_price() {
    InternalPrice& price = community_.terms.internal_price;
    if (preset() != nullptr && !table_.has("internal_price")) {
      price.rule = InternalPriceRule::mid_market;
      imply("internal_price", "mid_market");
      return;
    }
    if (!table_.is_text("internal_price")) {
      price.fixed = Price{table_.integer("internal_price", price_range)};
      return;
    }
    const std::string rule = table_.text("internal_price");
    if (rule == "mid_market") {
      price.rule = InternalPriceRule::mid_market;
    } else if (rule == "supply_demand_ratio") {
      price.rule = InternalPriceRule::supply_demand_ratio;
    } else {
      table_.fault("internal_price",
                   "'" + rule + "' is none of mid_market, supply_demand_ratio and a number of micro-currency per kWh");
    }
  }

  void read_reduction() {
    constexpr const char* key = "fee_reduction_permille";
    if (!has_network_fee_) {
      if (table_.has(key)) table_.fault(key, "is of no use without network_fee in [community_fee]");
      return;
    }
    const FeeRule rule = preset() == nullptr || table_.has(key) ? FeeRule::stated : preset()->fee;
    switch (rule) {
      case FeeRule::stated:
        community_.terms.fee_reduction_permille = table_.integer(key, permille_range);
        return;
      case FeeRule::whole:
        imply(key, "0");
        return;
      case FeeRule::by_transformers:
        community_.is_reduced_by_transformers = true;
        imply(key, "by the members' transformers");
        return;
    }
  }

  void read_shares() {
    ConfigTable shares = table_.table("shares");
    std::int64_t sum = 0;
    for_households(shares, [&](const std::string& name) {
      const std::int64_t permille = shares.integer(name.c_str(), permille_range);
      community_.shares[name] = {.permille = permille, .tier = tier_last};
      sum += permille;
    });
    if (sum > permille_range.high) table_.fault("shares", explain(AllocationFault::shares_above_whole));
    ConfigTable tiers = table_.table("tiers");
    for_households(tiers, [&](const std::string& name) {
      community_.shares.try_emplace(name).first->second.tier = tiers.integer(name.c_str(), {0, tier_last - 1});
    });
  }

  ConfigTable& table_;
  bool has_network_fee_;
  Community community_;
};

/// What is beside the rules of sharing in [[community]]: a name, and who takes part with how much.
void read_members(ConfigTable& table, Community& community) {
  community.name = table.text("name");
  if (!is_name(community.name) && table.has("name"))
    table.fault("name", "is not 1 to 32 characters of a-z, 0-9, '-' and '_'");
  ConfigTable participation = table.table("participation");
  if (participation.keys().empty()) table.fault("participation", "names nobody; write { h1 = 600, h2 = 1000 }");
  std::map<std::string, std::int64_t>& members = community.participation.emplace();
  for_households(participation, [&](const std::string& name) {
    members[name] = participation.integer(name.c_str(), {1, permille_range.high});
  });
  for (const auto& [name, share] : community.shares) {
    if (!members.contains(name)) table.fault("participation", "leaves out '" + name + "', which has a share or a tier");
  }
}

/// What communities together must keep to.
void check_together(std::vector<ConfigTable>& tables, const std::vector<Community>& communities) {
  struct Sum {
    std::int64_t permille = 0;
    std::size_t count = 0;
    bool is_bound = false;  // to one community
  };
  std::map<std::string, Sum> sums;
  for (std::size_t i = 0; i < communities.size(); ++i) {
    const Community& community = communities[i];
    for (std::size_t before = 0; before < i; ++before) {
      if (communities[before].name == community.name)
        tables[i].fault("name", "'" + community.name + "' is there twice");
    }
    for (const auto& part : *community.participation) {
      Sum& sum = sums[part.first];
      sum.permille += part.second;
      sum.is_bound |= community.preset != nullptr && community.preset->is_the_only_one;
      const auto fault = [&](const std::string& what) {
        tables[i].fault("participation", "'" + part.first + "' " + what);
      };
      if (sum.permille > permille_range.high) fault("takes part with more than 1000 permille in all");
      if (++sum.count > communities_max) fault("is in more than " + std::to_string(communities_max) + " communities");
      if (sum.is_bound && sum.count > 1) fault("is in a community that allows no other beside it");
    }
  }
}

}  // namespace

std::span<const CommunityPreset> community_presets() {
  return presets;
}

CommunityRules read_communities(ConfigTable& file, bool is_needed, std::int64_t interval_seconds) {
  CommunityRules rules;
  std::vector<ConfigTable> tables = file.tables("community");
  const bool has_fee = file.has("community_fee");
  if (has_fee || !tables.empty()) {
    const char* key = has_fee ? "community_fee" : "community";
    if (!is_needed) file.fault(key, "is for method = \"allocation\"; the zones of an auction have fees of their own");
  }
  ConfigTable fee = file.table("community_fee");
  if (has_fee) rules.network_fee = Price{fee.integer("network_fee", {0, price_range.high})};
  if (tables.empty()) {
    if (!is_needed && !file.has("allocation")) return rules;
    ConfigTable table = file.table("allocation");
    rules.list.push_back(CommunityReader(table, has_fee).read(interval_seconds));
    return rules;
  }
  if (file.has("allocation")) {
    static_cast<void>(file.table("allocation"));
    file.fault("allocation", "there are communities; each states its own rules in [[community]]");
  }
  for (ConfigTable& table : tables) {
    rules.list.push_back(CommunityReader(table, has_fee).read(interval_seconds));
    read_members(table, rules.list.back());
  }
  check_together(tables, rules.list);
  return rules;
}

}  // namespace commonwatt
