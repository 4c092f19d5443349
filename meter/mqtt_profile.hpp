// Profiles of devices that publish JSON over MQTT: which quantity stands under which topic, at which place of the
// payload, in which unit, as a TOML file per device. Strict, as profile.hpp is, and without logic.
// meter/mqtt_profiles/ holds those that come with the program.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "meter/mqtt_name.hpp"
#include "meter/profile.hpp"

namespace commonwatt {

inline constexpr std::size_t mqtt_topics_max = 8;

/// One number of a payload.
struct MqttValue {
  MeasuredQuantity quantity = {};
  std::size_t topic = 0;                            // its place in MqttProfile::topics
  std::string at = {};                              // a JSON pointer (RFC 6901); "" is the whole payload
  std::string unit = {};                            // as the file writes it
  Scale scale = {};                                 // the number x scale is in the canonical unit
  std::optional<RegisterSign> sign = std::nullopt;  // of a term: whether it is subtracted
  Term term = Term::none;                           // the terms of a quantity stand in one payload
  bool optional = false;                            // some of these devices do not measure it and leave it out
  std::optional<double> quantum = std::nullopt;     // the step in which the device counts, canonical unit
  int line = 0;
};

/// What tells which device this is.
struct MqttSerial {
  std::size_t topic = 0;
  std::string at = {};
};

/// Where the device, or whoever speaks for it, says whether it is there.
struct MqttAvailability {
  std::string topic = {};
  std::string at = {};      // "": the payload is the bare text
  std::string online = {};  // anything else means that it is not there
};

/// A message and what it must decode to.
struct MqttTest {
  std::size_t topic = 0;
  std::string payload = {};
  std::vector<ProfileTest::Expectation> expect = {};
  int line = 0;
};

struct MqttProfile {
  std::string id = {};
  std::string maker = {};
  std::string model = {};
  std::vector<std::string> names = {};  // others it is sold under
  std::string source = {};              // where the facts are from, and their licence
  ProfileKind kind = ProfileKind::meter;
  Netting netting = Netting::unknown;
  std::vector<std::string> topics = {};  // with {name}, and {channel} where a device has several meters
  std::chrono::seconds timeout{60};      // silence on a topic after which its values are no longer current
  std::optional<MqttSerial> serial = std::nullopt;
  std::optional<MqttAvailability> availability = std::nullopt;
  std::vector<MqttValue> values = {};
  std::vector<MqttTest> tests = {};
  std::string file = {};  // it was read from
};

/// Whether a TOML file is to be read as an MQTT profile: it has a table [mqtt]. False for text that is no TOML.
bool is_mqtt_profile(std::string_view toml);

/// Reads a profile strictly: every unknown key and every value of the wrong kind is a fault, and all are found at once.
/// Whether it makes sense is lint_mqtt_profile's question.
Result<MqttProfile, ProfileFaults> parse_mqtt_profile(std::string_view toml, std::string_view file_name);

/// A topic of the profile with {name} and {channel} filled in.
std::string filled_topic(std::string_view pattern, const MqttName& name);

}  // namespace commonwatt
