// The machine's clocks. system_clock.cpp is the only file that looks at them for market time.
#pragma once

#include "core/clock.hpp"

namespace commonwatt {

/// Market time is the machine's UTC; it is never handed out running backwards.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] UtcTime now() const override;
  [[nodiscard]] std::chrono::nanoseconds wait_hint(UtcTime deadline) const override;
  void announce(UtcTime deadline) override;
};

/// Nanoseconds of the machine's monotonic clock, the same for every process: what a simulated clock is paced by.
std::int64_t monotonic_nanoseconds();

}  // namespace commonwatt
