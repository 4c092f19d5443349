// What the households of a settlement run delivered, interval by interval, and what was wrong with their readings.
#pragma once

#include <string>
#include <vector>

#include "controller/settle_files.hpp"
#include "market/register_series.hpp"

namespace commonwatt {

/// Import - export of every household over all its meters, by household and interval of the span; empty for a household
/// without a meter.
using HouseholdDeliveries = std::vector<std::vector<Energy>>;

/// Adds to `flags` every reading that was not taken (register_decreased, implausible, duplicate, out_of_order,
/// not_a_boundary) and every interval that had to be estimated. Of two good readings of a meter at one time the first
/// row counts.
HouseholdDeliveries household_deliveries(const RegisterTable& registers, const NameTable& households,
                                         const SettleRules& rules, const IntervalSpan& span,
                                         std::vector<SettleFlag>& flags);

}  // namespace commonwatt
