// Where a device is reached, as the configuration writes it:
//
//     modbus+tcp://192.0.2.7:502?unit=1
//     modbus+rtu:///dev/ttyUSB0?baud=9600&parity=N&unit=1
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/result.hpp"

namespace commonwatt {

/// A Modbus TCP server. The host is a name, an IPv4 address or, in the URL within brackets, an IPv6 address.
struct TcpAddress {
  std::string host;
  std::uint16_t port = 502;
  friend bool operator==(const TcpAddress&, const TcpAddress&) = default;
};

/// A serial line with 8 data bits.
struct SerialLine {
  std::string path;
  int baud = 9600;    // 1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200
  char parity = 'N';  // N, E or O
  int stop_bits = 1;  // 1 or 2
  // `gap=`: the rest the device gets between a reply and the next request, 0..2000 ms; meters that get none have been
  // seen to reboot.
  std::chrono::milliseconds gap{100};
  friend bool operator==(const SerialLine&, const SerialLine&) = default;
};

struct DeviceUrl {
  std::variant<TcpAddress, SerialLine> line;
  std::uint8_t unit = 1;                      // 0..255 on TCP, 1..247 on a serial line
  std::optional<std::uint16_t> sunspec_base;  // `base=`: where "SunS" is looked for first; wire address, 0-based
  friend bool operator==(const DeviceUrl&, const DeviceUrl&) = default;
};

/// What is wrong with a device URL, which part of it, and what to write instead.
struct DeviceUrlError {
  std::string what;
  std::string where;
  std::string remedy;
};
std::string to_text(const DeviceUrlError& error);

/// The device a URL names. A parameter that is unknown, given twice, empty or out of range is an error; nothing is
/// ever replaced by a default except what was left out.
Result<DeviceUrl, DeviceUrlError> parse_device_url(std::string_view text);

}  // namespace commonwatt
