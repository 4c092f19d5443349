// What a reading can be of. One vocabulary for profiles, `commonwatt meter`, MQTT topics and the API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace commonwatt {

/// The part of a device a value belongs to: a hybrid inverter reports its grid connection, its panels and its battery.
/// `self` is the device's own connection, the only part a plain meter or inverter has.
enum class DevicePart : std::uint8_t { self, grid, pv, battery };
constexpr DevicePart enum_last(DevicePart) {
  return DevicePart::battery;
}

/// What is measured. Signed powers and currents: import, or charging, is positive, except for the power of an
/// inverter and of `pv`, where production is. The energies are cumulative registers that never fall.
enum class Measurand : std::uint8_t {
  active_power,
  active_power_import,  // >= 0, where a device states both directions apart
  active_power_export,
  apparent_power,
  reactive_power,
  power_factor,
  phase_angle,
  voltage,
  current,
  frequency,
  thd,
  energy_import,
  energy_export,
  energy_sum,        // import + export; of no use to settlement
  energy_yield,      // of `pv`, or of an inverter: produced
  energy_charge,     // of `battery`
  energy_discharge,  // of `battery`
  reactive_energy_import,
  reactive_energy_export,
  reactive_energy_sum,
  soc,  // state of charge of `battery`
  max_ac_power,
};
constexpr Measurand enum_last(Measurand) {
  return Measurand::max_ac_power;
}

/// Which share of it: all, one phase, two phases against each other (voltages), or one tariff's register.
enum class Share : std::uint8_t { total, l1, l2, l3, l12, l23, l31, t1, t2, t3, t4 };
constexpr Share enum_last(Share) {
  return Share::t4;
}

struct MeasuredQuantity {
  DevicePart part = DevicePart::self;
  Measurand measurand = Measurand::active_power;
  Share share = Share::total;
  friend bool operator==(const MeasuredQuantity&, const MeasuredQuantity&) = default;
};

/// "energy_import", "active_power_l1", "battery:soc", "energy_import_t1": the part and a colon unless it is `self`, the
/// measurand, and the share unless it is `total`.
std::string to_text(const MeasuredQuantity& quantity);
/// The quantity of exactly that name.
std::optional<MeasuredQuantity> quantity_from_text(std::string_view text);

/// The unit every value of it is given in: "W", "VA", "var", "", "deg", "V", "A", "Hz", "%", "Wh" or "varh".
const char* unit_of(Measurand measurand);
/// Whether it is a cumulative register of active energy, the only kind that settlement may use.
bool is_energy_register(Measurand measurand);

}  // namespace commonwatt
