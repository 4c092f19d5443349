#include <doctest/doctest.h>

#include "meter/counter_monitor.hpp"

using namespace commonwatt;

namespace {

constexpr UtcTime start = UtcTime::from_seconds(1'782'000'000);
UtcTime after(std::int64_t seconds) {
  return start + std::chrono::seconds{seconds};
}

/// A 24,150 W connection, its register at 3,214,551 Wh at the start.
CounterMonitor started() {
  CounterMonitor monitor({.rated = Power{24'150}});
  CHECK(monitor.check(start, Energy{3'214'551}, 1000.0).verdict == CounterVerdict::accepted);
  return monitor;
}

CounterVerdict judged(CounterMonitor& monitor, std::int64_t seconds, std::int64_t wh,
                      std::optional<double> power_w = std::nullopt) {
  const CounterCheck check = monitor.check(after(seconds), Energy{wh}, power_w);
  CHECK(check.reason.empty() == (check.verdict == CounterVerdict::accepted));
  return check.verdict;
}

}  // namespace

TEST_CASE("a register that rises within the fuse is accepted") {
  CounterMonitor monitor = started();
  CHECK(judged(monitor, 60, 3'214'951) == CounterVerdict::accepted);  // 400 Wh in a minute are 24 kW
  CHECK(monitor.last_good() == Energy{3'214'951});
  CHECK(monitor.last_good_time() == after(60));
}

TEST_CASE("a zero between two good values is held, and changes nothing") {
  CounterMonitor monitor = started();
  CHECK(judged(monitor, 5, 0) == CounterVerdict::dropped_to_zero);
  CHECK(judged(monitor, 10, 0) == CounterVerdict::dropped_to_zero);
  CHECK(monitor.last_good() == Energy{3'214'551});
  CHECK(judged(monitor, 15, 3'214'553) == CounterVerdict::accepted);
}

TEST_CASE("a value below the last good one is held, and a spike is too") {
  CounterMonitor monitor = started();
  CHECK(judged(monitor, 5, 3'214'550) == CounterVerdict::below_last_good);
  CHECK(judged(monitor, 10, 4'294'967'295) == CounterVerdict::jump);
  CHECK(judged(monitor, 15, 3'214'552) == CounterVerdict::accepted);
}

TEST_CASE("a register that has jumped does not become good by waiting") {
  CounterMonitor monitor = started();
  CHECK(judged(monitor, 5, 3'314'551) == CounterVerdict::jump);  // 100 kWh in 5 s
  CHECK(judged(monitor, 3600, 3'314'600) == CounterVerdict::rebased);
  CHECK(judged(monitor, 36'000, 3'315'000) == CounterVerdict::rebased);  // by now 24 kW would have reached it
  CHECK(monitor.last_good() == Energy{3'214'551});
  SUBCASE("the register returns") {
    CHECK(judged(monitor, 36'060, 3'220'000) == CounterVerdict::accepted);
    CHECK(judged(monitor, 36'120, 3'220'010) == CounterVerdict::accepted);
  }
  SUBCASE("the change is declared") {
    monitor.declare(after(36'060), Energy{3'315'010});
    CHECK(judged(monitor, 36'120, 3'315'020) == CounterVerdict::accepted);
  }
}

TEST_CASE("a register that was reset and counts on is never taken up silently") {
  CounterMonitor monitor({.rated = Power{24'150}});
  CHECK(judged(monitor, 0, 1000) == CounterVerdict::accepted);
  CHECK(judged(monitor, 60, 0) == CounterVerdict::dropped_to_zero);
  CHECK(judged(monitor, 120, 300) == CounterVerdict::below_last_good);
  CHECK(judged(monitor, 180, 700) == CounterVerdict::below_last_good);
  CHECK(judged(monitor, 240, 1050) == CounterVerdict::rebased);
  CHECK(judged(monitor, 300, 1100) == CounterVerdict::rebased);
}

TEST_CASE("a gain just above the fuse and its tolerance is held") {
  CounterMonitor monitor = started();
  // 24,150 W + 10 % for 100 s are 737.9 Wh, and two steps of the register are forgiven.
  SUBCASE("above") {
    CHECK(judged(monitor, 100, 3'214'551 + 740) == CounterVerdict::jump);
  }
  SUBCASE("within") {
    CHECK(judged(monitor, 100, 3'214'551 + 739) == CounterVerdict::accepted);
  }
}

TEST_CASE("a register may stand still while no power flows, and not while it does") {
  CounterMonitor monitor = started();
  CHECK(judged(monitor, 60, 3'214'551, 0.0) == CounterVerdict::accepted);
  CHECK(judged(monitor, 86'400, 3'214'551, 0.0) == CounterVerdict::accepted);
  CHECK(judged(monitor, 86'460, 3'214'551, 2000.0) == CounterVerdict::accepted);
  CHECK(judged(monitor, 86'520, 3'214'551, 2000.0) == CounterVerdict::accepted);  // 33 Wh
  CHECK(judged(monitor, 86'580, 3'214'551, 2000.0) == CounterVerdict::stuck);     // 67 Wh
  CHECK(judged(monitor, 86'640, 3'214'700, 2000.0) == CounterVerdict::accepted);
}

TEST_CASE("a reading of the past, or the same again, is dropped") {
  CounterMonitor monitor = started();
  CHECK(judged(monitor, 0, 3'214'551) == CounterVerdict::not_newer);
  CHECK(judged(monitor, -5, 3'214'551) == CounterVerdict::not_newer);
  CHECK(judged(monitor, 5, 3'214'551) == CounterVerdict::accepted);
}
