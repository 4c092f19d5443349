#include "market/tariff_terms.hpp"

#include <algorithm>
#include <array>

namespace commonwatt {
namespace {

constexpr bool is_price(Price price) {
  return price >= -price_magnitude_max && price <= price_magnitude_max;
}

bool is_sound(const TariffPeriod& period) {
  return period.months > 0 && period.months <= all_months && period.days > 0 && period.days <= all_days &&
         period.begin_minute >= 0 && period.begin_minute < period.end_minute && period.end_minute <= day_minutes;
}

bool overlap(const TariffPeriod& a, const TariffPeriod& b) {
  return (a.months & b.months) != 0 && (a.days & b.days) != 0 && a.begin_minute < b.end_minute &&
         b.begin_minute < a.end_minute;
}

bool has_price(const TariffRate& rate, const LocalMoment& moment) {
  return rate.otherwise || std::any_of(rate.periods.begin(), rate.periods.end(),
                                       [&](const TariffPeriod& period) { return period.holds(moment); });
}

/// Only for a moment at which the rate has a price.
Price price_at(const TariffRate& rate, const LocalMoment& moment) {
  const auto period = std::find_if(rate.periods.begin(), rate.periods.end(),
                                   [&](const TariffPeriod& candidate) { return candidate.holds(moment); });
  return period != rate.periods.end() ? period->price : *rate.otherwise;
}

/// Goes through the terms and notes what is wrong.
class TermsCheck {
 public:
  explicit TermsCheck(const TariffTerms& terms) : terms_(terms) {}

  std::vector<TariffError> run() {
    if (terms_.versions.empty()) note({.fault = TariffFault::no_version, .moment = {}});
    if (!terms_.calendar.is_sound()) note({.fault = TariffFault::calendar_unsound, .moment = {}});
    if (!is_day_ahead_sound()) note({.fault = TariffFault::day_ahead_unsound, .moment = {}});
    for (std::size_t i = 0; i < terms_.versions.size(); ++i) check_version(i);
    return std::move(errors_);
  }

 private:
  void note(const TariffError& error) { errors_.push_back(error); }

  bool is_day_ahead_sound() const {
    const DayAheadPrices& series = terms_.day_ahead;
    constexpr std::int64_t begin_max = 9'000'000'000;  // as far as an interval may begin
    return series.begin_seconds % DayAheadPrices::quarter_seconds == 0 && series.begin_seconds >= -begin_max &&
           series.begin_seconds <= begin_max && std::all_of(series.prices.begin(), series.prices.end(), is_price);
  }

  void check_version(std::size_t index) {
    const TariffVersion& version = terms_.versions[index];
    if (index > 0 && !(terms_.versions[index - 1].valid_from < version.valid_from)) {
      note({.fault = TariffFault::version_order, .version = index, .moment = {}});
    }
    if (version.is_day_ahead() && terms_.day_ahead.prices.empty()) {
      note({.fault = TariffFault::day_ahead_missing, .version = index, .moment = {}});
    }
    const bool are_levies_sound = std::all_of(version.levies.begin(), version.levies.end(),
                                              [](const Levy& levy) { return is_price(levy.price); });
    std::int64_t permille = 0;
    const bool are_taxes_sound = std::all_of(version.taxes.begin(), version.taxes.end(), [&permille](const Tax& tax) {
      return tax.permille >= 0 && tax.permille <= tax_permille_max && (permille += tax.permille) <= tax_permille_max;
    });
    if (!are_levies_sound || !are_taxes_sound) {
      note({.fault = TariffFault::value_out_of_range, .version = index, .moment = {}});
    }
    const std::size_t errors_before = errors_.size();
    check_rate(index, TariffSide::retail, version.retail);
    check_rate(index, TariffSide::feed_in, version.feed_in);
    if (errors_.size() == errors_before && !version.is_day_ahead()) check_order(index, version);
  }

  void check_rate(std::size_t index, TariffSide side, const TariffRate& rate) {
    const bool is_in_range = rate.day_ahead_permille >= 0 && rate.day_ahead_permille <= day_ahead_permille_max &&
                             rate.periods.size() <= rate_periods_max && is_price(rate.otherwise.value_or(Price{})) &&
                             std::all_of(rate.periods.begin(), rate.periods.end(),
                                         [](const TariffPeriod& period) { return is_price(period.price); });
    if (!is_in_range) {
      return note({.fault = TariffFault::value_out_of_range, .version = index, .side = side, .moment = {}});
    }
    bool are_sound = true;
    for (std::size_t i = 0; i < rate.periods.size(); ++i) {
      if (is_sound(rate.periods[i])) continue;
      note({.fault = TariffFault::period_unsound, .version = index, .side = side, .period = i, .moment = {}});
      are_sound = false;
    }
    if (!are_sound) return;
    for (std::size_t i = 0; i < rate.periods.size(); ++i) {
      for (std::size_t j = i + 1; j < rate.periods.size(); ++j) {
        if (!overlap(rate.periods[i], rate.periods[j])) continue;
        note({.fault = TariffFault::periods_overlap,
              .version = index,
              .side = side,
              .period = i,
              .other_period = j,
              .moment = {}});
      }
    }
    const auto gap = first_moment({&rate, &rate}, [&](const LocalMoment& moment) { return !has_price(rate, moment); });
    if (gap) note({.fault = TariffFault::gap, .version = index, .side = side, .moment = *gap});
  }

