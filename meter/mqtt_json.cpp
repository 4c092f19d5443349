#include "meter/mqtt_json.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include <nlohmann/json.hpp>

#include "meter/decimal.hpp"

namespace commonwatt {
namespace {

/// What stands at a place that the profile names.
struct Leaf {
  enum class Kind { absent, null, number, other_number, text, other };
  Kind kind = Kind::absent;  // other_number: one that does not fit a Decimal
  Decimal number = {};
  std::string text = {};
};
/// By JSON pointer.
using Leaves = std::map<std::string, Leaf, std::less<>>;

/// A number as JSON writes it, "-1.5e3". Digits after the 18th are left out: no device counts that finely.
std::optional<Decimal> decimal_from_json(std::string_view text) {
  constexpr std::size_t digits_max = 18;
  const std::size_t mark = std::min(text.find_first_of("eE"), text.size());
  std::string_view power = text.substr(std::min(mark + 1, text.size()));
  std::string_view mantissa = text.substr(0, mark);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::size_t signs = mantissa.starts_with('-') ? 1 : 0;
  if (point - signs > digits_max) return std::nullopt;
  mantissa = mantissa.substr(0, digits_max + signs + 1);
  if (mantissa.ends_with('.')) mantissa.remove_suffix(1);
  std::optional<Decimal> number = decimal_from_text(mantissa);
  if (!number || power.empty()) return number;
  if (power.starts_with('+')) power.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(power.data(), power.data() + power.size(), exponent);
  if (error != std::errc{} || end != power.data() + power.size() || std::abs(exponent) > 2 * decimal_exponent_max) {
    return std::nullopt;
  }
  number->exponent += exponent;
  return number;
}

/// A number x scale with an exponent that a Decimal may have; what lies below its finest step is cut off.
std::optional<Decimal> scaled(Decimal number, Scale scale) {
  if (__builtin_mul_overflow(number.digits, scale.digits, &number.digits)) return std::nullopt;
  number.exponent += scale.exponent;
  if (number.digits == 0) return Decimal{};
  for (; number.exponent < -decimal_exponent_max; ++number.exponent) number.digits /= 10;
  for (; number.exponent > decimal_exponent_max; --number.exponent) {
    if (__builtin_mul_overflow(number.digits, std::int64_t{10}, &number.digits)) return std::nullopt;
  }
  return number;
}

/// Walks through a payload once and notes what stands at the places asked for.
class Picker final : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Picker(Leaves& leaves) : leaves_(leaves) {}
  [[nodiscard]] const TelegramError& problem() const { return problem_; }

  bool null() override { return leaf({.kind = Leaf::Kind::null}); }
  bool boolean(bool /*value*/) override { return leaf({.kind = Leaf::Kind::other}); }
  bool number_integer(number_integer_t value) override { return leaf({.kind = Leaf::Kind::number, .number = {value}}); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > std::numeric_limits<std::int64_t>::max()) return leaf({.kind = Leaf::Kind::other_number});
    return number_integer(static_cast<std::int64_t>(value));
  }
  bool number_float(number_float_t /*value*/, const string_t& text) override {
    const std::optional<Decimal> number = decimal_from_json(text);
    if (!number) return leaf({.kind = Leaf::Kind::other_number});
    return leaf({.kind = Leaf::Kind::number, .number = *number});
  }
  bool string(string_t& text) override { return leaf({.kind = Leaf::Kind::text, .text = text}); }
  bool binary(binary_t& /*value*/) override { return false; }  // is none of JSON's
  bool start_object(std::size_t /*size*/) override { return open(false); }
  bool start_array(std::size_t /*size*/) override { return open(true); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override;
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*exception*/) override {
    return refuse("no JSON", "octet " + std::to_string(position));
  }

 private:
  /// An object or array that is not closed yet.
  struct Nest {
    std::size_t path_size = 0;
    bool is_array = false;
    std::size_t index = 0;
    std::set<std::string> keys = {};
  };
  bool refuse(std::string what, std::string where) {
    problem_ = {std::move(what), std::move(where)};
    return false;
  }
  /// The path of the value that comes now.
  void step() {
    if (nests_.empty() || !nests_.back().is_array) return;
    path_.resize(nests_.back().path_size);
    path_ += "/" + std::to_string(nests_.back().index++);
  }
  bool leaf(Leaf found) {
    step();
    if (const auto wanted = leaves_.find(path_); wanted != leaves_.end()) wanted->second = std::move(found);
    return true;
  }
  bool open(bool is_array) {
    leaf({.kind = Leaf::Kind::other});
    if (nests_.size() == mqtt_json_depth_max) return refuse("JSON that is nested too deeply", path_.substr(0, 80));
    nests_.push_back({.path_size = path_.size(), .is_array = is_array});
    return true;
  }
  bool close() {
    path_.resize(nests_.back().path_size);
    nests_.pop_back();
    return true;
  }

  Leaves& leaves_;
  TelegramError problem_{"no JSON", "octet 0"};
  std::string path_;
  std::vector<Nest> nests_;
};

bool Picker::key(string_t& name) {
  Nest& nest = nests_.back();
  path_.resize(nest.path_size);
  path_ += '/';
  for (const char letter : name) {
    if (letter == '~') {
      path_ += "~0";
    } else if (letter == '/') {
      path_ += "~1";
    } else {
      path_ += letter;
    }
  }
  if (!nest.keys.insert(name).second) return refuse("a key is there twice", path_.substr(0, 80));
  return true;
}

