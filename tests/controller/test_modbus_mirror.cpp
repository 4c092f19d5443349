#include <map>
#include <random>

#include <doctest/doctest.h>

#include "controller/modbus_mirror.hpp"
#include "meter/modbus_answer.hpp"
#include "tests/campaign.hpp"
#include "tests/meter/frozen_clock.hpp"

namespace commonwatt {
namespace {

using Words = std::vector<std::uint16_t>;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr UtcTime noon = UtcTime::from_seconds(1'750'507'200);
constexpr std::uint16_t hundred = 100;

GatewayMeter meter_named(const char* name, std::uint8_t unit) {
  GatewayMeter meter;
  meter.record.id = MeterId::from(name).value();
  meter.mirror_unit = unit;
  meter.device.url.unit = 42;
  return meter;
}

MeterLook look_at(UtcTime time, std::vector<RawPiece> raw, const char* name = "grid") {
  MeterLook look{.meter = MeterId::from(name).value(), .identity = {}, .reading = {}};
  look.reading.time = time;
  look.reading.raw = std::move(raw);
  return look;
}

Bytes read_pdu(unsigned address, unsigned count, RegisterTable table = RegisterTable::holding) {
  return read_request(1, table, static_cast<std::uint16_t>(address), static_cast<std::uint16_t>(count)).pdu;
}
Bytes refused(std::uint8_t function, ModbusException exception) {
  return exception_reply(function, exception);
}

/// A mirror of "grid" (unit 1) and "roof" (unit 7) whose device is a table of answers.
struct Bench {
  explicit Bench(std::vector<WritePermit> writes = {}) {
    meters[0].writes = std::move(writes);
    mirror.emplace(
        meters, seconds{10}, clock,
        [this](std::size_t meter, const ModbusRequest& request) { return ask(meter, request); },
        [this](Severity /*severity*/, const std::string& text) { told.push_back(text); });
  }
  Result<Bytes, MeterError> ask(std::size_t meter, const ModbusRequest& request) {
    asked.push_back(request);
    CHECK(request.unit == 42);
    CHECK(meter == 0);
    if (fault) return Fail{MeterError{*fault, {}}};
    return answers.contains(request.pdu) ? answers.at(request.pdu) : refused(request.pdu[0], ModbusException::busy);
  }
  Bytes answer(const Bytes& request, std::uint8_t unit = 1) {
    const std::optional<Bytes> reply = mirror->answer(unit, request);
    REQUIRE(reply.has_value());
    return *reply;
  }
  /// The registers of a read that is answered.
  Words words(unsigned address, unsigned count) {
    const ModbusRequest request =
        read_request(1, RegisterTable::holding, static_cast<std::uint16_t>(address), static_cast<std::uint16_t>(count));
    const auto found = registers_from_reply(request, answer(request.pdu));
    REQUIRE(found.ok());
    return *found;
  }
  void take(std::vector<RawPiece> raw) { mirror->take({look_at(clock.now(), std::move(raw))}); }
  void pass_time(Duration span) { clock.set(clock.now() + span); }

  FrozenClock clock{noon};
  std::vector<GatewayMeter> meters{meter_named("grid", 1), meter_named("roof", 7)};
  std::map<Bytes, Bytes> answers;
  std::optional<MeterFault> fault;
  std::vector<ModbusRequest> asked;
  std::vector<std::string> told;
  std::optional<ModbusMirror> mirror;
};

TEST_CASE("registers of the last poll are repeated until they are too old") {
  Bench bench;
  bench.take({raw_registers(3, hundred, {11, 12, 13})});
  CHECK(bench.words(100, 3) == Words{11, 12, 13});
  CHECK(bench.words(101, 1) == Words{12});
  bench.pass_time(seconds{10});
  CHECK(bench.words(101, 2) == Words{12, 13});
  CHECK(bench.asked.empty());
  bench.pass_time(milliseconds{1});
  bench.fault = MeterFault::timed_out;
  CHECK(bench.answer(read_pdu(101, 2)) == refused(3, ModbusException::target_absent));
}

TEST_CASE("holding and input registers of one number are two registers") {
  Bench bench;
  bench.take({raw_registers(3, hundred, {11}), raw_registers(4, hundred, {22})});
  CHECK(bench.words(100, 1) == Words{11});
  CHECK(bench.answer(read_pdu(100, 1, RegisterTable::input)) == Bytes{4, 2, 0, 22});
}

TEST_CASE("a request may span runs that touch or overlap, and not a gap between them") {
  Bench bench;
  bench.take({raw_registers(3, 104, {5, 6}), raw_registers(3, hundred, {1, 2}), raw_registers(3, 102, {3, 4, 5}),
              raw_registers(3, 107, {8})});
  CHECK(bench.words(100, 6) == Words{1, 2, 3, 4, 5, 6});
  bench.fault = MeterFault::connection_lost;
  CHECK(bench.answer(read_pdu(105, 3)) == refused(3, ModbusException::target_absent));
  CHECK(bench.asked.size() == 1);
}

TEST_CASE("a value and its scale factor are of one poll, though another poll read one of them since") {
  Bench bench;
  bench.take({raw_registers(3, hundred, {1000}), raw_registers(3, 101, {0})});
  bench.pass_time(seconds{1});
  bench.take({raw_registers(3, 101, {1})});  // now in tens, and the value is not read
  CHECK(bench.words(100, 2) == Words{1000, 0});
  CHECK(bench.words(101, 1) == Words{1});
  bench.take({raw_registers(3, hundred, {100}), raw_registers(3, 101, {1})});
  CHECK(bench.words(100, 2) == Words{100, 1});
}

TEST_CASE("whatever is polled, an answer is of one poll alone, the newest that has it all") {
  std::mt19937_64 random(test::seed(20'260'621));
  for (std::uint64_t round = 0; round < test::cases(200); ++round) {
    Bench bench;
    bench.fault = MeterFault::busy;
    for (std::uint16_t poll = 1; poll <= 12; ++poll) {
      std::vector<RawPiece> raw;
      for (unsigned i = 0; i < 3; ++i) {
        const auto first = static_cast<std::uint16_t>(random() % 20);
        raw.push_back(raw_registers(3, first, Words(1 + random() % 8, poll)));
      }
      bench.take(raw);
      const auto begin = static_cast<unsigned>(random() % 20);
      const auto count = 1 + static_cast<unsigned>(random() % 8);
      const Bytes reply = bench.answer(read_pdu(begin, count));
      if (reply[0] != 3) continue;
      CAPTURE(round);
      for (std::size_t i = 3; i < reply.size(); i += 2) CHECK(reply[i] == reply[3]);
      CHECK(reply.size() == 2 + 2 * count);
      CHECK(reply[3] + 12 >= poll);
      bench.pass_time(milliseconds{900});
    }
  }
}

TEST_CASE("registers the gateway does not read are asked for, once for all tools until they are too old") {
  Bench bench;
  bench.take({raw_registers(3, hundred, {1})});
  bench.answers[read_pdu(500, 2)] = Bytes{3, 4, 0, 1, 0, 2};
  for (int i = 0; i < 5; ++i) CHECK(bench.words(500, 2) == Words{1, 2});
  REQUIRE(bench.asked.size() == 1);
  CHECK(bench.asked[0].reply_octets == 6);
  bench.pass_time(seconds{11});
  bench.take({raw_registers(3, hundred, {1})});
  CHECK(bench.words(500, 2) == Words{1, 2});
  CHECK(bench.asked.size() == 2);
}

TEST_CASE("what the device refuses it is not asked again for as long") {
  Bench bench;
  bench.take({raw_registers(3, hundred, {1})});
  bench.answers[read_pdu(9, 1)] = refused(3, ModbusException::illegal_address);
  for (int i = 0; i < 5; ++i) CHECK(bench.answer(read_pdu(9, 1)) == refused(3, ModbusException::illegal_address));
  CHECK(bench.asked.size() == 1);
}

TEST_CASE("a request the device leaves unanswered is not repeated, and after three it is asked no more for a while") {
  Bench bench;
  bench.take({raw_registers(3, hundred, {1})});
  bench.fault = MeterFault::timed_out;
  for (unsigned i = 0; i < 5; ++i) CHECK(bench.answer(read_pdu(9, 1)) == refused(3, ModbusException::target_absent));
  CHECK(bench.asked.size() == 1);
  for (unsigned i = 0; i < 50; ++i) bench.answer(read_pdu(200 + i, 1));
  CHECK(bench.asked.size() == 3);
  bench.pass_time(seconds{11});
  bench.take({raw_registers(3, hundred, {1})});
  bench.fault.reset();
  bench.answers[read_pdu(9, 1)] = Bytes{3, 2, 0, 7};
  CHECK(bench.words(9, 1) == Words{7});
}

TEST_CASE("a line on which too many wait is busy, and that is not held against the device") {
  Bench bench;
  bench.take({raw_registers(3, hundred, {1})});
  bench.fault = MeterFault::busy;
  for (int i = 0; i < 9; ++i) CHECK(bench.answer(read_pdu(9, 1)) == refused(3, ModbusException::busy));
  CHECK(bench.asked.size() == 9);
}

TEST_CASE("a device that does not answer the polls is not asked for others") {
  Bench bench;
  CHECK(bench.answer(read_pdu(9, 1)) == refused(3, ModbusException::target_absent));
  bench.take({raw_registers(3, hundred, {1})});
  bench.pass_time(seconds{11});
  bench.mirror->take({});
  CHECK(bench.answer(read_pdu(100, 1)) == refused(3, ModbusException::target_absent));
  CHECK(bench.asked.empty());
}

TEST_CASE("a slow poll is no reason not to ask a device that answers") {
  Bench bench;
  bench.take({raw_registers(3, hundred, {1})});
  bench.pass_time(seconds{200});
  bench.answers[read_pdu(100, 1)] = Bytes{3, 2, 0, 9};
  CHECK(bench.words(100, 1) == Words{9});
}

TEST_CASE("three registers tell how old the meter's figures are") {
  Bench bench;
  CHECK(bench.words(mirror_status_address, 3) == Words{0x4357, 0xFFFF, 0});
  bench.take({raw_registers(3, hundred, {1})});
  CHECK(bench.words(mirror_status_address, 3) == Words{0x4357, 0, 1});
  bench.pass_time(milliseconds{7900});
  bench.mirror->take({});
  CHECK(bench.words(mirror_status_address, 3) == Words{0x4357, 7, 1});
  bench.pass_time(seconds{5});
  CHECK(bench.words(mirror_status_address, 3) == Words{0x4357, 12, 0});
  bench.pass_time(std::chrono::hours{24});
  CHECK(bench.words(mirror_status_address + 1, 2) == Words{0xFFFE, 0});
  CHECK(bench.answer(read_pdu(mirror_status_address - 1, 2)) == refused(3, ModbusException::illegal_address));
  CHECK(bench.answer(read_pdu(mirror_status_address + 2, 2)) == refused(3, ModbusException::illegal_address));
}

TEST_CASE("the age is that of the value asked for first") {
  Bench bench;
  MeterLook look = look_at(noon, {raw_registers(3, hundred, {1})});
  look.reading.values.push_back({.quantity = {}, .time = noon - seconds{3}, .round_trip = seconds{2}});
  bench.mirror->take({look});
  CHECK(bench.words(mirror_status_address + 1, 1) == Words{4});
}

TEST_CASE("every meter is behind its own unit, and nobody behind another") {
  Bench bench;
  bench.mirror->take(
      {look_at(noon, {raw_registers(3, hundred, {1})}), look_at(noon, {raw_registers(3, hundred, {2})}, "roof")});
  CHECK(bench.answer(read_pdu(100, 1), 1) == Bytes{3, 2, 0, 1});
  CHECK(bench.answer(read_pdu(100, 1), 7) == Bytes{3, 2, 0, 2});
  CHECK_FALSE(bench.mirror->answer(2, read_pdu(100, 1)).has_value());
}

TEST_CASE("requests that are not well formed never reach the device") {
  Bench bench({{.address = 100, .min = 0, .max = 65'535}, {.address = 65'535, .min = 0, .max = 65'535}});
  bench.take({raw_registers(3, hundred, {1})});
  CHECK(bench.answer(read_pdu(100, 0)) == refused(3, ModbusException::illegal_value));
  CHECK(bench.answer(read_pdu(100, 126)) == refused(3, ModbusException::illegal_value));
  CHECK(bench.answer(read_pdu(65'535, 2)) == refused(3, ModbusException::illegal_address));
  CHECK(bench.answer({3, 0, 100}) == refused(3, ModbusException::illegal_value));
  CHECK(bench.answer({6, 0, 100, 0}) == refused(6, ModbusException::illegal_value));
  CHECK(bench.answer({16, 0, 100, 0, 1, 2, 0}) == refused(16, ModbusException::illegal_value));
  CHECK(bench.answer({16, 0, 100, 0, 0, 0}) == refused(16, ModbusException::illegal_value));
  CHECK(bench.answer({16, 0, 100, 0, 1, 4, 0, 0, 0, 0}) == refused(16, ModbusException::illegal_value));
  CHECK(bench.answer({16, 255, 255, 0, 2, 4, 0, 0, 0, 0}) == refused(16, ModbusException::illegal_value));
  for (const std::uint8_t function : Bytes{1, 2, 5, 15, 22, 23, 43}) {
    CHECK(bench.answer({function, 0, 100, 0, 1}) == refused(function, ModbusException::illegal_function));
  }
  CHECK(bench.asked.empty());
}

TEST_CASE("nothing can be written unless it is permitted, and only within its limits") {
  Bench none;
  none.take({raw_registers(3, hundred, {1})});
  CHECK(none.answer(write_one_request(1, 100, 5).pdu) == refused(6, ModbusException::illegal_function));
  CHECK(none.asked.empty());

  Bench bench({{.address = 100, .min = 0, .max = 40'000}, {.address = 101, .min = -50, .max = 50, .is_signed = true}});
  bench.take({raw_registers(3, hundred, {1})});
  const auto outcome = [&](const Words& words, std::uint16_t address) {
    const Bytes request = write_request(1, address, words).pdu;
    bench.answers[request] = Bytes{16, request[1], request[2], request[3], request[4]};
    return bench.answer(request);
  };
  const auto word = [](int value) { return static_cast<std::uint16_t>(value); };
  CHECK(outcome({40'000, word(-50)}, 100) == Bytes{16, 0, 100, 0, 2});
  CHECK(outcome({40'001, word(-50)}, 100) == refused(16, ModbusException::illegal_value));
  CHECK(outcome({40'000, word(-51)}, 100) == refused(16, ModbusException::illegal_value));
  CHECK(outcome({51}, 101) == refused(16, ModbusException::illegal_value));
  CHECK(outcome({0, 0}, 101) == refused(16, ModbusException::illegal_function));
  CHECK(outcome({41'000, 0, 0}, 100) == refused(16, ModbusException::illegal_function));
  CHECK(bench.asked.size() == 1);
}

TEST_CASE("after a write its registers are asked for anew, and not taken from a poll that was before it") {
  Bench bench({{.address = 101, .min = 0, .max = 9}});
  bench.take({raw_registers(3, hundred, {1, 2}), raw_registers(3, 200, {3})});
  bench.answers[read_pdu(102, 1)] = Bytes{3, 2, 0, 4};
  CHECK(bench.words(102, 1) == Words{4});
  const Bytes write = write_one_request(1, 101, 5).pdu;
  bench.answers[write] = write;
  const UtcTime before = bench.clock.now();
  bench.pass_time(milliseconds{100});
  CHECK(bench.answer(write) == write);
  CHECK(bench.words(200, 1) == Words{3});
  CHECK(bench.words(102, 1) == Words{4});
  CHECK(bench.asked.size() == 2);
  bench.answers[read_pdu(101, 1)] = Bytes{3, 2, 0, 5};
  CHECK(bench.words(101, 1) == Words{5});
  bench.mirror->take({look_at(before, {raw_registers(3, hundred, {1, 2})})});
  CHECK(bench.words(101, 1) == Words{5});
  bench.pass_time(milliseconds{100});
  bench.take({raw_registers(3, hundred, {1, 6})});
  CHECK(bench.words(101, 1) == Words{6});
}

TEST_CASE("a write that got no answer may have been done: its registers are not repeated either") {
  Bench bench({{.address = 100, .min = 0, .max = 9}});
  bench.take({raw_registers(3, hundred, {1})});
  bench.fault = MeterFault::timed_out;
  CHECK(bench.answer(write_one_request(1, 100, 5).pdu) == refused(6, ModbusException::target_absent));
  bench.fault.reset();
  bench.answers[read_pdu(100, 1)] = Bytes{3, 2, 0, 5};
  CHECK(bench.words(100, 1) == Words{5});
}

TEST_CASE("every write is told once until it changes, and a tool that tries all addresses does not fill the log") {
  Bench bench({{.address = 100, .min = 0, .max = 9}});
  bench.take({raw_registers(3, hundred, {1})});
  const auto write = [&](unsigned address, unsigned value) {
    const Bytes request =
        write_one_request(1, static_cast<std::uint16_t>(address), static_cast<std::uint16_t>(value)).pdu;
    bench.answers[request] = request;
    bench.answer(request);
  };
  for (int i = 0; i < 3; ++i) write(100, 7);
  write(100, 8);
  for (int i = 0; i < 3; ++i) write(100, 10);
  for (int i = 0; i < 3; ++i) write(300, 1);
  CHECK(bench.told ==
        std::vector<std::string>{"grid: a tool wrote 7 to register 100", "grid: a tool wrote 8 to register 100",
                                 "grid: a tool may not write register 100: the value is outside its limits",
                                 "grid: a tool may not write register 300: it is not permitted"});
  for (unsigned address = 1000; address < 3000; ++address) write(address, 1);
  CHECK(bench.told.size() < 70);
}

}  // namespace
}  // namespace commonwatt
