#include "meter/device_url.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <set>
#include <vector>

namespace commonwatt {
namespace {

constexpr std::size_t url_length_max = 1024;
constexpr std::uint16_t tls_port = 802;  // registered for mbap/TLS
constexpr std::uint16_t mqtt_port = 1883;
constexpr std::uint16_t mqtt_tls_port = 8883;
constexpr std::size_t mqtt_name_max = 128;

enum class Place { tcp, tls, serial, file, broker, broker_tls };

struct Scheme {
  std::string_view text;
  DeviceProtocol protocol = DeviceProtocol::modbus;
  ModbusFraming framing = ModbusFraming::tcp;
  Place place = Place::tcp;
};
constexpr std::array<Scheme, 12> schemes{{
    {"modbus+tcp://", DeviceProtocol::modbus, ModbusFraming::tcp, Place::tcp},
    {"modbus+tls://", DeviceProtocol::modbus, ModbusFraming::tcp, Place::tls},
    {"modbus+rtu://", DeviceProtocol::modbus, ModbusFraming::rtu, Place::serial},
    {"modbus+rtutcp://", DeviceProtocol::modbus, ModbusFraming::rtu, Place::tcp},
    {"p1://", DeviceProtocol::p1, ModbusFraming::tcp, Place::serial},
    {"p1+tcp://", DeviceProtocol::p1, ModbusFraming::tcp, Place::tcp},
    {"p1+file://", DeviceProtocol::p1, ModbusFraming::tcp, Place::file},
    {"sml://", DeviceProtocol::sml, ModbusFraming::tcp, Place::serial},
    {"sml+tcp://", DeviceProtocol::sml, ModbusFraming::tcp, Place::tcp},
    {"sml+file://", DeviceProtocol::sml, ModbusFraming::tcp, Place::file},
    {"mqtt://", DeviceProtocol::mqtt, ModbusFraming::tcp, Place::broker},
    {"mqtts://", DeviceProtocol::mqtt, ModbusFraming::tcp, Place::broker_tls},
}};

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

/// A URL while its parameters are read.
struct Draft {
  Place place = Place::tcp;
  DeviceUrl url = {};
  TlsFiles tls = {};
  std::optional<std::chrono::microseconds> gap = std::nullopt;
};

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
  } else if (key == "bits") {
    const std::optional<int> bits = number(value, 7, 8);
    if (!bits) return wrong("impossible number of data bits", value, "write 7 or 8");
    line.data_bits = *bits;
  } else {
    const std::optional<int> stop = number(value, 1, 2);
    if (!stop) return wrong("impossible number of stop bits", value, "write 1 or 2");
    line.stop_bits = *stop;
  }
  return Done{};
}

Parsed set_modbus_parameter(Draft& draft, std::string_view key, std::string_view value) {
  const bool rtu = draft.url.framing == ModbusFraming::rtu;
  if (key == "unit") {
    const std::optional<int> unit = rtu ? number(value, 1, 247) : number(value, 0, 255);
    if (!unit) {
      return wrong("impossible unit id", value, rtu ? "write a number from 1 to 247" : "write a number from 0 to 255");
    }
    draft.url.unit = static_cast<std::uint8_t>(*unit);
  } else if (key == "base") {
    const std::optional<int> base = number(value, 0, 65533);
    if (!base) return wrong("impossible SunSpec base address", value, "write a wire address from 0 to 65533");
    draft.url.sunspec_base = static_cast<std::uint16_t>(*base);
  } else if (key == "device") {
    const std::optional<int> device = number(value, 0, 63);
    if (!device) return wrong("impossible device of a SunSpec chain", value, "write a number from 0 to 63");
    draft.url.sunspec_device = static_cast<std::uint8_t>(*device);
  } else {
    const std::optional<int> gap = number(value, 0, 2000);
    if (!gap) return wrong("impossible gap between requests", value, "write milliseconds from 0 to 2000");
    draft.gap = std::chrono::milliseconds(*gap);
  }
  return Done{};
}

Parsed set_tls_file(TlsFiles& files, std::string_view key, std::string_view value) {
  if (value.front() != '/') return wrong("not an absolute path", value, "write the whole path of the PEM file");
  (key == "ca" ? files.ca : key == "cert" ? files.certificate : files.key) = value;
  return Done{};
}

Parsed set_mqtt_parameter(MqttAccess& access, std::string_view key, std::string_view value) {
  if (key == "channel") {
    const std::optional<int> channel = number(value, 0, 9);
    if (!channel) return wrong("impossible channel", value, "write a number from 0 to 9");
    access.name.channel = *channel;
  } else if (key == "user") {
    access.user = value;
  } else {
    if (value.front() != '/') return wrong("not an absolute path", value, "write the whole path of the file");
    access.password_file = value;
  }
  return Done{};
}

