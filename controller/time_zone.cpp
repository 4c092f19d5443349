#include "controller/time_zone.hpp"

#include <algorithm>
#include <cctype>
#include <exception>
#include <numeric>
#include <optional>
#include <string_view>

#include <date/tz.h>

namespace commonwatt {
namespace {

// The layout of the library's types hangs on this macro, which its CMake target sets as Debian built it.
static_assert(USE_OS_TZDB, "link date::date-tz, which says how the library was built");

date::sys_seconds library_time(std::int64_t seconds) {
  return date::sys_seconds{std::chrono::seconds(seconds)};
}

/// Time-zone files may state the changes up to 2037 one by one, or only past ones and a rule for the rest. The library
/// ignores the rule, and in such files would find one offset for all of our years. That Zurich had summer time in
/// 2010 will not change: whoever does not know it has files of that form.
bool are_rules_spelt_out() {
  constexpr std::int64_t january_2010 = 1'262'304'000;
  constexpr std::int64_t july_2010 = 1'277'942'400;
  const Result<TimeZone, TimeZoneError> zurich = TimeZone::open("Europe/Zurich");
  return zurich && zurich->at(january_2010).offset_seconds == 3'600 && zurich->at(july_2010).offset_seconds == 7'200;
}

std::vector<OffsetChange> changes_of(const TimeZone& zone) {
  std::vector<OffsetChange> changes;
  for (std::int64_t at = calendar_begin.seconds(); at < calendar_end.seconds();) {
    const ZoneOffset info = zone.at(at);
    // A change of the name or of what counts as summer time is none of the clock's.
    if (changes.empty() || changes.back().offset_seconds != info.offset_seconds) {
      changes.push_back({.from_seconds = at, .offset_seconds = info.offset_seconds});
    }
    at = info.until_seconds;
  }
  return changes;
}

/// How many letters must be put in, left out or replaced to make one name of the other (Levenshtein 1966), small and
/// capital letters being the same.
std::size_t distance(std::string_view from, std::string_view to) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (lower(from[i]) == lower(to[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

/// The name of the database nearest to a wrong one: its city alone, another spelling or a few letters wrong. Nothing
/// when none is near.
std::optional<std::string> nearest_zone(std::string_view name) {
  constexpr std::size_t name_max = 64;
  if (name.empty() || name.size() > name_max) return std::nullopt;
  std::optional<std::string> nearest;
  std::size_t least = 4;
  for (const date::time_zone& zone : date::get_tzdb().zones) {
    const std::string_view whole = zone.name();
    const std::string_view city = whole.substr(whole.rfind('/') + 1);
    const std::size_t away = std::min(distance(name, whole), distance(name, city));
    if (away >= least) continue;
    least = away;
    nearest = whole;
  }
  return nearest;
}

}  // namespace

Result<TimeZone, TimeZoneError> TimeZone::open(const std::string& name) {
  try {
    const std::vector<date::time_zone>& zones = date::get_tzdb().zones;
    if (zones.empty()) {
      return Fail{TimeZoneError{.words = "this machine has no time-zone files; install Debian's package tzdata"}};
    }
    const auto known = std::find_if(zones.begin(), zones.end(), [&](const auto& zone) { return zone.name() == name; });
    if (known == zones.end()) return Fail{TimeZoneError{.is_unknown = true, .words = {}}};
    // The library reads a zone's file when it is first asked.
    static_cast<void>(known->get_info(library_time(0)));
    return TimeZone(*known);
  } catch (const std::exception& error) {
    return Fail{TimeZoneError{.words = "the time-zone files of this machine cannot be read (" +
                                       std::string(error.what()) + "); install Debian's package tzdata"}};
  }
}

ZoneOffset TimeZone::at(std::int64_t seconds) const {
  const date::sys_info info = zone_->get_info(library_time(seconds));
  return {.offset_seconds = info.offset.count(),
          .until_seconds = info.end.time_since_epoch().count(),
          .abbreviation = info.abbrev};
}

std::int64_t TimeZone::first_instant(std::int64_t local_seconds) const {
  const date::local_seconds local{std::chrono::seconds(local_seconds)};
  return zone_->to_sys(local, date::choose::earliest).time_since_epoch().count();
}

Result<LocalCalendar, std::string> calendar_of(const std::string& zone) {
  const Result<TimeZone, TimeZoneError> known = TimeZone::open(zone);
  if (!known && known.error().is_unknown) {
    const std::optional<std::string> near = nearest_zone(zone);
    return Fail{"'" + zone + "' is no zone of the IANA database; " +
                (near ? "did you mean " + *near + "?" : std::string("write one such as Europe/Zurich"))};
  }
  if (!known) return Fail{known.error().words};
  if (!are_rules_spelt_out()) {
    return Fail{
        std::string("the time-zone files of this machine leave out the changes of the clocks to come; install "
                    "Debian's package tzdata, or files made by 'zic -b fat'")};
  }
  LocalCalendar calendar;
  calendar.zone = zone;
  calendar.offsets = changes_of(*known);
  return calendar;
}

}  // namespace commonwatt
