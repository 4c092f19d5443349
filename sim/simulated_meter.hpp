// One device of one simulated household: what it measures at the clock's time, as registers behind Modbus.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "sim/household_profile.hpp"
#include "sim/register_image.hpp"

namespace commonwatt {

enum class SimulatedDevice { main, inverter, heat_pump };
constexpr SimulatedDevice enum_last(SimulatedDevice) {
  return SimulatedDevice::heat_pump;
}
const char* to_text(SimulatedDevice device);
std::optional<SimulatedDevice> simulated_device_from_text(std::string_view text);

/// Whether the household has such a device.
bool has_device(const HouseholdPlan& plan, SimulatedDevice device);
/// The serial number the device reports, as the reader decodes it: for enrolling it in a configuration.
std::string simulated_serial(const HouseholdPlan& plan, SimulatedDevice device);

/// What the device's power and energy registers hold at `time`.
Measurement measure(const HouseholdEnergy& household, SimulatedDevice device, UtcTime time);

/// The device's registers, computed at the clock's time whenever they are asked for. Main meter: SunSpec 1 and 201 or
/// 203; inverter: SunSpec 1 and 101 or 103; heat pump: SDM630. `household` and `clock` must outlive the result.
DeviceRegisters simulated_registers(const HouseholdEnergy& household, SimulatedDevice device, const Clock& clock,
                                    std::uint8_t unit = 1);

}  // namespace commonwatt
