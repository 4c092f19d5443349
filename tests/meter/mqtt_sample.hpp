// An MQTT profile made up for tests: two topics, a serial number, every kind of value.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "meter/mqtt_profile.hpp"

namespace commonwatt::test {

inline constexpr std::string_view mqtt_sample = R"toml([device]
id      = "sample"
maker   = "Acme"
model   = "M1"
source  = "made up"
kind    = "meter"
netting = "sum"

[mqtt]
topics          = ["{name}/power", "{name}/energy/{channel}"]
timeout_seconds = 60
serial          = { topic = 1, at = "/sn" }
availability    = { topic = "{name}/online", at = "/state", online = "yes" }
values = [
  { q = "active_power",  at = "/p", unit = "kW", sign = "-" },
  { q = "voltage",       at = "/u/0", unit = "V", optional = true },
  { q = "energy_import", topic = 1, at = "/all", unit = "kWh", term = "needed", quantum = 0.001 },
  { q = "energy_import", topic = 1, at = "/back", unit = "kWh", term = "optional", sign = "-" },
  { q = "energy_export", topic = 1, at = "/back", unit = "kWh", optional = true },
]

[[test]]
topic   = 0
payload = '{"p":-1.5,"u":[230]}'
expect  = { active_power = 1500, voltage = 230 }

[[test]]
topic   = 1
payload = '{"all":3.5,"back":1.25,"sn":"A1"}'
expect  = { energy_import = 2250, energy_export = 1250 }
)toml";

/// The sample with every first text replaced by the second; each must be there.
inline std::string changed_sample(const std::vector<std::pair<std::string, std::string>>& changes) {
  std::string text(mqtt_sample);
  for (const auto& [from, to] : changes) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  }
  return text;
}

inline MqttProfile parsed_sample(const std::string& toml = std::string(mqtt_sample)) {
  Result<MqttProfile, ProfileFaults> profile = parse_mqtt_profile(toml, "sample.toml");
  INFO((profile ? "" : profile.error().front()));
  REQUIRE(profile);
  return std::move(*profile);
}

}  // namespace commonwatt::test
