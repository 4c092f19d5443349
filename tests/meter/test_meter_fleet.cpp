#include <algorithm>

#include <doctest/doctest.h>

#include "core/time.hpp"
#include "meter/meter_fleet.hpp"
#include "sim/register_image.hpp"
#include "tests/meter/frozen_clock.hpp"
#include "tests/meter/scripted_device.hpp"
#include "tests/meter/serving.hpp"

using namespace commonwatt;

namespace {

DeviceRegisters meter_of(const std::string& serial, std::int64_t import_wh) {
  const ImageIdentity identity{.maker = "Commonwatt", .model = "Test", .serial = serial, .unit = 1};
  const RegisterImage image = sunspec_meter_image(identity, 3, {1200, Energy{import_wh}, Energy{77}});
  return {.unit = 1, .images = [image](std::uint8_t) { return std::vector{image}; }};
}

DevicePlan plan_of(const std::string& url, std::chrono::milliseconds timeout = std::chrono::seconds{5}) {
  const ProfileLibrary library({});
  DevicePlan plan = plan_device({.url = url}, library).value();
  plan.timing.response_timeout = timeout;
  return plan;
}

/// Hears every request and answers none.
Script silent() {
  return [](int, const Octets&, int) { return Afterwards::stay; };
}

std::vector<std::size_t> devices_of(const std::vector<MeterFleet::Outcome>& outcomes) {
  std::vector<std::size_t> devices;
  for (const MeterFleet::Outcome& outcome : outcomes) devices.push_back(outcome.device);
  return devices;
}

const FrozenClock noon(UtcTime::from_seconds(1'800'000'000));

}  // namespace

TEST_CASE("every device's reading comes in the order of the devices") {
  std::vector<std::unique_ptr<Serving>> served;
  std::vector<DevicePlan> plans;
  for (int i = 0; i < 20; ++i) {
    served.push_back(std::make_unique<Serving>("127.0.0.1:0", meter_of("S" + std::to_string(i), 1000 + i)));
    plans.push_back(plan_of(served.back()->url()));
  }
  MeterFleet fleet(std::move(plans), noon);
  CHECK(fleet.lines() == 20);
  for (int round = 0; round < 5; ++round) {
    const std::vector<MeterFleet::Outcome> outcomes = fleet.poll(Wanted::energy);
    REQUIRE(outcomes.size() == 20);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      CAPTURE(i);
      CHECK(outcomes[i].device == i);
      CHECK(outcomes[i].identity.serial == "S" + std::to_string(i));
      REQUIRE(outcomes[i].reading.ok());
      CHECK(outcomes[i].reading->energy_import() == Energy{1000 + static_cast<std::int64_t>(i)});
    }
  }
}

TEST_CASE("what is asked ahead was asked when it was, by SunSpec and by a profile") {
  const UtcTime begin = noon.now();
  FrozenClock clock(begin);
  const auto check = [&](DevicePlan plan, const ScriptedDevice& served) {
    MeterDevice device(std::move(plan));
    clock.set(begin);
    device.ask_ahead(clock);  // an unknown device: nothing is asked yet
    CHECK(served.requests() == 0);
    REQUIRE(device.read(clock));
    const int met = served.requests();
    REQUIRE(device.read(clock));
    const int known = served.requests();
    device.ask_ahead(clock);
    clock.set(begin + std::chrono::seconds{4});
    const Result<DeviceReading, MeterError> reading = device.read(clock);
    REQUIRE(reading);
    CHECK(reading->round_trip == std::chrono::seconds{4});
    CHECK(reading->time == begin + std::chrono::seconds{2});
    CHECK(served.requests() - known == known - met);
    CHECK(device.read(clock)->round_trip == Duration{});
  };
  const Script honest = [](int descriptor, const Octets& answer, int) {
    put(descriptor, answer);
    return Afterwards::stay;
  };
  const ScriptedDevice sunspec(ScriptedDevice::Line::tcp, meter_of("S", 1000), honest);
  check(plan_of(sunspec.url()), sunspec);
  std::vector<std::uint16_t> words(80);  // floats: 230 V, 50 Hz
  words[0] = 0x4366;
  words[0x46] = 0x4248;
  const auto images = [&words](std::uint8_t) { return std::vector{RegisterImage{.address = 0, .words = words}}; };
  const ScriptedDevice eastron(ScriptedDevice::Line::tcp, {.unit = 1, .images = images}, honest);
  check(plan_device({.url = eastron.url(), .profile = "eastron-sdm120"}, ProfileLibrary({})).value(), eastron);
}

TEST_CASE("devices on the same wire share one connection") {
  const Serving served("127.0.0.1:0", meter_of("S", 1000));
  std::vector<DevicePlan> plans{plan_of(served.url()), plan_of(served.url())};
  MeterFleet fleet(std::move(plans), noon);
  CHECK(fleet.lines() == 1);
  CHECK(devices_of(fleet.poll(Wanted::energy)) == std::vector<std::size_t>{0, 1});
}

TEST_CASE("a device that does not answer keeps nobody waiting once it is known") {
  const ScriptedDevice gone(ScriptedDevice::Line::tcp, meter_of("gone", 1), silent());
  const Serving served("127.0.0.1:0", meter_of("S", 1000));
  std::vector<DevicePlan> plans{plan_of(gone.url(), std::chrono::milliseconds{200}), plan_of(served.url())};
  MeterFleet fleet(std::move(plans), noon);
  const std::vector<MeterFleet::Outcome> first = fleet.poll(Wanted::energy);
  REQUIRE(devices_of(first) == std::vector<std::size_t>{0, 1});
  CHECK(first[0].reading.error().fault == MeterFault::timed_out);
  CHECK(first[1].reading.ok());
  // From now on it is left alone or still asked: in either case the other one's reading is there at once, and its own
  // news come with some later poll.
  int news = 0;
  for (int round = 0; round < 20; ++round) {
    const std::vector<MeterFleet::Outcome> outcomes = fleet.poll(Wanted::energy);
    const bool has_other = std::any_of(outcomes.begin(), outcomes.end(),
                                       [](const auto& outcome) { return outcome.device == 1 && outcome.reading.ok(); });
    CHECK(has_other);
    news += outcomes.size() == 2 ? 1 : 0;
  }
  CHECK(news < 20);
}

TEST_CASE("requests of others are passed on between rounds, on the device's own connection") {
  const ScriptedDevice device(ScriptedDevice::Line::tcp, meter_of("S", 1000),
                              [](int descriptor, const Octets& answer, int) {
                                put(descriptor, answer);
                                return Afterwards::stay;
                              });
  std::vector<DevicePlan> plans{plan_of(device.url())};
  MeterFleet fleet(std::move(plans), noon);
  REQUIRE(fleet.poll(Wanted::energy).size() == 1);
  std::vector<std::thread> tools;
  std::atomic<int> right = 0;
  for (int i = 0; i < 4; ++i) {
    tools.emplace_back([&] {
      for (int pass = 0; pass < 25; ++pass) {
        const auto answer = fleet.pass(0, read_request(1, RegisterTable::holding, 40000, 2));
        right += answer && *answer == std::vector<std::uint8_t>{3, 4, 'S', 'u', 'n', 'S'} ? 1 : 0;
      }
    });
  }
  for (int round = 0; round < 10; ++round) CHECK(fleet.poll(Wanted::energy).size() == 1);
  for (std::thread& tool : tools) tool.join();
  CHECK(right == 100);
}

TEST_CASE("a request for a device that is not there is refused") {
  const Serving served("127.0.0.1:0", meter_of("S", 1000));
  MeterFleet fleet({plan_of(served.url())}, noon);
  const auto answer = fleet.pass(7, read_request(1, RegisterTable::holding, 40000, 2));
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().fault == MeterFault::refused);
}

TEST_CASE("a fleet that ends waits for no device") {
  const ScriptedDevice gone(ScriptedDevice::Line::tcp, meter_of("gone", 1),
                            [](int, const Octets&, int n) { return n == 0 ? Afterwards::hang_up : Afterwards::stay; });
  std::vector<DevicePlan> plans{plan_of(gone.url(), std::chrono::hours{1})};
  MeterFleet fleet(std::move(plans), noon);
  while (gone.requests() < 2) {
    fleet.poll(Wanted::energy);
    wait_milliseconds(10);
  }
}
