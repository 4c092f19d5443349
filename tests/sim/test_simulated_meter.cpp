// What a simulated meter shows on the wire is what the household's profile says, read as the gateway reads it.
#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "meter/device.hpp"
#include "sim/simulated_meter.hpp"
#include "tests/meter/frozen_clock.hpp"
#include "tests/meter/serving.hpp"
#include "tests/sim/scratch_folder.hpp"

using namespace commonwatt;

namespace {

constexpr std::array<SimulatedDevice, 3> all_devices{SimulatedDevice::main, SimulatedDevice::inverter,
                                                     SimulatedDevice::heat_pump};

MeterDevice reader_of(const std::string& url, const HouseholdPlan& plan, SimulatedDevice device) {
  const ProfileLibrary library({});
  return MeterDevice(plan_device({.id = *MeterId::from("m1"),
                                  .url = url,
                                  .profile = device == SimulatedDevice::heat_pump ? "eastron-sdm630" : "sunspec",
                                  .response_timeout = std::chrono::seconds{5},
                                  .serial = simulated_serial(plan, device)},
                                 library)
                         .value());
}

DeviceReading must_read(MeterDevice& reader, const Clock& clock) {
  Result<DeviceReading, MeterError> reading = reader.read(clock);
  const std::string why = reading ? "" : to_text(reading.error());
  INFO(why);
  REQUIRE(reading);
  return *reading;
}

void compare(const DeviceReading& reading, const Measurement& shown, SimulatedDevice device, UtcTime time) {
  CHECK(reading.quality == Quality::good);
  CHECK(reading.time == time);
  CHECK(reading.power_w() == static_cast<double>(shown.power_w));
  CHECK(reading.energy_produced().value_or(Energy{-1}) == shown.energy_export);
  CHECK(reading.energy_import().has_value() == (device != SimulatedDevice::inverter));
  if (reading.energy_import()) CHECK(*reading.energy_import() == shown.energy_import);
}

void read_through_the_day(const HouseholdPlan& plan, SimulatedDevice device, const std::string& where) {
  INFO(plan.id.text() << " " << to_text(device));
  const HouseholdEnergy household(plan, sunny_day_begin, sunny_day_end);
  FrozenClock clock(sunny_day_begin);
  const Serving serving(where, simulated_registers(household, device, clock, 17));
  MeterDevice reader = reader_of(serving.url(), plan, device);
  for (const int minutes : {1, 437, 690, 1020, 1439}) {
    const UtcTime time = sunny_day_begin + std::chrono::minutes{minutes} + std::chrono::nanoseconds{12'345'678'901};
    clock.set(time);
    compare(must_read(reader, clock), measure(household, device, time), device, time);
  }
  CHECK((must_read(reader, clock).find(MeasuredQuantity{.measurand = Measurand::energy_yield}) != nullptr) ==
        (device == SimulatedDevice::inverter));
  CHECK(reader.identity()->serial == simulated_serial(plan, device));
}

}  // namespace

TEST_CASE("over TCP every device of every household reads as its profile says") {
  for (const HouseholdPlan& plan : plan_neighbourhood(1, 8)) {
    for (const SimulatedDevice device : all_devices) {
      if (has_device(plan, device)) read_through_the_day(plan, device, "127.0.0.1:0");
    }
  }
}

TEST_CASE("over a serial line the heat pump's meter and the main meter read as their profile says") {
  const ScratchFolder folder;
  const HouseholdPlan plan = plan_neighbourhood(1, 2)[1];
  REQUIRE(plan.heat_pump == HeatPumpMeter::rtu);
  read_through_the_day(plan, SimulatedDevice::heat_pump, "pty:" + folder.file("line"));
  read_through_the_day(plan, SimulatedDevice::main, "pty:" + folder.file("line"));
}

TEST_CASE("several gateways read one meter at the same time, each the right values") {
  const HouseholdPlan plan = plan_neighbourhood(3, 1)[0];
  const HouseholdEnergy household(plan, sunny_day_begin, sunny_day_end);
  const FrozenClock clock(sunny_day_begin + std::chrono::hours{10});
  const Serving serving("127.0.0.1:0", simulated_registers(household, SimulatedDevice::main, clock));
  const Energy imported = household.registers(clock.now()).grid_import;
  std::atomic<int> right = 0;
  std::vector<std::thread> gateways;
  for (int i = 0; i < 8; ++i) {
    gateways.emplace_back([&] {
      MeterDevice reader = reader_of(serving.url(), plan, SimulatedDevice::main);
      for (int round = 0; round < 20; ++round) {
        const Result<DeviceReading, MeterError> reading = reader.read(clock);
        if (reading && reading->energy_import() == imported) ++right;
      }
    });
  }
  for (std::thread& gateway : gateways) gateway.join();
  CHECK(right == 8 * 20);
}

TEST_CASE("a kWh float of an SDM630 gives back every whole Wh below 16,384 kWh") {
  const auto back = [](std::int64_t wh) { return std::llround(static_cast<double>(kwh_float(Energy{wh})) * 1000.0); };
  for (std::int64_t wh = 0; wh < 16'384'000; wh += 7) REQUIRE(back(wh) == wh);
  CHECK(back(16'383'999) == 16'383'999);
}

TEST_CASE("no register of a simulated day leaves the range in which an SDM630 counts single Wh") {
  for (const HouseholdPlan& plan : plan_neighbourhood(1, households_max)) {
    if (!plan.has_heat_pump()) continue;
    const HouseholdEnergy household(plan, sunny_day_begin, sunny_day_end);
    CHECK(household.registers(sunny_day_end).heat_pump_import < Energy{16'384'000});
  }
}

TEST_CASE("an inverter at night says 0 W, which is not the same as saying nothing") {
  const HouseholdPlan plan = plan_neighbourhood(1, 1)[0];
  REQUIRE(plan.has_pv());
  const HouseholdEnergy household(plan, sunny_day_begin, sunny_day_end);
  const FrozenClock midnight(sunny_day_begin);
  const Serving serving("127.0.0.1:0", simulated_registers(household, SimulatedDevice::inverter, midnight));
  MeterDevice reader = reader_of(serving.url(), plan, SimulatedDevice::inverter);
  CHECK(must_read(reader, midnight).power_w() == 0.0);
}

TEST_CASE("the devices of a neighbourhood have serial numbers of their own") {
  std::vector<std::string> serials;
  for (const HouseholdPlan& plan : plan_neighbourhood(8, households_max)) {
    for (const SimulatedDevice device : all_devices) {
      if (!has_device(plan, device)) continue;
      serials.push_back(simulated_serial(plan, device));
      CHECK(serials.back().size() <= 32);
    }
  }
  std::sort(serials.begin(), serials.end());
  CHECK(std::adjacent_find(serials.begin(), serials.end()) == serials.end());
}
