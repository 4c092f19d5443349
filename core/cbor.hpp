// Deterministic CBOR (RFC 8949 section 4.2.1) for everything that is stored or sent: arrays, integers, byte strings
// and nothing else. A record names its fields once,
//
//     struct Order {
//       Energy quantity;
//       Price limit;
//       template <class Self>
//       static auto fields(Self& self) { return std::tie(self.quantity, self.limit); }
//     };
//
// and is written and read from that one list, as an array with one item per field, in that order. One value has one
// encoding: the reader refuses every other form, so bytes can be compared and hashed instead of values.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/bytes.hpp"
#include "core/id.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace commonwatt {

/// Why bytes are not the encoding of a record: what was wrong and at which byte.
struct CborError {
  const char* what = "";
  std::size_t offset = 0;
};
std::string to_text(const CborError& error);

class CborWriter {
 public:
  void integer(std::int64_t value);
  void byte_string(ByteView bytes);
  void array(std::size_t items);
  Bytes take() { return std::move(bytes_); }

 private:
  void head(unsigned major, std::uint64_t argument);
  Bytes bytes_;
};

/// Reads what CborWriter writes. After the first error every read returns zero or empty; ask `error()` at the end.
class CborReader {
 public:
  explicit CborReader(ByteView bytes) : bytes_(bytes) {}
  std::int64_t integer();
  /// A view into the input.
  ByteView byte_string();
  /// The number of items that follow; never more than there are bytes left.
  std::size_t array();
  void fail(const char* what);
  [[nodiscard]] bool failed() const { return error_.has_value(); }
  [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }
  [[nodiscard]] const std::optional<CborError>& error() const { return error_; }

 private:
  std::uint64_t head(unsigned major, const char* expected);
  ByteView bytes_;
  std::size_t at_ = 0;
  std::optional<CborError> error_;
};

template <class T>
concept Described = requires(T& value) {
  T::fields(value);
};

// --- writing ---

template <std::integral T>
void write(CborWriter& out, T value) {
  static_assert(sizeof(T) < 8 || std::signed_integral<T>, "unsigned 64-bit values do not fit the stored integer");
  out.integer(static_cast<std::int64_t>(value));
}
template <class E>
requires std::is_enum_v<E>
void write(CborWriter& out, E value) {
  out.integer(static_cast<std::int64_t>(value));
}
template <class Unit>
void write(CborWriter& out, Quantity<Unit> value) {
  out.integer(value.count);
}
inline void write(CborWriter& out, UtcTime value) {
  out.integer(value.nanoseconds);
}
inline void write(CborWriter& out, const Interval& value) {
  out.array(2);
  out.integer(value.begin_seconds());
  out.integer(value.length_seconds());
}
template <class Kind>
void write(CborWriter& out, const Id<Kind>& value) {
  out.byte_string(as_bytes(value.text()));
}
inline void write(CborWriter& out, const std::string& value) {
  out.byte_string(as_bytes(value));
}
inline void write(CborWriter& out, const Bytes& value) {
  out.byte_string(value);
}
template <std::size_t Size>
void write(CborWriter& out, const std::array<std::uint8_t, Size>& value) {
  out.byte_string(value);
}
template <Described T>
void write(CborWriter& out, const T& value);
template <class T>
void write(CborWriter& out, const std::optional<T>& value);
template <class T>
void write(CborWriter& out, const std::vector<T>& values);
template <class T>
void write(CborWriter& out, const std::set<T>& values);
template <class Key, class T>
void write(CborWriter& out, const std::map<Key, T>& values);
template <class... T>
void write(CborWriter& out, const std::variant<T...>& value);

template <Described T>
void write(CborWriter& out, const T& value) {
  std::apply(
      [&out](const auto&... field) {
        out.array(sizeof...(field));
        (write(out, field), ...);
      },
      T::fields(value));
}
template <class T>
void write(CborWriter& out, const std::optional<T>& value) {
  out.array(value ? 1 : 0);
  if (value) write(out, *value);
}
template <class T>
void write(CborWriter& out, const std::vector<T>& values) {
  out.array(values.size());
  for (const T& value : values) write(out, value);
}
template <class T>
void write(CborWriter& out, const std::set<T>& values) {
  out.array(values.size());
  for (const T& value : values) write(out, value);
}
template <class Key, class T>
void write(CborWriter& out, const std::map<Key, T>& values) {
  out.array(values.size() * 2);
  for (const auto& [key, value] : values) {
    write(out, key);
    write(out, value);
  }
}
template <class... T>
void write(CborWriter& out, const std::variant<T...>& value) {
  out.array(2);
  out.integer(static_cast<std::int64_t>(value.index()));
  std::visit([&out](const auto& alternative) { write(out, alternative); }, value);
}

/// The one encoding of a value.
template <class T>
Bytes encode(const T& value) {
  CborWriter out;
  write(out, value);
  return out.take();
}

// --- reading ---

