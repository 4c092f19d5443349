#include "meter/mqtt_device.hpp"

#include <algorithm>

#include "meter/mqtt_json.hpp"

namespace commonwatt {
namespace {

void weaken(MeasuredValue& value, const std::string& reason) {
  if (value.quality == Quality::missing) return;
  value.quality = Quality::stale;
  value.reason = reason;
}

/// The quantities under a topic that every such device measures, all missing.
std::vector<MeasuredValue> nothing_heard(const MqttProfile& profile, std::size_t topic, const std::string& reason) {
  std::vector<MeasuredValue> values;
  for (const MqttValue& place : profile.values) {
    const bool is_known = std::any_of(values.begin(), values.end(),
                                      [&](const MeasuredValue& value) { return value.quantity == place.quantity; });
    if (place.topic != topic || place.optional || is_known) continue;
    MeasuredValue value{.quantity = place.quantity};
    value.quality = Quality::missing;
    value.reason = reason;
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace

MqttDevice::MqttDevice(std::shared_ptr<const MqttProfile> profile, const MqttName& name)
    : profile_(std::move(profile)), heard_(profile_->topics.size()) {
  for (const std::string& topic : profile_->topics) topics_.push_back(filled_topic(topic, name));
  if (profile_->availability) topics_.push_back(filled_topic(profile_->availability->topic, name));
}

Result<bool, TelegramError> MqttDevice::take(const MqttArrival& message, Arrived now) {
  const auto topic = std::find(topics_.begin(), topics_.end(), message.topic);
  if (topic == topics_.end()) return false;
  const auto index = static_cast<std::size_t>(topic - topics_.begin());
  if (index == heard_.size()) {
    online_ = says_online(*profile_->availability, as_text(message.payload));
    if (!online_) forget();
    return false;
  }
  Heard& heard = heard_[index];
  if (message.is_kept && heard.at) return false;
  Result<MqttDecoded, TelegramError> decoded = decode_mqtt_json(*profile_, index, as_text(message.payload));
  if (!decoded) return Fail{TelegramError{message.topic + ": " + decoded.error().what, decoded.error().where}};
  for (MeasuredValue& value : decoded->values) {
    value.time = now.time;
    if (message.is_kept) weaken(value, "the broker kept it from before; when it was measured is not known");
  }
  // What this kind of device may lack, this one had: it is missing now, not absent.
  for (const MeasuredValue& before : heard.values) {
    const bool is_there = std::any_of(decoded->values.begin(), decoded->values.end(),
                                      [&](const MeasuredValue& value) { return value.quantity == before.quantity; });
    if (is_there) continue;
    MeasuredValue gone{.quantity = before.quantity, .quality = Quality::missing};
    gone.reason = "the message has it no longer";
    gone.time = now.time;
    decoded->values.push_back(std::move(gone));
  }
  if (!decoded->serial.empty()) serial_ = decoded->serial;
  heard.values = std::move(decoded->values);
  heard.payload = message.payload;
  if (message.is_kept) return false;
  heard.at = now;
  online_ = true;
  return true;
}

void MqttDevice::forget() {
  for (Heard& heard : heard_) heard = {};
  serial_.reset();
}

bool MqttDevice::is_complete() const {
  return std::all_of(heard_.begin(), heard_.end(), [](const Heard& heard) { return heard.at.has_value(); });
}

DeviceReading MqttDevice::reading(std::chrono::nanoseconds machine) const {
  DeviceReading reading;
  for (std::size_t i = 0; i < heard_.size(); ++i) {
    const Heard& heard = heard_[i];
    std::vector<MeasuredValue> values =
        heard.payload.empty() ? nothing_heard(*profile_, i, "nothing was heard on " + topics_[i]) : heard.values;
    if (heard.at && machine - heard.at->machine > profile_->timeout) {
      const auto silence = std::chrono::duration_cast<std::chrono::seconds>(machine - heard.at->machine);
      for (MeasuredValue& value : values) {
        weaken(value, "nothing was heard on " + topics_[i] + " for " + std::to_string(silence.count()) + " s");
      }
    }
    reading.values.insert(reading.values.end(), values.begin(), values.end());
    if (!heard.payload.empty()) reading.raw.push_back({.octets = heard.payload});
  }
  reading.produces = profile_->kind == ProfileKind::inverter;
  summarise(reading);
  return reading;
}

}  // namespace commonwatt
