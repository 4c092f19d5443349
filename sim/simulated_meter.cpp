#include "sim/simulated_meter.hpp"

#include <cstdlib>

#include "sim/random.hpp"

namespace commonwatt {
namespace {

std::uint32_t heat_pump_serial(const HouseholdPlan& plan) {
  return static_cast<std::uint32_t>(Draw({plan.seed, plan.index, 0x5D30}).whole(10'000'000, 99'999'999));
}

ImageIdentity identity_of(const HouseholdPlan& plan, SimulatedDevice device, std::uint8_t unit) {
  return {.maker = "Commonwatt Simulation",
          .model = device == SimulatedDevice::inverter ? "SimPV" : "SimMeter",
          .serial = simulated_serial(plan, device),
          .unit = unit};
}

}  // namespace

const char* to_text(SimulatedDevice device) {
  switch (device) {
    case SimulatedDevice::main:
      return "main";
    case SimulatedDevice::inverter:
      return "inverter";
    case SimulatedDevice::heat_pump:
      return "heat_pump";
  }
  std::abort();
}

std::optional<SimulatedDevice> simulated_device_from_text(std::string_view text) {
  for (const SimulatedDevice device : {SimulatedDevice::main, SimulatedDevice::inverter, SimulatedDevice::heat_pump}) {
    if (text == to_text(device)) return device;
  }
  return std::nullopt;
}

bool has_device(const HouseholdPlan& plan, SimulatedDevice device) {
  switch (device) {
    case SimulatedDevice::main:
      return true;
    case SimulatedDevice::inverter:
      return plan.has_pv();
    case SimulatedDevice::heat_pump:
      return plan.has_heat_pump();
  }
  std::abort();
}

std::string simulated_serial(const HouseholdPlan& plan, SimulatedDevice device) {
  if (device == SimulatedDevice::heat_pump) return std::to_string(heat_pump_serial(plan));
  // Sixteen registers hold 32 characters.
  return std::to_string(scramble(plan.seed) % 1'000'000) + "-" + plan.id.text() + "-" + to_text(device);
}

Measurement measure(const HouseholdEnergy& household, SimulatedDevice device, UtcTime time) {
  const HouseholdPower power = household.power(time);
  const HouseholdRegisters registers = household.registers(time);
  switch (device) {
    case SimulatedDevice::main:
      return {power.load - power.pv, registers.grid_import, registers.grid_export};
    case SimulatedDevice::inverter:
      return {power.pv, Energy{0}, registers.produced};
    case SimulatedDevice::heat_pump:
      return {power.heat_pump, registers.heat_pump_import, Energy{0}};
  }
  std::abort();
}

DeviceRegisters simulated_registers(const HouseholdEnergy& household, SimulatedDevice device, const Clock& clock,
                                    std::uint8_t unit) {
  const auto images = [&household, &clock, device, unit](std::uint8_t function) -> std::vector<RegisterImage> {
    const HouseholdPlan& plan = household.plan();
    const Measurement now = measure(household, device, clock.now());
    const bool holding = function == 3;
    switch (device) {
      case SimulatedDevice::main:
        if (!holding) return {};
        return {sunspec_meter_image(identity_of(plan, device, unit), plan.phases, now)};
      case SimulatedDevice::inverter:
        if (!holding) return {};
        return {sunspec_inverter_image(identity_of(plan, device, unit), plan.phases, now)};
      case SimulatedDevice::heat_pump:
        if (holding) return {sdm630_serial_image(heat_pump_serial(plan))};
        return {sdm630_input_image(plan.phases, now)};
    }
    std::abort();
  };
  return {.unit = unit, .images = images};
}

}  // namespace commonwatt