template <std::integral T>
void read(CborReader& in, T& value) {
  const std::int64_t number = in.integer();
  if constexpr (std::same_as<T, bool>) {
    if (number != 0 && number != 1) return in.fail("a truth value is neither 0 nor 1");
    value = number == 1;
  } else {
    if (!std::in_range<T>(number)) return in.fail("an integer is out of its field's range");
    value = static_cast<T>(number);
  }
}
/// Enumerations say their last enumerator, so that a foreign number is refused: `constexpr Side enum_last(Side)`.
template <class E>
requires std::is_enum_v<E>
void read(CborReader& in, E& value) {
  const std::int64_t number = in.integer();
  if (number < 0 || number > static_cast<std::int64_t>(enum_last(E{}))) return in.fail("an unknown kind");
  value = static_cast<E>(number);
}
template <class Unit>
void read(CborReader& in, Quantity<Unit>& value) {
  value.count = in.integer();
}
inline void read(CborReader& in, UtcTime& value) {
  value.nanoseconds = in.integer();
}
inline void read(CborReader& in, Interval& value) {
  if (in.array() != 2) return in.fail("an interval is not {begin, length}");
  const std::int64_t begin = in.integer();
  const std::int64_t length = in.integer();
  if (in.failed()) return;
  constexpr std::int64_t begin_max = 9'000'000'000;
  if (!is_interval_length(length) || begin < -begin_max || begin > begin_max || begin % length != 0) {
    return in.fail("an interval is not aligned to a length of 300, 900, 1800 or 3600 seconds");
  }
  value = Interval(begin, length);
}
template <class Kind>
void read(CborReader& in, Id<Kind>& value) {
  const std::optional<Id<Kind>> id = Id<Kind>::from(as_text(in.byte_string()));
  if (!id) return in.fail("a name is not 1 to 32 characters of a-z, 0-9, '-' and '_'");
  value = *id;
}
inline void read(CborReader& in, std::string& value) {
  value = as_text(in.byte_string());
}
inline void read(CborReader& in, Bytes& value) {
  const ByteView bytes = in.byte_string();
  value.assign(bytes.begin(), bytes.end());
}
template <std::size_t Size>
void read(CborReader& in, std::array<std::uint8_t, Size>& value) {
  const ByteView bytes = in.byte_string();
  if (bytes.size() != Size) return in.fail("a byte string has the wrong length");
  std::copy(bytes.begin(), bytes.end(), value.begin());
}
template <Described T>
void read(CborReader& in, T& value);
template <class T>
void read(CborReader& in, std::optional<T>& value);
template <class T>
void read(CborReader& in, std::vector<T>& values);
template <class T>
void read(CborReader& in, std::set<T>& values);
template <class Key, class T>
void read(CborReader& in, std::map<Key, T>& values);
template <class... T>
void read(CborReader& in, std::variant<T...>& value);

template <Described T>
void read(CborReader& in, T& value) {
  std::apply(
      [&in](auto&... field) {
        if (in.array() != sizeof...(field)) return in.fail("a record has the wrong number of fields");
        (read(in, field), ...);
      },
      T::fields(value));
}
template <class T>
void read(CborReader& in, std::optional<T>& value) {
  const std::size_t items = in.array();
  value.reset();
  if (items > 1) return in.fail("an optional value holds more than one item");
  if (items == 1) read(in, value.emplace());
}
template <class T>
void read(CborReader& in, std::vector<T>& values) {
  const std::size_t items = in.array();
  values.clear();
  for (std::size_t i = 0; i < items && !in.failed(); ++i) read(in, values.emplace_back());
}
template <class T>
void read(CborReader& in, std::set<T>& values) {
  const std::size_t items = in.array();
  values.clear();
  for (std::size_t i = 0; i < items && !in.failed(); ++i) {
    T value{};
    read(in, value);
    if (!values.empty() && !(*values.rbegin() < value)) return in.fail("a set is not in rising order");
    values.insert(values.end(), std::move(value));
  }
}
template <class Key, class T>
void read(CborReader& in, std::map<Key, T>& values) {
  const std::size_t items = in.array();
  values.clear();
  if (items % 2 != 0) return in.fail("a map has a key without a value");
  for (std::size_t i = 0; i < items / 2 && !in.failed(); ++i) {
    Key key{};
    read(in, key);
    if (!values.empty() && !(values.rbegin()->first < key)) return in.fail("a map's keys are not in rising order");
    read(in, values.emplace_hint(values.end(), std::move(key), T{})->second);
  }
}
namespace detail {
template <std::size_t Index, class... T>
void read_alternative(CborReader& in, std::variant<T...>& value, std::size_t index) {
  if constexpr (Index < sizeof...(T)) {
    if (index == Index) return read(in, value.template emplace<Index>());
    read_alternative<Index + 1>(in, value, index);
  }
}
}  // namespace detail
template <class... T>
void read(CborReader& in, std::variant<T...>& value) {
  if (in.array() != 2) return in.fail("a choice is not {kind, value}");
  const std::int64_t index = in.integer();
  if (index < 0 || index >= static_cast<std::int64_t>(sizeof...(T))) return in.fail("an unknown kind");
  detail::read_alternative<0>(in, value, static_cast<std::size_t>(index));
}

/// The value of an encoding, if the bytes are exactly what `encode` would write for it.
template <class T>
Result<T, CborError> decode(ByteView bytes) {
  CborReader in(bytes);
  T value{};
  read(in, value);
  if (!in.failed() && !in.at_end()) in.fail("bytes follow the record");
  if (in.failed()) return Fail{*in.error()};
  return value;
}

}  // namespace commonwatt
