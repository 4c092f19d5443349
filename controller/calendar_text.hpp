// Instants, dates, holidays, months, days and times of day as people write them in the files of a tariff.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/time.hpp"

namespace commonwatt {

/// An instant as RFC 3339 writes it in whole seconds, with Z or an offset ("2026-06-21T10:15:00+02:00"), or as seconds
/// since the epoch. Nothing for a time without an offset: it could be anywhere.
std::optional<UtcTime> instant_from_text(std::string_view text);

/// "2026-08-01"
std::optional<std::chrono::sys_days> date_from_text(std::string_view text);

/// The dates that an entry of a list of holidays names, in days since 1970-01-01, in the years of a calendar:
/// "2026-08-01" that one, "08-01" every year's, "easter", "easter+1" and "easter-2" those before and after Easter
/// Sunday, at most 70 days. Nothing when the text names none.
std::vector<std::int64_t> days_of_holiday(std::string_view text);

/// A part of a local day, [begin, end) in minutes.
struct Minutes {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
/// "07:00-20:00", and "22:00-06:00" as the two parts of a day that it covers. Nothing when it is no such text.
std::vector<Minutes> minutes_from_text(std::string_view text);

/// The bits of TariffPeriod for "jan", or for "oct-mar", which goes past the end of the year.
std::optional<std::int64_t> months_from_text(std::string_view text);
/// The bits of TariffPeriod for "sat", "sat-mon" or "holiday".
std::optional<std::int64_t> days_from_text(std::string_view text);

}  // namespace commonwatt
