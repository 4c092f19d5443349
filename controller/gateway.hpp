// The program of a household: reads its meters, signs, bids, keeps what is not receipted, and checks what it is told.
#pragma once

#include "controller/config.hpp"
#include "core/clock.hpp"

namespace commonwatt {

/// What a test may switch off to see that it is needed.
enum class OutboxUse : std::uint8_t { kept, off };

/// Runs until SIGTERM or SIGINT. Returns the exit status: 0, or 1 with the reason in the log.
int run_gateway(const GatewayConfig& config, Clock& clock, OutboxUse outbox);

}  // namespace commonwatt
