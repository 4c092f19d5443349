// Whatever a device publishes: it is refused, or every value of it is finite, and an energy is neither negative nor
// anything else than its value. The first octet chooses the profile, the second the topic.
#include <cmath>
#include <cstdlib>

#include "core/bytes.hpp"
#include "meter/mqtt_json.hpp"
#include "meter/profile_library.hpp"

namespace {

using namespace commonwatt;

void check(bool claim) {
  if (!claim) std::abort();
}

const std::vector<MqttProfile>& profiles() {
  static const std::vector<MqttProfile> all = [] {
    std::vector<MqttProfile> parsed;
    for (const BuiltInProfile& entry : built_in_mqtt_profiles()) {
      auto profile = parse_mqtt_profile(entry.toml, entry.name);
      check(profile.ok());
      parsed.push_back(std::move(*profile));
    }
    return parsed;
  }();
  return all;
}

void check_value(const MeasuredValue& value) {
  check((value.quality == Quality::missing) == !value.value.has_value());
  check(value.reason.empty() == value.value.has_value());
  check(!value.value || std::isfinite(*value.value));
  check(value.value || !value.energy);
  if (!value.energy) return;
  check(value.energy->count >= 0);
  const auto whole = static_cast<double>(value.energy->count);
  check(std::abs(*value.value - whole) <= 1 + whole * 1e-15);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const MqttProfile& profile = profiles()[data[0] % profiles().size()];
  const std::string payload = as_text({data + 2, size - 2});
  const auto decoded = decode_mqtt_json(profile, data[1] % profile.topics.size(), payload);
  if (profile.availability) static_cast<void>(says_online(*profile.availability, payload));
  if (!decoded) {
    check(!decoded.error().what.empty() && !decoded.error().where.empty());
    return 0;
  }
  check(decoded->values.size() <= profile.values.size() && decoded->serial.size() <= mqtt_serial_max);
  for (const MeasuredValue& value : decoded->values) check_value(value);
  return 0;
}