Result<Done, TelegramError> pick(std::string_view payload, Leaves& leaves) {
  if (payload.size() > mqtt_json_max) {
    return Fail{TelegramError{"a payload that is too long", std::to_string(payload.size()) + " octets"}};
  }
  Picker picker(leaves);
  if (!nlohmann::json::sax_parse(payload, &picker)) return Fail{picker.problem()};
  return Done{};
}

/// The reason why there is no number; empty when there is one.
std::string lack_of(const Leaf& leaf, const std::string& at) {
  switch (leaf.kind) {
    case Leaf::Kind::number:
      return {};
    case Leaf::Kind::absent:
      return "the message has no '" + at + "'";
    case Leaf::Kind::null:
      return "'" + at + "' is null";
    case Leaf::Kind::other_number:
      return "'" + at + "' is a number beyond all bounds";
    case Leaf::Kind::text:
    case Leaf::Kind::other:
      return "'" + at + "' is no number";
  }
  return {};
}

MeasuredValue missing(const MqttValue& place, std::string reason) {
  MeasuredValue value{.quantity = place.quantity};
  value.quality = Quality::missing;
  value.reason = std::move(reason);
  return value;
}

MeasuredValue from_decimal(const MqttValue& place, const std::optional<Decimal>& number) {
  if (!number) return missing(place, "the number is beyond all bounds");
  MeasuredValue value{.quantity = place.quantity, .value = number->as_double()};
  value.quantum = place.quantum.value_or(0);
  if (unit_of(place.quantity.measurand) != std::string_view("Wh")) return value;
  if (number->digits < 0) return missing(place, "a register of energy is never negative");
  value.energy = energy_from_wh(*number);
  return value.energy ? value : missing(place, "the number is beyond all bounds");
}

/// The value of all places that make up the quantity of `first`; nothing when this device does not measure it.
std::optional<MeasuredValue> value_of(const MqttProfile& profile, const MqttValue& first, const Leaves& leaves) {
  std::optional<Decimal> total = Decimal{};
  bool is_there = false;
  for (const MqttValue& place : profile.values) {
    if (place.topic != first.topic || !(place.quantity == first.quantity)) continue;
    const Leaf& leaf = leaves.find(place.at)->second;
    if (leaf.kind == Leaf::Kind::absent && (place.optional || place.term == Term::optional)) continue;
    if (std::string lack = lack_of(leaf, place.at); !lack.empty()) return missing(first, std::move(lack));
    is_there = true;
    Decimal number = leaf.number;
    if (place.sign == RegisterSign::inverted &&
        __builtin_sub_overflow(std::int64_t{0}, number.digits, &number.digits)) {
      return from_decimal(first, std::nullopt);
    }
    const std::optional<Decimal> term = scaled(number, place.scale);
    total = total && term ? sum(*total, *term) : std::nullopt;
  }
  if (!is_there) return first.optional ? std::nullopt : std::optional(missing(first, "none of its terms is there"));
  return from_decimal(first, total);
}

bool is_serial(const std::string& text) {
  return !text.empty() && text.size() <= mqtt_serial_max &&
         std::all_of(text.begin(), text.end(), [](char letter) { return letter > ' ' && letter < '\x7f'; });
}

}  // namespace

Result<MqttDecoded, TelegramError> decode_mqtt_json(const MqttProfile& profile, std::size_t topic,
                                                    std::string_view payload) {
  Leaves leaves;
  for (const MqttValue& place : profile.values) {
    if (place.topic == topic) leaves.try_emplace(place.at);
  }
  const bool has_serial = profile.serial && profile.serial->topic == topic;
  if (has_serial) leaves.try_emplace(profile.serial->at);
  if (const Result<Done, TelegramError> picked = pick(payload, leaves); !picked) return Fail{picked.error()};

  MqttDecoded decoded;
  for (const MqttValue& place : profile.values) {
    const bool is_known = std::any_of(decoded.values.begin(), decoded.values.end(),
                                      [&](const MeasuredValue& value) { return value.quantity == place.quantity; });
    if (place.topic != topic || is_known) continue;
    if (std::optional<MeasuredValue> value = value_of(profile, place, leaves)) {
      decoded.values.push_back(std::move(*value));
    }
  }
  if (has_serial) {
    const Leaf& leaf = leaves.find(profile.serial->at)->second;
    if (leaf.kind == Leaf::Kind::text && is_serial(leaf.text)) decoded.serial = leaf.text;
    if (leaf.kind == Leaf::Kind::number && leaf.number.exponent == 0)
      decoded.serial = std::to_string(leaf.number.digits);
  }
  return decoded;
}

bool says_online(const MqttAvailability& availability, std::string_view payload) {
  if (availability.at.empty()) return payload == availability.online;
  Leaves leaves;
  const Leaf& leaf = leaves.try_emplace(availability.at).first->second;
  return pick(payload, leaves) && leaf.kind == Leaf::Kind::text && leaf.text == availability.online;
}

bool is_json_pointer(std::string_view text) {
  if (text.empty()) return true;
  if (text.front() != '/') return false;
  for (std::size_t at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1)) {
    if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  }
  return true;
}

}  // namespace commonwatt
