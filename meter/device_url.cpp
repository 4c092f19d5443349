#include "meter/device_url.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace commonwatt {
namespace {

constexpr std::size_t url_length_max = 512;
constexpr std::string_view tcp_scheme = "modbus+tcp://";
constexpr std::string_view rtu_scheme = "modbus+rtu://";
constexpr std::array<int, 8> bauds{1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};

using Parsed = Result<Done, DeviceUrlError>;

Fail<DeviceUrlError> wrong(std::string what, std::string_view where, std::string remedy) {
  return Fail{DeviceUrlError{std::move(what), std::string(where), std::move(remedy)}};
}

std::optional<int> number(std::string_view text, int low, int high) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.front() == '-') return std::nullopt;
  if (value < low || value > high) return std::nullopt;
  return value;
}

Parsed set_serial_parameter(SerialLine& line, std::string_view key, std::string_view value) {
  if (key == "baud") {
    const std::optional<int> baud = number(value, bauds.front(), bauds.back());
    if (!baud || std::find(bauds.begin(), bauds.end(), *baud) == bauds.end()) {
      return wrong("unknown baud rate", value, "write one of 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200");
    }
    line.baud = *baud;
  } else if (key == "parity") {
    if (value != "N" && value != "E" && value != "O") return wrong("unknown parity", value, "write N, E or O");
    line.parity = value.front();
  } else if (key == "gap") {
    const std::optional<int> gap = number(value, 0, 2000);
    if (!gap) return wrong("impossible gap between requests", value, "write milliseconds from 0 to 2000");
    line.gap = std::chrono::milliseconds(*gap);
  } else {
    const std::optional<int> stop = number(value, 1, 2);
    if (!stop) return wrong("impossible number of stop bits", value, "write 1 or 2");
    line.stop_bits = *stop;
  }
  return Done{};
}

Parsed set_parameter(DeviceUrl& url, std::string_view key, std::string_view value) {
  SerialLine* serial = std::get_if<SerialLine>(&url.line);
  if (key == "unit") {
    const std::optional<int> unit = serial != nullptr ? number(value, 1, 247) : number(value, 0, 255);
    if (!unit) {
      return wrong("impossible unit id", value,
                   serial != nullptr ? "write a number from 1 to 247" : "write a number from 0 to 255");
    }
    url.unit = static_cast<std::uint8_t>(*unit);
    return Done{};
  }
  if (key == "base") {
    const std::optional<int> base = number(value, 0, 65533);
    if (!base) return wrong("impossible SunSpec base address", value, "write a wire address from 0 to 65533");
    url.sunspec_base = static_cast<std::uint16_t>(*base);
    return Done{};
  }
  const bool of_serial = key == "baud" || key == "parity" || key == "stop" || key == "gap";
  if (of_serial && serial != nullptr) return set_serial_parameter(*serial, key, value);
  if (of_serial) return wrong("a parameter of serial lines", key, "remove it, or write modbus+rtu:///dev/...");
  return wrong(
      "unknown parameter", key,
      serial != nullptr ? "the choices are unit, base, baud, parity, stop and gap" : "the choices are unit and base");
}

Parsed set_parameters(DeviceUrl& url, std::string_view query) {
  std::set<std::string_view> seen;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view item = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals + 1 == item.size()) {
      return wrong("not a parameter", item, "write key=value, several joined by &");
    }
    const std::string_view key = item.substr(0, equals);
    if (!seen.insert(key).second) return wrong("a parameter is given twice", key, "keep one of them");
    if (Parsed parsed = set_parameter(url, key, item.substr(equals + 1)); !parsed) return parsed;
  }
  return Done{};
}

Result<TcpAddress, DeviceUrlError> parse_authority(std::string_view text) {
  TcpAddress address;
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return wrong("an IPv6 address is not closed", text, "write [2001:db8::7]:502");
    address.host = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    address.host = text.substr(0, colon);
    port = text.substr(colon);
  }
  const bool plain = std::all_of(address.host.begin(), address.host.end(), [](char c) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return alphanumeric || c == '.' || c == '-' || c == ':' || c == '_' || c == '%';
  });
  if (address.host.empty() || address.host.size() > 253 || !plain) {
    return wrong("no usable host", text, "write modbus+tcp://host:port?unit=1");
  }
  if (port.empty()) return address;
  const std::optional<int> value =
      port.size() > 1 && port.front() == ':' ? number(port.substr(1), 1, 65535) : std::nullopt;
  if (!value) return wrong("impossible port", port, "write :502, or another number from 1 to 65535");
  address.port = static_cast<std::uint16_t>(*value);
  return address;
}

}  // namespace

std::string to_text(const DeviceUrlError& error) {
  return error.what + " at \"" + error.where + "\": " + error.remedy;
}

Result<DeviceUrl, DeviceUrlError> parse_device_url(std::string_view text) {
  const std::string_view whole = text;
  if (text.size() > url_length_max)
    return wrong("too long", text.substr(0, 40), "a device URL has at most 512 characters");
  // A NUL would end the path early once it is handed to the system.
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!printable) return wrong("a blank or unprintable character", whole, "remove it");
  const bool tcp = text.starts_with(tcp_scheme);
  if (!tcp && !text.starts_with(rtu_scheme)) {
    return wrong("unknown kind of device URL", whole, "write modbus+tcp://host:port or modbus+rtu:///dev/ttyUSB0");
  }
  text.remove_prefix(tcp ? tcp_scheme.size() : rtu_scheme.size());
  const std::size_t question = std::min(text.find('?'), text.size());
  const std::string_view place = text.substr(0, question);
  const std::string_view query = text.substr(std::min(question + 1, text.size()));

  DeviceUrl url;
  if (tcp) {
    Result<TcpAddress, DeviceUrlError> address = parse_authority(place);
    if (!address) return Fail{address.error()};
    url.line = *address;
  } else {
    if (place.size() < 2 || place.front() != '/') {
      return wrong("the serial line is not an absolute path", place,
                   "write modbus+rtu:///dev/ttyUSB0 with three slashes");
    }
    url.line = SerialLine{.path = std::string(place)};
  }
  if (Parsed parsed = set_parameters(url, query); !parsed) return Fail{parsed.error()};
  return url;
}

}  // namespace commonwatt
