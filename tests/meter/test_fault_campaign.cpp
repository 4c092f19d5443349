// Thousands of faults on every kind of line: not one reading that is not the answer to the request it was made for, and
// every device is back as soon as its line is.
#include <atomic>
#include <bit>
#include <cmath>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <thread>

#include <doctest/doctest.h>
#include <modbus/modbus.h>

#include "meter/device.hpp"
#include "tests/campaign.hpp"
#include "tests/meter/fault_device.hpp"
#include "tests/meter/frozen_clock.hpp"

using namespace commonwatt;

namespace {

// The times of a real line, forty times faster.
constexpr std::chrono::milliseconds response_timeout{25};
constexpr std::chrono::milliseconds silence_min{38};
constexpr int recovery_polls_max = 2;

struct Tally {
  std::uint64_t injections = 0;
  std::uint64_t polls = 0;
  std::uint64_t readings = 0;
  std::uint64_t wrong = 0;  // accepted, but not the answer to a request of this very poll
  std::uint64_t recoveries = 0;
  std::uint64_t at_once = 0;      // recoveries at the first poll
  std::uint64_t unrecovered = 0;  // no reading at the second poll either
  // Polls in a recovery that do not count: a device that was well answered at once, and its answer took longer than the
  // timeout to come through this machine, or came in pieces, because the machine had other things to do.
  std::uint64_t held_up = 0;

  Tally& operator+=(const Tally& other) {
    injections += other.injections;
    polls += other.polls;
    readings += other.readings;
    wrong += other.wrong;
    recoveries += other.recoveries;
    at_once += other.at_once;
    unrecovered += other.unrecovered;
    held_up += other.held_up;
    return *this;
  }
};

std::ostream& operator<<(std::ostream& out, const Tally& tally) {
  return out << tally.injections << " injections, " << tally.polls << " polls, " << tally.readings << " readings, "
             << tally.wrong << " wrong; " << tally.recoveries << " recoveries, " << tally.at_once
             << " at the first poll, " << tally.unrecovered << " not at the second (" << tally.held_up
             << " polls held up by this machine)";
}

/// Tells whether this machine keeps the times that the devices and we live by: an octet goes through a pseudo terminal
/// every few milliseconds, as the lines' do, and it is seen when it was not let to.
class MachineWatch {
 public:
  MachineWatch() : thread_([this] { run(); }) {}
  MachineWatch(const MachineWatch&) = delete;
  MachineWatch& operator=(const MachineWatch&) = delete;
  ~MachineWatch() {
    ends_ = true;
    thread_.join();
    ::close(line_.device);
    ::close(line_.kept);
  }
  /// Whether it was late since a time, or is right now.
  [[nodiscard]] bool was_late_since(std::int64_t time) const { return late_ >= time || now() - beat_ > allowed; }
  static std::int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

 private:
  static constexpr std::chrono::milliseconds period{2};
  static constexpr std::int64_t allowed = std::chrono::nanoseconds(period + response_timeout / 3).count();
  void run() {
    char octet = 'x';
    while (!ends_) {
      std::this_thread::sleep_for(period);
      for (const auto& [from, to] : {std::pair(line_.device, line_.kept), std::pair(line_.kept, line_.device)}) {
        if (::write(from, &octet, 1) != 1 || ::read(to, &octet, 1) != 1) return;
      }
      const std::int64_t time = now();
      if (time - beat_ > allowed) late_ = time;
      beat_ = time;
    }
  }
  const PseudoTerminal line_ = open_pseudo_terminal();
  std::atomic<std::int64_t> beat_{now()};
  std::atomic<std::int64_t> late_{0};
  std::atomic<bool> ends_{false};
  std::thread thread_;
};
const MachineWatch& machine_watch() {
  static const MachineWatch watch;
  return watch;
}

/// What one poll gives: import and power, which tell their request.
using Read = Result<std::pair<Energy, double>, MeterFault>;
using Poll = std::function<Read()>;

/// Polls a device and keeps the tally.
class Torment {
 public:
  Torment(FaultDevice& device, Poll poll, std::uint64_t seed)
      : device_(device), poll_(std::move(poll)), random_(seed) {}