  void check_order(std::size_t index, const TariffVersion& version) {
    const auto inverted = first_moment({&version.retail, &version.feed_in}, [&](const LocalMoment& moment) {
      return price_at(version.feed_in, moment) > price_at(version.retail, moment);
    });
    if (inverted) note({.fault = TariffFault::feed_in_above_retail, .version = index, .moment = *inverted});
  }

  /// The first moment of a year at which `is_bad`, among those at which a price of the rates may change: a day's
  /// first minute, and every minute at which a period begins or ends. Holidays count only where there are any.
  template <class IsBad>
  std::optional<LocalMoment> first_moment(std::array<const TariffRate*, 2> rates, IsBad is_bad) const {
    std::vector<std::int64_t> minutes{0};
    for (const TariffRate* rate : rates) {
      for (const TariffPeriod& period : rate->periods) {
        minutes.push_back(period.begin_minute);
        if (period.end_minute < day_minutes) minutes.push_back(period.end_minute);
      }
    }
    std::sort(minutes.begin(), minutes.end());
    minutes.erase(std::unique(minutes.begin(), minutes.end()), minutes.end());
    const unsigned kinds = terms_.calendar.holidays.empty() ? day_kinds - 1 : day_kinds;
    for (unsigned month = 1; month <= 12; ++month) {
      for (unsigned kind = 0; kind < kinds; ++kind) {
        for (const std::int64_t minute : minutes) {
          const LocalMoment moment{.month = month, .day = static_cast<DayKind>(kind), .minute = minute};
          if (is_bad(moment)) return moment;
        }
      }
    }
    return std::nullopt;
  }

  const TariffTerms& terms_;
  std::vector<TariffError> errors_;
};

std::string two_digits(std::int64_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

/// "on a monday in January at 07:00"
std::string to_text(const LocalMoment& moment) {
  constexpr std::array months{"January", "February", "March",     "April",   "May",      "June",
                              "July",    "August",   "September", "October", "November", "December"};
  constexpr std::array days{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "holiday"};
  return std::string("on a ") + days[static_cast<std::size_t>(moment.day)] + " in " + months[moment.month - 1] +
         " at " + two_digits(moment.minute / 60) + ":" + two_digits(moment.minute % 60);
}

}  // namespace

bool TariffPeriod::holds(const LocalMoment& moment) const {
  return (months >> (moment.month - 1) & 1) != 0 && (days >> static_cast<unsigned>(moment.day) & 1) != 0 &&
         begin_minute <= moment.minute && moment.minute < end_minute;
}

std::vector<TariffError> tariff_errors(const TariffTerms& terms) {
  return TermsCheck(terms).run();
}

std::string explain(const TariffError& error) {
  switch (error.fault) {
    case TariffFault::no_version:
      return "there is no version of the tariff";
    case TariffFault::version_order:
      return "is not after the valid_from of the version before; list versions from the oldest to the newest";
    case TariffFault::calendar_unsound:
      return "the changes of the clocks or the holidays are not in rising order within the years 2000 to 2037";
    case TariffFault::day_ahead_unsound:
      return "day-ahead prices do not begin with a quarter-hour, or one is out of range";
    case TariffFault::day_ahead_missing:
      return "follows a day-ahead price, but there are none; add the table day_ahead with a file";
    case TariffFault::value_out_of_range:
      return "a price, a permille or a number of periods is out of range";
    case TariffFault::period_unsound:
      return "a period holds in no month, on no day or at no time";
    case TariffFault::periods_overlap:
      return "two periods hold at one time; make their months, days or hours differ";
    case TariffFault::gap:
      return "there is no price " + to_text(error.moment) + "; a price outside the periods would fill the gap";
    case TariffFault::feed_in_above_retail:
      return "is above retail " + to_text(error.moment) + ": every household could earn by feeding in what it buys";
  }
  return {};
}

}  // namespace commonwatt
