// What a device said, with what is needed to judge it: when, how long it took, how good it is, and the very octets it
// came from, so that a bill can be audited down to the registers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/sha256.hpp"
#include "core/time.hpp"
#include "core/units.hpp"
#include "meter/quantity.hpp"

namespace commonwatt {

/// How far a value may be trusted. Only `good` enters settlement as measured.
///   good       read anew, whole, plausible
///   missing    the device has no value: a sentinel, NaN, or not asked successfully. Never zero.
///   stale      the device repeats an old value
///   suspect    read, but it contradicts something; or nothing protected it on its way
///   estimated  computed, not read
enum class Quality { good, missing, stale, suspect, estimated };
constexpr Quality enum_last(Quality) {
  return Quality::estimated;
}
const char* to_text(Quality quality);

/// One value of one device.
struct MeasuredValue {
  MeasuredQuantity quantity;
  std::optional<double> value = std::nullopt;   // in unit_of(quantity.measurand); absent when missing
  std::optional<Energy> energy = std::nullopt;  // energy registers: the same, exact, a fraction of a Wh rounded down
  Quality quality = Quality::good;
  std::string reason = {};   // why it is not good, in words for its owner; empty when good
  double quantum = 0;        // the step in which the device counts, in the unit; 0: not known
  UtcTime time = {};         // market time, midway between request and answer
  Duration round_trip = {};  // market time from request to answer
};

/// Who a device says it is.
struct DeviceIdentity {
  std::string maker;
  std::string model;
  std::string serial;  // empty when the device does not tell
  friend bool operator==(const DeviceIdentity&, const DeviceIdentity&) = default;
};

/// What one answer of a device was: the registers from `address` on, high octet first, or a whole telegram.
struct RawPiece {
  std::uint8_t function = 0;  // 3 holding registers, 4 input registers, 0 a telegram
  std::uint16_t address = 0;
  std::vector<std::uint8_t> octets;
  friend bool operator==(const RawPiece&, const RawPiece&) = default;
};
/// The answer to a read of registers.
RawPiece raw_registers(std::uint8_t function, std::uint16_t address, const std::vector<std::uint16_t>& words);

/// Everything one look at a device gave.
struct DeviceReading {
  UtcTime time;  // of its energy registers; of the first value when it has none
  Duration round_trip{};
  std::vector<MeasuredValue> values;
  std::vector<RawPiece> raw;           // all that was received for it
  Quality quality = Quality::good;     // of the energy registers taken together; missing when there is none
  std::string reason;                  // why it is not good
  bool produces = false;               // the active_power of `self` is production, not import
  std::optional<UtcTime> meter_clock;  // what time the meter takes it for, where it tells

  /// The value of that quantity; nullptr when the device has none.
  [[nodiscard]] const MeasuredValue* find(const MeasuredQuantity& quantity) const;
  /// What flows through a billing meter, import positive: the device's own figures, or those of its grid connection.
  /// Absent when there is none or it is missing.
  [[nodiscard]] std::optional<double> power_w() const;
  [[nodiscard]] std::optional<Energy> energy_import() const;
  [[nodiscard]] std::optional<Energy> energy_export() const;
  /// What a plant makes, production positive: of its panels, or the device's own yield, or what a meter that stands
  /// before the plant counts as export.
  [[nodiscard]] std::optional<double> production_w() const;
  [[nodiscard]] std::optional<Energy> energy_produced() const;
};

/// Sets time, round trip, quality and reason from the values: those of the registers settlement uses, the worst of
/// those that are there.
void summarise(DeviceReading& reading);

/// SHA-256 of all octets in `raw`, one piece after the other: what the signed reading carries.
Hash32 raw_hash(const DeviceReading& reading);

}  // namespace commonwatt
