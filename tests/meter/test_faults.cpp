// Whatever happens on the line, a value that is accepted is the one the device shows now.
#include <atomic>
#include <mutex>

#include <doctest/doctest.h>

#include "meter/device.hpp"
#include "meter/modbus_frame.hpp"
#include "sim/register_image.hpp"
#include "tests/meter/frozen_clock.hpp"
#include "tests/meter/scripted_device.hpp"

using namespace commonwatt;

namespace {

// The requests of a first read: SunS, model 1, model 203, the end, the identity, the snapshot.
constexpr int first_read_requests = 6;
constexpr int spoilt = first_read_requests;             // the request that the second read begins with
constexpr std::chrono::milliseconds patience{10'000};   // a loaded machine is slow
constexpr std::chrono::milliseconds impatience{1'000};  // where it is to run out

/// A SunSpec meter whose register rises by 10 Wh with every request, so that every answer is unlike all others.
class CountingMeter {
 public:
  CountingMeter(ScriptedDevice::Line line, const Script& script, std::chrono::milliseconds timeout = patience)
      : device_(line, {.unit = 7, .images = [this](std::uint8_t) { return images(); }},
                [script](int descriptor, const Octets& answer, int n) { return script(descriptor, answer, n); }),
        reader_(plan_device({.id = *MeterId::from("m1"), .url = device_.url(), .response_timeout = timeout},
                            ProfileLibrary({}))
                    .value(),
                nullptr, [this] { return machine_time_ += std::chrono::minutes{10}; }) {}

  /// One read. Asserts that a value, if any, is the register's current one.
  Result<DeviceReading, MeterError> read() {
    Result<DeviceReading, MeterError> reading = reader_.read(clock_);
    if (reading) {
      REQUIRE(reading->energy_import().has_value());
      REQUIRE(reading->energy_import()->count == 1000 + 10 * asked_.load());
    } else {
      last_fault_ = to_text(reading.error());
    }
    return reading;
  }
  /// What the next read fails with; asserts that it does.
  MeterFault fault() {
    const Result<DeviceReading, MeterError> reading = read();
    REQUIRE_FALSE(reading);
    INFO(to_text(reading.error()));
    return reading.error().fault;
  }
  [[nodiscard]] const std::string& last_fault() const { return last_fault_; }
  void rename(const std::string& serial) {
    const std::lock_guard lock(mutex_);
    serial_ = serial;
  }
  [[nodiscard]] int requests() const { return device_.requests(); }
  /// Until the device has done all that it does about the requests so far.
  void rest() const {
    while (device_.finished() < device_.requests()) wait_milliseconds(1);
  }
  MeterDevice& reader() { return reader_; }

 private:
  std::vector<RegisterImage> images() {
    ++asked_;
    const std::lock_guard lock(mutex_);
    const ImageIdentity identity{.maker = "Maker", .model = "Model", .serial = serial_, .unit = 7};
    return {sunspec_meter_image(identity, 3, {1200, Energy{1000 + 10 * asked_}, Energy{77}})};
  }
  std::atomic<int> asked_ = 0;
  std::mutex mutex_;  // the device's thread reads the serial number
  std::string serial_ = "S1";
  std::string last_fault_;
  FrozenClock clock_{UtcTime::from_seconds(1'782'000'000)};
  std::chrono::nanoseconds machine_time_{0};
  ScriptedDevice device_;
  MeterDevice reader_;
};

Afterwards honest(int descriptor, const Octets& answer) {
  put(descriptor, answer);
  return Afterwards::stay;
}

/// A TCP meter that spoils one answer, the first of its second read.
Script spoil_once(const std::function<Octets(Octets)>& spoil) {
  return [spoil](int descriptor, const Octets& answer, int n) {
    put(descriptor, n == spoilt ? spoil(answer) : answer);
    return Afterwards::stay;
  };
}

MeterFault fault_of_spoilt(const std::function<Octets(Octets)>& spoil, std::chrono::milliseconds timeout = patience) {
  CountingMeter meter(ScriptedDevice::Line::tcp, spoil_once(spoil), timeout);
  REQUIRE(meter.read());
  REQUIRE(meter.requests() == first_read_requests);
  const MeterFault fault = meter.fault();
  REQUIRE(meter.read());  // and recovers with the very next read
  REQUIRE(meter.read());
  return fault;
}

}  // namespace

TEST_CASE("TCP: an answer that comes too late is never taken for the next one") {
  std::atomic<bool> is_too_late = false;
  CountingMeter meter(
      ScriptedDevice::Line::tcp,
      [&is_too_late](int descriptor, const Octets& answer, int n) {
        while (n == spoilt && !is_too_late) wait_milliseconds(1);
        return honest(descriptor, answer);
      },
      impatience);
  REQUIRE(meter.read());
  CHECK(meter.fault() == MeterFault::timed_out);
  is_too_late = true;
  meter.rest();
  for (int i = 0; i < 4; ++i) CHECK(meter.read());
}

TEST_CASE("TCP: an answer sent twice spoils no later read") {
  CountingMeter meter(ScriptedDevice::Line::tcp, [](int descriptor, const Octets& answer, int n) {
    put(descriptor, answer);
    if (n == spoilt) put(descriptor, answer);
    return Afterwards::stay;
  });
  for (int i = 0; i < 5; ++i) {
    const bool good = meter.read().ok();
    INFO(meter.last_fault());
    CHECK(good);
    meter.rest();  // the second copy is there before the next request; the case below has it come after
  }
}

TEST_CASE("TCP: an old answer in front of the right one is refused by its transaction number") {
  Octets old;
  CountingMeter meter(ScriptedDevice::Line::tcp, [&old](int descriptor, const Octets& answer, int n) {
    if (n == spoilt + 1) put(descriptor, old);
    old = answer;
    return honest(descriptor, answer);
  });
  REQUIRE(meter.read());
  REQUIRE(meter.read());
  CHECK(meter.fault() == MeterFault::garbled);
  for (int i = 0; i < 3; ++i) CHECK(meter.read());
}

TEST_CASE("TCP: an answer of another unit, transaction, protocol, length or function is refused") {
  const auto with = [](std::size_t at, std::uint8_t value) {
    return [at, value](Octets answer) {
      answer[at] = value;
      return answer;
    };
  };
  CHECK(fault_of_spoilt(with(6, 8)) == MeterFault::wrong_unit);
  CHECK(fault_of_spoilt(with(0, 0x55)) == MeterFault::garbled);
  CHECK(fault_of_spoilt(with(2, 1)) == MeterFault::garbled);
  CHECK(fault_of_spoilt(with(5, 3)) == MeterFault::garbled);
  CHECK(fault_of_spoilt(with(7, 4)) == MeterFault::garbled);
}

TEST_CASE("TCP: a whole answer with too few registers is refused") {
  CHECK(fault_of_spoilt([](Octets answer) {
          answer.erase(answer.end() - 2, answer.end());
          answer[5] = static_cast<std::uint8_t>(answer.size() - 6);
          answer[8] = static_cast<std::uint8_t>(answer.size() - 9);
          return answer;
        }) == MeterFault::garbled);
}

TEST_CASE("TCP: half an answer is a timeout") {
  CHECK(fault_of_spoilt(
            [](Octets answer) {
              answer.resize(answer.size() / 2);
              return answer;
            },
            impatience) == MeterFault::timed_out);
}

TEST_CASE("TCP: an exception says what it is, and the line stays in step") {
  const auto exception = [](std::uint8_t code) {
    return [code](const Octets& answer) {
      return Octets{answer[0], answer[1], 0, 0, 0, 3, answer[6], static_cast<std::uint8_t>(answer[7] | 0x80U), code};
    };
  };
  CHECK(fault_of_spoilt(exception(2)) == MeterFault::refused);
  CHECK(fault_of_spoilt(exception(4)) == MeterFault::device_failure);
  CHECK(fault_of_spoilt(exception(10)) == MeterFault::absent);
  CHECK(fault_of_spoilt(exception(11)) == MeterFault::absent);
}

TEST_CASE("TCP: a busy device is asked again within the same read, a bounded number of times") {
  int busy = 0;
  SUBCASE("busy once") {
    busy = 1;
  }
  SUBCASE("busy for good") {
    busy = 1000;
  }
  CountingMeter meter(ScriptedDevice::Line::tcp, [busy](int descriptor, const Octets& answer, int n) {
    if (n < spoilt || n >= spoilt + busy) return honest(descriptor, answer);
    return honest(descriptor, {answer[0], answer[1], 0, 0, 0, 3, answer[6], 0x83, 6});
  });
  REQUIRE(meter.read());
  if (busy == 1) {
    CHECK(meter.read());
    CHECK(meter.requests() == spoilt + 2);
  } else {
    CHECK(meter.fault() == MeterFault::busy);
    CHECK(meter.requests() == spoilt + 4);
  }
}

TEST_CASE("TCP: an answer that drips does not hold the reader beyond its timeout") {
  std::atomic<bool> is_given_up = false;
  std::atomic<std::size_t> dripped = 0;
  CountingMeter meter(
      ScriptedDevice::Line::tcp,
      [&](int descriptor, const Octets& answer, int n) {
        if (n != spoilt) return honest(descriptor, answer);
        while (!is_given_up && dripped < 12) {
          put(descriptor, {answer[dripped++]});
          wait_milliseconds(500);
        }
        return Afterwards::hang_up;
      },
      impatience);
  REQUIRE(meter.read());
  CHECK(meter.fault() == MeterFault::timed_out);
  is_given_up = true;
  CHECK(dripped < 12);
  meter.rest();
  CHECK(meter.read());
}

TEST_CASE("TCP: a connection closed at rest is replaced without a word, one closed over a request is a fault") {
  bool over_request = false;
  SUBCASE("at rest") {}
  SUBCASE("over a request") {
    over_request = true;
  }
  CountingMeter meter(ScriptedDevice::Line::tcp, [over_request](int descriptor, const Octets& answer, int n) {
    if (n == spoilt && over_request) return Afterwards::hang_up;
    put(descriptor, answer);
    return n == spoilt - 1 && !over_request ? Afterwards::hang_up : Afterwards::stay;
  });
  REQUIRE(meter.read());
  meter.rest();
  if (over_request) CHECK(meter.fault() == MeterFault::connection_lost);
  CHECK(meter.read());
  CHECK(meter.read());
}

TEST_CASE("another device at the same address is not believed after a reconnection") {
  CountingMeter meter(ScriptedDevice::Line::tcp, [](int descriptor, const Octets& answer, int n) {
    put(descriptor, answer);
    return n == spoilt - 1 ? Afterwards::hang_up : Afterwards::stay;
  });
  REQUIRE(meter.read());
  meter.rest();
  meter.rename("S2");
  CHECK(meter.fault() == MeterFault::identity_changed);
  CHECK(meter.fault() == MeterFault::identity_changed);
  meter.rename("S1");
  CHECK(meter.read());
  CHECK(meter.reader().identity()->serial == "S1");
}

TEST_CASE("serial: a late answer is never taken for the next one, however the reader carries on") {
  std::atomic<bool> is_too_late = false;
  CountingMeter meter(
      ScriptedDevice::Line::serial,
      [&is_too_late](int descriptor, const Octets& answer, int n) {
        while (n == spoilt && !is_too_late) wait_milliseconds(1);
        return honest(descriptor, answer);
      },
      impatience);
  REQUIRE(meter.read());
  CHECK(meter.fault() == MeterFault::timed_out);
  is_too_late = true;
  meter.rest();
  for (int i = 0; i < 3; ++i) CHECK(meter.read());
}

TEST_CASE("serial: a few octets of noise before every frame, as lines have them that float, cost nothing") {
  CountingMeter meter(ScriptedDevice::Line::serial, [](int descriptor, const Octets& answer, int) {
    Octets noisy{0x00, 0xFF};
    noisy.insert(noisy.end(), answer.begin(), answer.end());
    return honest(descriptor, noisy);
  });
  for (int i = 0; i < 4; ++i) CHECK(meter.read());
}

TEST_CASE("serial: a burst of noise, a wrong CRC and another unit's answer cost one read and no more") {
  std::function<Octets(Octets)> spoil;
  SUBCASE("a burst of noise before the frame") {
    spoil = [](Octets answer) {
      answer.insert(answer.begin(), 40, 0xFF);
      return answer;
    };
  }
  SUBCASE("a flipped bit") {
    spoil = [](Octets answer) {
      answer[20] ^= 1U;
      return answer;
    };
  }
  SUBCASE("another unit first") {
    spoil = [](const Octets& answer) {
      Octets foreign(answer.begin(), answer.end() - 2);
      foreign[0] = 8;
      const unsigned crc = modbus_crc(foreign);
      foreign.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
      foreign.push_back(static_cast<std::uint8_t>(crc >> 8U));
      foreign.insert(foreign.end(), answer.begin(), answer.end());
      return foreign;
    };
  }
  CountingMeter meter(ScriptedDevice::Line::serial, spoil_once(spoil), impatience);
  REQUIRE(meter.read());
  const MeterFault fault = meter.fault();
  CHECK((fault == MeterFault::garbled || fault == MeterFault::wrong_unit || fault == MeterFault::timed_out));
  CHECK(meter.read());
  CHECK(meter.read());
}

TEST_CASE("a device that cannot be reached is tried again soon, then ever more seldom") {
  std::chrono::nanoseconds now{0};
  // Port 1 on this machine: nobody listens, and the refusal is immediate.
  MeterDevice device(plan_device({.id = *MeterId::from("m1"),
                                  .url = "modbus+tcp://127.0.0.1:1?unit=1",
                                  .response_timeout = std::chrono::milliseconds{100}},
                                 ProfileLibrary({}))
                         .value(),
                     nullptr, [&now] { return now; });
  const FrozenClock clock(UtcTime::from_seconds(0));
  for (const int milliseconds : {100, 500, 2000, 4000, 6000}) {
    CHECK(device.read(clock).error().fault == MeterFault::cannot_connect);
    now += std::chrono::milliseconds{milliseconds - 1};
    CHECK(device.read(clock).error().fault == MeterFault::backing_off);
    now += std::chrono::milliseconds{1};
  }
  CHECK(retry_delay(1000) == std::chrono::minutes{5});
}

TEST_CASE("a serial line that is not there is a fault, not an end") {
  MeterDevice device(plan_device({.id = *MeterId::from("m1"),
                                  .url = "modbus+rtu:///nonexistent/tty?unit=1",
                                  .profile = "eastron-sdm630",
                                  .response_timeout = std::chrono::milliseconds{100}},
                                 ProfileLibrary({}))
                         .value());
  CHECK(device.read(FrozenClock(UtcTime::from_seconds(0))).error().fault == MeterFault::cannot_connect);
}

TEST_CASE("a wrong URL is refused before anything is dialled") {
  CHECK_FALSE(plan_device({.url = "tcp://x"}, ProfileLibrary({})));
}

TEST_CASE("a profile that there is none of is refused, and so is one for a device that sends telegrams") {
  CHECK_FALSE(plan_device({.url = "modbus+tcp://x", .profile = "no-such-meter"}, ProfileLibrary({})));
  CHECK_FALSE(plan_device({.url = "p1:///dev/ttyUSB0", .profile = "eastron-sdm630"}, ProfileLibrary({})));
}
