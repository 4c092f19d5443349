// Whatever a register shows: the series that is good never falls, and never rises by more than the connection carries.
#include <cstdlib>
#include <optional>

#include "meter/counter_monitor.hpp"

namespace {

using namespace commonwatt;

constexpr Power rated{24'150};

/// Takes numbers off the input; 0 when it is used up.
struct Input {
  const std::uint8_t* data;
  std::size_t left;
  std::uint64_t take(int octets) {
    std::uint64_t number = 0;
    for (; octets > 0 && left > 0; --octets, --left) number = number << 8U | *data++;
    return number;
  }
};

/// Small steps find the way past the bounds, whole numbers the patterns.
Energy value_from(Input& input, Energy last) {
  const std::uint64_t kind = input.take(1);
  if (kind < 128) return last + Energy{static_cast<std::int64_t>(kind) - 16};
  if (kind < 192) return last + Energy{static_cast<std::int64_t>(input.take(3)) - 0x80'0000};
  return {static_cast<std::int64_t>(input.take(kind < 224 ? 4 : 8))};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input{data, size};
  CounterLimits limits{.rated = rated};
  if (input.take(1) % 2 == 1) limits.wraps_at = Energy{static_cast<std::int64_t>(input.take(4)) + 1};
  CounterMonitor monitor(limits);
  UtcTime time = UtcTime::from_seconds(1'782'000'000);
  std::optional<CounterSample> last;
  while (input.left > 0) {
    const std::uint64_t how = input.take(1);
    time = time + std::chrono::seconds{static_cast<std::int64_t>(input.take(how % 8 == 0 ? 3 : 1))};
    CounterReading reading{.time = time, .value = value_from(input, monitor.last_good().value_or(Energy{1000}))};
    reading.is_vouched_for = how % 4 != 1;
    reading.quantum = Energy{how % 16 == 2 ? 8 : 1};
    if (how % 16 == 3) reading.power_w = static_cast<double>(how) * 100;
    if (how == 255) {
      const CounterCheck declared = monitor.declare({.time = time, .closing = reading.value, .opening = Energy{0}});
      if (declared.good && last && declared.good->unwrapped < last->unwrapped) std::abort();
      if (declared.good) last = declared.good;
      continue;
    }
    const CounterCheck check = monitor.check(reading);
    if ((check.verdict == CounterVerdict::accepted) != check.reason.empty()) std::abort();
    if (check.verdict == CounterVerdict::accepted && !check.good) std::abort();
    if (!check.good) continue;
    if (last) {
      const double hours = static_cast<double>((check.good->time - last->time).count()) / 3.6e12;
      const Energy gain = check.good->unwrapped - last->unwrapped;
      // Two steps forgiven for the candidate and two for what confirms it.
      if (gain < Energy{0} || static_cast<double>(gain.count) > rated.count * 1.1 * hours + 32.5) std::abort();
    }
    last = check.good;
  }
  return 0;
}
