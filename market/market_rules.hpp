// The rules of a running market (RULEBOOK section 2). Journalled: a replay knows what was in force.
#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "market/clearing.hpp"
#include "market/tariff_schedule.hpp"

namespace commonwatt {

/// The prices of one interval. Fixed when its gate closes and kept with it, so that no later run asks again.
struct IntervalTerms {
  Tariff tariff;
  Charges charges;

  friend bool operator==(const IntervalTerms&, const IntervalTerms&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.tariff, self.charges);
  }
};

struct MarketRules {
  std::string currency = "EUR";
  std::int64_t interval_seconds = 900;
  std::int64_t gate_closure_seconds = 60;      ///< the gate closes this long before the interval begins
  std::int64_t settlement_lag_seconds = 1800;  ///< the initial run comes this long after the interval ends
  std::int64_t revision_seconds = 3600;        ///< revised runs come at multiples of this, when readings came late
  std::int64_t final_seconds = 14 * 86'400;    ///< the final run comes this long after the interval ends
  std::int64_t witnesses_required = 2;         ///< cosignatures that make a checkpoint witnessed
  ClearingRule clearing;
  TariffSchedule tariff;
  std::int64_t loss_permille = 0;      ///< on energy bought from neighbours, paid at retail; 0 to 1000
  Price network_fee;                   ///< on all energy drawn, to the account `fees`; at least zero
  std::optional<UtcTime> trading_end;  ///< intervals from here on are not traded; nothing: the market goes on

  friend bool operator==(const MarketRules&, const MarketRules&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.currency, self.interval_seconds, self.gate_closure_seconds, self.settlement_lag_seconds,
                    self.revision_seconds, self.final_seconds, self.witnesses_required, self.clearing, self.tariff,
                    self.loss_permille, self.network_fee, self.trading_end);
  }

  [[nodiscard]] UtcTime gate_closure(const Interval& interval) const {
    return interval.begin() - std::chrono::seconds(gate_closure_seconds);
  }
  /// Intervals whose prices are not known yet wait until they are: a day-ahead series ends somewhere.
  [[nodiscard]] bool is_traded(const Interval& interval) const {
    return (!trading_end || interval.begin() < *trading_end) && tariff.at(interval).has_value();
  }
  /// Nothing when the interval has no tariff.
  [[nodiscard]] std::optional<IntervalTerms> terms(const Interval& interval) const {
    const std::optional<IntervalTariff> found = tariff.at(interval);
    if (!found) return std::nullopt;
    return IntervalTerms{.tariff = found->tariff,
                         .charges = {.levies = {found->levies.begin(), found->levies.end()},
                                     .taxes = {found->taxes.begin(), found->taxes.end()},
                                     .loss_permille = loss_permille,
                                     .network_fee = network_fee}};
  }
  [[nodiscard]] UtcTime settlement_time(const Interval& interval) const {
    return interval.end() + std::chrono::seconds(settlement_lag_seconds);
  }
  [[nodiscard]] UtcTime final_time(const Interval& interval) const {
    return interval.end() + std::chrono::seconds(final_seconds);
  }
  /// When readings that come late at `now` are settled.
  [[nodiscard]] UtcTime revision_time(UtcTime now) const {
    return UtcTime::from_seconds((now.seconds() / revision_seconds + 1) * revision_seconds);
  }
};

/// How far ahead of its gate an interval may be traded.
inline constexpr std::int64_t order_horizon_seconds = 86'400;

}  // namespace commonwatt