/// The parameters a URL of this kind may have.
std::vector<std::string_view> parameters_of(const Draft& draft) {
  std::vector<std::string_view> keys;
  if (draft.url.protocol == DeviceProtocol::modbus) keys = {"unit", "base", "device"};
  if (draft.url.framing == ModbusFraming::rtu) keys.emplace_back("gap");
  if (draft.place == Place::serial) keys.insert(keys.end(), {"baud", "parity", "stop"});
  if (draft.place == Place::serial && draft.url.protocol != DeviceProtocol::modbus) keys.emplace_back("bits");
  if (draft.url.protocol == DeviceProtocol::mqtt) keys = {"channel", "user", "password_file"};
  if (draft.place == Place::tls || draft.place == Place::broker_tls) keys.insert(keys.end(), {"ca", "cert", "key"});
  return keys;
}

Parsed set_parameter(Draft& draft, std::string_view key, std::string_view value) {
  const std::vector<std::string_view> known = parameters_of(draft);
  if (std::find(known.begin(), known.end(), key) == known.end()) {
    std::string choices;
    for (const std::string_view choice : known) choices.append(choices.empty() ? "" : ", ").append(choice);
    return wrong("a parameter that such a URL does not have", key,
                 choices.empty() ? "remove it: there are none" : "the choices are " + choices);
  }
  if (key == "unit" || key == "base" || key == "device" || key == "gap") return set_modbus_parameter(draft, key, value);
  if (key == "ca" || key == "cert" || key == "key") return set_tls_file(draft.tls, key, value);
  if (draft.url.protocol == DeviceProtocol::mqtt) return set_mqtt_parameter(draft.url.mqtt, key, value);
  return set_serial_parameter(std::get<SerialLine>(draft.url.line), key, value);
}

Parsed set_parameters(Draft& draft, std::string_view query) {
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
    if (Parsed parsed = set_parameter(draft, key, item.substr(equals + 1)); !parsed) return parsed;
  }
  return Done{};
}

Result<TcpAddress, DeviceUrlError> parse_authority(std::string_view text, std::optional<std::uint16_t> usual_port,
                                                   int port_min) {
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
  if (port.empty()) {
    if (!usual_port) return wrong("no port", text, "write host:port");
    address.port = *usual_port;
    return address;
  }
  const std::optional<int> value =
      port.size() > 1 && port.front() == ':' ? number(port.substr(1), port_min, 65535) : std::nullopt;
  if (!value) return wrong("impossible port", port, "write :502, or another number from 1 to 65535");
  address.port = static_cast<std::uint16_t>(*value);
  return address;
}

std::chrono::microseconds usual_gap(const DeviceUrl& url) {
  constexpr std::chrono::microseconds fast_line_gap{1750};
  const SerialLine* const line = std::get_if<SerialLine>(&url.line);
  // A serial server's own line is not known: it keeps the line's gap itself.
  if (line == nullptr || line->baud > 19200) return fast_line_gap;
  constexpr int bits_of_gap_doubled = 7 * 11;
  return std::chrono::microseconds{bits_of_gap_doubled * 1'000'000 / 2 / line->baud};
}

std::optional<std::uint16_t> usual_port(const Scheme& scheme, const LineDefaults& defaults) {
  if (scheme.place == Place::broker) return mqtt_port;
  if (scheme.place == Place::broker_tls) return mqtt_tls_port;
  if (scheme.place == Place::tls) return tls_port;
  if (defaults.port) return defaults.port;
  if (scheme.protocol == DeviceProtocol::modbus && scheme.framing == ModbusFraming::tcp) return TcpAddress{}.port;
  return std::nullopt;
}

/// "Living%20room" with its escapes resolved (RFC 3986 section 2.1).
std::optional<std::string> unescaped(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    if (text.front() != '%') {
      plain += text.front();
      text.remove_prefix(1);
      continue;
    }
    unsigned code = 0;
    const std::string_view digits = text.substr(1, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2) return std::nullopt;
    plain += static_cast<char>(code);
    text.remove_prefix(3);
  }
  return plain;
}

/// The name of a device becomes part of topics: it must not reach beyond its own.
Parsed set_mqtt_name(Draft& draft, std::string_view text) {
  const std::optional<std::string> name = unescaped(text);
  const bool is_name =
      name && !name->empty() && name->size() <= mqtt_name_max && name->front() != '/' && name->back() != '/' &&
      name->find_first_of("+#") == std::string::npos &&
      std::none_of(name->begin(), name->end(), [](char letter) { return letter >= 0 && letter < ' '; });
  if (!is_name) {
    return wrong("no usable name of a device", text,
                 "write mqtt://host:port/NAME, NAME as in its topics, without + and #");
  }
  draft.url.mqtt.name.name = *name;
  return Done{};
}

