// Who is on a line? For the installer, before there is a configuration.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "meter/device_reading.hpp"
#include "meter/device_url.hpp"
#include "meter/modbus_bus.hpp"
#include "meter/profile_library.hpp"
#include "meter/sunspec.hpp"

namespace commonwatt {

/// How sure it is that a device is of a profile.
enum class ProbeGrounds {
  sunspec,     // it describes itself
  identified,  // an identity register says so
  plausible,   // what the profile's registers hold could be such a device's; others may fit as well
  answers,     // something answers that fits no profile
};
const char* to_text(ProbeGrounds grounds);

struct ProbeFinding {
  std::uint8_t unit = 0;
  ProbeGrounds grounds = ProbeGrounds::answers;
  std::string profile = {};  // "sunspec", a profile's name, or empty
  DeviceIdentity identity = {};
  std::optional<std::uint16_t> sunspec_base = std::nullopt;
  std::vector<SunSpecModel> models = {};
};

/// Everything that `unit` could be: SunSpec, else the profiles whose identity registers agree, else all whose values
/// are plausible, else that it answers at all; empty when it is silent. `profiles` are those to try. Fails with the
/// line's own fault when the line cannot be used.
Result<std::vector<ProbeFinding>, MeterError> probe_unit(ModbusBus& bus, std::uint8_t unit,
                                                         std::optional<std::uint16_t> sunspec_base,
                                                         const std::vector<Profile>& profiles);

/// Whether anything answers for that unit, if only with an exception.
Result<bool, MeterError> answers(ModbusBus& bus, std::uint8_t unit);

}  // namespace commonwatt
