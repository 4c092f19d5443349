// Months in UTC, as numbers that can be counted on.
#pragma once

#include "core/time.hpp"

namespace commonwatt {

/// The month of an instant: 12 x year + month - 1.
std::int64_t month_of(UtcTime time);
/// The month's first instant. The year must be one that UtcTime can hold, 1678 to 2261.
UtcTime month_begin(std::int64_t month);

}  // namespace commonwatt
