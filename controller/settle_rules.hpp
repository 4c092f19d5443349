// settlement.toml: by which rules `commonwatt settle` settles a directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "market/interval_settlement.hpp"
#include "market/tariff_schedule.hpp"

namespace commonwatt {

class ConfigTable;

enum class SettlementMethod : std::uint8_t { auction, allocation };

struct SettleRules {
  std::int64_t interval_seconds = 900;
  SettlementMethod method = SettlementMethod::auction;
  TariffSchedule tariff;
  AllocationTerms allocation;
  std::map<std::string, MemberShare> shares;  ///< by household; who is not there has none and comes last
  std::optional<Price> imbalance_price;       ///< one price for both directions; nothing: retail and feed-in
  ZoneTree zones = ZoneTree::single();
  std::vector<std::string> zone_names;  ///< of each zone; empty where the file has no zones
  std::vector<std::int64_t> loss_permille{0};
  std::map<std::string, ZoneIndex> household_zones;
  std::map<std::string, Power> fuses;  ///< what each meter of a household can carry

  [[nodiscard]] ImbalancePrices imbalance(const Tariff& of_interval) const {
    if (imbalance_price) return {.shortfall = *imbalance_price, .surplus = *imbalance_price};
    return dual_prices(of_interval);
  }
  /// Nothing when the file has zones and none of that name.
  [[nodiscard]] std::optional<ZoneIndex> zone_of(const std::string& name) const;
};

/// The tier of households that no tier is given to: after all others.
inline constexpr std::int64_t tier_last = 1'000'000;

/// Every fault of the file with line and column.
Result<SettleRules, std::vector<std::string>> read_settle_rules(const std::filesystem::path& file);

}  // namespace commonwatt
