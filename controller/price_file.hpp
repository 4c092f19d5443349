// Day-ahead prices as a market publishes them: a CSV file of times and prices without gaps.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "market/tariff_terms.hpp"

namespace commonwatt {

/// Header `time,price` with prices in micro-currency per kWh, or `time,price_per_mwh` with prices in currency units per
/// MWh of at most three decimals, which is exact. A row for every `resolution_seconds` (900 or 3600), rising; an hourly
/// price holds for its four quarter-hours. `name` stands in the errors, which say line, what is wrong and what is
/// expected. Fields are not quoted.
Result<DayAheadPrices, std::string> read_day_ahead(const std::string& name, std::string_view text,
                                                   std::int64_t resolution_seconds);

/// More rows than the calendar has quarter-hours are refused.
inline constexpr std::size_t day_ahead_rows_max = 38 * 366 * 96;

}  // namespace commonwatt
