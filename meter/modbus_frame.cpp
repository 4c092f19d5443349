#include "meter/modbus_frame.hpp"

#include <algorithm>
#include <array>

namespace commonwatt {
namespace {

using Octets = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

constexpr std::size_t mbap_octets = 7;
constexpr std::size_t crc_octets = 2;
constexpr std::size_t pdu_octets_max = 253;
constexpr std::uint8_t write_one = 6;
constexpr std::uint8_t write_several = 16;
constexpr std::uint8_t exception_flag = 0x80;

void append_word(Octets& octets, unsigned word) {
  octets.push_back(static_cast<std::uint8_t>(word >> 8U));
  octets.push_back(static_cast<std::uint8_t>(word & 0xFFU));
}

unsigned word_at(View octets, std::size_t at) {
  return (static_cast<unsigned>(octets[at]) << 8U) | octets[at + 1];
}

Fail<MeterError> fault(MeterFault kind, std::string detail) {
  return Fail{MeterError{kind, std::move(detail)}};
}

MeterFault fault_of_exception(unsigned exception) {
  switch (exception) {
    case 1:
    case 2:
    case 3:
      return MeterFault::refused;
    case 5:
    case 6:
      return MeterFault::busy;
    case 10:
    case 11:
      return MeterFault::absent;
    default:
      return MeterFault::device_failure;
  }
}

ReplyScan garbled(std::string detail) {
  return {.state = ReplyScan::State::garbled, .pdu = {}, .more = false, .detail = std::move(detail)};
}
ReplyScan wrong_unit(unsigned asked, unsigned answered) {
  return {.state = ReplyScan::State::wrong_unit,
          .pdu = {},
          .more = false,
          .detail = "asked unit " + std::to_string(asked) + ", unit " + std::to_string(answered) + " answered"};
}

ReplyScan scan_tcp(const ModbusRequest& request, std::uint16_t transaction, View received) {
  if (received.size() < mbap_octets) return {};
  if (word_at(received, 0) != transaction) {
    return garbled("the reply is to request " + std::to_string(word_at(received, 0)) + ", not " +
                   std::to_string(transaction));
  }
  if (word_at(received, 2) != 0) return garbled("the reply is of another protocol");
  const std::size_t length = word_at(received, 4);  // of unit and PDU
  if (length < 2 || length > pdu_octets_max + 1) return garbled("the reply states a wrong length");
  if (received[6] != request.unit) return wrong_unit(request.unit, received[6]);
  const std::size_t whole = mbap_octets - 1 + length;
  if (received.size() < whole) return {};
  const View pdu = received.subspan(mbap_octets, length - 1);
  return {.state = ReplyScan::State::whole,
          .pdu = Octets(pdu.begin(), pdu.end()),
          .more = received.size() > whole,
          .detail = {}};
}

bool crc_holds(View frame) {
  const unsigned stated = frame[frame.size() - 2] | (static_cast<unsigned>(frame[frame.size() - 1]) << 8U);
  return stated == modbus_crc(frame.first(frame.size() - crc_octets));
}

/// The length a frame that begins like this must have; 0 when it is no reply to the request.
std::size_t rtu_reply_octets(const ModbusRequest& request, View frame) {
  constexpr std::size_t exception_octets = 1 + 2 + crc_octets;
  const std::uint8_t function = request.pdu[0];
  if (frame.size() < 2) return exception_octets;
  if (frame[1] == (function | exception_flag)) return exception_octets;
  if (frame[1] != function) return 0;
  const bool reads = function != write_one && function != write_several;
  if (reads && frame.size() > 2 && frame[2] != request.reply_octets - 2) return 0;
  return 1 + request.reply_octets + crc_octets;
}

ReplyScan scan_rtu(const ModbusRequest& request, View received) {
  const std::size_t starts = std::min(received.size(), noise_octets_max + 1);
  bool may_grow = received.size() <= noise_octets_max;
  for (std::size_t start = 0; start < starts; ++start) {
    const View frame = received.subspan(start);
    if (frame[0] != request.unit) continue;
    const std::size_t whole = rtu_reply_octets(request, frame);
    if (whole == 0) continue;
    if (frame.size() < whole) may_grow = true;
    if (frame.size() < whole || !crc_holds(frame.first(whole))) continue;
    // With another answer behind it, nobody can say which of the two was asked for.
    if (frame.size() > whole) return garbled("octets follow the answer");
    const View pdu = frame.subspan(1, whole - 1 - crc_octets);
    return {.state = ReplyScan::State::whole, .pdu = Octets(pdu.begin(), pdu.end()), .more = false, .detail = {}};
  }
  if (may_grow) return {};
  if (received[0] != request.unit && received[0] != 0) return wrong_unit(request.unit, received[0]);
  return garbled("no frame with a right CRC that answers the request");
}

}  // namespace

ModbusRequest read_request(std::uint8_t unit, RegisterTable table, std::uint16_t address, std::uint16_t count) {
  ModbusRequest request{.unit = unit, .pdu = {static_cast<std::uint8_t>(table)}, .reply_octets = 2U + 2U * count};
  append_word(request.pdu, address);
  append_word(request.pdu, count);
  return request;
}

ModbusRequest write_one_request(std::uint8_t unit, std::uint16_t address, std::uint16_t value) {
  ModbusRequest request{.unit = unit, .pdu = {write_one}, .reply_octets = 5};
  append_word(request.pdu, address);
  append_word(request.pdu, value);
  return request;
}

ModbusRequest write_request(std::uint8_t unit, std::uint16_t address, std::span<const std::uint16_t> values) {
  ModbusRequest request{.unit = unit, .pdu = {write_several}, .reply_octets = 5};
  append_word(request.pdu, address);
  append_word(request.pdu, static_cast<unsigned>(values.size()));
  request.pdu.push_back(static_cast<std::uint8_t>(2 * values.size()));
  for (const std::uint16_t value : values) append_word(request.pdu, value);
  return request;
}

std::string to_text(const ModbusRequest& request) {
  const unsigned function = request.pdu[0];
  const unsigned count = function == write_one ? 1 : word_at(request.pdu, 3);
  return "function " + std::to_string(function) + ", " + std::to_string(count) + " registers from " +
         std::to_string(word_at(request.pdu, 1));
}

std::uint16_t modbus_crc(View octets) {
  unsigned crc = 0xFFFF;
  for (const std::uint8_t octet : octets) {
    crc ^= octet;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? (crc >> 1U) ^ 0xA001U : crc >> 1U;
  }
  return static_cast<std::uint16_t>(crc);
}

Octets wrap(ModbusFraming framing, const ModbusRequest& request, std::uint16_t transaction) {
  Octets octets;
  octets.reserve(mbap_octets + request.pdu.size());
  if (framing == ModbusFraming::tcp) {
    append_word(octets, transaction);
    append_word(octets, 0);
    append_word(octets, static_cast<unsigned>(1 + request.pdu.size()));
  }
  octets.push_back(request.unit);
  octets.insert(octets.end(), request.pdu.begin(), request.pdu.end());
  if (framing == ModbusFraming::rtu) {
    const unsigned crc = modbus_crc(octets);  // its low octet comes first
    octets.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
    octets.push_back(static_cast<std::uint8_t>(crc >> 8U));
  }
  return octets;
}

ReplyScan scan_reply(ModbusFraming framing, const ModbusRequest& request, std::uint16_t transaction, View received) {
  if (received.empty()) return {};
  return framing == ModbusFraming::tcp ? scan_tcp(request, transaction, received) : scan_rtu(request, received);
}

Result<Done, MeterError> check_reply(const ModbusRequest& request, View pdu) {
  const std::uint8_t function = request.pdu[0];
  if (pdu.size() == 2 && pdu[0] == (function | exception_flag)) {
    return Fail{MeterError{.fault = fault_of_exception(pdu[1]),
                           .detail = "exception " + std::to_string(pdu[1]) + " (" + to_text(request) + ")",
                           .exception = pdu[1]}};
  }
  if (pdu.size() < 2 || pdu[0] != function) return fault(MeterFault::garbled, "another function's reply");
  if (pdu.size() != request.reply_octets) {
    return fault(MeterFault::garbled, "asked for " + std::to_string(request.reply_octets) + " octets, got " +
                                          std::to_string(pdu.size()) + " (" + to_text(request) + ")");
  }
  const bool writes = function == write_one || function == write_several;
  if (writes && !std::equal(pdu.begin(), pdu.end(), request.pdu.begin())) {
    return fault(MeterFault::garbled, "the device confirms another write");
  }
  if (!writes && pdu[1] != request.reply_octets - 2) return fault(MeterFault::garbled, "the reply miscounts itself");
  return Done{};
}

Result<std::vector<std::uint16_t>, MeterError> registers_from_reply(const ModbusRequest& request, View pdu) {
  if (const Result<Done, MeterError> checked = check_reply(request, pdu); !checked) return Fail{checked.error()};
  std::vector<std::uint16_t> registers((pdu.size() - 2) / 2);
  for (std::size_t i = 0; i < registers.size(); ++i) {
    registers[i] = static_cast<std::uint16_t>(word_at(pdu, 2 + 2 * i));
  }
  return registers;
}

}  // namespace commonwatt
