// The operator's program: admits orders, closes gates, clears, settles, seals, signs, and serves the API.
#pragma once

#include "controller/config.hpp"
#include "core/clock.hpp"

namespace commonwatt {

/// Runs until SIGTERM or SIGINT. `speed` is market seconds in a real one, for the screen. Returns the exit status: 0,
/// or 1 with the reason in the log.
int run_controller(const ControllerConfig& config, Clock& clock, std::int64_t speed);

}  // namespace commonwatt
