#include "controller/home_assistant.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <nlohmann/json.hpp>

namespace commonwatt {
namespace {

using Json = nlohmann::json;

constexpr const char* available = "online";
constexpr const char* unavailable = "offline";

/// Devices give their texts as they like; what is no UTF-8 is replaced rather than refused.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string plain(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    const bool allowed =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!allowed) c = '_';
  }
  return result;
}

std::string root_topic(const HouseholdId& household) {
  return "commonwatt/" + household.text();
}
std::string root_topic(const HouseholdId& household, const MeterId& meter) {
  return root_topic(household) + "/" + meter.text();
}

/// "battery:active_power_l1" as people read it: "Battery active power l1".
std::string title(const MeasuredQuantity& quantity) {
  std::string text = to_text(quantity);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == ':' || c == '_'; }, ' ');
  text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text;
}

Json origin(const HomeAssistantOptions& options) {
  return {{"name", "Commonwatt"}, {"sw_version", options.version}};
}

Json device_block(const HomeAssistantOptions& options, const ToolDevice& device) {
  Json block = {{"identifiers", {home_assistant_id(options.household, device)}}, {"name", device.meter.text()}};
  const auto add = [&block](const char* key, const std::string& text) {
    if (!text.empty()) block[key] = text;
  };
  add("manufacturer", device.maker);
  add("model", device.model);
  add("serial_number", device.serial);
  add("sw_version", device.version);
  return block;
}

/// What a device and a single value are announced with alike.
Json shared_block(const HomeAssistantOptions& options, const ToolDevice& device) {
  const std::string topic = root_topic(options.household, device.meter);
  return {{"device", device_block(options, device)},
          {"origin", origin(options)},
          {"state_topic", topic + "/state"},
          {"availability",
           {{{"topic", root_topic(options.household) + "/availability"}}, {{"topic", topic + "/availability"}}}},
          {"availability_mode", "all"}};
}

Json sensor_block(const HomeAssistantOptions& options, const ToolDevice& device, const MeasuredQuantity& quantity) {
  const std::string name = to_text(quantity);
  Json block = {{"unique_id", home_assistant_id(options.household, device) + "_" + plain(name)},
                {"name", title(quantity)},
                // A value that is left out of the state becomes unknown; without the default it would stay as it was.
                {"value_template", "{{ value_json['" + name + "'] | default('None') }}"},
                {"expire_after", std::chrono::duration_cast<std::chrono::seconds>(options.lost_after).count()}};
  const SensorDescription description = sensor_description(quantity.measurand);
  if (description.device_class != nullptr) block["device_class"] = description.device_class;
  if (description.state_class != nullptr) block["state_class"] = description.state_class;
  if (description.unit != nullptr) block["unit_of_measurement"] = description.unit;
  if (quantity.measurand == Measurand::max_ac_power) block["entity_category"] = "diagnostic";
  return block;
}

ToolMessage retained(std::string topic, std::string payload) {
  return {.topic = std::move(topic), .payload = std::move(payload), .retain = MqttRetain::yes};
}

/// The values of a device in one object; those it does not have are left out.
std::string state_text(const ToolReading& reading) {
  constexpr double decimals = 1000;
  Json state = {{"time", to_text(reading.time)}};
  for (const ToolValue& value : reading.values) {
    const std::string name = to_text(value.quantity);
    if (value.count) {
      state[name] = *value.count;
    } else if (value.number) {
      state[name] = std::round(*value.number * decimals) / decimals;
    }
  }
  return text_of(state);
}

