// The table [tariff] of a configuration, with its file of day-ahead prices (docs/tariffs.md). Zone names and local
// dates end here: the schedule that comes out speaks UTC and carries what it needs to know of local time.
#pragma once

#include <cstdint>

#include "controller/config_reader.hpp"
#include "market/tariff_schedule.hpp"

namespace commonwatt {

/// Reads the table. What is wrong with it, or with the file of prices, is noted as faults of the table, and the
/// schedule returned is then a harmless one. `interval_seconds` is how long the market's intervals are: for each of
/// them that has a day-ahead price it is checked that feed-in is not above retail.
TariffSchedule read_tariff(ConfigTable& table, std::int64_t interval_seconds = 900);

/// More than these in one table are refused.
inline constexpr std::size_t tariff_versions_max = 200;
inline constexpr std::size_t tariff_charges_max = 32;
inline constexpr std::size_t tariff_holidays_max = 1'000;

}  // namespace commonwatt
