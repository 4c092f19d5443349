// The points of a SunSpec model, from its registers.
// Source: SunSpec Device Information Model Specification 1.1 and 1.2, the sections on point types, scale factors and
// values that mean "not implemented".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "meter/sunspec_models.hpp"

namespace commonwatt {

/// What a point's registers say before its scale factor: nothing when the device does not implement it, a signed or
/// unsigned integer, a float, or a text. Addresses (ipaddr, ipv6addr, eui48) are texts.
using SunSpecRaw = std::variant<std::monostate, std::int64_t, std::uint64_t, double, std::string>;

struct SunSpecPoint {
  std::string name;  // "W"; in groups "PFWInj.PF", "module[0].DCA", "Crv[1].Pt[0].V", counted from 0
  const SunSpecPointLayout* layout = nullptr;
  SunSpecRaw raw = {};
  // What the raw value is to be multiplied with: 0 for points without a scale factor; absent when the factor is not
  // implemented, not between -10 and 10, or not among the registers.
  std::optional<int> exponent = std::nullopt;
  std::optional<double> value = std::nullopt;  // scaled; absent for texts, and when raw or exponent is
};

/// Decodes a model that sunspec_layout knows from its registers, ID first; of every other, nothing. The length that the
/// device states, and the registers that are there, say how many of the points it has: one that is cut off is left out.
std::vector<SunSpecPoint> decode_sunspec_points(std::span<const std::uint16_t> words);
/// The point of that name; nullptr when it is not there.
const SunSpecPoint* find_sunspec_point(std::span<const SunSpecPoint> points, std::string_view name);

/// A point and its place in one device's model.
struct SunSpecPlace {
  std::string name;
  const SunSpecPointLayout* layout = nullptr;
  std::size_t offset = 0;  // of its first register from the ID

  [[nodiscard]] std::size_t end() const { return offset + registers_of(*layout); }
};
/// Where the points of a model are, in order, up to the length it states. `words` are its first registers: ID and L at
/// least, and the counts of its groups, without which a group has no instances.
std::vector<SunSpecPlace> sunspec_places(std::span<const std::uint16_t> words);
/// The place of the point of that name; nullptr when it is not there.
const SunSpecPlace* find_sunspec_place(std::span<const SunSpecPlace> places, std::string_view name);

/// What the registers of one point say, which are as many as its type has.
SunSpecRaw sunspec_raw(SunSpecType type, std::span<const std::uint16_t> words);
/// The point at `place`, with the scale factor at `factor` (nullptr: it is not among the registers). `words` reach at
/// least to the end of `place`. The name is left empty.
SunSpecPoint decode_sunspec_point(const SunSpecPlace& place, const SunSpecPlace* factor,
                                  std::span<const std::uint16_t> words);

/// The scale factor in a register: -10 to 10, else absent.
std::optional<int> sunspec_exponent(std::uint16_t sunssf);

}  // namespace commonwatt
