// Fields of a JSON object from outside, each taken once and with its type. What these readers accept is compared with
// what the writer would write of it, byte for byte, so that a document has one text and no field goes unread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/bytes.hpp"

namespace commonwatt {

using OrderedJson = nlohmann::ordered_json;

/// Reads fields until the first that is missing or has another type; `fault` then names it.
class JsonFields {
 public:
  /// Of a text; one that is no JSON object, or larger than `size_max`, has the fault at once.
  JsonFields(std::string_view text, std::size_t size_max) {
    if (text.size() > size_max) {
      fault_ = "is larger than such a file can be";
      return;
    }
    document_ = OrderedJson::parse(text, nullptr, false);
    if (!document_.is_object()) fault_ = "is not a JSON object";
  }

  std::string text(const char* key) {
    const OrderedJson* found = field(key);
    if (found == nullptr) return "";
    if (found->is_string()) return found->get<std::string>();
    return fail(key, "is not a text"), "";
  }
  std::int64_t integer(const char* key) {
    const OrderedJson* found = field(key);
    if (found == nullptr) return 0;
    if (found->is_number_integer()) return found->get<std::int64_t>();
    return fail(key, "is not a whole number"), 0;
  }
  Bytes hex(const char* key) {
    std::optional<Bytes> bytes = from_hex(text(key));
    if (bytes) return std::move(*bytes);
    return fail(key, "is not hexadecimal"), Bytes{};
  }
  template <std::size_t Size>
  std::array<std::uint8_t, Size> hex_array(const char* key) {
    return array_of<Size>(key, text(key));
  }
  /// "0x" and hexadecimal digits, as chains write bytes.
  template <std::size_t Size>
  std::array<std::uint8_t, Size> prefixed_hex(const char* key) {
    const std::string found = text(key);
    if (found.starts_with("0x")) return array_of<Size>(key, found.substr(2));
    return fail(key, "does not begin with 0x"), std::array<std::uint8_t, Size>{};
  }
  std::vector<std::string> texts(const char* key) {
    std::vector<std::string> found;
    const OrderedJson* list = field(key);
    if (list == nullptr) return found;
    for (const OrderedJson& item : *list) {
      if (item.is_string()) found.push_back(item.get<std::string>());
    }
    if (!list->is_array() || found.size() != list->size()) fail(key, "is not a list of texts");
    return found;
  }
  std::vector<Hash32> hashes(const char* key) {
    std::vector<Hash32> found;
    for (const std::string& hash : texts(key)) found.push_back(array_of<32>(key, hash));
    return found;
  }
  [[nodiscard]] bool has(const char* key) const { return !fault_ && document_.contains(key); }
  /// The object of that key as fields of its own; `leave` brings its fault back.
  JsonFields enter(const char* key) {
    JsonFields inner;
    const OrderedJson* found = field(key);
    if (found == nullptr) return inner;
    if (!found->is_object()) fail(key, "is not an object");
    inner.document_ = *found;
    return inner;
  }
  void leave(const char* key, const JsonFields& inner) {
    if (inner.fault_) fail(key, inner.fault_->c_str());
  }
  void fail(const char* key, const char* what) {
    if (!fault_) fault_ = "\"" + std::string(key) + "\" " + what;
  }
  [[nodiscard]] const std::optional<std::string>& fault() const { return fault_; }

 private:
  JsonFields() = default;
  const OrderedJson* field(const char* key) {
    if (fault_ || !document_.is_object()) return nullptr;
    const auto found = document_.find(key);
    if (found != document_.end()) return &*found;
    fail(key, "is missing");
    return nullptr;
  }
  template <std::size_t Size>
  std::array<std::uint8_t, Size> array_of(const char* key, const std::string& hex) {
    std::array<std::uint8_t, Size> array{};
    const std::optional<Bytes> bytes = from_hex(hex);
    if (bytes && bytes->size() == Size) {
      std::copy(bytes->begin(), bytes->end(), array.begin());
    } else {
      fail(key, ("is not " + std::to_string(Size) + " bytes in hexadecimal").c_str());
    }
    return array;
  }

  OrderedJson document_;
  std::optional<std::string> fault_;
};

inline OrderedJson hex_list(const std::vector<Hash32>& hashes) {
  OrderedJson list = OrderedJson::array();
  for (const Hash32& hash : hashes) list.push_back(to_hex(hash));
  return list;
}

}  // namespace commonwatt
