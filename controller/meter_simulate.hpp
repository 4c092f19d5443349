// `commonwatt meter simulate`: serves a register file as the device it was taken from.
#pragma once

#include <ostream>
#include <string>

namespace commonwatt {

struct MeterSimulateOptions {
  std::string file;    ///< see meter/register_file.hpp
  std::string listen;  ///< modbus+tcp://127.0.0.1:0?unit=1, modbus+rtutcp://..., modbus+rtu:///path/of/link
};

/// Writes the URL that reaches the device to `out` as soon as it can be reached, and serves until SIGTERM or SIGINT.
/// Returns the exit status: 0 then, 65 when the file is not as it should be, 64 when the URL is not, 1 when nothing can
/// be served there.
int run_meter_simulate(const MeterSimulateOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
