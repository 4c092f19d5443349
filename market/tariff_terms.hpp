// What a tariff is made of: versions, and in each of them prices, levies and taxes; the calendar they speak of and the
// day-ahead prices they follow. Journalled as it is.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "market/participants.hpp"
#include "market/tariff_calendar.hpp"
#include "market/tariff_charges.hpp"

namespace commonwatt {

/// A price for some local times.
struct TariffPeriod {
  Price price;
  std::int64_t months = 0;  ///< bit 0 is January; at least one
  std::int64_t days = 0;    ///< a bit per DayKind; at least one
  std::int64_t begin_minute = 0;
  std::int64_t end_minute = day_minutes;  ///< holds before it; above begin_minute

  friend bool operator==(const TariffPeriod&, const TariffPeriod&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.price, self.months, self.days, self.begin_minute, self.end_minute);
  }
  [[nodiscard]] bool holds(const LocalMoment& moment) const;
};
inline constexpr std::int64_t all_months = (1 << 12) - 1;
inline constexpr std::int64_t all_days = (1 << day_kinds) - 1;

/// How one of the two prices is found: that of the period that holds, or `otherwise`; plus a share of the day-ahead
/// price.
struct TariffRate {
  std::optional<Price> otherwise;     ///< nothing: at every local time some period holds
  std::vector<TariffPeriod> periods;  ///< at no local time two hold
  std::int64_t day_ahead_permille = 0;

  friend bool operator==(const TariffRate&, const TariffRate&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.otherwise, self.periods, self.day_ahead_permille);
  }
};
/// Bounds of what a rate holds; with them a price stays within 63 bits and is found in bounded time.
inline constexpr std::size_t rate_periods_max = 64;
inline constexpr std::int64_t day_ahead_permille_max = 10'000;

struct TariffVersion {
  std::optional<UtcTime> valid_from;  ///< nothing, for the first version alone: since ever
  TariffRate retail;
  TariffRate feed_in;
  std::vector<Levy> levies;
  std::vector<Tax> taxes;

  friend bool operator==(const TariffVersion&, const TariffVersion&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.valid_from, self.retail, self.feed_in, self.levies, self.taxes);
  }
  [[nodiscard]] bool is_local() const { return !retail.periods.empty() || !feed_in.periods.empty(); }
  [[nodiscard]] bool is_day_ahead() const { return retail.day_ahead_permille != 0 || feed_in.day_ahead_permille != 0; }
};

/// Prices of consecutive quarter-hours. An hourly price is four of them.
struct DayAheadPrices {
  std::int64_t begin_seconds = 0;  ///< UTC, a multiple of 900
  std::vector<Price> prices;

  friend bool operator==(const DayAheadPrices&, const DayAheadPrices&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.begin_seconds, self.prices);
  }
  [[nodiscard]] std::int64_t end_seconds() const {
    return begin_seconds + quarter_seconds * static_cast<std::int64_t>(prices.size());
  }
  static constexpr std::int64_t quarter_seconds = 900;
};

/// All that a schedule is made of.
struct TariffTerms {
  std::vector<TariffVersion> versions;  ///< at least one, rising valid_from
  LocalCalendar calendar;
  DayAheadPrices day_ahead;

  friend bool operator==(const TariffTerms&, const TariffTerms&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.versions, self.calendar, self.day_ahead);
  }
};

/// Why terms are no schedule.
enum class TariffFault : std::uint8_t {
  no_version,
  version_order,
  calendar_unsound,
  day_ahead_unsound,
  day_ahead_missing,
  value_out_of_range,
  period_unsound,
  periods_overlap,
  gap,
  feed_in_above_retail,
};
enum class TariffSide : std::uint8_t { retail, feed_in };

struct TariffError {
  TariffFault fault = TariffFault::no_version;
  std::size_t version = 0;               ///< where
  TariffSide side = TariffSide::retail;  ///< of a period or a gap
  std::size_t period = 0;                ///< of period_unsound and periods_overlap
  std::size_t other_period = 0;          ///< of periods_overlap, after `period`
  LocalMoment moment;                    ///< of gap and feed_in_above_retail: the first in the year
};
/// The fault as an operator would understand it, with what to do. Where it is, the caller says.
std::string explain(const TariffError& error);

/// All that is wrong with the terms; empty when they are a schedule. Versions that follow a day-ahead price are not
/// asked whether they pay more for feeding in than they charge: that depends on prices yet to come.
std::vector<TariffError> tariff_errors(const TariffTerms& terms);

}  // namespace commonwatt
