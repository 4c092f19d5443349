// The program of one simulated meter: a process of its own, so that the gateway meets a real device.
#pragma once

#include <cstdint>
#include <string>

#include "core/clock.hpp"
#include "sim/household_profile.hpp"
#include "sim/simulated_meter.hpp"

namespace commonwatt {

struct SimMeterOptions {
  std::uint64_t seed = 1;
  unsigned households = 10;
  unsigned household = 0;  // 0-based index
  SimulatedDevice device = SimulatedDevice::main;
  std::uint8_t unit = 1;
  std::string listen = "127.0.0.1:0";  // or "pty:/path/of/link"
  std::string port_file;               // gets the bound port or the pseudo terminal's path once ready; may be empty
  UtcTime begin = sunny_day_begin;
  UtcTime end = sunny_day_end;
  std::int64_t interval_seconds = 900;
  SimulatedWeather weather;
  std::string registers_out;  // CSV of the device's own registers at each boundary; may be empty
};

/// Serves the device until SIGTERM or SIGINT. Returns 0 then, 1 when it cannot serve (the reason on standard error).
/// `registers_out` gets a row `boundary_seconds,import_wh,export_wh` for `begin`, every interval boundary and `end`
/// as the clock passes them, flushed at each; rows already there are not written again. The row of an inverter has
/// import 0, that of a heat pump export 0.
int run_sim_meter(const SimMeterOptions& options, Clock& clock);

}  // namespace commonwatt
