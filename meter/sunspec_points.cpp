#include "meter/sunspec_points.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace commonwatt {
namespace {

using Words = std::span<const std::uint16_t>;

constexpr int exponent_max = 10;

/// Collects the places of a model's points.
class Surveyor {
 public:
  Surveyor(Words words, std::size_t end) : words_(words), end_(end) {}

  void add(const SunSpecGroup& group, const std::string& prefix) {
    for (const SunSpecPointLayout& point : group.points) {
      const std::size_t next = at_ + registers_of(point);
      // Cut off: nothing behind it can be there.
      if (next > end_) at_ = end_;
      if (at_ == end_) return;
      places_.push_back({.name = prefix + std::string(point.name), .layout = &point, .offset = at_});
      at_ = next;
    }
    for (const SunSpecGroup* child : group.groups) {
      const std::string name = prefix + std::string(child->name);
      if (child->repeat.empty()) add(*child, name + ".");
      const std::size_t instances = instances_of(*child);
      for (std::size_t i = 0; i < instances && at_ < end_; ++i) add(*child, name + "[" + std::to_string(i) + "].");
    }
  }
  std::vector<SunSpecPlace> take() { return std::move(places_); }

 private:
  [[nodiscard]] std::size_t instances_of(const SunSpecGroup& group) const {
    if (group.repeat.empty()) return 0;
    if (group.repeat == as_many_as_fit) return (end_ - at_) / registers_of(group.points);
    const SunSpecPlace* const count = find_sunspec_place(places_, group.repeat);
    if (count == nullptr || count->offset >= words_.size()) return 0;
    const std::uint16_t stated = words_[count->offset];
    return stated == 0xFFFF ? 0 : stated;
  }

  Words words_;
  std::size_t end_;
  std::size_t at_ = 0;
  std::vector<SunSpecPlace> places_;
};

std::uint64_t unsigned_of(Words words) {
  std::uint64_t value = 0;
  for (const std::uint16_t word : words) value = (value << 16U) | word;
  return value;
}

/// Two's complement of as many bits as there are words; the most negative number is "not implemented".
SunSpecRaw signed_raw(Words words) {
  const auto shift = static_cast<int>(64 - 16 * words.size());
  const auto high = static_cast<std::int64_t>(unsigned_of(words) << static_cast<unsigned>(shift));
  if (high == std::numeric_limits<std::int64_t>::min()) return {};
  return high >> shift;
}

SunSpecRaw unsigned_raw(Words words, std::uint64_t absent) {
  const std::uint64_t value = unsigned_of(words);
  if (value == absent) return {};
  return value;
}

SunSpecRaw float_raw(double value) {
  if (std::isnan(value)) return {};
  return value;
}

std::uint64_t all_ones(Words words) {
  return ~std::uint64_t{0} >> (64 - 16 * words.size());
}

std::vector<unsigned> octets_of(Words words) {
  std::vector<unsigned> octets;
  for (const std::uint16_t word : words) {
    octets.push_back(word >> 8U);
    octets.push_back(word & 0xFFU);
  }
  return octets;
}

/// Up to the first NUL. One of blanks alone is one that the device does not implement, too.
SunSpecRaw string_raw(Words words) {
  std::string text;
  for (const unsigned octet : octets_of(words)) {
    if (octet == 0) break;
    text += octet >= 0x20 && octet < 0x7F ? static_cast<char>(octet) : '?';
  }
  if (text.find_first_not_of(' ') == std::string::npos) return {};
  return text;
}

void append_hex(std::string& text, unsigned value, unsigned digits) {
  for (unsigned i = digits; i-- > 0;) text += "0123456789abcdef"[(value >> (4 * i)) & 0xFU];
}

SunSpecRaw ipaddr_raw(Words words) {
  if (unsigned_of(words) == 0) return {};
  std::string text;
  for (const unsigned octet : octets_of(words)) text += (text.empty() ? "" : ".") + std::to_string(octet);
  return text;
}

SunSpecRaw ipv6addr_raw(Words words) {
  if (std::all_of(words.begin(), words.end(), [](std::uint16_t word) { return word == 0; })) return {};
  std::string text;
  for (const std::uint16_t word : words) {
    if (!text.empty()) text += ':';
    append_hex(text, word, 4);
  }
  return text;
}

/// The address is in the last six of the eight octets.
SunSpecRaw eui48_raw(Words words) {
  constexpr std::uint64_t mask = 0xFFFFFFFFFFFF;
  if ((unsigned_of(words) & mask) == mask) return {};
  std::string text;
  for (const unsigned octet : octets_of(words.subspan(1))) {
    if (!text.empty()) text += ':';
    append_hex(text, octet, 2);
  }
  return text;
}

std::optional<double> scaled(const SunSpecRaw& raw, int exponent) {
  double value = 0;
  if (const auto* integer = std::get_if<std::int64_t>(&raw)) {
    value = static_cast<double>(*integer);
  } else if (const auto* natural = std::get_if<std::uint64_t>(&raw)) {
    value = static_cast<double>(*natural);
  } else if (const auto* real = std::get_if<double>(&raw)) {
    value = *real;
  } else {
    return std::nullopt;
  }
  if (!std::isfinite(value)) return std::nullopt;
  // The power of ten that is divided by is exact; 0.1 is not.
  static constexpr std::array<double, exponent_max + 1> powers{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10};
  const double power = powers[static_cast<std::size_t>(std::abs(exponent))];
  return exponent < 0 ? value / power : value * power;
}

std::optional<int> exponent_of(const SunSpecPointLayout& layout, const SunSpecPlace* factor, Words words) {
  if (layout.scale.empty()) return 0;
  if (factor == nullptr || factor->offset >= words.size()) return std::nullopt;
  return sunspec_exponent(words[factor->offset]);
}

}  // namespace

