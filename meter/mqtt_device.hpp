// What an MQTT device has said so far, put together from several topics that each speak in their own time.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "meter/device_reading.hpp"
#include "meter/message_source.hpp"
#include "meter/mqtt_profile.hpp"
#include "meter/telegram.hpp"

namespace commonwatt {

/// The same instant on two clocks: market time stamps the values, machine time tells how old they are.
struct Arrived {
  UtcTime time;
  std::chrono::nanoseconds machine{0};
};

class MqttDevice {
 public:
  MqttDevice(std::shared_ptr<const MqttProfile> profile, const MqttName& name);

  /// All that it must be told about.
  [[nodiscard]] const std::vector<std::string>& topics() const { return topics_; }

  /// Takes a message; one of another topic is passed over. Returns whether it brought values that are new. A message
  /// that the broker had kept brings none: its values are stale, and do not replace newer ones. Fails when the payload
  /// is refused; what was known before stays.
  Result<bool, TelegramError> take(const MqttArrival& message, Arrived now);

  /// Whether the device is there, as far as it is known: the last word of its availability topic or of itself.
  [[nodiscard]] bool is_online() const { return online_; }
  /// Whether something new was heard on every topic since the device was last gone.
  [[nodiscard]] bool is_complete() const;
  /// Absent until a message has told it.
  [[nodiscard]] const std::optional<std::string>& serial() const { return serial_; }

  /// Begins anew with what it says from now on.
  void forget();

  /// All values, each with the time its message came. They are stale when their topic was silent for longer than the
  /// profile's timeout, and missing when nothing was ever heard there.
  [[nodiscard]] DeviceReading reading(std::chrono::nanoseconds machine) const;

 private:
  struct Heard {
    std::optional<Arrived> at;  // absent: never, or only what the broker had kept
    std::vector<MeasuredValue> values;
    Bytes payload;
  };
  std::shared_ptr<const MqttProfile> profile_;
  std::vector<std::string> topics_;  // as in the profile, then that of the availability
  std::vector<Heard> heard_;         // for each of the profile's
  std::optional<std::string> serial_;
  bool online_ = true;
};

}  // namespace commonwatt
