// What an MQTT profile may say: every fault with its place, every finding, and those that come with the program.
#include <algorithm>

#include <doctest/doctest.h>

#include "meter/mqtt_lint.hpp"
#include "meter/profile_findings.hpp"
#include "meter/profile_library.hpp"
#include "meter/profile_section.hpp"
#include "tests/meter/mqtt_sample.hpp"

using namespace commonwatt;
using namespace commonwatt::test;

namespace {

void check_fault(const std::vector<std::pair<std::string, std::string>>& changes, const std::string& expected) {
  const Result<MqttProfile, ProfileFaults> profile = parse_mqtt_profile(changed_sample(changes), "sample.toml");
  REQUIRE_FALSE(profile);
  CHECK(profile.error().front() == "sample.toml:" + expected);
}

void check_finding(const std::vector<std::pair<std::string, std::string>>& changes, const std::string& expected) {
  const std::vector<std::string> findings = lint_mqtt_profile(parsed_sample(changed_sample(changes)));
  for (const std::string& finding : findings) INFO(finding);
  CAPTURE(findings.empty() ? std::string("none") : findings.front());
  CHECK(std::find(findings.begin(), findings.end(), "sample.toml:" + expected) != findings.end());
}

}  // namespace

TEST_CASE("the sample has no fault and no finding") {
  const MqttProfile profile = parsed_sample();
  CHECK(lint_mqtt_profile(profile).empty());
  CHECK(profile.topics.size() == 2);
  CHECK(profile.timeout == std::chrono::seconds{60});
  CHECK(profile.values[2].scale == Scale{1, 3});
  CHECK(profile.values[2].quantum == 1.0);
}

TEST_CASE("a fault says where it is and what would be right") {
  check_fault({{"kind    = ", "kinds   = "}},
              "1:1: device.kind: is missing; choose one of \"meter\", \"inverter\", "
              "\"hybrid\", \"battery\"");
  check_fault({{"\"kW\", sign", "\"kX\", sign"}},
              "15:44: mqtt.values.unit: 'kX' is no unit known here, as \"kWh\" or \"V\"");
  check_fault({{"optional = true", "optional = 1"}}, "16:62: mqtt.values.optional: must be true or false");
  check_fault({{"topic = 1, at = \"/all\"", "topic = 2, at = \"/all\""}}, "17:34: mqtt.values.topic: there are 2");
  check_fault({{"timeout_seconds = 60", "timeout_seconds = 0"}},
              "11:19: mqtt.timeout_seconds: must be a whole number from 1 to 86400");
  check_fault({{"sign = \"-\" }", "sgn = \"-\" }"}},
              "15:50: unknown key 'mqtt.values.sgn'; known here: at, optional, q, quantum, scale, sign, term, topic, "
              "unit");
  CHECK_FALSE(parse_mqtt_profile("[device", "x"));
}

TEST_CASE("a unit that is none of the quantity's, a sign that lacks, a quantity twice and a bad pointer are found") {
  check_finding({{"unit = \"kW\"", "unit = \"V\""}},
                "15: active_power at '/p': the unit 'V' is none of this quantity, which is in 'W'");
  check_finding({{", sign = \"-\" }", " }"}},
                "15: active_power at '/p': a power needs sign = \"+\" or \"-\": import, charging, or of an inverter "
                "production, is positive");
  check_finding({{"q = \"voltage\"", "q = \"energy_export\""}},
                "16: energy_export is there twice; numbers that add up "
                "to it have term = \"needed\" each");
  check_finding({{"at = \"/p\"", "at = \"p\""}}, "15: active_power at 'p': is no JSON pointer, as \"/ENERGY/Total\"");
  check_finding({{"topic = 1, at = \"/back\"", "topic = 0, at = \"/back\""}},
                "17: the terms of energy_import lie under two topics; they must come from one message");
  check_finding({{"optional = true },\n]", "sign = \"-\" },\n]"}},
                "19: energy_export at '/back': a register of energy never runs backwards");
}

TEST_CASE("a topic belongs to one device") {
  check_finding({{"{name}/power", "all/power"}},
                "1: the topic 'all/power' has no {name}: two such devices could not be told apart");
  check_finding({{"{name}/power", "{name}/+"}},
                "1: the topic '{name}/+' has a wildcard: it would be heard from other devices too");
}

TEST_CASE("a profile's own messages are decoded") {
  check_finding({{"energy_import = 2250", "energy_import = 2251"}},
                "30: the test expects energy_import = 2251.000000, it decodes to 2250.000000");
  check_finding({{"\"all\":3.5", "\"all\":3.5,\"all\":3.5"}},
                "27: the test's payload is refused: a key is there twice (/all)");
  check_finding({{"active_power = 1500, ", ""}}, "15: no [[test]] expects a value of active_power");
}

TEST_CASE("every profile that comes with the program has no finding and bears the name of its file") {
  CHECK(built_in_mqtt_profiles().size() == 8);
  for (const BuiltInProfile& entry : built_in_mqtt_profiles()) {
    INFO(entry.name);
    const Result<MqttProfile, ProfileFaults> profile = ProfileLibrary({}).find_mqtt(entry.name);
    const std::string fault = profile ? "" : profile.error().front();
    INFO(fault);
    REQUIRE(profile);
    const std::vector<std::string> findings = lint_mqtt_profile(*profile);
    const std::string finding = findings.empty() ? "" : findings.front();
    CHECK(finding == "");
    CHECK(is_mqtt_profile(entry.toml));
  }
  for (const BuiltInProfile& entry : built_in_profiles()) CHECK_FALSE(is_mqtt_profile(entry.toml));
}

TEST_CASE("a Shelly Pro 3EM counts each phase for itself") {
  const auto profile = ProfileLibrary({}).find_mqtt("shelly-pro-3em");
  REQUIRE(profile);
  CHECK(profile->netting == Netting::phase);
}

TEST_CASE("an unknown name is answered with those there are, of the same kind") {
  const auto profile = ProfileLibrary({}).find_mqtt("shelly-x");
  REQUIRE_FALSE(profile);
  CHECK(profile.error().front() ==
        "there is no device profile 'shelly-x'; there are: shelly-em-gen2, shelly-plus-pm, shelly-pm-mini, "
        "shelly-pro-3em");
}

TEST_CASE("the placeholders of a topic are filled in") {
  CHECK(filled_topic("{name}/status/em1:{channel}", {"a/b", 1}) == "a/b/status/em1:1");
  CHECK(filled_topic("tele/{name}/{x}", {"plug", 0}) == "tele/plug/{x}");
}
