// Local time for what people read: days and months of a time zone of the IANA database. The market itself is UTC.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "controller/time_zone.hpp"
#include "core/result.hpp"
#include "core/time.hpp"

namespace commonwatt {

/// A day of the Gregorian calendar; made by the functions here, it exists.
struct LocalDate {
  int year = 1970;
  unsigned month = 1;  ///< from 1
  unsigned day = 1;    ///< from 1

  friend auto operator<=>(const LocalDate&, const LocalDate&) = default;
};
/// "2026-06-21".
std::string to_text(const LocalDate& date);
/// The day of such a text; nothing when there is no such day between 1970 and 2199.
std::optional<LocalDate> local_date_from_text(std::string_view text);
/// The first day of a month written "2026-06".
std::optional<LocalDate> month_from_text(std::string_view text);
/// The first day of the month after the one of `date`.
LocalDate next_month(const LocalDate& date);

/// What clocks on the wall say at an instant.
struct LocalTime {
  LocalDate date;
  int minute = 0;                   ///< of the day, 0 to 1439
  std::int64_t offset_seconds = 0;  ///< local time - UTC; tells the two apart where an hour comes twice
  std::string abbreviation;         ///< "CEST"; "+0530" where the zone has none
};
/// "+02:00".
std::string offset_text(std::int64_t offset_seconds);

/// A zone of the machine's time-zone files.
class LocalZone {
 public:
  /// The error says why there is no such zone, and what to install or write.
  static Result<LocalZone, std::string> open(const std::string& name);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] LocalTime at(UtcTime time) const;
  /// The first instant of a day. Where clocks skip midnight it is the instant after the gap.
  [[nodiscard]] UtcTime day_begin(const LocalDate& date) const;

 private:
  LocalZone(const TimeZone& zone, std::string name) : zone_(zone), name_(std::move(name)) {}
  TimeZone zone_;
  std::string name_;
};

}  // namespace commonwatt
