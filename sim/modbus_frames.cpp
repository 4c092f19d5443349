#include "sim/modbus_frames.hpp"

#include <algorithm>

namespace commonwatt {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t mbap_bytes = 7;
constexpr std::size_t pdu_bytes_max = 253;
constexpr std::size_t frame_bytes_max = 260;

enum class Exception : std::uint8_t { illegal_function = 1, illegal_address = 2, illegal_value = 3, no_target = 11 };

Bytes exception_reply(std::uint8_t function, Exception exception) {
  return {static_cast<std::uint8_t>(function | 0x80U), static_cast<std::uint8_t>(exception)};
}

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

}  // namespace

Bytes answer_modbus(const DeviceRegisters& device, std::span<const std::uint8_t> request) {
  if (request.empty()) return {};
  const std::uint8_t function = request[0];
  if (function != 3 && function != 4) return exception_reply(function, Exception::illegal_function);
  if (request.size() != 5) return exception_reply(function, Exception::illegal_value);
  const unsigned address = word_at(request, 1);
  const unsigned count = word_at(request, 3);
  if (count == 0 || count > registers_per_request_max) return exception_reply(function, Exception::illegal_value);
  const std::vector<RegisterImage> images = device.images(function);
  if (images.empty()) return exception_reply(function, Exception::illegal_function);
  for (const RegisterImage& image : images) {
    if (address < image.address || address + count > image.address + image.words.size()) continue;
    Bytes reply{function, static_cast<std::uint8_t>(count * 2)};
    for (unsigned i = 0; i < count; ++i) append_word(reply, image.words[address - image.address + i]);
    return reply;
  }
  return exception_reply(function, Exception::illegal_address);
}

std::optional<FrameAnswer> answer_tcp_frame(const DeviceRegisters& device, Bytes& received) {
  if (received.size() < mbap_bytes) return std::nullopt;
  const std::size_t length = word_at(received, 4);  // unit and PDU
  if (word_at(received, 2) != 0 || length < 2 || length > pdu_bytes_max + 1) {
    received.clear();
    return FrameAnswer{.bytes = {}, .broken = true};
  }
  if (received.size() < mbap_bytes - 1 + length) return std::nullopt;
  const std::span<const std::uint8_t> request = std::span(received).subspan(mbap_bytes, length - 1);
  const Bytes pdu =
      received[6] == device.unit ? answer_modbus(device, request) : exception_reply(request[0], Exception::no_target);
  FrameAnswer answer{.bytes = Bytes(received.begin(), received.begin() + 4), .broken = false};
  append_word(answer.bytes, static_cast<unsigned>(pdu.size() + 1));
  answer.bytes.push_back(received[6]);
  answer.bytes.insert(answer.bytes.end(), pdu.begin(), pdu.end());
  received.erase(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(mbap_bytes - 1 + length));
  return answer;
}

std::optional<FrameAnswer> answer_serial_frame(const DeviceRegisters& device, Bytes& received) {
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
  if (frame[0] == device.unit) {
    answer.bytes.push_back(device.unit);
    const Bytes pdu = answer_modbus(device, frame.subspan(1, length - 3));
    answer.bytes.insert(answer.bytes.end(), pdu.begin(), pdu.end());
    const unsigned crc = modbus_crc(answer.bytes);
    answer.bytes.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
    answer.bytes.push_back(static_cast<std::uint8_t>(crc >> 8U));
  }
  received.erase(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(length));
  return answer;
}

}  // namespace commonwatt
