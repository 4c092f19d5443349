// Requests and replies octet by octet. The frames are the examples of Modbus Application Protocol V1.1b3, sections 6.3,
// 6.4, 6.6 and 6.12.
#include <random>

#include <doctest/doctest.h>

#include "meter/modbus_answer.hpp"
#include "meter/modbus_frame.hpp"
#include "tests/campaign.hpp"

using namespace commonwatt;

namespace {

using Octets = std::vector<std::uint8_t>;
using State = ReplyScan::State;

constexpr std::uint16_t transaction = 0x1501;
const ModbusRequest three_holding = read_request(0x11, RegisterTable::holding, 107, 3);
const Octets three_holding_reply{0x03, 0x06, 0x02, 0x2B, 0x00, 0x00, 0x00, 0x64};

Octets joined(Octets first, const Octets& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}
Octets rtu(std::uint8_t unit, const Octets& pdu) {
  Octets frame = joined({unit}, pdu);
  const unsigned crc = modbus_crc(frame);
  return joined(std::move(frame), {static_cast<std::uint8_t>(crc & 0xFFU), static_cast<std::uint8_t>(crc >> 8U)});
}
Octets tcp(std::uint8_t unit, const Octets& pdu) {
  return joined({0x15, 0x01, 0, 0, 0, static_cast<std::uint8_t>(pdu.size() + 1), unit}, pdu);
}
ReplyScan scan(ModbusFraming framing, const Octets& received) {
  return scan_reply(framing, three_holding, transaction, received);
}
State rtu_state(const Octets& received) {
  return scan(ModbusFraming::rtu, received).state;
}
State tcp_state(const Octets& received) {
  return scan(ModbusFraming::tcp, received).state;
}
MeterFault fault_of(const ModbusRequest& request, const Octets& pdu) {
  const Result<Done, MeterError> checked = check_reply(request, pdu);
  REQUIRE_FALSE(checked);
  return checked.error().fault;
}

}  // namespace

TEST_CASE("requests are the octets of the specification's examples") {
  CHECK(three_holding.pdu == Octets{0x03, 0x00, 0x6B, 0x00, 0x03});
  CHECK(read_request(1, RegisterTable::input, 8, 1).pdu == Octets{0x04, 0x00, 0x08, 0x00, 0x01});
  CHECK(write_one_request(1, 1, 3).pdu == Octets{0x06, 0x00, 0x01, 0x00, 0x03});
  constexpr std::array<std::uint16_t, 2> values{0x000A, 0x0102};
  CHECK(write_request(1, 1, values).pdu == Octets{0x10, 0x00, 0x01, 0x00, 0x02, 0x04, 0x00, 0x0A, 0x01, 0x02});
  CHECK(to_text(three_holding) == "function 3, 3 registers from 107");
  CHECK(to_text(write_one_request(1, 1, 3)) == "function 6, 1 registers from 1");
}

TEST_CASE("a request is wrapped in a header over TCP, in unit and CRC on a serial line") {
  CHECK(wrap(ModbusFraming::tcp, three_holding, transaction) ==
        Octets{0x15, 0x01, 0x00, 0x00, 0x00, 0x06, 0x11, 0x03, 0x00, 0x6B, 0x00, 0x03});
  CHECK(wrap(ModbusFraming::rtu, three_holding, transaction) == Octets{0x11, 0x03, 0x00, 0x6B, 0x00, 0x03, 0x76, 0x87});
}

TEST_CASE("the CRC is the serial line specification's: 02 07 is followed by 41 12") {
  CHECK(modbus_crc(Octets{0x02, 0x07}) == 0x1241);
  CHECK(modbus_crc(Octets{'1', '2', '3', '4', '5', '6', '7', '8', '9'}) == 0x4B37);  // as CRC catalogues check it
  CHECK(modbus_crc(Octets{}) == 0xFFFF);
}

TEST_CASE("the specification's replies are whole, and hold its registers") {
  for (const ModbusFraming framing : {ModbusFraming::tcp, ModbusFraming::rtu}) {
    const Octets frame =
        framing == ModbusFraming::tcp ? tcp(0x11, three_holding_reply) : rtu(0x11, three_holding_reply);
    const ReplyScan whole = scan(framing, frame);
    REQUIRE(whole.state == State::whole);
    CHECK_FALSE(whole.more);
    CHECK(registers_from_reply(three_holding, whole.pdu).value() == std::vector<std::uint16_t>{0x022B, 0, 0x0064});
    for (std::size_t length = 0; length < frame.size(); ++length) {
      CAPTURE(length);
      CHECK(scan(framing, Octets(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(length))).state ==
            State::incomplete);
    }
  }
}

TEST_CASE("a write is confirmed by its own address and value only") {
  const ModbusRequest one = write_one_request(1, 1, 3);
  CHECK(check_reply(one, Octets{0x06, 0x00, 0x01, 0x00, 0x03}));
  CHECK(fault_of(one, {0x06, 0x00, 0x01, 0x00, 0x04}) == MeterFault::garbled);
  constexpr std::array<std::uint16_t, 2> values{0x000A, 0x0102};
  const ModbusRequest several = write_request(1, 1, values);
  CHECK(check_reply(several, Octets{0x10, 0x00, 0x01, 0x00, 0x02}));
  CHECK(fault_of(several, {0x10, 0x00, 0x01, 0x00, 0x01}) == MeterFault::garbled);
  const Octets confirmed = rtu(1, {0x10, 0x00, 0x01, 0x00, 0x02});
  CHECK(scan_reply(ModbusFraming::rtu, several, 0, confirmed).state == State::whole);
}