Parsed set_place(Draft& draft, std::string_view place, const Scheme& scheme, const LineDefaults& defaults) {
  if (scheme.protocol == DeviceProtocol::mqtt) {
    const std::size_t slash = std::min(place.find('/'), place.size());
    if (Parsed named = set_mqtt_name(draft, place.substr(std::min(slash + 1, place.size()))); !named) return named;
    Result<TcpAddress, DeviceUrlError> address = parse_authority(place.substr(0, slash), usual_port(scheme, {}), 1);
    if (!address) return Fail{address.error()};
    draft.url.line = *address;
    return Done{};
  }
  if (scheme.place == Place::tcp || scheme.place == Place::tls) {
    Result<TcpAddress, DeviceUrlError> address =
        parse_authority(place, usual_port(scheme, defaults), defaults.port_min);
    if (!address) return Fail{address.error()};
    draft.url.line = *address;
    return Done{};
  }
  if (place.size() < 2 || place.front() != '/') {
    return wrong("not an absolute path", place,
                 scheme.place == Place::file ? "write p1+file:///path with three slashes"
                                             : "write modbus+rtu:///dev/ttyUSB0 with three slashes");
  }
  if (scheme.place == Place::file) {
    draft.url.line = FilePath{std::string(place)};
  } else {
    const int usual_baud = scheme.protocol == DeviceProtocol::p1 ? 115200 : 9600;
    draft.url.line = SerialLine{.path = std::string(place),
                                .baud = defaults.baud.value_or(usual_baud),
                                .parity = defaults.parity,
                                .stop_bits = defaults.stop_bits};
  }
  return Done{};
}

Parsed set_credentials(Draft& draft, std::string_view text) {
  const TlsFiles& files = draft.tls;
  if (draft.place == Place::tls && (files.ca.empty() || files.certificate.empty() || files.key.empty())) {
    return wrong("a certificate is missing", text, "give ca=, cert= and key=: Modbus Security asks both sides for one");
  }
  if (draft.place == Place::broker_tls && (files.ca.empty() || files.certificate.empty() != files.key.empty())) {
    return wrong("a certificate is missing", text, "give ca=, and if the broker wants one from us cert= with key=");
  }
  if (!draft.url.mqtt.password_file.empty() && draft.url.mqtt.user.empty()) {
    return wrong("a password without a user", text, "give user= too");
  }
  if (draft.place == Place::tls || draft.place == Place::broker_tls) std::get<TcpAddress>(draft.url.line).tls = files;
  return Done{};
}

std::string scheme_choices() {
  std::string choices;
  for (const Scheme& scheme : schemes) choices.append(choices.empty() ? "" : ", ").append(scheme.text);
  return choices;
}

}  // namespace

const char* to_text(DeviceProtocol protocol) {
  switch (protocol) {
    case DeviceProtocol::modbus:
      return "modbus";
    case DeviceProtocol::p1:
      return "p1";
    case DeviceProtocol::sml:
      return "sml";
    case DeviceProtocol::mqtt:
      return "mqtt";
  }
  std::abort();
}

std::string to_text(const DeviceUrlError& error) {
  return error.what + " at \"" + error.where + "\": " + error.remedy;
}

Result<DeviceUrl, DeviceUrlError> parse_device_url(std::string_view text, const LineDefaults& defaults) {
  if (text.size() > url_length_max) {
    return wrong("too long", text.substr(0, 40), "a device URL has at most 1024 characters");
  }
  // A NUL would end a path early once it is handed to the system.
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!printable) return wrong("a blank or unprintable character", text, "remove it");
  const auto* const scheme = std::find_if(schemes.begin(), schemes.end(),
                                          [text](const Scheme& known) { return text.starts_with(known.text); });
  if (scheme == schemes.end())
    return wrong("unknown kind of device URL", text, "begin with one of " + scheme_choices());
  text.remove_prefix(scheme->text.size());
  const std::size_t question = std::min(text.find('?'), text.size());

  Draft draft{.place = scheme->place};
  draft.url.protocol = scheme->protocol;
  draft.url.framing = scheme->framing;
  draft.url.unit = defaults.unit;
  if (Parsed parsed = set_place(draft, text.substr(0, question), *scheme, defaults); !parsed) {
    return Fail{parsed.error()};
  }
  if (Parsed parsed = set_parameters(draft, text.substr(std::min(question + 1, text.size()))); !parsed) {
    return Fail{parsed.error()};
  }
  if (Parsed parsed = set_credentials(draft, text); !parsed) return Fail{parsed.error()};
  if (scheme->framing == ModbusFraming::rtu) {
    draft.url.gap = draft.gap ? *draft.gap : defaults.gap ? *defaults.gap : usual_gap(draft.url);
  }
  return draft.url;
}

std::string line_name(const DeviceUrl& url) {
  if (const auto* const serial = std::get_if<SerialLine>(&url.line)) return serial->path;
  if (const auto* const file = std::get_if<FilePath>(&url.line)) return file->path;
  const auto& address = std::get<TcpAddress>(url.line);
  std::string name = address.host + ":" + std::to_string(address.port);
  if (url.protocol != DeviceProtocol::mqtt) return name;
  return name + "/" + url.mqtt.name.name + ":" + std::to_string(url.mqtt.name.channel);
}

}  // namespace commonwatt
