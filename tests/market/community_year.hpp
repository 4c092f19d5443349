// A community and what happens to it in a year, drawn from a seed: households that come and go, meters that are
// replaced, fall silent, report late or lie, tariffs that change, islanding, contracts. Nothing here settles anything.
#pragma once

#include <optional>
#include <vector>

#include "market/register_series.hpp"
#include "market/tariff_schedule.hpp"
#include "tests/market/settlement_case.hpp"

namespace commonwatt::test {

struct YearReading {
  BoundaryReading reading;
  std::int64_t arrival = 0;  ///< seconds; when it becomes known, not before it was read
};

/// One meter from its first to its last boundary. A replaced meter ends where the next one begins.
struct YearMeter {
  std::uint32_t household = 0;
  std::int64_t begin = 0;  ///< seconds
  std::int64_t end = 0;
  std::optional<Power> rating;        ///< nothing: a rise is never implausible
  std::vector<YearReading> readings;  ///< rising time; the liars among them too
};

struct YearHousehold {
  ZoneIndex zone = 0;
  MemberShare share;
  std::int64_t joined = 0;  ///< seconds; a member of the intervals within [joined, left)
  std::int64_t left = 0;
};

struct YearContract {
  std::uint32_t household = 0;
  Energy energy;
  Money amount;
};

struct IslandSpell {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  ImbalancePrices prices;
};

struct CommunityYear {
  IntervalSpan span;
  std::int64_t settlement_lag_seconds = 0;
  std::vector<std::int64_t> revised_runs;  ///< when, in seconds; rising
  std::vector<HouseholdId> names;
  std::vector<YearHousehold> households;
  std::vector<YearMeter> meters;
  ZoneTree zones = ZoneTree::single();
  std::vector<std::int64_t> loss_permille;
  TariffSchedule tariff;
  std::optional<Price> single_imbalance;  ///< the price both ways; nothing: retail and feed-in
  std::vector<IslandSpell> islands;
  AllocationTerms allocation;
  std::vector<bool> is_auction;                      ///< of every interval; else an allocation
  std::vector<std::vector<YearContract>> contracts;  ///< of every interval, by household; none in an allocation

  [[nodiscard]] Interval interval(std::size_t place) const {
    const std::int64_t length = span.first.length_seconds();
    return {span.first.begin_seconds() + static_cast<std::int64_t>(place) * length, length};
  }
  /// Prices, levies and taxes of an interval. They point into the year.
  [[nodiscard]] SettlementTerms terms(const Interval& at) const;
  /// The interval with nothing delivered yet: members by household, for whom `delivered` is still to be filled in.
  [[nodiscard]] SettlementCase case_of(std::size_t place) const;
};

/// Draws the year of a seed. One of fewer than 365 days has the change of the clocks in its middle. Intervals have 900
/// seconds mostly, 3600 sometimes, and 300 now and then; a year of these is cut to a third.
CommunityYear draw_year(std::uint64_t seed, std::int64_t days);

}  // namespace commonwatt::test
