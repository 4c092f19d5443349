// Fields that several files of a settlement have. Each throws a RowError that names the column and says what is wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "controller/settle_rules.hpp"
#include "core/units.hpp"

namespace commonwatt {

/// Seconds since 1970, of a number of them or a time such as 2026-06-21T10:15:00Z.
std::int64_t seconds_of(const char* column, const char* text);
/// 1 to 32 characters of a-z, 0-9, '-' and '_'.
std::string name_of(const char* column, const char* text);
/// A cumulative register, 0 to a thousand gigawatt-hours: sums of what exists stay within 63 bits.
Energy register_of(const char* column, const char* text);
/// The place among the rules' head meters; nothing when it is none of them.
std::optional<std::uint32_t> head_meter_of(const std::string& meter, const SettleRules& rules);

}  // namespace commonwatt
