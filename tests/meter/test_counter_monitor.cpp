#include <array>
#include <cstdint>

#include <doctest/doctest.h>

#include "meter/counter_monitor.hpp"

using namespace commonwatt;

namespace {

constexpr UtcTime start = UtcTime::from_seconds(1'782'000'000);
UtcTime after(std::int64_t seconds) {
  return start + std::chrono::seconds{seconds};
}

CounterState at_start(std::int64_t wh) {
  return {.time = start, .value = Energy{wh}, .offset = {}};
}

/// A 24,150 W connection, its register at 3,214,551 Wh at the start.
CounterMonitor started() {
  return CounterMonitor({.rated = Power{24'150}}, at_start(3'214'551));
}

CounterVerdict judged(CounterMonitor& monitor, std::int64_t seconds, std::int64_t wh,
                      std::optional<double> power_w = std::nullopt) {
  const CounterCheck check = monitor.check({.time = after(seconds), .value = Energy{wh}, .power_w = power_w});
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
  CHECK(judged(monitor, 10, 429'496'728) == CounterVerdict::jump);
  CHECK(judged(monitor, 15, 3'214'552) == CounterVerdict::accepted);
}

TEST_CASE("a register that has jumped does not become good by waiting") {
  CounterMonitor monitor = started();
  CHECK(judged(monitor, 5, 3'314'551) == CounterVerdict::jump);  // 100 kWh in 5 s
  CHECK(judged(monitor, 3600, 3'314'600) == CounterVerdict::rebased);
  CHECK(judged(monitor, 36'000, 3'315'000) == CounterVerdict::rebased);  // by now 24 kW would have reached it
  CHECK(monitor.last_good() == Energy{3'214'551});
  SUBCASE("the register returns") {
    CHECK(judged(monitor, 36'060, 3'220'000) == CounterVerdict::unconfirmed);  // after ten hours without a good value
    CHECK(judged(monitor, 36'120, 3'220'010) == CounterVerdict::accepted);
  }
  SUBCASE("the change is declared") {
    CHECK(monitor.declare({.time = after(36'060), .opening = Energy{3'315'010}}).verdict == CounterVerdict::accepted);
    CHECK(judged(monitor, 36'120, 3'315'020) == CounterVerdict::accepted);
  }
}

TEST_CASE("a register that was reset and counts on is never taken up silently") {
  CounterMonitor monitor({.rated = Power{24'150}}, at_start(1000));
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
  CHECK(judged(monitor, 86'400, 3'214'551, 0.0) == CounterVerdict::unconfirmed);  // the first after a day
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

TEST_CASE("a first value is confirmed by the second, and a restarting device's zero is not") {
  CounterMonitor monitor({.rated = Power{24'150}});
  CHECK(judged(monitor, 0, 0) == CounterVerdict::unconfirmed);
  CHECK(judged(monitor, 5, 3'214'551) == CounterVerdict::unconfirmed);
  CHECK_FALSE(monitor.unwrapped());
  CHECK(judged(monitor, 10, 3'214'552) == CounterVerdict::accepted);
  CHECK(monitor.unwrapped() == CounterSample{after(10), Energy{3'214'552}});
}

TEST_CASE("a duplicate is counted, not billed") {
  CounterMonitor monitor = started();
  CHECK(judged(monitor, 5, 3'214'551) == CounterVerdict::accepted);
  CHECK(judged(monitor, 0, 3'214'551) == CounterVerdict::not_newer);
  CHECK(judged(monitor, -5, 3'214'500) == CounterVerdict::not_newer);
  CHECK(monitor.count(CounterVerdict::not_newer) == 2);
  CHECK(monitor.count(CounterVerdict::accepted) == 1);
}

TEST_CASE("what stands for no value is held at every decimal scale, as a first value too") {
  constexpr std::array<std::int64_t, 8> patterns{
      4'294'967'295, 2'147'483'648, 2'147'483'647, 429'496'729, 4'294'967, 4'294'967'295'000, -1, INT64_MAX};
  for (const std::int64_t wh : patterns) {
    CounterMonitor fresh({.rated = Power{24'150}});
    CHECK(judged(fresh, 0, wh) == CounterVerdict::no_value);
    CHECK(judged(fresh, 5, 1000) == CounterVerdict::unconfirmed);
    CHECK(judged(fresh, 10, wh) == CounterVerdict::no_value);
    CHECK(judged(fresh, 15, 1001) == CounterVerdict::accepted);
    CHECK(judged(fresh, 20, wh) == CounterVerdict::no_value);
  }
}

TEST_CASE("a register that counts through such a pattern is not held for it") {
  CounterMonitor monitor({.rated = Power{24'150}}, at_start(4'294'966));
  CHECK(judged(monitor, 5, 4'294'967) == CounterVerdict::accepted);
}

TEST_CASE("a declared width is a declared rollover: the series goes on above it") {
  CounterMonitor monitor({.rated = Power{24'150}, .wraps_at = Energy{100'000'000}}, at_start(99'999'990));
  CHECK(judged(monitor, 5, 100'000'000) == CounterVerdict::no_value);  // it cannot show that
  CHECK(judged(monitor, 60, 8) == CounterVerdict::unconfirmed);        // a zero bounce may look alike
  CHECK(monitor.unwrapped()->unwrapped == Energy{99'999'990});
  SUBCASE("it counts on from there") {
    CHECK(judged(monitor, 120, 20) == CounterVerdict::accepted);
    CHECK(monitor.unwrapped() == CounterSample{after(120), Energy{100'000'020}});
    CHECK(monitor.last_good() == Energy{20});
    CounterMonitor restarted({.rated = Power{24'150}, .wraps_at = Energy{100'000'000}}, monitor.state());
    CHECK(judged(restarted, 180, 40) == CounterVerdict::accepted);
    CHECK(restarted.unwrapped()->unwrapped == Energy{100'000'040});
  }
  SUBCASE("it was a bounce") {
    CHECK(judged(monitor, 120, 99'999'995) == CounterVerdict::accepted);
    CHECK(monitor.unwrapped()->unwrapped == Energy{99'999'995});
  }
}

TEST_CASE("without a declared width a rollover is held until it is declared") {
  CounterMonitor monitor({.rated = Power{24'150}}, at_start(99'999'990));
  CHECK(judged(monitor, 60, 8) == CounterVerdict::below_last_good);
  CHECK(judged(monitor, 120, 20) == CounterVerdict::below_last_good);
  CHECK(monitor.declare({.time = after(60), .closing = Energy{99'999'998}, .opening = Energy{0}}).verdict ==
        CounterVerdict::accepted);
  CHECK(judged(monitor, 180, 30) == CounterVerdict::accepted);
  CHECK(monitor.unwrapped()->unwrapped == Energy{100'000'028});
}

TEST_CASE("an exchanged meter continues the series without a gap, and a wrong declaration changes nothing") {
  CounterMonitor monitor = started();
  CHECK(judged(monitor, 60, 700) == CounterVerdict::below_last_good);
  CHECK(monitor.declare({.time = after(-1), .opening = Energy{500}}).verdict == CounterVerdict::not_newer);
  CHECK(monitor.declare({.time = after(30), .closing = Energy{3'214'000}, .opening = Energy{500}}).verdict ==
        CounterVerdict::below_last_good);
  CHECK(monitor.declare({.time = after(30), .closing = Energy{9'999'999}, .opening = Energy{500}}).verdict ==
        CounterVerdict::jump);
  CHECK(monitor.last_good() == Energy{3'214'551});
  SUBCASE("the closing register is known") {
    const CounterCheck check =
        monitor.declare({.time = after(30), .closing = Energy{3'214'651}, .opening = Energy{500}});
    CHECK(check.good == CounterSample{after(30), Energy{3'214'651}});
    CHECK(judged(monitor, 120, 720) == CounterVerdict::accepted);
    CHECK(monitor.unwrapped()->unwrapped == Energy{3'214'651 + 220});
  }
  SUBCASE("the old meter is dead: what it counted last is lost, not guessed") {
    CHECK(monitor.declare({.time = after(30), .opening = Energy{500}}).verdict == CounterVerdict::accepted);
    CHECK(judged(monitor, 120, 720) == CounterVerdict::accepted);
    CHECK(monitor.unwrapped()->unwrapped == Energy{3'214'551 + 220});
  }
}

TEST_CASE("a torn register is held, high or low, and the next one is good") {
  CounterMonitor monitor({.rated = Power{24'150}}, at_start(0x1FFFF));
  CHECK(judged(monitor, 5, 0x10002) == CounterVerdict::torn);  // old high word, new low word
  CHECK(judged(monitor, 10, 0x20004) == CounterVerdict::accepted);
  CHECK(judged(monitor, 15, 0x30004) == CounterVerdict::torn);
  CHECK(judged(monitor, 20, 0x20007) == CounterVerdict::accepted);
}

TEST_CASE("a 32-bit float's coarser step is forgiven where the value says so") {
  CounterMonitor monitor({.rated = Power{1000}}, at_start(67'108'864));
  const auto judged_with = [&monitor](std::int64_t seconds, std::int64_t wh, Energy quantum) {
    return monitor.check({.time = after(seconds), .value = Energy{wh}, .quantum = quantum}).verdict;
  };
  CHECK(judged_with(5, 67'108'880, Energy{8}) == CounterVerdict::accepted);
  CHECK(judged_with(10, 67'108'896, Energy{1}) == CounterVerdict::jump);
}

TEST_CASE("a telegram without a checksum becomes good when the next one counts on from it") {
  CounterMonitor monitor({.rated = Power{24'150}});
  const auto unprotected = [&monitor](std::int64_t seconds, std::int64_t wh) {
    return monitor.check({.time = after(seconds), .value = Energy{wh}, .is_vouched_for = false});
  };
  CHECK(unprotected(0, 1000).verdict == CounterVerdict::unconfirmed);
  CHECK_FALSE(monitor.last_good());
  CHECK(unprotected(10, 1010).good == CounterSample{after(0), Energy{1000}});
  CHECK_FALSE(unprotected(20, 1044).verdict == CounterVerdict::accepted);  // a digit fell over, within the fuse
  CHECK_FALSE(unprotected(30, 1030).good);                                 // it does not count on from that one
  CHECK(monitor.last_good() == Energy{1010});
  CHECK(unprotected(40, 1040).good == CounterSample{after(30), Energy{1030}});
}

TEST_CASE("after a long silence a spike fits within the fuse, so the first value must be confirmed") {
  CounterMonitor monitor = started();
  const std::int64_t morning = 10 * 3600;
  CHECK(judged(monitor, morning, 3'214'551 + 65'535) == CounterVerdict::unconfirmed);
  CHECK(judged(monitor, morning + 5, 3'214'560) == CounterVerdict::unconfirmed);
  CHECK(judged(monitor, morning + 10, 3'214'561) == CounterVerdict::accepted);
}

TEST_CASE("a gain beyond what is known of the plant is held though its nameplate would allow it") {
  CounterMonitor monitor = started();
  const CounterReading night{.time = after(1800), .value = Energy{3'214'600}, .gain_max = Energy{0}};
  CHECK(monitor.check(night).verdict == CounterVerdict::jump);
  CHECK(judged(monitor, 1860, 3'214'552) == CounterVerdict::accepted);
}
