// The time-zone database of the machine. For the market it is asked once, at the door: what comes out are offsets,
// which the market carries. For what people read, local_time.hpp asks it of every instant.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "market/tariff_calendar.hpp"

namespace date {
class time_zone;
}

namespace commonwatt {

/// What the clocks of a zone do from an instant on.
struct ZoneOffset {
  std::int64_t offset_seconds = 0;  ///< local time - UTC
  std::int64_t until_seconds = 0;   ///< the first instant at which this may be another
  std::string abbreviation;         ///< "CEST"; "+0530" where the zone has none
};

/// Why there is no zone.
struct TimeZoneError {
  bool is_unknown = false;  ///< the database is there, and has no such name: the caller knows what to suggest
  std::string words;        ///< for people; empty where the name is unknown
};

/// A zone of the machine's database.
class TimeZone {
 public:
  static Result<TimeZone, TimeZoneError> open(const std::string& name);

  [[nodiscard]] ZoneOffset at(std::int64_t seconds) const;
  /// The first instant at which the clocks show a local time, in seconds since 1970 as if it were UTC. Where they skip
  /// it, the instant after the gap.
  [[nodiscard]] std::int64_t first_instant(std::int64_t local_seconds) const;

 private:
  explicit TimeZone(const date::time_zone& zone) : zone_(&zone) {}
  const date::time_zone* zone_;  // of the library's database, which lives as long as the program
};

/// The calendar of a zone of the IANA database ("Europe/Zurich") for all its years, without holidays. The error says
/// why there is none, with the name that was perhaps meant.
Result<LocalCalendar, std::string> calendar_of(const std::string& zone);

}  // namespace commonwatt
