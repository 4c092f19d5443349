#include "meter/profile_decode.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

#include "core/wide.hpp"

namespace commonwatt {
namespace {

/// The step between a float and the next one further from zero.
template <class Float>
double step_of(Float value) {
  const Float magnitude = std::abs(value);
  return static_cast<double>(std::nextafter(magnitude, INFINITY) - magnitude);
}

/// One register's share of a quantity.
struct Part {
  std::optional<double> value;
  std::optional<Energy> energy;  // energy registers
  double quantum = 0;
  bool was_read = true;
  std::string reason;  // why there is no value
};

Part absent_part(std::string reason) {
  return {.value = std::nullopt, .energy = std::nullopt, .quantum = 0, .was_read = true, .reason = std::move(reason)};
}

std::optional<std::uint16_t> word_of(const BlockWords& read, std::uint16_t address) {
  if (address < read.block->start) return std::nullopt;
  const std::size_t at = std::size_t{address} - read.block->start;
  if (at >= read.words.size()) return std::nullopt;
  return read.words[at];
}

/// The register's bits, the most significant word first whatever the device does.
std::optional<std::uint64_t> raw_bits(const BlockWords& read, const ProfileRegister& place) {
  const std::uint16_t width = width_of(place.type);
  std::uint64_t bits = 0;
  for (std::uint16_t i = 0; i < width; ++i) {
    const int offset = place.order == WordOrder::big ? i : width - 1 - i;
    const int address = place.address + offset;
    if (address > 0xFFFF) return std::nullopt;
    const std::optional<std::uint16_t> word = word_of(read, static_cast<std::uint16_t>(address));
    if (!word) return std::nullopt;
    bits = (bits << 16U) | *word;
  }
  return bits;
}

Wide integer_of(RegisterType type, std::uint64_t bits) {
  switch (type) {
    case RegisterType::u16:
    case RegisterType::u32:
    case RegisterType::u64:
      return static_cast<Wide>(bits);
    case RegisterType::i16:
      return static_cast<std::int16_t>(bits);
    case RegisterType::i32:
      return static_cast<std::int32_t>(bits);
    case RegisterType::i64:
      return static_cast<std::int64_t>(bits);
    case RegisterType::f32:
    case RegisterType::f64:
      break;
  }
  std::abort();
}

/// raw x scale as whole Wh, rounded down; absent beyond register_energy_max. Neither is below zero.
std::optional<Energy> exact_energy(Wide raw, Scale scale) {
  Wide product = raw * scale.digits;  // below 2^64 x 2^57
  for (int i = 0; i < scale.exponent; ++i) {
    if (product > register_energy_max) return std::nullopt;
    product *= 10;
  }
  for (int i = 0; i > scale.exponent; --i) product /= 10;
  if (product > register_energy_max) return std::nullopt;
  return Energy{static_cast<std::int64_t>(product)};
}

double scaled(double raw, Scale scale) {
  const double product = raw * static_cast<double>(scale.digits);
  return scale.exponent < 0 ? product / std::pow(10.0, -scale.exponent) : product * std::pow(10.0, scale.exponent);
}

/// The scale with the register's scale factor in it; absent when the device has no factor to go with the value.
std::optional<Scale> scale_of(const BlockWords& read, const ProfileRegister& place) {
  Scale scale = place.scale;
  if (!place.scale_factor_address) return scale;
  const std::optional<std::uint16_t> factor = word_of(read, *place.scale_factor_address);
  if (!factor) return std::nullopt;
  const int exponent = static_cast<std::int16_t>(*factor);
  if (exponent < -10 || exponent > 10) return std::nullopt;
  scale.exponent += exponent;
  return scale;
}

/// The register's figure before its sign and direction are looked at.
Part plain_part(const ProfileRegister& place, std::uint64_t bits, Scale scale) {
  const bool is_energy = is_energy_register(place.quantity.measurand);
  Part part;
  if (is_float(place.type)) {
    const bool is_single = place.type == RegisterType::f32;
    const auto single = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    const double raw = is_single ? static_cast<double>(single) : std::bit_cast<double>(bits);
    part.value = scaled(raw, scale);
    part.quantum = scaled(is_single ? step_of(single) : step_of(raw), scale);
    // The greatest float of all is finite, but the step above it is not.
    const bool is_number = std::isfinite(*part.value) && std::isfinite(part.quantum);
    if (!is_number) return absent_part("the device says that it has no value (NaN or infinity)");
    if (is_energy && *part.value >= 0 && *part.value <= static_cast<double>(register_energy_max)) {
      // The nearest float may lie just below the Wh that is meant, so rounding down would lose it.
      part.energy = Energy{std::llround(*part.value)};
    }
  } else {
    const Wide raw = integer_of(place.type, bits);
    part.value = scaled(static_cast<double>(raw), scale);
    part.quantum = scaled(1, scale);
    if (is_energy && raw >= 0) part.energy = exact_energy(raw, scale);
  }
  if (is_energy && *part.value < 0) return absent_part("a counter below zero");
  const bool is_above_max = place.counter_max && *part.value > *place.counter_max;
  if (is_energy && (!part.energy || is_above_max)) return absent_part("more than the counter can show");
  if (is_energy) part.quantum = std::max(1.0, std::ceil(part.quantum));
  part.quantum = std::max(part.quantum, place.quantum.value_or(0));
  return part;
}

Part decode_register(const BlockWords& read, const ProfileRegister& place) {
  const std::optional<std::uint64_t> bits = raw_bits(read, place);
  if (!bits) {
    Part part = absent_part("it was not read");
    part.was_read = false;
    return part;
  }
  if (std::find(place.absent.begin(), place.absent.end(), *bits) != place.absent.end()) {
    return absent_part("the device says that it has no value");
  }
  const std::optional<Scale> scale = scale_of(read, place);
  if (!scale) return absent_part("the device gives no scale factor for it");
  Part part = plain_part(place, *bits, *scale);
  if (part.value && place.sign == RegisterSign::inverted) part.value = 0 - *part.value;
  if (!part.value || !place.direction) return part;
  const std::optional<std::uint16_t> state = word_of(read, place.direction->address);
  const bool is_positive = state && (*state & place.direction->positive) != 0;
  const bool is_negative = state && (*state & place.direction->negative) != 0;
  // An idle device sets neither bit and shows 0; a magnitude with no direction, or with both, is no value.
  if (is_positive == is_negative && *part.value != 0) return absent_part("the device does not state its direction");
  part.value = is_negative ? 0 - std::abs(*part.value) : std::abs(*part.value);
  return part;
}

std::string range_text(double value, const ValueRange& range) {
  const auto text = [](double number) {
    const std::string digits = std::to_string(number);
    return digits.substr(0, digits.find('.') + 2);
  };
  return text(value) + " is outside " + text(range.low) + " to " + text(range.high);
}

/// All registers of one quantity and where their words are; none where a block was not asked for.
struct Source {
  const ProfileRegister* place = nullptr;
  const BlockWords* read = nullptr;
};

MeasuredValue missing_value(const MeasuredQuantity& quantity, std::string reason) {
  MeasuredValue value;
  value.quantity = quantity;
  value.quality = Quality::missing;
  value.reason = std::move(reason);
  return value;
}

MeasuredValue decode_quantity(const MeasuredQuantity& quantity, std::span<const Source> sources) {
  MeasuredValue sum{.quantity = quantity};
  std::string reason;
  for (const Source& source : sources) {
    const Part part = decode_register(*source.read, *source.place);
    if (!part.value) {
      reason = part.reason;
      if (source.place->term != Term::optional || !part.was_read) return missing_value(quantity, part.reason);
      continue;
    }
    sum.value = sum.value.value_or(0) + *part.value;
    if (part.energy) sum.energy = sum.energy.value_or(Energy{}) + *part.energy;
    sum.quantum += part.quantum;
    const std::optional<ValueRange>& range = source.place->range;
    if (range && (*part.value < range->low || *part.value > range->high)) {
      sum.quality = Quality::suspect;
      sum.reason = range_text(*part.value, *range);
    }
  }
  if (!sum.value) return missing_value(quantity, std::move(reason));
  if (!std::isfinite(*sum.value)) return missing_value(quantity, "the sum of its terms is beyond all bounds");
  return sum;
}

std::vector<Source> sources_of(const Profile& profile, const MeasuredQuantity& quantity,
                               std::span<const BlockWords> blocks) {
  std::vector<Source> sources;
  for (const ProfileBlock& block : profile.blocks) {
    const auto read =
        std::find_if(blocks.begin(), blocks.end(), [&block](const BlockWords& words) { return words.block == &block; });
    for (const ProfileRegister& place : block.registers) {
      if (place.quantity == quantity) sources.push_back({&place, read == blocks.end() ? nullptr : &*read});
    }
  }
  return sources;
}

IdentityCheck contradicted(std::string reason) {
  return {.verdict = IdentityVerdict::contradicted, .reason = std::move(reason)};
}

/// The one number an identity register that is no text holds.
std::optional<std::uint32_t> identity_number(const IdentityRegister& place, std::span<const std::uint16_t> words) {
  if (words.size() < place.count) return std::nullopt;
  if (place.type == IdentityType::u16) return words[0];
  const bool is_big = place.order == WordOrder::big;
  return (std::uint32_t{words[is_big ? 0 : 1]} << 16U) | words[is_big ? 1 : 0];
}

bool matches(const IdentityRegister& place, std::span<const std::uint16_t> words) {
  if (place.type == IdentityType::text) {
    const std::string text = identity_text(place, words).value_or("");
    return std::any_of(place.prefixes.begin(), place.prefixes.end(),
                       [&text](const std::string& prefix) { return text.starts_with(prefix); });
  }
  const std::optional<std::uint32_t> number = identity_number(place, words);
  return number && std::find(place.equals.begin(), place.equals.end(), *number) != place.equals.end();
}

}  // namespace

std::vector<MeasuredValue> decode_blocks(const Profile& profile, std::span<const BlockWords> blocks) {
  std::vector<MeasuredValue> values;
  const auto is_known = [&values](const MeasuredQuantity& quantity) {
    return std::any_of(values.begin(), values.end(),
                       [&quantity](const MeasuredValue& value) { return value.quantity == quantity; });
  };
  for (const ProfileBlock& block : profile.blocks) {
    for (const ProfileRegister& place : block.registers) {
      if (is_known(place.quantity)) continue;
      const std::vector<Source> sources = sources_of(profile, place.quantity, blocks);
      const bool is_whole =
          std::all_of(sources.begin(), sources.end(), [](const Source& source) { return source.read != nullptr; });
      if (is_whole) values.push_back(decode_quantity(place.quantity, sources));
    }
  }
  return values;
}

std::vector<MeasuredValue> decode_block(const Profile& profile, const ProfileBlock& block,
                                        std::span<const std::uint16_t> words) {
  const BlockWords read{.block = &block, .words = words};
  return decode_blocks(profile, std::span(&read, 1));
}

std::optional<std::string> identity_text(const IdentityRegister& place, std::span<const std::uint16_t> words) {
  if (words.size() < place.count) return std::nullopt;
  words = words.first(place.count);
  const auto all = [words](std::uint16_t pattern) {
    return std::all_of(words.begin(), words.end(), [pattern](std::uint16_t word) { return word == pattern; });
  };
  if (all(0) || all(0xFFFF)) return std::nullopt;
  if (const auto number = place.type == IdentityType::text ? std::nullopt : identity_number(place, words)) {
    return std::to_string(*number);
  }
  std::string text;
  for (const std::uint16_t word : words) {
    for (const unsigned byte : {static_cast<unsigned>(word >> 8U), static_cast<unsigned>(word & 0xFFU)}) {
      if (byte != 0) text += byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : '?';
    }
  }
  text.erase(text.find_last_not_of(' ') + 1);
  if (text.empty()) return std::nullopt;
  return text;
}

IdentityCheck profile_identity(const Profile& profile, std::span<const std::vector<std::uint16_t>> match,
                               std::span<const MeasuredValue> values) {
  assert(match.size() == profile.identity.match.size());
  for (std::size_t i = 0; i < match.size(); ++i) {
    const IdentityRegister& place = profile.identity.match[i];
    if (matches(place, match[i])) continue;
    return contradicted("register " + std::to_string(place.address) + " says '" +
                        identity_text(place, match[i]).value_or("nothing") + "', which no " + profile.model + " says");
  }
  bool is_confirmed = !match.empty();
  for (const MeasuredQuantity& quantity : profile.identity.plausible) {
    for (const MeasuredValue& value : values) {
      if (value.quantity != quantity || !value.value) continue;
      if (value.quality == Quality::suspect) return contradicted(to_text(quantity) + " of " + value.reason);
      is_confirmed = true;
    }
  }
  if (is_confirmed) return {.verdict = IdentityVerdict::confirmed, .reason = {}};
  return {.verdict = IdentityVerdict::undecided, .reason = "the device has no value now that would tell what it is"};
}

std::optional<Energy> register_rollover(const ProfileRegister& place) {
  if (!is_energy_register(place.quantity.measurand) || !place.counter) return std::nullopt;
  const bool is_short = *place.counter == CounterWidth::bits16;
  if (!is_short && *place.counter != CounterWidth::bits32) return std::nullopt;
  std::int64_t rollover = std::int64_t{1} << (is_short ? 16U : 32U);
  if (__builtin_mul_overflow(rollover, place.scale.digits, &rollover)) return std::nullopt;
  for (int i = 0; i < place.scale.exponent; ++i) {
    if (__builtin_mul_overflow(rollover, 10, &rollover)) return std::nullopt;
  }
  for (int i = 0; i > place.scale.exponent; --i) rollover /= 10;
  if (rollover <= 0) return std::nullopt;
  return Energy{rollover};
}

}  // namespace commonwatt
