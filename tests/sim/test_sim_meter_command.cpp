// The whole program of a simulated meter: what it says on the wire and what it writes down are the same.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include <doctest/doctest.h>
#include <pthread.h>

#include "meter/device.hpp"
#include "sim/register_log.hpp"
#include "sim/sim_meter_command.hpp"
#include "tests/meter/frozen_clock.hpp"
#include "tests/sim/scratch_folder.hpp"

using namespace commonwatt;

namespace {

/// The program in a thread; it is stopped by the signal that stops a process.
class RunningMeter {
 public:
  RunningMeter(const SimMeterOptions& options, Clock& clock)
      : thread_([this, options, &clock] { status_ = run_sim_meter(options, clock); }) {
    // The file is written whole and last, so that whoever sees it can connect.
    while (!std::filesystem::exists(options.port_file)) std::this_thread::yield();
    std::ifstream(options.port_file) >> address_;
  }
  RunningMeter(const RunningMeter&) = delete;
  RunningMeter& operator=(const RunningMeter&) = delete;
  ~RunningMeter() {
    if (thread_.joinable()) stop();
  }
  int stop() {
    // The thread catches it, as the program does: the signal wakes its poll and ends nobody.
    // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread)
    ::pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
    return status_;
  }
  [[nodiscard]] const std::string& address() const { return address_; }

 private:
  int status_ = -1;
  std::string address_;
  std::thread thread_;
};

std::map<std::int64_t, std::pair<Energy, Energy>> rows_of(const std::string& path) {
  std::map<std::int64_t, std::pair<Energy, Energy>> rows;
  std::ifstream file(path);
  char comma = 0;
  std::int64_t seconds = 0;
  Energy imported;
  Energy exported;
  while (file >> seconds >> comma >> imported.count >> comma >> exported.count) rows[seconds] = {imported, exported};
  return rows;
}

}  // namespace

TEST_CASE("the rows a meter writes down are what a gateway reads from it at those instants") {
  const ScratchFolder folder;
  SimMeterOptions options;
  options.seed = 21;
  options.households = 4;
  options.household = 1;
  options.port_file = folder.file("port");
  options.registers_out = folder.file("registers.csv");
  FrozenClock clock(sunny_day_begin);
  RunningMeter meter(options, clock);
  MeterDevice reader(plan_device({.id = *MeterId::from("m1"),
                                  .url = "modbus+tcp://127.0.0.1:" + meter.address(),
                                  .response_timeout = std::chrono::seconds{5}},
                                 ProfileLibrary({}))
                         .value());
  std::map<std::int64_t, std::pair<Energy, Energy>> read;
  for (const UtcTime time : boundaries(sunny_day_begin, sunny_day_end, 900)) {
    clock.set(time);
    const Result<DeviceReading, MeterError> reading = reader.read(clock);
    REQUIRE(reading);
    read[time.seconds()] = {reading->energy_import().value(), reading->energy_export().value()};
  }
  CHECK(meter.stop() == 0);
  CHECK(rows_of(options.registers_out) == read);
  CHECK(read.size() == 97);
}

TEST_CASE("options that make no sense stop the program at its start") {
  const auto refused = [](const auto& spoil) {
    SimMeterOptions options;
    spoil(options);
    FrozenClock clock(sunny_day_begin);
    return run_sim_meter(options, clock) == 1;
  };
  CHECK(refused([](SimMeterOptions& options) { options.households = 0; }));
  CHECK(refused([](SimMeterOptions& options) { options.households = households_max + 1; }));
  CHECK(refused([](SimMeterOptions& options) { options.household = options.households; }));
  CHECK(refused([](SimMeterOptions& options) { options.device = SimulatedDevice::heat_pump; }));
  CHECK(refused([](SimMeterOptions& options) { options.interval_seconds = 901; }));
  CHECK(refused([](SimMeterOptions& options) { std::swap(options.begin, options.end); }));
  CHECK(refused([](SimMeterOptions& options) { options.listen = "nowhere"; }));
}
