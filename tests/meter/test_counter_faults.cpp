// The counter monitor against a register that misbehaves in every way seen in the field, at random.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "meter/counter_monitor.hpp"
#include "sim/random.hpp"
#include "tests/campaign.hpp"

using namespace commonwatt;

namespace {

constexpr UtcTime start = UtcTime::from_seconds(1'782'000'000);
constexpr Energy width{10'000'000};
constexpr Power rated{24'150};

enum class CounterFault { none, zero, spike_32, spike_16, torn, set_back, dip, sentinel, replay, silence, exchange };

/// A true register and what a faulty device makes of it.
class FaultyRegister {
 public:
  explicit FaultyRegister(std::uint64_t seed) : draw_({seed}) {
    total_ = Energy{draw_.whole(9'500'000, 9'990'000)};
    shown_offset_ = Energy{0};
  }

  /// Lets time and energy pass.
  void pass() {
    const bool silent = fault_ == CounterFault::silence;
    const std::int64_t seconds = silent ? draw_.whole(3601, 30'000) : draw_.whole(5, 60);
    time_ = time_ + std::chrono::seconds{seconds};
    total_ += Energy{draw_.whole(0, rated.count * seconds / 3600)};
    if (silent) fault_ = CounterFault::none;
    if (left_ > 0 && --left_ == 0) {
      fault_ = CounterFault::none;
      clean_ = 0;
    }
    ++clean_;
    // Three good readings between two faults, and none beside the rollover: there, two stories may fit.
    if (fault_ == CounterFault::none && clean_ > 3 && !beside_rollover() && draw_.chance(0.2)) begin_fault();
  }

  [[nodiscard]] UtcTime time() const { return time_; }
  [[nodiscard]] Energy total() const { return total_; }
  [[nodiscard]] CounterFault fault() const { return fault_; }
  [[nodiscard]] int clean() const { return clean_; }
  [[nodiscard]] Energy shown() const { return {(total_ + shown_offset_).count % width.count}; }

  [[nodiscard]] bool beside_rollover() const { return shown().count < 10'000 || width.count - shown().count < 10'000; }

  Energy spoiled() {
    const std::int64_t truth = shown().count;
    ++spikes_;
    switch (fault_) {
      case CounterFault::zero:
        return {0};
      case CounterFault::spike_32:
        return {spikes_ % 2 == 0 ? 429'496'728 : 4'294'967'295};
      case CounterFault::spike_16:
        return {truth + 65'535 * (1 + spikes_ % 2)};
      case CounterFault::torn:
        return {truth + (spikes_ % 2 == 0 ? 65'536 : -65'536)};
      case CounterFault::set_back:
        return {truth - set_back_};
      case CounterFault::dip:
        return {truth - 1200};
      case CounterFault::sentinel:
        return {0x7FFF'FFFF};
      case CounterFault::none:
      case CounterFault::replay:
      case CounterFault::silence:
      case CounterFault::exchange:
        return {truth};
    }
    return {truth};
  }

  /// A new meter, that starts at 5 kWh.
  CounterExchange exchange() {
    const CounterExchange event{.time = time_, .closing = shown(), .opening = Energy{5000}};
    shown_offset_ = Energy{5000} - total_;
    fault_ = CounterFault::none;
    clean_ = 1;
    left_ = 0;
    return event;
  }

 private:
  void begin_fault() {
    fault_ = static_cast<CounterFault>(draw_.whole(1, static_cast<std::int64_t>(CounterFault::exchange)));
    left_ = fault_ == CounterFault::dip || fault_ == CounterFault::silence ? 1 : static_cast<int>(draw_.whole(1, 5));
    set_back_ = draw_.whole(1000, 900'000);
  }

  Draw draw_;
  UtcTime time_ = start;
  Energy total_;
  Energy shown_offset_;
  CounterFault fault_ = CounterFault::none;
  int left_ = 0;
  int clean_ = 0;
  std::int64_t set_back_ = 0;
  std::int64_t spikes_ = 0;
};

/// What a meter bills that takes differences and treats a drop as a reset, as many do.
class NaiveMeter {
 public:
  void read(Energy value) {
    if (last_) billed_ += value >= *last_ ? value - *last_ : value;
    last_ = value;
  }
  [[nodiscard]] Energy billed() const { return billed_; }

 private:
  std::optional<Energy> last_;
  Energy billed_;
};

}  // namespace

TEST_CASE(
    "whatever the register shows, the series is the true one wherever it is good, and goes on after every fault") {
  const std::uint64_t seed = test::seed(20'261'121);
  CAPTURE(seed);
  for (std::uint64_t run = 0; run < test::cases(100); ++run) {
    CAPTURE(run);
    FaultyRegister device(seed + run);
    CounterMonitor monitor({.rated = rated, .wraps_at = width},
                           CounterState{.time = device.time(), .value = device.shown(), .offset = {}});
    NaiveMeter naive;
    const Energy base = device.total();
    Energy last = base;
    int faults = 0;
    for (int step = 0; step < 800; ++step) {
      device.pass();
      if (device.fault() == CounterFault::exchange) {
        const CounterCheck declared = monitor.declare(device.exchange());
        REQUIRE(declared.verdict == CounterVerdict::accepted);
        REQUIRE(declared.good->unwrapped == device.total());
        last = device.total();
        continue;
      }
      const bool replayed = device.fault() == CounterFault::replay;
      if (device.fault() != CounterFault::none && device.fault() != CounterFault::silence) ++faults;
      const Energy value = device.spoiled();
      naive.read(value);
      const UtcTime time = replayed ? device.time() - std::chrono::hours{24} : device.time();
      const CounterCheck check = monitor.check({.time = time, .value = value});
      CAPTURE(check.reason);
      if (check.good && check.good->time == device.time()) REQUIRE(check.good->unwrapped == device.total());
      if (check.good) {
        REQUIRE(check.good->unwrapped >= last);
        REQUIRE(check.good->unwrapped <= device.total());
        last = check.good->unwrapped;
      }
      if (device.fault() == CounterFault::none && device.clean() >= 3 && !device.beside_rollover()) {
        REQUIRE(check.verdict == CounterVerdict::accepted);
      }
    }
    // The faults bite: without the monitor the same series bills energy that never flowed.
    REQUIRE(faults > 20);
    REQUIRE(naive.billed() > device.total() - base + Energy{1'000'000});
  }
}
