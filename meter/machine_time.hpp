// The machine's own monotonic time, for back-off and line timing only: a serial line and a connection attempt take the
// time they take however fast market time is made to run. Nothing that is recorded is stamped with it.
#pragma once

#include <chrono>
#include <functional>

namespace commonwatt {

using MachineTime = std::function<std::chrono::nanoseconds()>;

/// Nanoseconds since some fixed instant of this boot; never runs backwards.
std::chrono::nanoseconds machine_time();

}  // namespace commonwatt
