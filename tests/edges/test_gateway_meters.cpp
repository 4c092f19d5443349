#include <atomic>

#include <doctest/doctest.h>

#include "controller/gateway_meters.hpp"
#include "sim/register_image.hpp"
#include "tests/meter/frozen_clock.hpp"
#include "tests/meter/serving.hpp"

using namespace commonwatt;

namespace {

constexpr std::int64_t quarter = 900;
constexpr std::int64_t midsummer_noon = 1'782'129'600;  // 2026-06-22T12:00:00Z
constexpr std::int64_t midsummer_night = midsummer_noon + 12 * 3600;

/// A meter on a socket, whose registers the test moves: 360 W flow in, which is 1 Wh in 10 s.
class MovedMeter {
 public:
  explicit MovedMeter(std::int64_t import_wh) : import_wh_(import_wh) {}
  void set(std::int64_t import_wh) { import_wh_ = import_wh; }
  void count(std::int64_t wh) { import_wh_ += wh; }
  [[nodiscard]] std::int64_t import_wh() const { return import_wh_; }

  [[nodiscard]] GatewayMeter configured() const {
    GatewayMeter meter;
    meter.record = {MeterId::from("grid").value(), MeterRole::billing, Power{14'000}, {}};
    meter.device = plan_device({.id = meter.record.id, .url = served_.url()}, ProfileLibrary({})).value();
    return meter;
  }

 private:
  std::atomic<std::int64_t> import_wh_;
  Serving served_{"127.0.0.1:0", DeviceRegisters{.unit = 1, .images = [this](std::uint8_t) {
                                                   return std::vector{sunspec_meter_image(
                                                       {.maker = "A", .model = "B", .serial = "C", .unit = 1}, 1,
                                                       {360, Energy{import_wh_}, Energy{1000}})};
                                                 }}};
};

/// Polls every 10 s for a quarter-hour and a bit, and gives the boundaries that were passed.
std::vector<MeterBoundary> live_on(GatewayMeters& meters, FrozenClock& clock, MovedMeter& device) {
  std::vector<MeterBoundary> boundaries;
  for (int i = 0; i < 92; ++i) {
    clock.set(clock.now() + std::chrono::seconds{10});
    device.count(1);
    const Poll poll = meters.poll();
    boundaries.insert(boundaries.end(), poll.boundaries.begin(), poll.boundaries.end());
  }
  return boundaries;
}

std::vector<MeterNote> notes_of(const GatewayMeter& meter, const std::vector<MeterMemory>& memory, UtcTime time) {
  const FrozenClock clock(time);
  GatewayMeters meters({meter}, memory, quarter, 10, clock);
  return meters.poll().notes;
}

}  // namespace

TEST_CASE("a gateway that starts again goes on counting where it stopped") {
  FrozenClock clock(UtcTime::from_seconds(midsummer_noon + 5));
  MovedMeter device(5000);
  std::vector<MeterMemory> memory;
  {
    GatewayMeters meters({device.configured()}, {}, quarter, 10, clock);
    const std::vector<MeterBoundary> boundaries = live_on(meters, clock, device);
    REQUIRE(boundaries.size() == 1);
    CHECK(boundaries[0].boundary == UtcTime::from_seconds(midsummer_noon + quarter));
    memory = meters.memory();
  }
  // The register was exchanged and starts at 3 while the gateway is down; the file says so, and still does later.
  GatewayMeter meter = device.configured();
  meter.exchanges = {{.time = clock.now() + std::chrono::seconds{5},
                      .closing_import = Energy{device.import_wh() + 20},
                      .closing_export = Energy{1000},
                      .opening_import = Energy{3},
                      .opening_export = Energy{1000}}};
  const std::int64_t series = device.import_wh() + 20 - 3;
  device.set(3);
  clock.set(clock.now() + std::chrono::seconds{60});
  for (int run = 0; run < 2; ++run) {
    GatewayMeters meters({meter}, memory, quarter, 10, clock);
    const std::vector<MeterBoundary> boundaries = live_on(meters, clock, device);
    REQUIRE(boundaries.size() == 1);
    const std::int64_t past_boundary = (clock.now() - boundaries[0].boundary) / std::chrono::seconds{10};
    const std::int64_t at_boundary = device.import_wh() - past_boundary + series;
    CHECK(std::abs(boundaries[0].registers.import.count - at_boundary) <= 1);
    memory = meters.memory();
  }
}

TEST_CASE("without what it stored, an exchanged meter is held and told of") {
  FrozenClock clock(UtcTime::from_seconds(midsummer_noon + 5));
  MovedMeter device(5000);
  GatewayMeters meters({device.configured()}, {}, quarter, 10, clock);
  REQUIRE(live_on(meters, clock, device).size() == 1);
  device.set(3);
  CHECK(live_on(meters, clock, device).empty());
}

TEST_CASE("an exchange that cannot be is told with the first poll, as an alarm") {
  const MovedMeter device(5000);
  GatewayMeter meter = device.configured();
  const UtcTime noon = UtcTime::from_seconds(midsummer_noon);
  meter.exchanges = {{.time = noon, .closing_import = Energy{9'000'000}, .closing_export = Energy{1000}}};
  const CounterState good{noon - std::chrono::minutes{1}, Energy{5000}, Energy{0}};
  const std::vector<MeterNote> notes =
      notes_of(meter, {{meter.record.id, {good, good}}}, noon + std::chrono::minutes{1});
  REQUIRE_FALSE(notes.empty());
  CHECK(notes[0].severity == Severity::alarm);
  CHECK(notes[0].text.find("its exchange at 2026-06-22T12:00:00Z is not believed") != std::string::npos);
}

TEST_CASE("an inverter that does not answer at night sleeps; by day, or without a place, it is missed") {
  GatewayMeter meter;
  meter.record = {MeterId::from("roof").value(), MeterRole::production, Power{8'000}, {}};
  const ProfileLibrary library({});
  meter.device = plan_device({.id = meter.record.id, .url = "modbus+tcp://127.0.0.1:1?unit=1"}, library).value();
  const auto severity_at = [&meter](std::int64_t seconds) {
    const std::vector<MeterNote> notes = notes_of(meter, {}, UtcTime::from_seconds(seconds));
    REQUIRE(notes.size() == 1);
    return notes[0].severity;
  };
  CHECK(severity_at(midsummer_night) == Severity::warning);
  meter.plant = SolarPlant{.site = {47.4, 8.5}, .peak = Power{9'000}};
  CHECK(severity_at(midsummer_night) == Severity::info);
  CHECK(severity_at(midsummer_noon) == Severity::warning);
}