TEST_CASE("TCP: transaction, protocol, length and unit must be right") {
  const Octets right = tcp(0x11, three_holding_reply);
  const auto with = [&right](std::size_t at, std::uint8_t value) {
    Octets wrong = right;
    wrong[at] = value;
    return wrong;
  };
  CHECK(tcp_state(with(0, 0x16)) == State::garbled);
  CHECK(tcp_state(with(1, 0x02)) == State::garbled);
  CHECK(tcp_state(with(3, 1)) == State::garbled);
  CHECK(tcp_state(with(5, 1)) == State::garbled);
  CHECK(tcp_state(with(4, 1)) == State::garbled);
  CHECK(tcp_state(with(6, 0x12)) == State::wrong_unit);
  CHECK(scan(ModbusFraming::tcp, with(6, 0x12)).detail == "asked unit 17, unit 18 answered");
  CHECK(scan(ModbusFraming::tcp, joined(right, {0})).more);
}

TEST_CASE("RTU: a frame must end what was received, and up to 16 octets of noise may precede it") {
  const Octets right = rtu(0x11, three_holding_reply);
  CHECK(rtu_state(joined(Octets(noise_octets_max, 0xFF), right)) == State::whole);
  CHECK(rtu_state(joined(Octets(noise_octets_max + 1, 0xFF), right)) != State::whole);
  CHECK(rtu_state(joined(right, {0x00})) != State::whole);
  CHECK(rtu_state(joined(right, right)) != State::whole);
  CHECK(rtu_state(rtu(0x12, three_holding_reply)) != State::whole);
  CHECK(rtu_state(joined(Octets(noise_octets_max + 1, 0x12), {})) == State::wrong_unit);
  CHECK(rtu_state(Octets(noise_octets_max + 1, 0x00)) == State::garbled);
}

TEST_CASE("RTU: an answer with another function or count than was asked for is not the answer") {
  CHECK(rtu_state(rtu(0x11, {0x04, 0x06, 0x02, 0x2B, 0x00, 0x00, 0x00, 0x64})) != State::whole);
  CHECK(rtu_state(rtu(0x11, {0x03, 0x04, 0x02, 0x2B, 0x00, 0x00})) != State::whole);
  CHECK(rtu_state(rtu(0x11, {0x03, 0x08, 0x02, 0x2B, 0x00, 0x00, 0x00, 0x64, 0x00, 0x00})) != State::whole);
}

TEST_CASE("RTU: no flip of one or two bits is a reply") {
  const std::uint64_t seed = test::seed(77);
  MESSAGE("seed " << seed);
  std::mt19937_64 random(seed);
  const Octets right = rtu(0x11, three_holding_reply);
  for (std::uint64_t i = 0; i < test::cases(20'000); ++i) {
    Octets wrong = right;
    const std::size_t bits = right.size() * 8;
    const std::size_t first = random() % bits;
    const std::size_t second = random() % bits;
    wrong[first / 8] ^= static_cast<std::uint8_t>(1U << (first % 8));
    if (first != second && random() % 2 == 0) wrong[second / 8] ^= static_cast<std::uint8_t>(1U << (second % 8));
    REQUIRE(rtu_state(wrong) != State::whole);
  }
}

TEST_CASE("every exception is the fault it means, and keeps its number") {
  const auto fault = [](unsigned code) { return fault_of(three_holding, {0x83, static_cast<std::uint8_t>(code)}); };
  for (const unsigned code : {1U, 2U, 3U}) CHECK(fault(code) == MeterFault::refused);
  for (const unsigned code : {5U, 6U}) CHECK(fault(code) == MeterFault::busy);
  for (const unsigned code : {10U, 11U}) CHECK(fault(code) == MeterFault::absent);
  for (const unsigned code : {0U, 4U, 7U, 8U, 255U}) CHECK(fault(code) == MeterFault::device_failure);
  const auto refused = registers_from_reply(three_holding, Octets{0x83, 2});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().exception == 2);
  CHECK(refused.error().detail == "exception 2 (function 3, 3 registers from 107)");
  CHECK(rtu_state(rtu(0x11, {0x83, 2})) == State::whole);
  CHECK(tcp_state(tcp(0x11, {0x83, 2})) == State::whole);
  CHECK(fault_of(three_holding, {0x84, 2}) == MeterFault::garbled);
}

TEST_CASE("a reply that miscounts itself, or is empty, is garbled") {
  CHECK(fault_of(three_holding, {0x03, 0x04, 0x02, 0x2B, 0x00, 0x00, 0x00, 0x64}) == MeterFault::garbled);
  CHECK(fault_of(three_holding, {0x03, 0x04, 0x02, 0x2B, 0x00, 0x00}) == MeterFault::garbled);
  CHECK(fault_of(three_holding, {0x03}) == MeterFault::garbled);
  CHECK(fault_of(three_holding, {}) == MeterFault::garbled);
}
