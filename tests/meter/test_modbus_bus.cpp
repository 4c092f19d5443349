// One line, one request at a time. What lines do wrong is in test_faults.cpp and test_fault_campaign.cpp.
#include <atomic>
#include <memory>

#include <doctest/doctest.h>

#include "meter/modbus_bus.hpp"
#include "tests/meter/scripted_device.hpp"

using namespace commonwatt;
using std::chrono::milliseconds;

namespace {

constexpr std::uint8_t unit = 7;

/// Two holding registers; the first counts the requests.
DeviceRegisters counter() {
  return {.unit = unit, .images = [asked = std::make_shared<std::uint16_t>()](std::uint8_t function) {
            std::vector<RegisterImage> images;
            if (function == 3) images.push_back({.address = 100, .words = {++*asked, 0xBEEF}});
            return images;
          }};
}

Afterwards honest(int descriptor, const Octets& answer) {
  put(descriptor, answer);
  return Afterwards::stay;
}

/// A loaded machine is slow.
constexpr milliseconds patience{10'000};

ModbusBus bus_to(const std::string& url, int stop_descriptor = -1, milliseconds timeout = patience) {
  BusTiming timing;
  timing.response_timeout = timeout;
  timing.silence_min = milliseconds{100};
  timing.busy_waits = {milliseconds{1}, milliseconds{1}, milliseconds{1}};
  timing.stop_descriptor = stop_descriptor;
  return {parse_device_url(url).value(), timing};
}

Result<std::vector<std::uint16_t>, MeterError> read_both(ModbusBus& bus) {
  return bus.read(unit, RegisterTable::holding, 100, 2);
}
using Words = std::vector<std::uint16_t>;

}  // namespace

TEST_CASE("registers come as they are asked for, on a socket and on a serial line") {
  for (const ScriptedDevice::Line line : {ScriptedDevice::Line::tcp, ScriptedDevice::Line::serial}) {
    const ScriptedDevice device(line, counter(), [](int to, const Octets& answer, int) { return honest(to, answer); });
    ModbusBus bus = bus_to(device.url());
    CHECK(bus.session() == 0);
    for (std::uint16_t n = 1; n < 4; ++n) CHECK(read_both(bus).value() == Words{n, 0xBEEF});
    CHECK(bus.read(unit, RegisterTable::holding, 101, 1).value() == Words{0xBEEF});
    CHECK(bus.read(unit, RegisterTable::holding, 101, 2).error().fault == MeterFault::refused);
    CHECK(bus.read(unit, RegisterTable::input, 100, 1).error().exception == 1);
    CHECK(bus.session() == 1);
    bus.close();
    CHECK(read_both(bus));
    CHECK(bus.session() == 2);
  }
}

TEST_CASE("what no request can ask for is refused before anything is dialled") {
  ModbusBus bus = bus_to("modbus+tcp://127.0.0.1:1");
  CHECK(bus.read(unit, RegisterTable::holding, 0, 0).error().fault == MeterFault::refused);
  CHECK(bus.read(unit, RegisterTable::holding, 0, 126).error().fault == MeterFault::refused);
  CHECK(bus.read(unit, RegisterTable::holding, 65535, 2).error().fault == MeterFault::refused);
  CHECK(bus.session() == 0);
  CHECK(bus.read(unit, RegisterTable::holding, 65535, 1).error().fault == MeterFault::cannot_connect);
}

TEST_CASE("pass gives a device's answer as it is, exceptions too") {
  const ScriptedDevice device(ScriptedDevice::Line::tcp, counter(),
                              [](int to, const Octets& answer, int) { return honest(to, answer); });
  ModbusBus bus = bus_to(device.url());
  CHECK(bus.pass(read_request(unit, RegisterTable::holding, 100, 1)).value() == Octets{3, 2, 0, 1});
  CHECK(bus.pass(read_request(unit, RegisterTable::holding, 0, 1)).value() == Octets{0x83, 2});
  CHECK(bus.pass(write_one_request(unit, 100, 5)).value() == Octets{0x86, 1});
  CHECK(bus.pass(read_request(unit + 1, RegisterTable::holding, 100, 1)).value() == Octets{0x83, 11});
}

TEST_CASE("a request asked ahead is made once, and its answer is the next read's") {
  const ScriptedDevice device(ScriptedDevice::Line::tcp, counter(),
                              [](int to, const Octets& answer, int) { return honest(to, answer); });
  ModbusBus bus = bus_to(device.url());
  CHECK_FALSE(bus.ask_ahead(unit, RegisterTable::holding, 100, 2));  // it would have to dial
  CHECK(read_both(bus).value()[0] == 1);
  for (std::uint16_t n = 2; n < 5; ++n) {
    CHECK(bus.ask_ahead(unit, RegisterTable::holding, 100, 2));
    CHECK_FALSE(bus.ask_ahead(unit, RegisterTable::holding, 100, 2));  // one at a time
    while (device.requests() < n) wait_milliseconds(1);
    REQUIRE(bus.ready());  // what is there was asked for
    CHECK(read_both(bus).value() == Words{n, 0xBEEF});
    CHECK(device.requests() == n);
  }
  CHECK(bus.session() == 1);
}

TEST_CASE("an answer asked ahead that nobody wants is not the answer to anything else") {
  const ScriptedDevice device(ScriptedDevice::Line::tcp, counter(), [](int to, const Octets& answer, int n) {
    if (n == 1) wait_milliseconds(20);
    return honest(to, answer);
  });
  ModbusBus bus = bus_to(device.url());
  REQUIRE(read_both(bus));
  REQUIRE(bus.ask_ahead(unit, RegisterTable::holding, 100, 1));
  CHECK(bus.read(unit, RegisterTable::holding, 101, 1).value() == Words{0xBEEF});
  REQUIRE(bus.ask_ahead(unit, RegisterTable::holding, 100, 2));
  CHECK(bus.pass(read_request(unit, RegisterTable::holding, 101, 1)).value() == Octets{3, 2, 0xBE, 0xEF});
  CHECK(read_both(bus).value()[0] == 6);
  CHECK(bus.session() == 1);
}

TEST_CASE("what a device does wrong with a request asked ahead ends the connection as ever") {
  struct Wrong {
    const char* name;
    Script script;  // for the second request
    MeterFault fault;
    milliseconds timeout = patience;
  };
  const Wrong wrongs[] = {
      {"silence", [](int, const Octets&, int) { return Afterwards::stay; }, MeterFault::timed_out, milliseconds{1'000}},
      {"hangs up", [](int, const Octets&, int) { return Afterwards::hang_up; }, MeterFault::connection_lost},
      {"another transaction",
       [](int to, Octets answer, int) {
         ++answer[1];
         return honest(to, answer);
       },
       MeterFault::garbled},
  };
  for (const Wrong& wrong : wrongs) {
    CAPTURE(wrong.name);
    const ScriptedDevice device(ScriptedDevice::Line::tcp, counter(), [&wrong](int to, const Octets& answer, int n) {
      return n == 1 ? wrong.script(to, answer, n) : honest(to, answer);
    });
    ModbusBus bus = bus_to(device.url(), -1, wrong.timeout);
    REQUIRE(read_both(bus));
    REQUIRE(bus.ask_ahead(unit, RegisterTable::holding, 100, 2));
    CHECK(read_both(bus).error().fault == wrong.fault);
    CHECK(read_both(bus).value()[0] == 3);
    CHECK(bus.session() == 2);
  }
}

TEST_CASE("serial: nothing is asked ahead, since an answer does not say to what") {
  const ScriptedDevice device(ScriptedDevice::Line::serial, counter(),
                              [](int to, const Octets& answer, int) { return honest(to, answer); });
  ModbusBus bus = bus_to(device.url());
  REQUIRE(read_both(bus));
  CHECK_FALSE(bus.ask_ahead(unit, RegisterTable::holding, 100, 2));
  CHECK(read_both(bus).value()[0] == 2);
}

TEST_CASE("serial: a copy of an answer that comes while the device rests is not the next answer") {
  std::atomic<bool> has_said_it_twice = false;
  const ScriptedDevice device(ScriptedDevice::Line::serial, counter(), [&](int to, const Octets& answer, int n) {
    put(to, answer);
    if (n == 0) {
      wait_milliseconds(10);
      put(to, answer);
      has_said_it_twice = true;
    }
    return Afterwards::stay;
  });
  ModbusBus bus = bus_to(device.url() + "&gap=50");
  CHECK(read_both(bus).value()[0] == 1);
  CHECK(bus.session() == 1);
  while (!has_said_it_twice) wait_milliseconds(1);
  CHECK(read_both(bus).value()[0] == 2);
  CHECK(bus.session() == 2);  // the line was drained
}

TEST_CASE("serial: after a late answer the line is drained, and is another session") {
  std::atomic<bool> is_too_late = false;
  std::atomic<bool> has_answered = false;
  const ScriptedDevice device(ScriptedDevice::Line::serial, counter(), [&](int to, const Octets& answer, int n) {
    while (n == 0 && !is_too_late) wait_milliseconds(1);
    const Afterwards afterwards = honest(to, answer);
    has_answered = true;
    return afterwards;
  });
  BusTiming timing{.response_timeout = milliseconds{1'000}, .silence_min = milliseconds{800}};
  ModbusBus bus(parse_device_url(device.url()).value(), timing);
  CHECK(read_both(bus).error().fault == MeterFault::timed_out);
  CHECK(bus.session() == 1);
  is_too_late = true;
  while (!has_answered) wait_milliseconds(1);
  CHECK(read_both(bus).value()[0] == 2);
  CHECK(bus.session() == 2);
}

TEST_CASE("a wait ends when the program does") {
  std::array<int, 2> stop{};
  REQUIRE(::pipe2(stop.data(), O_CLOEXEC) == 0);
  {
    const ScriptedDevice device(ScriptedDevice::Line::tcp, counter(), [&stop](int, const Octets&, int) {
      put(stop[1], {1});  // and no answer
      return Afterwards::stay;
    });
    ModbusBus bus = bus_to(device.url(), stop[0]);
    CHECK(read_both(bus).error().fault == MeterFault::stopping);
  }
  ::close(stop[0]);
  ::close(stop[1]);
}
