// What the tests of tariffs are about: instants, one zone's year, and short ways to write terms.
#pragma once

#include <cstdlib>
#include <string_view>
#include <vector>

#include "market/tariff_terms.hpp"

namespace commonwatt::test {

inline UtcTime utc(std::string_view text) {
  const std::optional<UtcTime> time = time_from_text(text);
  if (!time) std::abort();
  return *time;
}

/// The quarter-hour that begins then, or a longer interval.
inline Interval interval_at(std::string_view begin, std::int64_t length_seconds = 900) {
  return Interval::containing(utc(begin), length_seconds);
}

/// Zurich as it is in 2026: summer time from 29 March to 25 October, both at 01:00 UTC.
inline LocalCalendar zurich_2026() {
  LocalCalendar calendar;
  calendar.zone = "Europe/Zurich";
  calendar.offsets = {{calendar_begin.seconds(), 3'600},
                      {utc("2026-03-29T01:00:00Z").seconds(), 7'200},
                      {utc("2026-10-25T01:00:00Z").seconds(), 3'600}};
  return calendar;
}

inline constexpr std::int64_t working_days = 0b0001'1111;

inline TariffPeriod period(std::int64_t price, std::int64_t begin_minute, std::int64_t end_minute,
                           std::int64_t days = all_days, std::int64_t months = all_months) {
  return {
      .price = Price{price}, .months = months, .days = days, .begin_minute = begin_minute, .end_minute = end_minute};
}

inline TariffVersion flat_version(std::int64_t retail, std::int64_t feed_in) {
  TariffVersion version;
  version.retail.otherwise = Price{retail};
  version.feed_in.otherwise = Price{feed_in};
  return version;
}

inline TariffTerms terms_of(std::vector<TariffVersion> versions, LocalCalendar calendar = {},
                            DayAheadPrices day_ahead = {}) {
  return {.versions = std::move(versions), .calendar = std::move(calendar), .day_ahead = std::move(day_ahead)};
}

}  // namespace commonwatt::test
