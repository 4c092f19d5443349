// An open line to a device, as octets: a socket, a serial port, TLS over a socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>

#include "core/result.hpp"
#include "meter/device_url.hpp"
#include "meter/meter_fault.hpp"

namespace commonwatt {

/// Times out and ends by machine time. Belongs to one thread at a time. After any failure it is of no use any more.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  /// Hands all of `octets` to the line. Fails with connection_lost when the peer is gone or takes nothing any more.
  virtual Result<Done, MeterError> send(std::span<const std::uint8_t> octets) = 0;

  /// Waits until octets arrive and puts at most buffer.size() of them into `buffer`; returns how many, 0 when machine
  /// time has come to `deadline` first. A deadline in the past only takes what is there. Fails with connection_lost,
  /// or with stopping.
  virtual Result<std::size_t, MeterError> receive(std::span<std::uint8_t> buffer,
                                                  std::chrono::nanoseconds deadline) = 0;

 protected:
  ByteStream() = default;
};

struct StreamTiming {
  std::chrono::milliseconds connect_timeout{1000};  // per resolved address, and once more for a TLS handshake
  int stop_descriptor = -1;                         // readable once the program ends: every wait then fails
};

/// Opens the line of `url`. Fails with cannot_connect and what did not work, or with stopping.
Result<std::unique_ptr<ByteStream>, MeterError> open_stream(const DeviceUrl& url, const StreamTiming& timing);

/// Waits for `span` of machine time, or until the program ends.
void rest(std::chrono::nanoseconds span, int stop_descriptor);

}  // namespace commonwatt