  /// Arms the device, polls it until it is well and then until it is read, over and over.
  Tally run(std::uint64_t injections) {
    // Who the device is must be known before anything goes wrong.
    for (int i = 0; i < held_up_max && poll_once(); ++i) {
    }
    while (tally_.injections < injections) {
      const int burst = random_() % 4 == 0 ? 3 : 1;
      device_.arm(burst);
      tally_.injections += static_cast<std::uint64_t>(burst);
      while (!device_.is_well()) {
        poll_once();
        if (random_() % 2 == 0) rest(std::chrono::milliseconds{random_() % 60}, -1);
      }
      recover();
    }
    return tally_;
  }

 private:
  static constexpr int held_up_max = 100;  // in one recovery

  std::optional<MeterFault> poll_once() {
    const std::uint64_t before = device_.requests();
    const Read read = poll_();
    ++tally_.polls;
    if (!read) return read.error();
    ++tally_.readings;
    const std::optional<std::uint64_t> request = device_.request_of(read->first, read->second);
    if (!request || *request <= before) ++tally_.wrong;
    return std::nullopt;
  }
  void recover() {
    ++tally_.recoveries;
    int polls = 0;
    for (int held_up = 0; polls < recovery_polls_max;) {
      const std::int64_t begin = MachineWatch::now();
      const std::optional<MeterFault> fault = poll_once();
      if (!fault) {
        if (polls == 0) ++tally_.at_once;
        return;
      }
      const bool is_late = machine_watch().was_late_since(begin);
      if (is_late && held_up < held_up_max) {
        // The machine was late, not the device: its answer comes late to the next poll, a fault of its own.
        ++held_up;
        ++tally_.held_up;
        polls = 0;
      } else {
        ++polls;
      }
    }
    ++tally_.unrecovered;
  }

