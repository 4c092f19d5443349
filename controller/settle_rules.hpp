// settlement.toml: by which rules `commonwatt settle` settles a directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/community_rules.hpp"
#include "core/result.hpp"
#include "market/interval_settlement.hpp"
#include "market/tariff_schedule.hpp"
#include "market/zone_balance.hpp"
#include "meter/clear_sky.hpp"

namespace commonwatt {

enum class SettlementMethod : std::uint8_t { auction, allocation };

/// A meter that counts what passes between a zone and the rest of the network: import is into the zone. It measures the
/// zone and all zones below it.
struct HeadMeter {
  std::string meter;
  ZoneIndex zone = 0;
};

struct SettleRules {
  std::int64_t interval_seconds = 900;
  SettlementMethod method = SettlementMethod::auction;
  TariffSchedule tariff;
  CommunityRules communities;
  std::optional<Price> imbalance_price;     ///< one price for both directions; nothing: retail and feed-in
  std::optional<ImbalancePrices> islanded;  ///< the operator's, where there is no utility
  ZoneTree zones = ZoneTree::single();
  std::vector<std::string> zone_names;  ///< of each zone; empty where the file has no zones
  std::vector<std::int64_t> loss_permille{0};
  std::vector<bool> transformers;  ///< of each zone, whether the file marks it as one
  std::map<std::string, ZoneIndex> household_zones;
  std::map<std::string, Power> fuses;       ///< what each meter of a household can carry
  std::map<std::string, Power> nameplates;  ///< of each household's plant
  std::vector<HeadMeter> head_meters;
  std::map<std::string, Bytes> exchange_keys;  ///< reading keys of those who may sign that a meter was replaced
  BalanceRules balance;
  std::size_t baseline_days = 20;  ///< from the first whole day on; at least spoof_baseline_min
  std::optional<Site> site;        ///< of all plants; nothing: nobody knows when it is night

  [[nodiscard]] ImbalancePrices imbalance(const Tariff& of_interval) const {
    if (imbalance_price) return {.shortfall = *imbalance_price, .surplus = *imbalance_price};
    return dual_prices(of_interval);
  }
  /// Nothing when the file has zones and none of that name.
  [[nodiscard]] std::optional<ZoneIndex> zone_of(const std::string& name) const;
  /// The zone a household is in; the root where nothing is said of it.
  [[nodiscard]] ZoneIndex home_of(const std::string& household) const;
  /// The zone of the transformer a household is behind: the nearest on its way up that the file says is one; where the
  /// file says it of none, the zone directly below the root. Else the root.
  [[nodiscard]] ZoneIndex transformer_of(const std::string& household) const;
};

/// Every fault of the file with line and column.
Result<SettleRules, std::vector<std::string>> read_settle_rules(const std::filesystem::path& file);

}  // namespace commonwatt
