// One Modbus line to one unit, over TCP or a serial line, read only. The one place that talks to libmodbus.
//
// What libmodbus 3.1.6 leaves to the caller is done here: it accepts a reply of another unit on TCP; on a serial line
// it takes the late reply to one request for the answer to the next; a byte timeout lets a dripping peer hold a call
// for as long as it likes; and a descriptor of 1024 or more would corrupt memory in select().
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "meter/device_url.hpp"
#include "meter/meter_fault.hpp"

namespace commonwatt {

/// Which registers: holding are read with function 3, input with function 4 (Modbus Application Protocol V1.1b3,
/// sections 6.3 and 6.4).
enum class RegisterTable : std::uint8_t { holding = 3, input = 4 };

/// The most registers one request may ask for (same document, section 6.3).
inline constexpr std::uint16_t registers_per_request_max = 125;

struct BusTiming {
  /// How long a complete reply may take.
  std::chrono::milliseconds response_timeout{1000};
  /// A faulted serial line must be silent for this long, or twice the slowest reply ever seen, whichever is longer.
  std::chrono::milliseconds silence_min{1500};
  /// The waits before each repetition when the device says busy.
  std::array<std::chrono::milliseconds, 3> busy_waits{std::chrono::milliseconds{100}, std::chrono::milliseconds{400},
                                                      std::chrono::milliseconds{1500}};
};

/// Checks a reply's protocol data unit (function code onwards) against the request and takes its registers out.
/// Fails with garbled, or with what the exception code in it means (busy, absent, refused, device_failure).
Result<std::vector<std::uint16_t>, MeterError> registers_from_reply(RegisterTable table, std::uint16_t count,
                                                                    std::span<const std::uint8_t> pdu);

class ModbusBus {
 public:
  /// Does not connect yet.
  ModbusBus(DeviceUrl url, BusTiming timing);
  ~ModbusBus();
  ModbusBus(ModbusBus&&) noexcept;
  ModbusBus& operator=(ModbusBus&&) noexcept;

  /// Makes the line usable: dials when there is no connection, drains a serial line after a fault. What `session`
  /// says afterwards holds until the next fault.
  Result<Done, MeterError> ready();

  /// Reads `count` (1..125) registers from `address` (0-based wire address), after `ready`. Blocks for at most:
  /// dialling (one response timeout per resolved address), a serial line's drain (ten times the silence), one response
  /// timeout per attempt (on a serial line plus the time the bytes take) and the busy waits. After any fault but an
  /// exception reply the connection is closed (TCP) or the line marked to be drained before its next use (RTU).
  Result<std::vector<std::uint16_t>, MeterError> read(RegisterTable table, std::uint16_t address, std::uint16_t count);

  /// A number that rises whenever what was on the line may no longer be the device it was: at every dial and every
  /// drain. 0 before the first. Whoever trusts the data checks the device's identity again when it has changed.
  [[nodiscard]] std::uint64_t session() const;

  /// Drops the connection; the next read dials anew.
  void close();

 private:
  class Line;
  std::unique_ptr<Line> line_;
};

}  // namespace commonwatt
