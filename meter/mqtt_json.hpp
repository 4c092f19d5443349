// What a device says in JSON (RFC 8259), decoded as its profile tells.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "meter/device_reading.hpp"
#include "meter/mqtt_profile.hpp"
#include "meter/telegram.hpp"

namespace commonwatt {

/// Octets of one payload.
inline constexpr std::size_t mqtt_json_max = 64 * 1024;
/// Objects and arrays within each other.
inline constexpr std::size_t mqtt_json_depth_max = 16;
/// Characters of a serial number; a longer one is none.
inline constexpr std::size_t mqtt_serial_max = 64;

/// One payload. `time` and `round_trip` of each value are zero until the receiver sets them.
struct MqttDecoded {
  std::vector<MeasuredValue> values;
  std::string serial;  // empty when this payload does not tell
};

/// The values the profile has under that topic. Numbers are taken from their digits, so that an energy is exact. A
/// number that is not there, is null or a text, and a negative counter, is missing with the reason. Fails for the whole
/// payload when it is too long or too deep, is no JSON, or names a key twice, because then it is not known what it
/// says.
Result<MqttDecoded, TelegramError> decode_mqtt_json(const MqttProfile& profile, std::size_t topic,
                                                    std::string_view payload);

/// Whether the payload of the availability topic says that the device is there.
bool says_online(const MqttAvailability& availability, std::string_view payload);

/// Whether it is a JSON pointer as RFC 6901 has it.
bool is_json_pointer(std::string_view text);

}  // namespace commonwatt
