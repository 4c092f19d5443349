// What the feeds for other tools (Home Assistant, Sparkplug B) have in common. A feed is pure: it is told what happened
// and answers with the messages to publish.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/mqtt_bus.hpp"
#include "core/bytes.hpp"
#include "core/id.hpp"
#include "core/time.hpp"
#include "meter/quantity.hpp"

namespace commonwatt {

struct ToolMessage {
  std::string topic;
  std::string payload;
  MqttDelivery delivery = MqttDelivery::at_least_once;
  MqttRetain retain = MqttRetain::no;
  friend bool operator==(const ToolMessage&, const ToolMessage&) = default;
};

/// Whether it only ever grows: energy or reactive energy. Such a value is published as a whole number.
constexpr bool is_counter(Measurand measurand) {
  switch (measurand) {
    case Measurand::energy_import:
    case Measurand::energy_export:
    case Measurand::energy_sum:
    case Measurand::energy_yield:
    case Measurand::energy_charge:
    case Measurand::energy_discharge:
    case Measurand::reactive_energy_import:
    case Measurand::reactive_energy_export:
    case Measurand::reactive_energy_sum:
      return true;
    case Measurand::active_power:
    case Measurand::active_power_import:
    case Measurand::active_power_export:
    case Measurand::apparent_power:
    case Measurand::reactive_power:
    case Measurand::power_factor:
    case Measurand::phase_angle:
    case Measurand::voltage:
    case Measurand::current:
    case Measurand::frequency:
    case Measurand::thd:
    case Measurand::soc:
    case Measurand::max_ac_power:
      return false;
  }
  return false;
}

/// One value to publish, in unit_of(measurand). Neither is there when the device has none at the moment: missing is
/// never zero.
struct ToolValue {
  MeasuredQuantity quantity;
  std::optional<double> number = std::nullopt;       // of what is not a counter; finite
  std::optional<std::int64_t> count = std::nullopt;  // of a counter
  friend bool operator==(const ToolValue&, const ToolValue&) = default;
};

/// A meter as other tools know it. Texts that are not known are empty.
struct ToolDevice {
  MeterId meter;
  std::string maker;
  std::string model;
  std::string serial;
  std::string version;  // of the device's software
  friend bool operator==(const ToolDevice&, const ToolDevice&) = default;
};

struct ToolReading {
  ToolDevice device;
  UtcTime time;
  std::vector<ToolValue> values;  // at least one has a value
};

class ToolFeed {
 public:
  ToolFeed() = default;
  ToolFeed(const ToolFeed&) = delete;
  ToolFeed& operator=(const ToolFeed&) = delete;
  virtual ~ToolFeed() = default;

  /// The broker can be reached, for the time that `session` counts.
  virtual std::vector<ToolMessage> connected(std::uint8_t session, UtcTime now) = 0;
  /// A message of the topics subscribed to.
  virtual std::vector<ToolMessage> heard(std::string_view topic, ByteView payload, UtcTime now) = 0;
  /// A meter was read.
  virtual std::vector<ToolMessage> read(const ToolReading& reading, UtcTime now) = 0;
  /// Time has passed: meters that were not read for too long are lost.
  virtual std::vector<ToolMessage> passed(UtcTime now) = 0;
  /// The last words before the connection is ended in order.
  virtual std::vector<ToolMessage> goodbye(UtcTime now) = 0;
};

}  // namespace commonwatt
