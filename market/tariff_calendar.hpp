// Local days and times of day, as tariffs speak of them, without a time-zone database: the offsets of one zone are
// resolved at the door and carried along. A replay elsewhere, with other time-zone files, finds the same local times.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/time.hpp"

namespace commonwatt {

/// The years a calendar can be asked about, [2000, 2038) in UTC: time-zone files state the changes one by one up to
/// 2037.
inline constexpr UtcTime calendar_begin = UtcTime::from_seconds(946'684'800);
inline constexpr UtcTime calendar_end = UtcTime::from_seconds(2'145'916'800);
inline constexpr int calendar_first_year = 2000;
inline constexpr int calendar_last_year = 2037;

/// What a local day is to a tariff. A holiday is a holiday and no day of the week.
enum class DayKind : std::uint8_t { monday, tuesday, wednesday, thursday, friday, saturday, sunday, holiday };
inline constexpr unsigned day_kinds = 8;

/// What the calendar and the clock on the wall say.
struct LocalMoment {
  unsigned month = 1;  ///< 1 to 12
  DayKind day = DayKind::monday;
  std::int64_t minute = 0;  ///< of the day, 0 to 1439, as the clock on the wall shows it
};
inline constexpr std::int64_t day_minutes = 1'440;

struct OffsetChange {
  std::int64_t from_seconds = 0;    ///< UTC
  std::int64_t offset_seconds = 0;  ///< local time less UTC, from then on

  friend bool operator==(const OffsetChange&, const OffsetChange&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.from_seconds, self.offset_seconds);
  }
};

/// One zone's clock and one community's holidays. As it is made, UTC without holidays.
struct LocalCalendar {
  std::string zone = "UTC";                                          ///< for people
  std::vector<OffsetChange> offsets{{calendar_begin.seconds(), 0}};  ///< rising; the first begins the calendar
  std::int64_t end_seconds = calendar_end.seconds();                 ///< UTC; the calendar ends before it
  std::vector<std::int64_t> holidays;                                ///< local dates, days since 1970-01-01; rising

  friend bool operator==(const LocalCalendar&, const LocalCalendar&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.zone, self.offsets, self.end_seconds, self.holidays);
  }

  /// Whether the notes above hold. The other functions ask for it.
  [[nodiscard]] bool is_sound() const;
  /// Nothing outside the calendar. O(log changes).
  [[nodiscard]] std::optional<LocalMoment> moment(UtcTime time) const;
  /// The first instant of that local date, which is 00:00 unless the clocks skip it. Nothing outside the calendar.
  [[nodiscard]] std::optional<UtcTime> day_begin(std::chrono::sys_days date) const;
};

/// Easter Sunday of a year of the Gregorian calendar (1583 or later), by the computus of 1876 that J. Meeus,
/// Astronomical Algorithms, 2nd edition (1998), chapter 8, tabulates. It holds for every year, without exceptions.
std::chrono::sys_days easter_sunday(int year);

}  // namespace commonwatt
