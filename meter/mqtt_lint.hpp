// Whether an MQTT profile makes sense: what parse_mqtt_profile cannot see because every line for itself is right.
#pragma once

#include <string>
#include <vector>

#include "meter/mqtt_profile.hpp"

namespace commonwatt {

/// Every finding, as "FILE:LINE: what is wrong and what would be right"; none when the profile may be used. Runs the
/// profile's own test vectors.
std::vector<std::string> lint_mqtt_profile(const MqttProfile& profile);

}  // namespace commonwatt
