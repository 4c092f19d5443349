#include "controller/chain/pkcs11_uri.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "controller/chain/printable.hpp"

namespace commonwatt {
namespace {

constexpr std::string_view scheme = "pkcs11:";
constexpr std::size_t uri_length_max = 2048;

using Parsed = Result<Done, std::string>;

Fail<std::string> wrong(const std::string& what) {
  return Fail{"PKCS#11 URI: " + what};
}

/// The part before the first separator; the text keeps what is behind.
std::string_view next_part(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return part;
}

/// Without its percent-encoding; nothing for a broken one, and for characters no URI has.
std::optional<std::string> decoded(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c <= ' ' || c > '~' || c == '#' || c == '"' || c == '<' || c == '>') return std::nullopt;
    if (c != '%') {
      plain += c;
      continue;
    }
    const std::optional<Bytes> byte = from_hex(text.substr(at + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    plain += static_cast<char>(byte->front());
    at += 2;
  }
  return plain;
}

Parsed set_in_path(Pkcs11Uri& uri, std::string_view name, const std::string& value) {
  if (name == "token") {
    uri.token = value;
  } else if (name == "serial") {
    uri.serial = value;
  } else if (name == "manufacturer") {
    uri.manufacturer = value;
  } else if (name == "model") {
    uri.model = value;
  } else if (name == "object") {
    uri.object = value;
  } else if (name == "id") {
    const ByteView bytes = as_bytes(value);
    uri.id.assign(bytes.begin(), bytes.end());
  } else if (name == "type") {
    if (value != "private") return wrong("type= must be private: what signs is a private key");
  } else {
    return wrong("'" + printable(name) +
                 "=' is not known there; before the '?' it knows token, serial, manufacturer, model, object, id, type");
  }
  return Done{};
}

Parsed set_in_query(Pkcs11Uri& uri, std::string_view name, std::string value) {
  if (name != "module-path" && name != "pin-source") {
    return wrong("'" + printable(name) + "=' is not known there; behind the '?' it knows module-path and pin-source");
  }
  // Both "file:/etc/pin" and "file:///etc/pin" are that file (RFC 8089).
  if (name == "pin-source" && value.starts_with("file:")) value.erase(0, value.starts_with("file:///") ? 7 : 5);
  if (!value.starts_with('/') || value.starts_with("//")) {
    return wrong(std::string(name) + (name == "pin-source" ? "= must be file: and the whole path of a file, such as "
                                                             "pin-source=file:/etc/commonwatt/pin"
                                                           : "= must be the whole path of the module, such as "
                                                             "module-path=/usr/lib/softhsm/libsofthsm2.so"));
  }
  (name == "module-path" ? uri.module : uri.pin_file) = value;
  return Done{};
}

/// Each part once, none of them empty.
template <class Set>
Parsed set_all(std::string_view text, char separator, Set set) {
  std::set<std::string_view> seen;
  while (!text.empty()) {
    const std::string_view part = next_part(text, separator);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0) return wrong("a part of it is not NAME=VALUE");
    const std::string_view name = part.substr(0, equals);
    if (!seen.insert(name).second) return wrong("'" + printable(name) + "=' is there twice");
    const std::optional<std::string> value = decoded(part.substr(equals + 1));
    if (!value || value->empty()) {
      return wrong("'" + printable(name) +
                   "=' has no value, or one that is not percent-encoded: a space is %20, a '%' is %25");
    }
    if (name != "id" && value->find('\0') != std::string::npos)
      return wrong("'" + printable(name) + "=' holds a zero byte");
    if (Parsed done = set(name, *value); !done) return done;
  }
  return Done{};
}

Parsed check_complete(const Pkcs11Uri& uri) {
  if (uri.token.empty()) return wrong("token= is missing: the label of the token");
  if (uri.object.empty() && uri.id.empty()) return wrong("object= is missing: the label of the key; or id=");
  if (uri.module.empty()) {
    return wrong(
        "module-path= is missing: the library that speaks to the token, such as "
        "?module-path=/usr/lib/softhsm/libsofthsm2.so");
  }
  if (uri.pin_file.empty()) {
    return wrong("pin-source= is missing: the file with the token's PIN, such as &pin-source=file:/etc/commonwatt/pin");
  }
  return Done{};
}

}  // namespace

bool is_pkcs11_uri(std::string_view text) {
  return text.starts_with(scheme);
}

Result<Pkcs11Uri, std::string> parse_pkcs11_uri(std::string_view text) {
  if (!is_pkcs11_uri(text)) return wrong("it begins with pkcs11:");
  if (text.size() > uri_length_max) return wrong("longer than " + std::to_string(uri_length_max) + " characters");
  if (text.find("pin-value") != std::string_view::npos) {
    return wrong(
        "pin-value= is refused: everybody who sees the configuration or the list of processes would have the "
        "PIN. Write it into a file of mode 0600 and name that with pin-source=file:/...; consider a new PIN");
  }
  std::string_view query = text.substr(scheme.size());
  const std::string_view path = next_part(query, '?');
  Pkcs11Uri uri;
  Parsed done = set_all(path, ';', [&uri](auto name, const auto& value) { return set_in_path(uri, name, value); });
  if (done) done = set_all(query, '&', [&uri](auto name, const auto& value) { return set_in_query(uri, name, value); });
  if (done) done = check_complete(uri);
  if (!done) return Fail{done.error()};
  return uri;
}

}  // namespace commonwatt
