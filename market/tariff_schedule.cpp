#include "market/tariff_schedule.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>

#include "core/wide.hpp"

namespace commonwatt {
namespace {

/// The period's or the other price of a rate; its periods leave no gap.
Price base_price(const TariffRate& rate, const LocalMoment& moment) {
  for (const TariffPeriod& period : rate.periods) {
    if (period.holds(moment)) return period.price;
  }
  assert(rate.otherwise);
  return *rate.otherwise;
}

/// Day-ahead prices of an interval, to be divided only once.
struct DayAheadSum {
  Wide sum = 0;
  std::int64_t quarters = 1;
};

std::optional<DayAheadSum> day_ahead_sum(const DayAheadPrices& series, const Interval& interval) {
  const std::int64_t begin = interval.begin_seconds() - series.begin_seconds;
  const std::int64_t end = begin + interval.length_seconds();
  constexpr std::int64_t quarter = DayAheadPrices::quarter_seconds;
  if (begin < 0 || series.begin_seconds + end > series.end_seconds()) return std::nullopt;
  DayAheadSum result{.sum = 0, .quarters = (end - 1) / quarter - begin / quarter + 1};
  for (std::int64_t i = begin / quarter; i * quarter < end; ++i) {
    result.sum += series.prices[static_cast<std::size_t>(i)].count;
  }
  return result;
}

Price price_of(const TariffRate& rate, const LocalMoment& moment, const DayAheadSum& ahead) {
  const Wide share = half_even_divide(ahead.sum * rate.day_ahead_permille, wide(ahead.quarters) * 1'000);
  return base_price(rate, moment) + Price{static_cast<std::int64_t>(share)};
}

}  // namespace

TariffSchedule TariffSchedule::constant(Tariff tariff) {
  TariffTerms terms;
  terms.versions.emplace_back();
  terms.versions.front().retail.otherwise = tariff.retail;
  terms.versions.front().feed_in.otherwise = tariff.feed_in;
  return TariffSchedule(std::move(terms));
}

Result<TariffSchedule, std::vector<TariffError>> TariffSchedule::from(TariffTerms terms) {
  std::vector<TariffError> errors = tariff_errors(terms);
  if (!errors.empty()) return Fail{std::move(errors)};
  return TariffSchedule(std::move(terms));
}

Result<IntervalTariff, TariffGap> TariffSchedule::find(const Interval& interval) const {
  const auto next = std::upper_bound(
      terms_.versions.begin(), terms_.versions.end(), interval.begin(),
      [](UtcTime begin, const TariffVersion& version) { return version.valid_from && begin < *version.valid_from; });
  if (next == terms_.versions.begin()) return Fail{TariffGap::before_first_version};
  const TariffVersion& version = *std::prev(next);
  std::optional<LocalMoment> moment = LocalMoment{};
  if (version.is_local()) moment = terms_.calendar.moment(interval.begin());
  if (!moment) return Fail{TariffGap::outside_calendar};
  std::optional<DayAheadSum> ahead = DayAheadSum{};
  if (version.is_day_ahead()) ahead = day_ahead_sum(terms_.day_ahead, interval);
  if (!ahead) return Fail{TariffGap::no_day_ahead_price};
  return IntervalTariff{.tariff = {.retail = price_of(version.retail, *moment, *ahead),
                                   .feed_in = price_of(version.feed_in, *moment, *ahead)},
                        .levies = version.levies,
                        .taxes = version.taxes};
}

std::optional<IntervalTariff> TariffSchedule::at(const Interval& interval) const {
  const Result<IntervalTariff, TariffGap> found = find(interval);
  if (!found) return std::nullopt;
  return *found;
}

std::string explain(TariffGap gap, const Interval& interval) {
  const std::string place = "the interval " + to_text(interval.begin()) + " to " + to_text(interval.end());
  switch (gap) {
    case TariffGap::before_first_version:
      return place + " begins before the first version of the tariff is valid; add the version of that time";
    case TariffGap::outside_calendar:
      return place + " lies outside the years 2000 to 2037, for which local times are known";
    case TariffGap::no_day_ahead_price:
      return place + " has no day-ahead price, or not for all of it; add the missing rows to the file of prices";
  }
  return {};
}

void read(CborReader& in, TariffSchedule& schedule) {
  if (in.array() != 1) return in.fail("a tariff schedule is not {terms}");
  TariffTerms terms;
  read(in, terms);
  if (in.failed()) return;
  Result<TariffSchedule, std::vector<TariffError>> read_back = TariffSchedule::from(std::move(terms));
  if (!read_back) return in.fail("the terms of a tariff are no schedule");
  schedule = std::move(*read_back);
}

}  // namespace commonwatt