  FaultDevice& device_;
  Poll poll_;
  std::mt19937_64 random_;
  Tally tally_;
};

MeterDevice reader_of(const FaultDevice& device, const std::string& profile, std::chrono::nanoseconds& now) {
  DevicePlan plan =
      plan_device(
          {.id = *MeterId::from("m1"), .url = device.url(), .profile = profile, .response_timeout = response_timeout},
          ProfileLibrary({}))
          .value();
  plan.timing.silence_min = silence_min;
  plan.timing.busy_waits = {std::chrono::milliseconds{2}, std::chrono::milliseconds{10}, std::chrono::milliseconds{38}};
  // It is never left alone: a line that is polled on at once is the harder one.
  return MeterDevice(std::move(plan), nullptr, [&now] { return now += std::chrono::minutes{10}; });
}

/// Reads with everything this project does. The program is restarted now and then: what it has learned about the line
/// is lost with it.
Tally read_as_we_do(FaultDevice& device, const std::string& profile, std::uint64_t injections, std::uint64_t seed) {
  constexpr std::uint64_t injections_per_run = 25;
  const FrozenClock clock(UtcTime::from_seconds(1'782'000'000));
  Tally tally;
  while (tally.injections < injections) {
    std::chrono::nanoseconds now{0};
    MeterDevice reader = reader_of(device, profile, now);
    const Poll poll = [&, polls = 0]() mutable -> Read {
      if (++polls % 2 == 0) reader.ask_ahead(clock);  // as the fleet does
      const Result<DeviceReading, MeterError> reading = reader.read(clock);
      if (!reading) return Fail{reading.error().fault};
      return std::pair(reading->energy_import().value_or(Energy{0}), reading->power_w().value_or(-1));
    };
    const std::uint64_t left = injections - tally.injections;
    tally += Torment(device, poll, seed + tally.injections).run(std::min(left, injections_per_run));
  }
  return tally;
}

/// Reads as libmodbus does when it is told nothing but where, whom and how long to wait.
Tally read_with_libmodbus(FaultDevice& device, FaultDevice::Line line, std::uint64_t injections, std::uint64_t seed) {
  const std::unique_ptr<modbus_t, decltype(&modbus_free)> bus(
      line == FaultDevice::Line::rtu ? modbus_new_rtu(device.where().c_str(), 115200, 'N', 8, 1)
                                     : modbus_new_tcp("127.0.0.1", std::stoi(device.where())),
      &modbus_free);
  modbus_set_slave(bus.get(), FaultDevice::unit);
  modbus_set_response_timeout(bus.get(), 0, std::chrono::microseconds(response_timeout).count());
  modbus_set_byte_timeout(bus.get(), 0, std::chrono::microseconds(response_timeout).count());
  if (modbus_connect(bus.get()) != 0) return {};
  const Poll poll = [&]() -> Read {
    std::array<std::uint16_t, 80> words{};
    if (modbus_read_input_registers(bus.get(), 0, static_cast<int>(words.size()), words.data()) < 0) {
      return Fail{errno == ETIMEDOUT ? MeterFault::timed_out : MeterFault::garbled};
    }
    const auto number_at = [&words](std::size_t at) {
      return std::bit_cast<float>((static_cast<std::uint32_t>(words[at]) << 16U) | words[at + 1]);
    };
    return std::pair(Energy{std::llround(1000.0 * static_cast<double>(number_at(72)))},
                     static_cast<double>(number_at(52)));
  };
  const Tally tally = Torment(device, poll, seed).run(injections);
  modbus_close(bus.get());
  return tally;
}

std::uint64_t seed() {
  return test::seed(20'260);
}

using Reader = std::function<Tally(FaultDevice& device, std::uint64_t injections, std::uint64_t seed)>;

/// Many devices at once, each on a line and in a thread of its own.
Tally campaign(FaultDevice::Line line, FaultDevice::Map map, std::uint64_t injections, const Reader& read) {
  constexpr unsigned devices = FaultDevice::devices_max;
  std::vector<Tally> tallies(devices);
  std::vector<std::thread> threads;
  for (unsigned number = 0; number < devices; ++number) {
    threads.emplace_back([&, number] {
      FaultDevice device(
          {.line = line, .map = map, .number = number, .seed = seed() + number, .timeout = response_timeout});
      tallies[number] = read(device, (injections + devices - 1) / devices, ~seed() - number);
    });
  }
  Tally sum;
  for (unsigned number = 0; number < devices; ++number) {
    threads[number].join();
    sum += tallies[number];
  }
  return sum;
}

}  // namespace

TEST_CASE("whatever goes wrong on a line, no reading is another request's answer, and two polls later all is well") {
  struct Case {
    const char* name;
    FaultDevice::Line line;
    FaultDevice::Map map;
    std::string profile;
  };
  const std::vector<Case> cases{{"TCP", FaultDevice::Line::tcp, FaultDevice::Map::sunspec, "sunspec"},
                                {"RTU", FaultDevice::Line::rtu, FaultDevice::Map::sunspec, "sunspec"},
                                {"RTU over TCP", FaultDevice::Line::rtu_over_tcp, FaultDevice::Map::sunspec, "sunspec"},
                                {"RTU, SDM630", FaultDevice::Line::rtu, FaultDevice::Map::sdm630, "eastron-sdm630"}};
  std::vector<std::future<Tally>> running;
  for (const Case& one : cases) {
    running.push_back(std::async(std::launch::async, [&one] {
      return campaign(one.line, one.map, test::cases(750),
                      [&one](FaultDevice& device, std::uint64_t injections, std::uint64_t seed) {
                        return read_as_we_do(device, one.profile, injections, seed);
                      });
    }));
  }
  std::cout << "seed " << seed() << '\n';
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Tally tally = running[i].get();
    std::cout << cases[i].name << ": " << tally << std::endl;
    CHECK(tally.readings > 0);
    CHECK(tally.wrong == 0);
    CHECK(tally.unrecovered == 0);
  }
}

TEST_CASE("the same faults make libmodbus, left to itself, take one request's answer for another's") {
  for (const FaultDevice::Line line : {FaultDevice::Line::rtu, FaultDevice::Line::tcp}) {
    const Reader read = [line](FaultDevice& device, std::uint64_t injections, std::uint64_t seed) {
      return read_with_libmodbus(device, line, injections, seed);
    };
    const Tally tally = campaign(line, FaultDevice::Map::sdm630, 300, read);
    std::cout << "libmodbus, " << (line == FaultDevice::Line::rtu ? "RTU: " : "TCP: ") << tally << std::endl;
    if (line == FaultDevice::Line::rtu) CHECK(tally.wrong > 0);
  }
}
