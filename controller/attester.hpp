// An attester: a replica of the heart that signs the anchors it comes to by itself. It follows the journal over the
// broker and may run on any machine with a certificate.
#pragma once

#include "controller/config.hpp"
#include "core/clock.hpp"

namespace commonwatt {

/// What a test may have it do to see that it is noticed.
enum class Honesty : std::uint8_t { honest, lies };

/// Runs until SIGTERM or SIGINT. Returns the exit status: 0, or 1 with the reason in the log.
int run_attester(const AttesterConfig& config, Clock& clock, Honesty honesty);

}  // namespace commonwatt
