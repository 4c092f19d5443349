// What the formats have in common in which a meter speaks unasked: P1 (p1.hpp) and SML (sml.hpp).
#pragma once

#include <optional>
#include <string>

#include "core/time.hpp"
#include "meter/device_reading.hpp"

namespace commonwatt {

/// Why a telegram is refused, and the line or the octet that is wrong.
struct TelegramError {
  std::string what;
  std::string where;
};
/// "<what> (<where>)".
inline std::string to_text(const TelegramError& error) {
  return error.what + " (" + error.where + ")";
}

/// One telegram as a reading. A telegram does not say when it arrived: `time` and `round_trip`, of the reading and of
/// each value, are zero until the receiver sets them.
struct TelegramReading {
  DeviceIdentity identity;
  DeviceReading reading;
  std::optional<UtcTime> meter_clock;  // when the meter believes it is; absent when it does not tell
};

}  // namespace commonwatt
