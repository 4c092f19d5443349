// Modbus requests and replies as octets: what is put on a line, and what a reply must look like to be believed. Pure.
// Sources: Modbus Application Protocol V1.1b3; Modbus Messaging on TCP/IP Implementation Guide V1.0b, section 3.1;
// Modbus over Serial Line V1.02, section 2.5.1.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "meter/device_url.hpp"
#include "meter/meter_fault.hpp"

namespace commonwatt {

/// Which registers: holding are read with function 3, input with function 4 (Application Protocol, sections 6.3, 6.4).
enum class RegisterTable : std::uint8_t { holding = 3, input = 4 };

/// The most registers one request may ask for, and may write (same document, sections 6.3 and 6.12).
inline constexpr std::uint16_t registers_per_request_max = 125;
inline constexpr std::uint16_t registers_per_write_max = 123;

/// A request without what wraps it: function code onwards.
struct ModbusRequest {
  std::uint8_t unit = 1;
  std::vector<std::uint8_t> pdu;
  std::size_t reply_octets = 0;  // of the PDU that is no exception
  bool operator==(const ModbusRequest&) const = default;
};
ModbusRequest read_request(std::uint8_t unit, RegisterTable table, std::uint16_t address, std::uint16_t count);
/// Writes one register with function 6, or several with function 16; a device may know only one of the two.
ModbusRequest write_one_request(std::uint8_t unit, std::uint16_t address, std::uint16_t value);
ModbusRequest write_request(std::uint8_t unit, std::uint16_t address, std::span<const std::uint16_t> values);
/// "function 3, 20 registers from 40000", for a fault's detail.
std::string to_text(const ModbusRequest& request);

/// CRC-16 of Modbus over Serial Line V1.02, section 6.2.2.
std::uint16_t modbus_crc(std::span<const std::uint8_t> octets);

/// The request on the line. `transaction` is used by TCP framing alone.
std::vector<std::uint8_t> wrap(ModbusFraming framing, const ModbusRequest& request, std::uint16_t transaction);

/// What can be said of the octets received so far for a request.
struct ReplyScan {
  enum class State { incomplete, whole, garbled, wrong_unit };
  State state = State::incomplete;
  std::vector<std::uint8_t> pdu;  // when whole
  bool more = false;              // when whole: octets follow that nobody asked for
  std::string detail;             // when garbled or of the wrong unit
};
/// Judges everything received since the request was sent. A reply is whole only when it answers this very request:
/// with TCP framing the transaction, the protocol, the length and the unit must be right; with
/// RTU framing unit, function, count and CRC must be, and the frame must end what was received. Octets of line noise
/// in front of an RTU frame are passed over: at most `noise_octets_max`.
ReplyScan scan_reply(ModbusFraming framing, const ModbusRequest& request, std::uint16_t transaction,
                     std::span<const std::uint8_t> received);
inline constexpr std::size_t noise_octets_max = 16;
/// No reply with its noise is longer than this.
inline constexpr std::size_t reply_octets_max = 260 + noise_octets_max;

/// Checks a reply's protocol data unit against the request. Fails with garbled, or with what the exception code in it
/// means (busy, absent, refused, device_failure).
Result<Done, MeterError> check_reply(const ModbusRequest& request, std::span<const std::uint8_t> pdu);
/// The registers in the reply to a read request, after check_reply.
Result<std::vector<std::uint16_t>, MeterError> registers_from_reply(const ModbusRequest& request,
                                                                    std::span<const std::uint8_t> pdu);

}  // namespace commonwatt
