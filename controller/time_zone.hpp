// The time-zone database of the machine, asked once, at the door: what comes out are offsets, which the market carries.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"
#include "market/tariff_calendar.hpp"

namespace commonwatt {

/// The calendar of a zone of the IANA database ("Europe/Zurich") for all its years, without holidays. The error says
/// why there is none, with the name that was perhaps meant.
Result<LocalCalendar, std::string> calendar_of(const std::string& zone);

}  // namespace commonwatt
