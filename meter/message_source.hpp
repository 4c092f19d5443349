// Where the messages of MQTT devices come from. The connection itself lies outside of this folder
// (controller/mqtt_meter.hpp); a device is handed the means to open one.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/result.hpp"
#include "meter/device_url.hpp"
#include "meter/meter_fault.hpp"

namespace commonwatt {

struct MqttArrival {
  std::string topic;
  Bytes payload;
  bool is_kept = false;  // the broker had it from before; nobody knows when it was said
};

/// Messages under the topics it was opened for. Belongs to one thread at a time.
class MessageSource {
 public:
  MessageSource() = default;
  MessageSource(const MessageSource&) = delete;
  MessageSource& operator=(const MessageSource&) = delete;
  virtual ~MessageSource() = default;

  /// The next message, waited for until machine time has come to `deadline`; nothing when none came. One that waits
  /// already is given whatever the deadline. Fails at once when the connection cannot be made or is lost, and with
  /// stopping when the program ends; it may be asked again.
  virtual Result<std::optional<MqttArrival>, MeterError> receive(std::chrono::nanoseconds deadline) = 0;
};

struct MessageRequest {
  DeviceUrl url;
  std::vector<std::string> topics;
  int stop_descriptor = -1;  // readable once the program ends
};
/// Starts a connection to the broker of the URL; one that is not there yet is no error.
using OpenMessages = std::function<Result<std::unique_ptr<MessageSource>, MeterError>(const MessageRequest&)>;

}  // namespace commonwatt
