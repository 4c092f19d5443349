#include "market/tariff_calendar.hpp"

#include <algorithm>
#include <functional>

namespace commonwatt {
namespace {

constexpr std::int64_t day_seconds = 86'400;

bool is_rising_within(const std::vector<OffsetChange>& offsets, std::int64_t end_seconds) {
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    const std::int64_t next = i + 1 < offsets.size() ? offsets[i + 1].from_seconds : end_seconds;
    const bool is_offset = offsets[i].offset_seconds > -day_seconds && offsets[i].offset_seconds < day_seconds;
    if (!is_offset || offsets[i].from_seconds >= next) return false;
  }
  return true;
}

}  // namespace

bool LocalCalendar::is_sound() const {
  if (offsets.empty() || offsets.front().from_seconds < calendar_begin.seconds() ||
      end_seconds > calendar_end.seconds()) {
    return false;
  }
  return is_rising_within(offsets, end_seconds) &&
         std::adjacent_find(holidays.begin(), holidays.end(), std::greater_equal<>()) == holidays.end();
}

std::optional<LocalMoment> LocalCalendar::moment(UtcTime time) const {
  const std::int64_t seconds = time.seconds();
  const auto next =
      std::upper_bound(offsets.begin(), offsets.end(), seconds,
                       [](std::int64_t at, const OffsetChange& change) { return at < change.from_seconds; });
  if (next == offsets.begin() || seconds >= end_seconds) return std::nullopt;
  using namespace std::chrono;
  const sys_seconds local{std::chrono::seconds(seconds + std::prev(next)->offset_seconds)};
  const sys_days date = floor<days>(local);
  const bool is_holiday = std::binary_search(holidays.begin(), holidays.end(), date.time_since_epoch().count());
  return LocalMoment{
      .month = static_cast<unsigned>(year_month_day(date).month()),
      .day = is_holiday ? DayKind::holiday : static_cast<DayKind>(weekday(date).iso_encoding() - 1),
      .minute = floor<minutes>(local - date).count(),
  };
}

std::optional<UtcTime> LocalCalendar::day_begin(std::chrono::sys_days date) const {
  const std::int64_t midnight = std::int64_t{date.time_since_epoch().count()} * day_seconds;
  if (midnight - offsets.front().offset_seconds < offsets.front().from_seconds) return std::nullopt;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    const OffsetChange& change = offsets[i];
    const std::int64_t next = i + 1 < offsets.size() ? offsets[i + 1].from_seconds : end_seconds;
    // While this offset holds the clock comes to midnight, or it begins beyond it: then midnight was skipped.
    if (next + change.offset_seconds > midnight) {
      return UtcTime::from_seconds(std::max(change.from_seconds, midnight - change.offset_seconds));
    }
  }
  return std::nullopt;
}

std::chrono::sys_days easter_sunday(int year) {
  // The letters are those of the published table, so that the two can be compared line by line.
  const int a = year % 19;
  const int b = year / 100;
  const int c = year % 100;
  const int d = b / 4;
  const int e = b % 4;
  const int f = (b + 8) / 25;
  const int g = (b - f + 1) / 3;
  const int h = (19 * a + b - d - g + 15) % 30;
  const int i = c / 4;
  const int k = c % 4;
  const int l = (32 + 2 * e + 2 * i - h - k) % 7;
  const int m = (a + 11 * h + 22 * l) / 451;
  const int sum = h + l - 7 * m + 114;
  return std::chrono::year(year) / (sum / 31) / (sum % 31 + 1);
}

}  // namespace commonwatt
