// What the households of a settlement run delivered, interval by interval, and what was wrong with their readings.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "controller/settle_files.hpp"
#include "market/register_series.hpp"

namespace commonwatt {

/// Import - export of every household over all its meters, by household and interval of the span; empty for a household
/// without a meter.
using HouseholdDeliveries = std::vector<std::vector<Energy>>;

/// Is told what each meter of a household counted, meter by meter, so that nobody must keep it all.
using MeterObserver = std::function<void(std::uint32_t meter, const std::vector<Delivery>& energies)>;

/// Adds to `flags` every reading that was not taken (register_decreased, implausible, duplicate, out_of_order,
/// not_a_boundary, without_meter), every exchange of a meter that the readings contradict and that counts as none
/// (exchange_contradicted), and every interval that had to be estimated. Of two good readings of a meter at one time
/// the first row counts.
HouseholdDeliveries household_deliveries(const SettleRegisters& registers, const NameTable& households,
                                         const SettleRules& rules, const IntervalSpan& span,
                                         std::vector<SettleFlag>& flags, const MeterObserver& observe);

/// The same for a head meter, of which only what is wrong with its readings is flagged. `head` is its place in the
/// rules.
std::vector<Delivery> head_deliveries(const SettleRegisters& registers, std::uint32_t head, const SettleRules& rules,
                                      const IntervalSpan& span, std::vector<SettleFlag>& flags);

}  // namespace commonwatt
