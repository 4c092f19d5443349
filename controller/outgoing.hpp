// Messages on their way to the broker, in order. What cannot go because nobody is connected is dropped: every receiver
// asks again for what it misses, and every sender sends again what was not answered.
#pragma once

#include <deque>
#include <string>

#include "controller/mqtt_bus.hpp"

namespace commonwatt {

class Outgoing {
 public:
  void add(std::string topic, Bytes payload);
  /// Hands over what the connection takes now.
  void flush(MqttBus& bus);
  [[nodiscard]] bool empty() const { return messages_.empty(); }

 private:
  struct Message {
    std::string topic;
    Bytes payload;
  };
  std::deque<Message> messages_;
};

}  // namespace commonwatt
