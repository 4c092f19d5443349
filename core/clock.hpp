// The one source of time. Everything that waits or stamps is handed a Clock; only controller/system_clock.cpp looks at
// the machine's.
#pragma once

#include <chrono>

#include "core/time.hpp"

namespace commonwatt {

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  /// Market time. Never runs backwards within a process.
  [[nodiscard]] virtual UtcTime now() const = 0;

  /// How long to sleep, in the machine's time, before asking `now` again whether `deadline` has come. Zero when it
  /// has. A waiter sleeps that long at most, looks again, and repeats.
  [[nodiscard]] virtual std::chrono::nanoseconds wait_hint(UtcTime deadline) const = 0;

  /// Says that this process has work to do at `deadline`. A simulated clock does not run past it before the process
  /// has announced a later one; real time does not wait, so a real clock ignores it.
  virtual void announce(UtcTime deadline) = 0;
};

}  // namespace commonwatt
