#include "meter/mqtt_lint.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "meter/mqtt_json.hpp"
#include "meter/profile_findings.hpp"

namespace commonwatt {
namespace {

std::string name_of(const MqttValue& value) {
  return to_text(value.quantity) + " at '" + value.at + "'";
}

void check_topic(const std::string& topic, Findings& findings) {
  if (topic.find("{name}") == std::string::npos) {
    findings.note(1, "the topic '" + topic + "' has no {name}: two such devices could not be told apart");
  }
  if (topic.find_first_of("+#") != std::string::npos) {
    findings.note(1, "the topic '" + topic + "' has a wildcard: it would be heard from other devices too");
  }
}

void check_device(const MqttProfile& profile, Findings& findings) {
  check_profile_id(profile.id, findings);
  if (profile.maker.empty() || profile.model.empty()) {
    findings.note(1, "device.maker and device.model must not be empty");
  }
  if (profile.source.empty()) findings.note(1, "device.source must say where the topics are from, and their licence");
  if (profile.values.empty()) findings.note(1, "there are no mqtt.values: nothing would be read");
  std::set<std::string> topics;
  for (std::size_t i = 0; i < profile.topics.size(); ++i) {
    check_topic(profile.topics[i], findings);
    if (!topics.insert(profile.topics[i]).second) findings.note(1, "a topic is there twice: " + profile.topics[i]);
    const bool is_used = std::any_of(profile.values.begin(), profile.values.end(),
                                     [i](const MqttValue& value) { return value.topic == i; });
    if (!is_used) findings.note(1, "no value is under the topic '" + profile.topics[i] + "'");
  }
  if (profile.serial && (profile.serial->at.empty() || !is_json_pointer(profile.serial->at))) {
    findings.note(1, "mqtt.serial.at '" + profile.serial->at + "' is no JSON pointer, as \"/unique_id\"");
  }
  if (!profile.availability) return;
  check_topic(profile.availability->topic, findings);
  if (topics.contains(profile.availability->topic)) findings.note(1, "mqtt.availability has a topic of values");
  if (!is_json_pointer(profile.availability->at)) findings.note(1, "mqtt.availability.at is no JSON pointer");
  if (profile.availability->online.empty()) findings.note(1, "mqtt.availability.online must not be empty");
}

void check_value(const MqttValue& value, Findings& findings) {
  const auto note = [&](const std::string& what) { findings.note(value.line, name_of(value) + ": " + what); };
  const Measurand measurand = value.quantity.measurand;
  if (!unit_fits(value.unit, measurand)) note(unit_finding(value.unit, measurand));
  if (!is_json_pointer(value.at)) note("is no JSON pointer, as \"/ENERGY/Total\"");
  if (value.scale.digits > 1'000'000'000) note("the scale is no exact decimal of at most 9 digits");
  if (measurand == Measurand::active_power && !value.sign) {
    note("a power needs sign = \"+\" or \"-\": import, charging, or of an inverter production, is positive");
  }
  if (is_energy_register(measurand) && value.sign == RegisterSign::inverted && value.term == Term::none) {
    note("a register of energy never runs backwards");
  }
  if (value.optional && value.term != Term::none) note("a term is not optional as a whole; use term = \"optional\"");
  if (value.quantum && *value.quantum <= 0) note("a quantum is above 0");
}

/// A quantity is there once, or as terms under one topic: messages do not come at one moment.
void check_values_together(const MqttProfile& profile, Findings& findings) {
  std::map<std::string, std::vector<const MqttValue*>> by_name;
  for (const MqttValue& value : profile.values) by_name[to_text(value.quantity)].push_back(&value);
  for (const auto& [name, values] : by_name) {
    const MqttValue& first = *values.front();
    const auto is_term = [](const MqttValue* value) { return value->term != Term::none; };
    const auto is_elsewhere = [&first](const MqttValue* value) { return value->topic != first.topic; };
    if (values.size() > 1 && !std::all_of(values.begin(), values.end(), is_term)) {
      findings.note(first.line, name + " is there twice; numbers that add up to it have term = \"needed\" each");
    } else if (values.size() == 1 && is_term(&first)) {
      findings.note(first.line, name_of(first) + " is a term, but the only one");
    } else if (std::any_of(values.begin(), values.end(), is_elsewhere)) {
      findings.note(first.line, "the terms of " + name + " lie under two topics; they must come from one message");
    }
  }
}

void check_tests(const MqttProfile& profile, Findings& findings) {
  if (profile.tests.empty()) findings.note(1, "there is no [[test]]");
  std::set<std::string> covered;
  for (const MqttTest& test : profile.tests) {
    if (test.expect.empty()) findings.note(test.line, "the test expects nothing");
    const Result<MqttDecoded, TelegramError> decoded = decode_mqtt_json(profile, test.topic, test.payload);
    if (!decoded) {
      findings.note(test.line, "the test's payload is refused: " + to_text(decoded.error()));
      continue;
    }
    for (const ProfileTest::Expectation& expected : test.expect) {
      check_expectation(expected, decoded->values, findings);
      if (expected.value) covered.insert(to_text(expected.quantity));
    }
  }
  for (const MqttValue& value : profile.values) {
    const std::string name = to_text(value.quantity);
    if (!needs_test(value.quantity) || !covered.insert(name).second) continue;
    findings.note(value.line, "no [[test]] expects a value of " + name);
  }
}

}  // namespace

std::vector<std::string> lint_mqtt_profile(const MqttProfile& profile) {
  Findings findings(profile.file);
  check_device(profile, findings);
  for (const MqttValue& value : profile.values) check_value(value, findings);
  check_values_together(profile, findings);
  check_tests(profile, findings);
  return findings.take();
}

}  // namespace commonwatt
