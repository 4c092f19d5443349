// What the utility charges and pays in every interval: constant prices, prices by local time of day, and prices that
// follow a day-ahead market, in versions that replace one another. Pure: the schedule carries the offsets of its time
// zone and the day-ahead prices, so that it answers the same in a replay years later.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "core/cbor.hpp"
#include "core/result.hpp"
#include "market/tariff_terms.hpp"

namespace commonwatt {

/// Why an interval has no tariff.
enum class TariffGap : std::uint8_t { before_first_version, outside_calendar, no_day_ahead_price };
/// The reason with the interval it is about.
std::string explain(TariffGap gap, const Interval& interval);

/// What applies in one interval. Levies and taxes are those of the schedule that was asked, and live as long as it
/// does.
struct IntervalTariff {
  Tariff tariff;
  std::span<const Levy> levies;
  std::span<const Tax> taxes;
};

class TariffSchedule {
 public:
  /// Both prices are zero, always.
  TariffSchedule() : TariffSchedule(constant({})) {}
  /// The same prices always, in years outside of any calendar too.
  static TariffSchedule constant(Tariff tariff);
  static Result<TariffSchedule, std::vector<TariffError>> from(TariffTerms terms);

  /// What applies in the interval, by the version and the local time at the interval's own beginning. The day-ahead
  /// price of an interval is the mean of the quarter-hours in it, or that of the quarter-hour it lies in; its share
  /// is rounded half to even once, and what is rounded off goes nowhere, for this is a price. O(log n), allocates
  /// nothing. Whether feed-in is above retail after a day-ahead price is known is for whoever supplied it to check.
  [[nodiscard]] Result<IntervalTariff, TariffGap> find(const Interval& interval) const;
  /// The same without the reason.
  [[nodiscard]] std::optional<IntervalTariff> at(const Interval& interval) const;

  [[nodiscard]] const TariffTerms& terms() const { return terms_; }
  friend bool operator==(const TariffSchedule&, const TariffSchedule&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.terms_);
  }

 private:
  explicit TariffSchedule(TariffTerms terms) : terms_(std::move(terms)) {}
  TariffTerms terms_;
};

/// Reads terms and refuses them unless they are a schedule.
void read(CborReader& in, TariffSchedule& schedule);

}  // namespace commonwatt
