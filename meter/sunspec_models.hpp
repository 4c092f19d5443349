// Which points the SunSpec models have, in which order, and how they are coded.
// Source: SunSpec Device Information Model Specification 1.1 and 1.2 (types, repeating groups) and the models
// themselves, github.com/sunspec/models, json/model_*.json (Apache-2.0).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace commonwatt {

enum class SunSpecType : std::uint8_t {
  int16,
  uint16,
  acc16,  // an accumulator; 0 is its "not implemented"
  enum16,
  bitfield16,
  count,   // of the instances of a repeating group
  sunssf,  // the exponent of ten of other points
  pad,
  int32,
  uint32,
  acc32,
  enum32,
  bitfield32,
  ipaddr,
  float32,
  int64,
  uint64,
  acc64,
  float64,
  eui48,
  ipv6addr,
  string,
};
constexpr SunSpecType enum_last(SunSpecType) {
  return SunSpecType::string;
}

struct SunSpecPointLayout {
  std::string_view name;
  SunSpecType type = SunSpecType::uint16;
  std::string_view scale = {};        // the point that holds its scale factor; empty: it has none
  std::uint8_t string_registers = 0;  // strings only
};

constexpr std::size_t registers_of(const SunSpecPointLayout& point) {
  if (point.type == SunSpecType::string) return point.string_registers;
  if (point.type < SunSpecType::int32) return 1;
  if (point.type < SunSpecType::int64) return 2;
  return point.type < SunSpecType::ipv6addr ? 4 : 8;
}
constexpr std::size_t registers_of(std::span<const SunSpecPointLayout> points) {
  std::size_t registers = 0;
  for (const SunSpecPointLayout& point : points) registers += registers_of(point);
  return registers;
}

/// A model, or a part of one that may repeat. Its points follow each other without gaps, and its groups follow them.
/// All scale factors are points of the model itself, and so are the counts.
struct SunSpecGroup {
  std::string_view name = {};    // empty: the model itself, whose first two points are ID and L
  std::string_view repeat = {};  // the point that counts its instances; empty: there is one
  std::span<const SunSpecPointLayout> points = {};
  std::span<const SunSpecGroup* const> groups = {};
};
/// The `repeat` of a group that is there as often as the model's length has room for it.
inline constexpr std::string_view as_many_as_fit = "*";

/// The layout of the models 1, 101 to 103, 111 to 113, 120 to 124, 160, 201 to 204, 211 to 214, 701 to 704, 706, 713 to
/// 715 and 802; nullptr for every other.
const SunSpecGroup* sunspec_layout(std::uint16_t id);

/// The layouts by name, for sunspec_layout alone; models that differ in nothing but their number share one.
namespace sunspec_layouts {
extern const SunSpecGroup common;              // 1
extern const SunSpecGroup inverter;            // 101 to 103
extern const SunSpecGroup inverter_float;      // 111 to 113
extern const SunSpecGroup nameplate;           // 120
extern const SunSpecGroup settings;            // 121
extern const SunSpecGroup status;              // 122
extern const SunSpecGroup controls;            // 123
extern const SunSpecGroup storage;             // 124
extern const SunSpecGroup mppt;                // 160
extern const SunSpecGroup meter_single_phase;  // 201
extern const SunSpecGroup meter;               // 202 to 204
extern const SunSpecGroup meter_float;         // 211 to 214
extern const SunSpecGroup der_measure_ac;      // 701
extern const SunSpecGroup der_capacity;        // 702
extern const SunSpecGroup der_enter_service;   // 703
extern const SunSpecGroup der_control_ac;      // 704
extern const SunSpecGroup der_volt_watt;       // 706
extern const SunSpecGroup der_storage;         // 713
extern const SunSpecGroup der_measure_dc;      // 714
extern const SunSpecGroup der_control;         // 715
extern const SunSpecGroup battery;             // 802
}  // namespace sunspec_layouts

}  // namespace commonwatt
