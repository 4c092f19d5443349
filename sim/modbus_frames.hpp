// Modbus requests and answers as bytes: what a device says, without the line it says it on.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "meter/modbus_frame.hpp"
#include "sim/register_image.hpp"

namespace commonwatt {

/// A device's registers. `images` gives the runs of registers that a read with function 3 (holding) or 4 (input) sees
/// at this instant, none if the device has no such table; it is asked once per request.
struct DeviceRegisters {
  std::uint8_t unit = 1;
  std::function<std::vector<RegisterImage>(std::uint8_t function)> images;
};

/// The answer to one protocol data unit (function code onwards): registers, or an exception. Reads outside the
/// registers get exception 2, a wrong count 3, everything but functions 3 and 4 exception 1: nothing can be written.
std::vector<std::uint8_t> answer_modbus(const DeviceRegisters& device, std::span<const std::uint8_t> request);

/// Takes the first whole request off `received` and answers it; nothing while no request is whole. An answer may be
/// empty: a serial device is silent for other units and broken frames, which are dropped. A TCP device answers another
/// unit like a gateway that does not reach it, exception 11. Frames no master sends empty `received` and set `broken`.
struct FrameAnswer {
  std::vector<std::uint8_t> bytes;
  bool broken = false;
};
std::optional<FrameAnswer> answer_tcp_frame(const DeviceRegisters& device, std::vector<std::uint8_t>& received);
std::optional<FrameAnswer> answer_serial_frame(const DeviceRegisters& device, std::vector<std::uint8_t>& received);

}  // namespace commonwatt
