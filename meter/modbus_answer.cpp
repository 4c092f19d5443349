#include "meter/modbus_answer.hpp"

#include <algorithm>
#include <utility>

#include "meter/modbus_frame.hpp"

namespace commonwatt {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t mbap_bytes = 7;
constexpr std::size_t pdu_bytes_max = 253;
constexpr std::size_t frame_bytes_max = 260;

unsigned word_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  return (static_cast<unsigned>(bytes[at]) << 8U) | bytes[at + 1];
}

void append_word(Bytes& bytes, unsigned word) {
  bytes.push_back(static_cast<std::uint8_t>(word >> 8U));
  bytes.push_back(static_cast<std::uint8_t>(word & 0xFFU));
}

/// How long a serial request is, address and CRC included, as far as `received` tells; 0 for an unknown function.
std::size_t serial_request_bytes(std::span<const std::uint8_t> received) {
  constexpr std::size_t fixed_request = 8;
  constexpr std::size_t write_header = 7;
  const unsigned function = received[1];
  if (function >= 1 && function <= 6) return fixed_request;
  if (function != 15 && function != 16) return 0;
  return received.size() < write_header ? write_header : write_header + received[6] + 2;
}

std::optional<FrameAnswer> answer_tcp_frame(const ModbusUnits& units, Bytes& received) {
  if (received.size() < mbap_bytes) return std::nullopt;
  const std::size_t length = word_at(received, 4);  // unit and PDU
  if (word_at(received, 2) != 0 || length < 2 || length > pdu_bytes_max + 1) {
    received.clear();
    return FrameAnswer{.bytes = {}, .broken = true};
  }
  if (received.size() < mbap_bytes - 1 + length) return std::nullopt;
  const std::span<const std::uint8_t> request = std::span(received).subspan(mbap_bytes, length - 1);
  const Bytes pdu = units(received[6], request).value_or(exception_reply(request[0], ModbusException::target_absent));
  FrameAnswer answer{.bytes = Bytes(received.begin(), received.begin() + 4), .broken = false};
  append_word(answer.bytes, static_cast<unsigned>(pdu.size() + 1));
  answer.bytes.push_back(received[6]);
  answer.bytes.insert(answer.bytes.end(), pdu.begin(), pdu.end());
  received.erase(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(mbap_bytes - 1 + length));
  return answer;
}

std::optional<FrameAnswer> answer_rtu_frame(const ModbusUnits& units, Bytes& received) {
  if (received.size() < 2) return std::nullopt;
  const std::size_t length = serial_request_bytes(received);
  if (length == 0 || length > frame_bytes_max) {
    received.clear();
    return FrameAnswer{.bytes = {}, .broken = true};
  }
  if (received.size() < length) return std::nullopt;
  const std::span<const std::uint8_t> frame = std::span(received).first(length);
  // On the line the CRC's low byte comes first.
  const unsigned stated = static_cast<unsigned>(frame[length - 2]) | (static_cast<unsigned>(frame[length - 1]) << 8U);
  if (stated != modbus_crc(frame.first(length - 2))) {
    received.clear();
    return FrameAnswer{.bytes = {}, .broken = true};
  }
  FrameAnswer answer;
  if (const std::optional<Bytes> pdu = units(frame[0], frame.subspan(1, length - 3))) {
    answer.bytes.push_back(frame[0]);
    answer.bytes.insert(answer.bytes.end(), pdu->begin(), pdu->end());
    const unsigned crc = modbus_crc(answer.bytes);
    answer.bytes.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
    answer.bytes.push_back(static_cast<std::uint8_t>(crc >> 8U));
  }
  received.erase(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(length));
  return answer;
}

}  // namespace

Bytes exception_reply(std::uint8_t function, ModbusException exception) {
  return {static_cast<std::uint8_t>(function | 0x80U), static_cast<std::uint8_t>(exception)};
}

ModbusUnits only(DeviceRegisters device) {
  return [device = std::move(device)](std::uint8_t unit, std::span<const std::uint8_t> request) {
    return unit == device.unit ? std::optional(answer_modbus(device, request)) : std::nullopt;
  };
}

Bytes answer_modbus(const DeviceRegisters& device, std::span<const std::uint8_t> request) {
  if (request.empty()) return {};
  const std::uint8_t function = request[0];
  if (function != 3 && function != 4) return exception_reply(function, ModbusException::illegal_function);
  if (request.size() != 5) return exception_reply(function, ModbusException::illegal_value);
  const unsigned address = word_at(request, 1);
  const unsigned count = word_at(request, 3);
  if (count == 0 || count > registers_per_request_max) return exception_reply(function, ModbusException::illegal_value);
  const std::vector<RegisterImage> images = device.images(function);
  if (images.empty()) return exception_reply(function, ModbusException::illegal_function);
  for (const RegisterImage& image : images) {
    if (address < image.address || address + count > image.address + image.words.size()) continue;
    Bytes reply{function, static_cast<std::uint8_t>(count * 2)};
    for (unsigned i = 0; i < count; ++i) append_word(reply, image.words[address - image.address + i]);
    return reply;
  }
  return exception_reply(function, ModbusException::illegal_address);
}

std::optional<FrameAnswer> answer_frame(ModbusFraming framing, const ModbusUnits& units, Bytes& received) {
  return framing == ModbusFraming::tcp ? answer_tcp_frame(units, received) : answer_rtu_frame(units, received);
}

}  // namespace commonwatt
