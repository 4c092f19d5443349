// The registers of the simulated devices, filled in from what they measure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/units.hpp"
#include "meter/modbus_answer.hpp"

namespace commonwatt {

/// What a simulated device measures at one instant.
struct Measurement {
  std::int64_t power_w = 0;  // meters: import positive; inverters: production
  Energy energy_import;
  Energy energy_export;  // inverters: produced
};

struct ImageIdentity {
  std::string maker;
  std::string model;
  std::string serial;
  std::uint16_t unit = 1;
};

/// "SunS", model 1, model 201 (one phase) or 203 (three), end marker; from 40000. The phases' power and energy add up.
RegisterImage sunspec_meter_image(const ImageIdentity& identity, unsigned phases, const Measurement& now);
/// "SunS", model 1, model 101 (one phase) or 103 (three), end marker; from 40000. At night power is a true 0.
RegisterImage sunspec_inverter_image(const ImageIdentity& identity, unsigned phases, const Measurement& now);
/// Eastron SDM630 input registers 0 to 79.
RegisterImage sdm630_input_image(unsigned phases, const Measurement& now);
/// Eastron SDM630 holding registers 0xFC00 and 0xFC01: the serial number.
RegisterImage sdm630_serial_image(std::uint32_t serial);

/// Energy as the kWh float of an SDM630 whose nearest Wh is that energy; exact below 16,384 kWh.
float kwh_float(Energy energy);

}  // namespace commonwatt
