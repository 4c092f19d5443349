#include "controller/local_time.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>

#include <date/tz.h>

namespace commonwatt {
namespace {

// The layout of the library's types hangs on this macro, which its CMake target sets as Debian built it.
static_assert(USE_OS_TZDB, "link date::date-tz, which says how the library was built");

constexpr int year_min = 1970;
constexpr int year_max = 2199;

std::optional<unsigned> digits(std::string_view text) {
  unsigned number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  return number;
}

date::year_month_day library_date(const LocalDate& date) {
  return date::year{date.year} / static_cast<int>(date.month) / static_cast<int>(date.day);
}

}  // namespace

std::string to_text(const LocalDate& date) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", date.year, date.month, date.day);
  return text.data();
}

std::optional<LocalDate> local_date_from_text(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = digits(text.substr(0, 4));
  const auto month = digits(text.substr(5, 2));
  const auto day = digits(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const LocalDate date{.year = static_cast<int>(*year), .month = *month, .day = *day};
  if (date.year < year_min || date.year > year_max || !library_date(date).ok()) return std::nullopt;
  return date;
}

std::optional<LocalDate> month_from_text(std::string_view text) {
  return local_date_from_text(std::string(text) + "-01");
}

LocalDate next_month(const LocalDate& date) {
  if (date.month == 12) return {.year = date.year + 1, .month = 1, .day = 1};
  return {.year = date.year, .month = date.month + 1, .day = 1};
}

std::string offset_text(std::int64_t offset_seconds) {
  const std::int64_t minutes = (offset_seconds < 0 ? -offset_seconds : offset_seconds) / 60;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%c%02d:%02d", offset_seconds < 0 ? '-' : '+', static_cast<int>(minutes / 60),
                static_cast<int>(minutes % 60));
  return text.data();
}

Result<LocalZone, std::string> LocalZone::open(const std::string& name) {
  try {
    const auto& zones = date::get_tzdb().zones;
    if (zones.empty()) return Fail{std::string("this machine has no time-zone files; install Debian's package tzdata")};
    const auto known = std::find_if(zones.begin(), zones.end(), [&](const auto& zone) { return zone.name() == name; });
    if (known != zones.end()) return LocalZone(*known, name);
    return Fail{"'" + name +
                "' is no zone of this machine's time-zone files; write one such as Europe/Zurich or Etc/UTC"};
  } catch (const std::exception& error) {
    return Fail{"the time-zone files of this machine cannot be read (" + std::string(error.what()) +
                "); install Debian's package tzdata"};
  }
}

LocalTime LocalZone::at(UtcTime time) const {
  const date::sys_seconds instant{std::chrono::seconds(time.seconds())};
  const date::sys_info info = zone_->get_info(instant);
  const date::local_seconds local{(instant + info.offset).time_since_epoch()};
  const date::local_days day = date::floor<date::days>(local);
  const date::year_month_day date(day);
  return {.date = {.year = static_cast<int>(date.year()),
                   .month = static_cast<unsigned>(date.month()),
                   .day = static_cast<unsigned>(date.day())},
          .minute = static_cast<int>((local - day).count() / 60),
          .offset_seconds = info.offset.count(),
          .abbreviation = info.abbrev};
}

UtcTime LocalZone::day_begin(const LocalDate& date) const {
  const date::local_days day(library_date(date));
  const auto instant = zone_->to_sys(date::local_seconds(day), date::choose::earliest);
  return UtcTime::from_seconds(instant.time_since_epoch().count());
}

}  // namespace commonwatt
