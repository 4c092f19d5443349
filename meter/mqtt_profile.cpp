#include "meter/mqtt_profile.hpp"

#include "meter/profile_section.hpp"

namespace commonwatt {
namespace {

constexpr Bounds topic_index{0, static_cast<std::int64_t>(mqtt_topics_max) - 1};

void read_device(Section section, MqttProfile& profile) {
  profile.id = section.text("id");
  profile.maker = section.text("maker");
  profile.model = section.text("model");
  profile.names = section.texts("names");
  profile.source = section.text("source");
  profile.kind = section.choice<ProfileKind>("kind", kind_names);
  profile.netting = section.choice<Netting>("netting", netting_names);
  section.finish();
}

std::size_t read_topic(Section& section, const MqttProfile& profile) {
  const auto index = static_cast<std::size_t>(section.integer("topic", topic_index, 0));
  if (index >= profile.topics.size()) section.fault("topic", "there are " + std::to_string(profile.topics.size()));
  return index;
}

MqttValue read_value(Section section, const MqttProfile& profile) {
  MqttValue value;
  value.line = section.line();
  value.quantity = section.quantity("q", section.get("q")).value_or(MeasuredQuantity{});
  value.topic = read_topic(section, profile);
  value.at = section.text("at");
  value.unit = section.text("unit");
  const std::optional<ProfileUnit> unit = profile_unit(value.unit);
  if (!unit && section.has("unit")) {
    section.fault("unit", "'" + value.unit + "' is no unit known here, as \"kWh\" or \"V\"");
  }
  const Scale unit_scale{1, unit ? unit->exponent : 0};
  const std::optional<Scale> scale = scale_from(section.number("scale").value_or(1));
  if (!scale || scale->digits <= 0) {
    section.fault("scale", "must be a number above 0; a value that runs the other way has sign = \"-\"");
  } else {
    value.scale = {scale->digits, scale->exponent + unit_scale.exponent};
  }
  if (section.has("sign")) value.sign = section.choice<RegisterSign>("sign", sign_names);
  if (section.has("term")) value.term = section.choice<Term>("term", term_names);
  value.optional = section.boolean("optional");
  if (const std::optional<double> quantum = section.number("quantum")) value.quantum = *quantum * to_double(unit_scale);
  section.finish();
  return value;
}

void read_mqtt(Section section, MqttProfile& profile) {
  profile.topics = section.texts("topics");
  if (profile.topics.empty() || profile.topics.size() > mqtt_topics_max) {
    section.fault("topics", "must be 1 to " + std::to_string(mqtt_topics_max) + " topics");
  }
  profile.timeout = std::chrono::seconds{section.integer("timeout_seconds", {1, 86'400})};
  if (auto serial = section.section("serial")) {
    profile.serial = MqttSerial{.topic = read_topic(*serial, profile), .at = serial->text("at")};
    serial->finish();
  }
  if (auto availability = section.section("availability")) {
    profile.availability = MqttAvailability{.topic = availability->text("topic"),
                                            .at = availability->text("at", ""),
                                            .online = availability->text("online")};
    availability->finish();
  }
  for (const Section& value : section.sections("values")) profile.values.push_back(read_value(value, profile));
  section.finish();
}

MqttTest read_test(Section section, const MqttProfile& profile) {
  MqttTest test{.topic = read_topic(section, profile),
                .payload = section.text("payload"),
                .expect = section.expectations("expect"),
                .line = section.line()};
  section.finish();
  return test;
}

void read_profile(const toml::table& root, FaultList& faults, MqttProfile& profile) {
  Section top(faults, root, "");
  if (const auto device = top.section("device")) {
    read_device(*device, profile);
  } else {
    top.fault("device", "is missing; the table [device] names the device");
  }
  if (const auto mqtt = top.section("mqtt")) {
    read_mqtt(*mqtt, profile);
  } else {
    top.fault("mqtt", "is missing; the table [mqtt] names topics and values");
  }
  for (const Section& test : top.sections("test")) profile.tests.push_back(read_test(test, profile));
  top.finish();
}

}  // namespace

bool is_mqtt_profile(std::string_view toml) {
  try {
    return toml::parse(toml).contains("mqtt");
  } catch (const toml::parse_error&) {
    return false;
  }
}

Result<MqttProfile, ProfileFaults> parse_mqtt_profile(std::string_view toml, std::string_view file_name) {
  FaultList faults(file_name);
  MqttProfile profile;
  profile.file = file_name;
  try {
    read_profile(toml::parse(toml, file_name), faults, profile);
  } catch (const toml::parse_error& error) {
    faults.note(error.source(), std::string(error.description()));
  }
  if (!faults.empty()) return Fail{faults.take()};
  return profile;
}

std::string filled_topic(std::string_view pattern, const MqttName& name) {
  constexpr std::string_view name_mark = "{name}";
  constexpr std::string_view channel_mark = "{channel}";
  std::string topic;
  while (!pattern.empty()) {
    if (pattern.starts_with(name_mark)) {
      topic += name.name;
      pattern.remove_prefix(name_mark.size());
    } else if (pattern.starts_with(channel_mark)) {
      topic += std::to_string(name.channel);
      pattern.remove_prefix(channel_mark.size());
    } else {
      topic += pattern.front();
      pattern.remove_prefix(1);
    }
  }
  return topic;
}

}  // namespace commonwatt
