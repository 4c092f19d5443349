// One Modbus line and all the units on it: one connection, one request at a time.
//
// A reply is believed only when it answers the request that was just made. What a serial line cannot tell apart by
// itself, the late reply to one request and the reply to the next of the same length, is kept apart in time: after any
// fault the line must have been silent for long enough, and whoever reads checks again who answers (`session`).
//
// Where answers name their requests, a request may be put on the line before anybody waits for the answer
// (`ask_ahead`): whoever reads many lines asks on all of them first, and then finds most answers there already.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/result.hpp"
#include "meter/byte_stream.hpp"
#include "meter/device_url.hpp"
#include "meter/meter_fault.hpp"
#include "meter/modbus_frame.hpp"

namespace commonwatt {

struct BusTiming {
  /// How long a complete reply may take, however it is spread over that time.
  std::chrono::milliseconds response_timeout{1000};
  /// What a device needs after it was dialled before it answers.
  std::chrono::milliseconds connect_delay{0};
  /// A faulted line with RTU framing must be silent for this long, or twice the slowest reply ever seen, whichever is
  /// longer.
  std::chrono::milliseconds silence_min{1500};
  /// The waits before each repetition when the device says busy.
  std::array<std::chrono::milliseconds, 3> busy_waits{std::chrono::milliseconds{100}, std::chrono::milliseconds{400},
                                                      std::chrono::milliseconds{1500}};
  /// The exceptions that mean busy: 5 and 6 by the specification; some devices answer with others while they start.
  std::vector<std::uint8_t> busy_exceptions{5, 6};
  /// Readable once the program ends: whatever is waited for then fails with stopping.
  int stop_descriptor = -1;
};

/// Belongs to one thread at a time.
class ModbusBus {
 public:
  /// Does not connect yet. The URL's unit does not matter: every request names its own.
  ModbusBus(DeviceUrl url, BusTiming timing);
  ~ModbusBus();
  ModbusBus(ModbusBus&&) noexcept;
  ModbusBus& operator=(ModbusBus&&) noexcept;

  /// Makes the line usable: dials when there is no connection, drains a line with RTU framing after a fault. What
  /// `session` says afterwards holds until the next fault.
  Result<Done, MeterError> ready();

  /// Reads `count` (1..125) registers from `address` (0-based wire address), after `ready`. Blocks for at most:
  /// dialling (one response timeout per resolved address), a drain (ten times the silence), one response timeout per
  /// attempt (on a serial line plus the time the octets take) and the busy waits. After any fault but an exception
  /// reply the connection is closed (sockets) and the line marked to be drained before its next use (RTU framing).
  Result<std::vector<std::uint16_t>, MeterError> read(std::uint8_t unit, RegisterTable table, std::uint16_t address,
                                                      std::uint16_t count);
  /// Puts a request on the line and does not wait: the next `read` of the same registers takes the answer. Dials
  /// nothing. Returns false, and nothing was asked, where there is no connection in step, and with RTU framing, whose
  /// answers do not name their requests. The answer's time runs from here. Any other request made first waits for this
  /// answer and drops it.
  bool ask_ahead(std::uint8_t unit, RegisterTable table, std::uint16_t address, std::uint16_t count);
  /// Makes any request in the same way, and gives the protocol data unit of the answer, or that of the exception the
  /// device answers with.
  Result<std::vector<std::uint8_t>, MeterError> pass(const ModbusRequest& request);

  /// A number that rises whenever what was on the line may no longer be the devices they were: at every dial and every
  /// drain. 0 before the first. Whoever trusts the data checks the device's identity again when it has changed.
  [[nodiscard]] std::uint64_t session() const;

  /// Drops the connection; the next read dials anew.
  void close();

 private:
  class Line;
  std::unique_ptr<Line> line_;
};

}  // namespace commonwatt
