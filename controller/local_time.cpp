#include "controller/local_time.hpp"

#include <array>
#include <chrono>
#include <cstdio>

namespace commonwatt {
namespace {

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

std::chrono::year_month_day calendar_date(const LocalDate& date) {
  return std::chrono::year(date.year) / std::chrono::month(date.month) / std::chrono::day(date.day);
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
  if (date.year < year_min || date.year > year_max || !calendar_date(date).ok()) return std::nullopt;
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
  const Result<TimeZone, TimeZoneError> zone = TimeZone::open(name);
  if (zone) return LocalZone(*zone, name);
  if (!zone.error().is_unknown) return Fail{zone.error().words};
  return Fail{"'" + name +
              "' is no zone of this machine's time-zone files; write one such as Europe/Zurich or Etc/UTC"};
}

LocalTime LocalZone::at(UtcTime time) const {
  ZoneOffset now = zone_.at(time.seconds());
  const std::chrono::sys_seconds local{std::chrono::seconds(time.seconds() + now.offset_seconds)};
  const std::chrono::sys_days day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day date(day);
  return {.date = {.year = static_cast<int>(date.year()),
                   .month = static_cast<unsigned>(date.month()),
                   .day = static_cast<unsigned>(date.day())},
          .minute = static_cast<int>((local - day).count() / 60),
          .offset_seconds = now.offset_seconds,
          .abbreviation = std::move(now.abbreviation)};
}

UtcTime LocalZone::day_begin(const LocalDate& date) const {
  const std::chrono::sys_seconds midnight = std::chrono::sys_days(calendar_date(date));
  return UtcTime::from_seconds(zone_.first_instant(midnight.time_since_epoch().count()));
}

}  // namespace commonwatt
