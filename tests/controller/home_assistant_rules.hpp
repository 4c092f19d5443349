// What Home Assistant's documentation allows in an MQTT discovery message, written down apart from the code that writes
// such messages: the pages "MQTT", section "MQTT Discovery", and "MQTT Sensor" (keys, abbreviations, what is needed),
// and "Sensor entity" of the developer documentation (device classes with their units and state classes).
#pragma once

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace commonwatt::test {

class HomeAssistantRules {
 public:
  explicit HomeAssistantRules(std::string prefix) : prefix_(std::move(prefix)) {}

  /// What is wrong with an announcement; empty when nothing is. Remembers unique ids over calls.
  std::vector<std::string> faults_of(const std::string& topic, const std::string& payload) {
    faults_.clear();
    Json config = Json::parse(payload, nullptr, false);
    if (!config.is_object()) {
      fault("the payload is no JSON object");
      return faults_;
    }
    expand(config, abbreviations());
    const std::string kind = kind_of(topic);
    if (kind == "sensor") {
      check_sensor(config, config, {});
    } else if (kind == "device") {
      check_device_message(config);
    } else {
      fault("topic " + topic + " is no announcement");
    }
    return faults_;
  }

 private:
  using Json = nlohmann::json;
  using Names = std::set<std::string>;

  static const std::map<std::string, std::string>& abbreviations() {
    static const std::map<std::string, std::string> names{{"avty", "availability"},
                                                          {"avty_mode", "availability_mode"},
                                                          {"avty_t", "availability_topic"},
                                                          {"avty_tpl", "availability_template"},
                                                          {"cmps", "components"},
                                                          {"dev", "device"},
                                                          {"dev_cla", "device_class"},
                                                          {"e", "encoding"},
                                                          {"en", "enabled_by_default"},
                                                          {"ent_cat", "entity_category"},
                                                          {"exp_aft", "expire_after"},
                                                          {"frc_upd", "force_update"},
                                                          {"ic", "icon"},
                                                          {"json_attr_t", "json_attributes_topic"},
                                                          {"o", "origin"},
                                                          {"p", "platform"},
                                                          {"pl_avail", "payload_available"},
                                                          {"pl_not_avail", "payload_not_available"},
                                                          {"stat_cla", "state_class"},
                                                          {"stat_t", "state_topic"},
                                                          {"sug_dsp_prc", "suggested_display_precision"},
                                                          {"t", "topic"},
                                                          {"uniq_id", "unique_id"},
                                                          {"unit_of_meas", "unit_of_measurement"},
                                                          {"val_tpl", "value_template"}};
    return names;
  }
  static const std::map<std::string, std::string>& device_abbreviations() {
    static const std::map<std::string, std::string> names{
        {"cns", "connections"},  {"cu", "configuration_url"}, {"hw", "hw_version"},   {"ids", "identifiers"},
        {"mdl", "model"},        {"mdl_id", "model_id"},      {"mf", "manufacturer"}, {"sa", "suggested_area"},
        {"sn", "serial_number"}, {"sw", "sw_version"}};
    return names;
  }
  static const Names& sensor_keys() {
    static const Names names{"availability",
                             "availability_mode",
                             "availability_template",
                             "availability_topic",
                             "device",
                             "device_class",
                             "enabled_by_default",
                             "encoding",
                             "entity_category",
                             "expire_after",
                             "force_update",
                             "icon",
                             "json_attributes_topic",
                             "name",
                             "origin",
                             "payload_available",
                             "payload_not_available",
                             "platform",
                             "qos",
                             "state_class",
                             "state_topic",
                             "suggested_display_precision",
                             "unique_id",
                             "unit_of_measurement",
                             "value_template"};
    return names;
  }
  static const Names& device_message_keys() {
    static const Names names{"availability",
                             "availability_mode",
                             "availability_template",
                             "availability_topic",
                             "components",
                             "device",
                             "encoding",
                             "origin",
                             "payload_available",
                             "payload_not_available",
                             "qos",
                             "state_topic"};
    return names;
  }
  static const Names& device_keys() {
    static const Names names{"configuration_url", "connections",    "hw_version", "identifiers",
                             "manufacturer",      "model",          "model_id",   "name",
                             "serial_number",     "suggested_area", "sw_version", "via_device"};
    return names;
  }

  struct Class {
    Names units;  // "": no unit
    Names states;
  };
  static const std::map<std::string, Class>& classes() {
    static const Names measured{"measurement"};
    static const Names counted{"total", "total_increasing"};
    static const std::map<std::string, Class> table{
        {"apparent_power", {{"mVA", "VA", "kVA"}, measured}},
        {"battery", {{"%"}, measured}},
        {"current", {{"A", "mA"}, measured}},
        {"energy", {{"mWh", "Wh", "kWh", "MWh", "GWh", "TWh", "J", "kJ", "MJ", "GJ", "cal", "kcal"}, counted}},
        {"frequency", {{"Hz", "kHz", "MHz", "GHz"}, measured}},
        {"power", {{"mW", "W", "kW", "MW", "GW", "TW"}, measured}},
        {"power_factor", {{"", "%"}, measured}},
        {"reactive_energy", {{"varh", "kvarh"}, counted}},
        {"reactive_power", {{"mvar", "var", "kvar"}, measured}},
        {"voltage", {{"V", "mV", "uV", "kV", "MV"}, measured}}};
    return table;
  }

  void fault(std::string what) { faults_.push_back(std::move(what)); }

  static void expand(Json& object, const std::map<std::string, std::string>& names) {
    for (const auto& [brief, full] : names) {
      if (!object.contains(brief)) continue;
      object[full] = object[brief];
      object.erase(brief);
    }
  }

  static bool is_level(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
      return (std::isalnum(c) != 0 && c < 0x80) || c == '_' || c == '-';
    });
  }

  /// "sensor" or "device" of PREFIX/COMPONENT/[NODE/]OBJECT/config; empty for any other topic.
  [[nodiscard]] std::string kind_of(const std::string& topic) const {
    if (!topic.starts_with(prefix_ + "/")) return {};
    std::vector<std::string> levels;
    std::string rest = topic.substr(prefix_.size() + 1) + "/";
    for (std::size_t at = 0; at < rest.size();) {
      const std::size_t end = rest.find('/', at);
      levels.push_back(rest.substr(at, end - at));
      at = end + 1;
    }
    if (levels.size() < 3 || levels.size() > 4 || levels.back() != "config") return {};
    return std::all_of(levels.begin(), levels.end(), is_level) ? levels.front() : std::string{};
  }

  void check_keys(const Json& object, const Names& known, const std::string& where) {
    for (const auto& [key, value] : object.items()) {
      if (!known.contains(key)) fault("unknown key " + key + " in " + where);
    }
  }

  static std::string text(const Json& object, const char* key) {
    return object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : std::string{};
  }
  static bool is_topic(const std::string& topic) {
    return !topic.empty() && topic.find_first_of("+#") == std::string::npos;
  }

  void check_device_block(const Json& config) {
    if (!config.contains("device") || !config["device"].is_object()) return fault("no device");
    Json device = config["device"];
    expand(device, device_abbreviations());
    check_keys(device, device_keys(), "device");
    const auto names = [&](const char* key) { return device.contains(key) && !device[key].empty(); };
    if (!names("identifiers") && !names("connections")) fault("a device needs identifiers or connections");
    for (const auto& [key, value] : device.items()) {
      const bool is_list = key == "identifiers" || key == "connections";
      if (!value.is_string() && !(is_list && value.is_array())) fault("device " + key + " is no text");
    }
  }

  void check_origin(const Json& config, bool needed) {
    if (!config.contains("origin")) {
      if (needed) fault("no origin");
      return;
    }
    Json origin = config["origin"];
    expand(origin, {{"sw", "sw_version"}, {"url", "support_url"}});
    check_keys(origin, {"name", "sw_version", "support_url"}, "origin");
    if (text(origin, "name").empty()) fault("origin has no name");
  }

  void check_availability(const Json& config) {
    if (config.contains("availability") && config.contains("availability_topic")) {
      fault("availability and availability_topic exclude each other");
    }
    if (config.contains("availability_mode") &&
        !Names{"all", "any", "latest"}.contains(text(config, "availability_mode"))) {
      fault("unknown availability_mode");
    }
    if (!config.contains("availability")) return;
    for (Json item : config["availability"]) {
      expand(item, abbreviations());
      check_keys(item, {"topic", "payload_available", "payload_not_available", "value_template"}, "availability");
      if (!is_topic(text(item, "topic"))) fault("an availability without a topic");
    }
  }

  /// `shared` is the message that a component takes what it lacks from.
  void check_sensor(const Json& sensor, const Json& shared, const std::string& name) {
    check_keys(sensor, sensor_keys(), name.empty() ? "sensor" : "component " + name);
    if (!is_topic(text(sensor, "state_topic")) && !is_topic(text(shared, "state_topic"))) fault("no state_topic");
    const std::string id = text(sensor, "unique_id");
    if (id.empty()) fault("no unique_id, which a device's entity needs");
    if (!id.empty() && !ids_.insert(id).second) fault("unique_id " + id + " is there twice");
    if (sensor.contains("expire_after") &&
        (!sensor["expire_after"].is_number_integer() || sensor["expire_after"] < 0)) {
      fault("expire_after is no number of seconds");
    }
    const std::string value_template = text(sensor, "value_template");
    if (value_template.find("{{") == std::string::npos || value_template.find("}}") == std::string::npos) {
      fault("no value_template");
    }
    check_class(sensor);
    if (&sensor != &shared) return;
    check_device_block(sensor);
    check_origin(sensor, false);
    check_availability(sensor);
  }

  void check_class(const Json& sensor) {
    const std::string state = text(sensor, "state_class");
    if (sensor.contains("state_class") &&
        !Names{"measurement", "measurement_angle", "total", "total_increasing"}.contains(state)) {
      fault("unknown state_class " + state);
    }
    if (!sensor.contains("device_class")) return;
    const std::string name = text(sensor, "device_class");
    const auto found = classes().find(name);
    if (found == classes().end()) return fault("unknown device_class " + name);
    if (sensor.contains("unit_of_measurement") && text(sensor, "unit_of_measurement").empty()) fault("an empty unit");
    if (!found->second.units.contains(text(sensor, "unit_of_measurement"))) {
      fault("unit '" + text(sensor, "unit_of_measurement") + "' is not one of device_class " + name);
    }
    if (!state.empty() && !found->second.states.contains(state)) {
      fault("state_class " + state + " does not go with device_class " + name);
    }
  }

  void check_device_message(const Json& config) {
    check_keys(config, device_message_keys(), "device message");
    check_device_block(config);
    check_origin(config, true);
    check_availability(config);
    if (!config.contains("components") || !config["components"].is_object() || config["components"].empty()) {
      return fault("no components");
    }
    for (const auto& [name, written] : config["components"].items()) {
      Json component = written;
      expand(component, abbreviations());
      if (text(component, "platform") != "sensor") fault("component " + name + " has no platform");
      check_sensor(component, config, name);
    }
  }

  std::string prefix_;
  Names ids_;
  std::vector<std::string> faults_;
};

}  // namespace commonwatt::test
