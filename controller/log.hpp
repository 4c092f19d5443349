// The operator's log at 3 a.m.: what happened, to which meter and interval, what the system did about it. To standard
// error, a line each; systemd adds the rest. Never keys, tokens or another household's readings.
#pragma once

#include <string_view>

#include "controller/effect.hpp"

namespace commonwatt {

void log_line(Severity severity, std::string_view source, std::string_view text);

}  // namespace commonwatt