void append(std::vector<ToolMessage>& messages, std::vector<ToolMessage> more) {
  messages.insert(messages.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

SensorDescription sensor_description(Measurand measurand) {
  switch (measurand) {
    case Measurand::active_power:
    case Measurand::active_power_import:
    case Measurand::active_power_export:
    case Measurand::max_ac_power:
      return {"power", "measurement", "W"};
    case Measurand::apparent_power:
      return {"apparent_power", "measurement", "VA"};
    case Measurand::reactive_power:
      return {"reactive_power", "measurement", "var"};
    case Measurand::power_factor:
      return {"power_factor", "measurement", nullptr};
    case Measurand::phase_angle:
      return {nullptr, "measurement", "°"};
    case Measurand::voltage:
      return {"voltage", "measurement", "V"};
    case Measurand::current:
      return {"current", "measurement", "A"};
    case Measurand::frequency:
      return {"frequency", "measurement", "Hz"};
    case Measurand::thd:
      return {nullptr, "measurement", "%"};
    case Measurand::energy_import:
    case Measurand::energy_export:
    case Measurand::energy_sum:
    case Measurand::energy_yield:
    case Measurand::energy_charge:
    case Measurand::energy_discharge:
      return {"energy", "total_increasing", "Wh"};
    case Measurand::reactive_energy_import:
    case Measurand::reactive_energy_export:
    case Measurand::reactive_energy_sum:
      return {"reactive_energy", "total_increasing", "varh"};
    case Measurand::soc:
      return {"battery", "measurement", "%"};
  }
  std::abort();
}

std::string home_assistant_id(const HouseholdId& household, const ToolDevice& device) {
  std::string id = "commonwatt_" + household.text() + "_" + device.meter.text();
  if (!device.serial.empty()) id += "_" + plain(device.serial);
  return id;
}

std::vector<ToolMessage> discovery_messages(const HomeAssistantOptions& options, const ToolDevice& device,
                                            const std::vector<MeasuredQuantity>& quantities) {
  std::vector<ToolMessage> messages;
  const std::string id = home_assistant_id(options.household, device);
  Json whole = shared_block(options, device);
  if (options.form == DiscoveryForm::entity) {
    for (const MeasuredQuantity& quantity : quantities) {
      Json config = whole;
      config.update(sensor_block(options, device, quantity));
      messages.push_back(
          retained(options.prefix + "/sensor/" + id + "/" + plain(to_text(quantity)) + "/config", text_of(config)));
    }
    return messages;
  }
  for (const MeasuredQuantity& quantity : quantities) {
    Json component = sensor_block(options, device, quantity);
    component["platform"] = "sensor";
    whole["components"][plain(to_text(quantity))] = std::move(component);
  }
  messages.push_back(retained(options.prefix + "/device/" + id + "/config", text_of(whole)));
  return messages;
}

ToolMessage removal_message(const std::string& topic) {
  return retained(topic, "");
}

HomeAssistantFeed::HomeAssistantFeed(HomeAssistantOptions options, Announced announced, const std::set<MeterId>& meters)
    : options_(std::move(options)), announced_(std::move(announced)), meters_(meters) {}

std::string HomeAssistantFeed::availability_topic() const {
  return root_topic(options_.household) + "/availability";
}

void HomeAssistantFeed::announce(const Shown& shown, std::vector<ToolMessage>& messages) {
  const ToolDevice& device = shown.last.device;
  std::vector<ToolMessage> discovery = discovery_messages(options_, device, shown.quantities);
  std::set<std::string> topics;
  for (const ToolMessage& message : discovery) topics.insert(message.topic);
  // The old announcements go first: a value must not be there under two topics at a time.
  std::set<std::string>& before = announced_[device.meter];
  for (const std::string& topic : before) {
    if (!topics.contains(topic)) messages.push_back(removal_message(topic));
  }
  before = std::move(topics);
  append(messages, std::move(discovery));
  const std::string topic = root_topic(options_.household, device.meter);
  messages.push_back(retained(topic + "/availability", shown.available ? available : unavailable));
  if (shown.available) messages.push_back({.topic = topic + "/state", .payload = state_text(shown.last)});
}

std::vector<ToolMessage> HomeAssistantFeed::connected(std::uint8_t, UtcTime) {
  std::vector<ToolMessage> messages{retained(availability_topic(), available)};
  for (auto it = announced_.begin(); it != announced_.end();) {
    if (meters_.contains(it->first)) {
      ++it;
      continue;
    }
    for (const std::string& topic : it->second) messages.push_back(removal_message(topic));
    messages.push_back(removal_message(root_topic(options_.household, it->first) + "/availability"));
    it = announced_.erase(it);
  }
  for (const auto& [meter, shown] : shown_) announce(shown, messages);
  return messages;
}

std::vector<ToolMessage> HomeAssistantFeed::heard(std::string_view topic, ByteView payload, UtcTime now) {
  if (topic != status_topic() || as_text(payload) != available) return {};
  return connected(0, now);
}

std::vector<ToolMessage> HomeAssistantFeed::read(const ToolReading& reading, UtcTime now) {
  Shown& shown = shown_[reading.device.meter];
  bool changed = shown.last.device != reading.device || !shown.available;
  if (shown.last.device != reading.device) shown.quantities.clear();
  for (const ToolValue& value : reading.values) {
    if (std::find(shown.quantities.begin(), shown.quantities.end(), value.quantity) != shown.quantities.end()) continue;
    shown.quantities.push_back(value.quantity);
    changed = true;
  }
  shown.last = reading;
  shown.time = now;
  shown.available = true;
  std::vector<ToolMessage> messages;
  if (changed) {
    announce(shown, messages);
  } else {
    messages.push_back(
        {.topic = root_topic(options_.household, reading.device.meter) + "/state", .payload = state_text(reading)});
  }
  return messages;
}

std::vector<ToolMessage> HomeAssistantFeed::passed(UtcTime now) {
  std::vector<ToolMessage> messages;
  for (auto& [meter, shown] : shown_) {
    if (!shown.available || now - shown.time <= options_.lost_after) continue;
    shown.available = false;
    messages.push_back(retained(root_topic(options_.household, meter) + "/availability", unavailable));
  }
  return messages;
}

std::vector<ToolMessage> HomeAssistantFeed::goodbye(UtcTime) {
  return {retained(availability_topic(), unavailable)};
}

}  // namespace commonwatt
