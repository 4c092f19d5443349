// A clock that stands where the test puts it.
#pragma once

#include <atomic>

#include "core/clock.hpp"

namespace commonwatt {

class FrozenClock : public Clock {
 public:
  explicit FrozenClock(UtcTime time) : time_(time) {}
  [[nodiscard]] UtcTime now() const override { return time_; }
  [[nodiscard]] std::chrono::nanoseconds wait_hint(UtcTime deadline) const override {
    return deadline <= now() ? std::chrono::nanoseconds{0} : deadline - now();
  }
  void announce(UtcTime /*deadline*/) override {}
  void set(UtcTime time) { time_ = time; }

 private:
  std::atomic<UtcTime> time_;  // a device's thread looks while the test moves it
};

}  // namespace commonwatt
