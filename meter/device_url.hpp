// Where a device is reached, as the configuration and the command line write it:
//
//     modbus+tcp://192.0.2.7:502?unit=1
//     modbus+tls://192.0.2.7:802?unit=1&ca=/etc/cw/ca.pem&cert=/etc/cw/me.pem&key=/etc/cw/me.key
//     modbus+rtu:///dev/ttyUSB0?baud=9600&parity=N&unit=1
//     modbus+rtutcp://192.0.2.7:4001?unit=1          RTU frames through a serial server
//     p1+tcp://192.0.2.7:2001  p1:///dev/ttyUSB0  p1+file:///tmp/telegram  and the same with sml
//     mqtt://192.0.2.7:1883/NAME?channel=0&user=me&password_file=/etc/cw/secret     the device NAME at a broker
//     mqtts://192.0.2.7:8883/NAME?ca=/etc/cw/ca.pem
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/result.hpp"
#include "meter/mqtt_name.hpp"

namespace commonwatt {

/// What the device speaks.
enum class DeviceProtocol : std::uint8_t { modbus, p1, sml, mqtt };
constexpr DeviceProtocol enum_last(DeviceProtocol) {
  return DeviceProtocol::mqtt;
}
const char* to_text(DeviceProtocol protocol);

/// How Modbus requests are wrapped: with a header that numbers them (TCP, TLS), or with address and CRC alone.
enum class ModbusFraming : std::uint8_t { tcp, rtu };

/// PEM files for Modbus/TCP Security (MODBUS/TCP Security Protocol Specification V2.1), which wants both sides to show
/// a certificate, or for MQTT, where certificate and key may be empty.
struct TlsFiles {
  std::string ca;
  std::string certificate;
  std::string key;
  friend bool operator==(const TlsFiles&, const TlsFiles&) = default;
};

/// The host is a name, an IPv4 address or, in the URL within brackets, an IPv6 address.
struct TcpAddress {
  std::string host;
  std::uint16_t port = 502;
  std::optional<TlsFiles> tls = std::nullopt;
  friend bool operator==(const TcpAddress&, const TcpAddress&) = default;
};

struct SerialLine {
  std::string path;
  int baud = 9600;    // 1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200
  char parity = 'N';  // N, E or O
  int data_bits = 8;  // 7 or 8; Modbus RTU needs 8
  int stop_bits = 1;  // 1 or 2
  friend bool operator==(const SerialLine&, const SerialLine&) = default;
};

/// A recording of what a device sent.
struct FilePath {
  std::string path;
  friend bool operator==(const FilePath&, const FilePath&) = default;
};

/// Which device at a broker, and who asks for it.
struct MqttAccess {
  MqttName name = {};
  std::string user = {};           // empty: none
  std::string password_file = {};  // its first line is the password
  friend bool operator==(const MqttAccess&, const MqttAccess&) = default;
};

struct DeviceUrl {
  std::variant<TcpAddress, SerialLine, FilePath> line;
  DeviceProtocol protocol = DeviceProtocol::modbus;
  ModbusFraming framing = ModbusFraming::tcp;
  std::uint8_t unit = 1;                      // 0..255 on TCP, 1..247 with RTU framing
  std::optional<std::uint16_t> sunspec_base;  // `base=`: where "SunS" is looked for first; wire address, 0-based
  std::uint8_t sunspec_device = 0;  // `device=`: which device of a SunSpec chain; 1 may be the inverter's meter
  // `gap=`, RTU framing only: the rest the device gets between a reply and the next request, 0..2000 ms; meters that
  // get none have been seen to reboot. Without it 3.5 characters, at least 1.75 ms (Modbus over Serial Line V1.02,
  // section 2.5.1.1).
  std::chrono::microseconds gap{0};
  MqttAccess mqtt = {};
  friend bool operator==(const DeviceUrl&, const DeviceUrl&) = default;
};

/// What a URL that does not say otherwise means; a device's profile knows better than the general defaults.
struct LineDefaults {
  std::optional<std::uint16_t> port = std::nullopt;  // else 502, with TLS 802; 1883 and 8883 for MQTT
  std::uint16_t port_min = 1;                        // 0 where a port is to be chosen, to listen at
  std::uint8_t unit = 1;
  std::optional<int> baud = std::nullopt;  // else 9600, for P1 115200
  char parity = 'N';
  int stop_bits = 1;
  std::optional<std::chrono::milliseconds> gap = std::nullopt;
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
Result<DeviceUrl, DeviceUrlError> parse_device_url(std::string_view text, const LineDefaults& defaults = {});

/// The wire itself: "host:port" or the path; for MQTT the device at the broker. Devices with the same name share one
/// connection.
std::string line_name(const DeviceUrl& url);

}  // namespace commonwatt