std::vector<SunSpecPlace> sunspec_places(std::span<const std::uint16_t> words) {
  if (words.size() < 2) return {};
  const SunSpecGroup* const layout = sunspec_layout(words[0]);
  if (layout == nullptr) return {};
  Surveyor surveyor(words, std::size_t{2} + words[1]);
  surveyor.add(*layout, "");
  return surveyor.take();
}

const SunSpecPlace* find_sunspec_place(std::span<const SunSpecPlace> places, std::string_view name) {
  const auto found =
      std::find_if(places.begin(), places.end(), [name](const SunSpecPlace& place) { return place.name == name; });
  return found == places.end() ? nullptr : &*found;
}

std::vector<SunSpecPoint> decode_sunspec_points(std::span<const std::uint16_t> words) {
  const std::vector<SunSpecPlace> places = sunspec_places(words);
  std::vector<SunSpecPoint> points;
  points.reserve(places.size());
  for (const SunSpecPlace& place : places) {
    if (place.end() > words.size()) break;
    points.push_back(decode_sunspec_point(place, find_sunspec_place(places, place.layout->scale), words));
    points.back().name = place.name;
  }
  return points;
}

SunSpecPoint decode_sunspec_point(const SunSpecPlace& place, const SunSpecPlace* factor,
                                  std::span<const std::uint16_t> words) {
  SunSpecPoint point{.name = {}, .layout = place.layout};
  point.raw = sunspec_raw(place.layout->type, words.subspan(place.offset, registers_of(*place.layout)));
  point.exponent = exponent_of(*place.layout, factor, words);
  if (point.exponent) point.value = scaled(point.raw, *point.exponent);
  return point;
}

const SunSpecPoint* find_sunspec_point(std::span<const SunSpecPoint> points, std::string_view name) {
  const auto found =
      std::find_if(points.begin(), points.end(), [name](const SunSpecPoint& point) { return point.name == name; });
  return found == points.end() ? nullptr : &*found;
}

SunSpecRaw sunspec_raw(SunSpecType type, std::span<const std::uint16_t> words) {
  switch (type) {
    case SunSpecType::int16:
    case SunSpecType::sunssf:
    case SunSpecType::int32:
    case SunSpecType::int64:
      return signed_raw(words);
    case SunSpecType::uint16:
    case SunSpecType::enum16:
    case SunSpecType::bitfield16:
    case SunSpecType::count:
    case SunSpecType::uint32:
    case SunSpecType::enum32:
    case SunSpecType::bitfield32:
    case SunSpecType::uint64:
      return unsigned_raw(words, all_ones(words));
    case SunSpecType::acc16:
    case SunSpecType::acc32:
    case SunSpecType::acc64:
      return unsigned_raw(words, 0);
    case SunSpecType::pad:
      return unsigned_of(words);
    case SunSpecType::float32:
      return float_raw(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(unsigned_of(words)))));
    case SunSpecType::float64:
      return float_raw(std::bit_cast<double>(unsigned_of(words)));
    case SunSpecType::ipaddr:
      return ipaddr_raw(words);
    case SunSpecType::eui48:
      return eui48_raw(words);
    case SunSpecType::ipv6addr:
      return ipv6addr_raw(words);
    case SunSpecType::string:
      return string_raw(words);
  }
  std::abort();
}

std::optional<int> sunspec_exponent(std::uint16_t sunssf) {
  const int exponent = static_cast<std::int16_t>(sunssf);
  if (exponent < -exponent_max || exponent > exponent_max) return std::nullopt;
  return exponent;
}

}  // namespace commonwatt
