// What the long-running commands share: the clock a configuration names, and how they complain.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "controller/config.hpp"
#include "core/clock.hpp"

namespace commonwatt {

/// Real time, or the simulated clock of that file. The error says why it cannot be joined.
Result<std::unique_ptr<Clock>, std::string> open_clock(const std::filesystem::path& file);

/// Says it on standard error and returns the status.
int complain(const std::string& text, int status);
/// Says all of it; the status is that of a bad configuration, as sysexits.h has it.
int complain(const ConfigFaults& faults);

}  // namespace commonwatt
