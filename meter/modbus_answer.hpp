// The answering side of Modbus as octets: what a device says, without the line it says it on. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "meter/device_url.hpp"

namespace commonwatt {

/// A run of registers from one address on.
struct RegisterImage {
  std::uint16_t address = 0;
  std::vector<std::uint16_t> words;
};

/// One device's registers. `images` gives the runs of registers that a read with function 3 (holding) or 4 (input)
/// sees at this instant, none if the device has no such table; it is asked once per request.
struct DeviceRegisters {
  std::uint8_t unit = 1;
  std::function<std::vector<RegisterImage>(std::uint8_t function)> images;
};

/// Everything behind one line: the answer of `unit` to a request's protocol data unit (function code onwards), or
/// nothing when there is no such unit.
using ModbusUnits =
    std::function<std::optional<std::vector<std::uint8_t>>(std::uint8_t unit, std::span<const std::uint8_t> request)>;
/// A line with that device alone.
ModbusUnits only(DeviceRegisters device);

/// The exceptions an answer can be (Modbus Application Protocol V1.1b3, section 7).
enum class ModbusException : std::uint8_t {
  illegal_function = 1,
  illegal_address = 2,
  illegal_value = 3,
  device_failure = 4,
  busy = 6,
  target_absent = 11,
};
std::vector<std::uint8_t> exception_reply(std::uint8_t function, ModbusException exception);

/// The answer to one protocol data unit: registers, or an exception. Reads outside the registers get exception 2, a
/// wrong count 3, everything but functions 3 and 4 exception 1: nothing can be written.
std::vector<std::uint8_t> answer_modbus(const DeviceRegisters& device, std::span<const std::uint8_t> request);

/// Takes the first whole request off `received` and answers it; nothing while no request is whole. An answer may be
/// empty: with RTU framing there is silence for absent units and broken frames, which are dropped. With TCP framing an
/// absent unit is answered like a gateway that does not reach it, exception 11. Frames no master sends empty
/// `received` and set `broken`.
struct FrameAnswer {
  std::vector<std::uint8_t> bytes;
  bool broken = false;
};
std::optional<FrameAnswer> answer_frame(ModbusFraming framing, const ModbusUnits& units,
                                        std::vector<std::uint8_t>& received);

}  // namespace commonwatt
