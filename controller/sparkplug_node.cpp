#include "controller/sparkplug_node.hpp"

#include <algorithm>
#include <bit>

namespace commonwatt {
namespace {

constexpr const char* rebirth_metric = "Node Control/Rebirth";
constexpr const char* session_metric = "bdSeq";

std::uint64_t milliseconds(UtcTime time) {
  return static_cast<std::uint64_t>(time.nanoseconds / 1'000'000);
}

std::uint32_t number(SparkplugType type) {
  return static_cast<std::uint32_t>(type);
}

SparkplugMetric session_of(std::uint8_t session) {
  return {.name = session_metric, .datatype = number(SparkplugType::int64), .value = std::uint64_t{session}};
}

std::string node_topic(const SparkplugOptions& options, const char* verb) {
  return "spBv1.0/" + options.group + "/" + verb + "/" + options.node;
}

SparkplugMetric metric_of(const ToolValue& value, UtcTime time) {
  const bool counter = is_counter(value.quantity.measurand);
  SparkplugMetric metric{.name = metric_name(value.quantity),
                         .timestamp = milliseconds(time),
                         .datatype = number(counter ? SparkplugType::int64 : SparkplugType::float64)};
  if (value.count) {
    metric.value = std::bit_cast<std::uint64_t>(*value.count);
  } else if (value.number) {
    metric.value = *value.number;
  } else {
    metric.is_null = true;
  }
  return metric;
}

/// Whether a command asks for a rebirth. Other implementations send the flag as a number, or leave its type away.
bool asks_for_rebirth(const SparkplugPayload& payload) {
  const auto is_true = [](const SparkplugValue& value) {
    if (const bool* flag = std::get_if<bool>(&value)) return *flag;
    if (const auto* small = std::get_if<std::uint32_t>(&value)) return *small != 0;
    if (const auto* large = std::get_if<std::uint64_t>(&value)) return *large != 0;
    return false;
  };
  return std::any_of(payload.metrics.begin(), payload.metrics.end(), [&](const SparkplugMetric& metric) {
    return metric.name == rebirth_metric && is_true(metric.value);
  });
}

/// The place of a quantity among the values; nullptr when it is not there.
ToolValue* find(std::vector<ToolValue>& values, const MeasuredQuantity& quantity) {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const ToolValue& value) { return value.quantity == quantity; });
  return found == values.end() ? nullptr : &*found;
}

}  // namespace

ToolMessage node_death(const SparkplugOptions& options, std::uint8_t session) {
  // No sequence number and no timestamp: the broker publishes it long after it was written.
  return {.topic = node_topic(options, "NDEATH"), .payload = as_text(encode({.metrics = {session_of(session)}}))};
}

std::string metric_name(const MeasuredQuantity& quantity) {
  std::string name = to_text(quantity);
  std::replace(name.begin(), name.end(), ':', '/');
  return name;
}

std::string SparkplugNode::command_topic() const {
  return node_topic(options_, "NCMD");
}

ToolMessage SparkplugNode::message(const char* verb, const MeterId* meter, SparkplugPayload payload, UtcTime now) {
  payload.timestamp = milliseconds(now);
  payload.seq = sequence_++;
  std::string topic = node_topic(options_, verb);
  if (meter != nullptr) topic += "/" + meter->text();
  return {.topic = std::move(topic), .payload = as_text(encode(payload)), .delivery = MqttDelivery::at_most_once};
}

ToolMessage SparkplugNode::birth(const Meter& meter, UtcTime now) {
  SparkplugPayload payload;
  const auto add_text = [&](const char* name, const std::string& text) {
    if (text.empty()) return;
    payload.metrics.push_back(
        {.name = name, .timestamp = milliseconds(now), .datatype = number(SparkplugType::string), .value = text});
  };
  add_text("Properties/Maker", meter.device.maker);
  add_text("Properties/Model", meter.device.model);
  add_text("Properties/Serial", meter.device.serial);
  add_text("Properties/Version", meter.device.version);
  for (const ToolValue& value : meter.values) {
    payload.metrics.push_back(metric_of(value, meter.sampled));
    payload.metrics.back().unit = unit_of(value.quantity.measurand);
  }
  return message("DBIRTH", &meter.device.meter, std::move(payload), now);
}

std::vector<ToolMessage> SparkplugNode::connected(std::uint8_t session, UtcTime now) {
  session_ = session;
  sequence_ = 0;
  SparkplugPayload node{.metrics = {session_of(session),
                                    {.name = rebirth_metric,
                                     .timestamp = milliseconds(now),
                                     .datatype = number(SparkplugType::boolean),
                                     .value = false}}};
  node.metrics.front().timestamp = milliseconds(now);
  std::vector<ToolMessage> messages{message("NBIRTH", nullptr, std::move(node), now)};
  for (const auto& [id, meter] : meters_) {
    if (meter.alive) messages.push_back(birth(meter, now));
  }
  return messages;
}

std::vector<ToolMessage> SparkplugNode::heard(std::string_view topic, ByteView payload, UtcTime now) {
  if (topic != command_topic()) return {};
  const Result<SparkplugPayload, SparkplugError> command = decode_sparkplug(payload);
  if (!command || !asks_for_rebirth(*command)) return {};
  return connected(session_, now);
}

std::vector<ToolMessage> SparkplugNode::read(const ToolReading& reading, UtcTime now) {
  Meter& meter = meters_[reading.device.meter];
  bool born = meter.alive && meter.device == reading.device;
  if (meter.device != reading.device) meter.values.clear();
  meter.device = reading.device;
  meter.sampled = reading.time;
  meter.time = now;
  meter.alive = true;
  SparkplugPayload changed;
  for (const ToolValue& value : reading.values) {
    ToolValue* before = find(meter.values, value.quantity);
    if (before == nullptr) {
      meter.values.push_back(value);
      born = false;
    } else if (*before != value) {
      *before = value;
      changed.metrics.push_back(metric_of(value, reading.time));
    }
  }
  if (!born) return {birth(meter, now)};
  if (changed.metrics.empty()) return {};
  return {message("DDATA", &meter.device.meter, std::move(changed), now)};
}

std::vector<ToolMessage> SparkplugNode::passed(UtcTime now) {
  std::vector<ToolMessage> messages;
  for (auto& [id, meter] : meters_) {
    if (!meter.alive || now - meter.time <= options_.lost_after) continue;
    meter.alive = false;
    messages.push_back(message("DDEATH", &id, {}, now));
  }
  return messages;
}

std::vector<ToolMessage> SparkplugNode::goodbye(UtcTime) {
  return {node_death(options_, session_)};
}

}  // namespace commonwatt
