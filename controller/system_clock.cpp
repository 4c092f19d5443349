#include "controller/system_clock.hpp"

#include <algorithm>
#include <atomic>

#include <time.h>

namespace commonwatt {
namespace {

std::int64_t read_clock(clockid_t id) {
  timespec time{};
  ::clock_gettime(id, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

/// Seconds of sleep after which a waiter looks again at least: the machine's clock may have been set.
constexpr std::chrono::seconds wait_max{1};

}  // namespace

UtcTime SystemClock::now() const {
  static std::atomic<std::int64_t> latest{0};
  const std::int64_t read = read_clock(CLOCK_REALTIME);
  std::int64_t seen = latest.load();
  while (read > seen && !latest.compare_exchange_weak(seen, read)) {
  }
  return {std::max(read, seen)};
}

std::chrono::nanoseconds SystemClock::wait_hint(UtcTime deadline) const {
  return std::clamp<std::chrono::nanoseconds>(deadline - now(), std::chrono::nanoseconds{0}, wait_max);
}

void SystemClock::announce(UtcTime /*deadline*/) {}

std::int64_t monotonic_nanoseconds() {
  return read_clock(CLOCK_MONOTONIC);
}

}  // namespace commonwatt
