// The messages of MQTT meters (meter/message_source.hpp), from a broker through MqttBus.
#pragma once

#include "meter/message_source.hpp"

namespace commonwatt {

/// Messages of one meter that wait to be taken; when more come, the oldest go.
inline constexpr std::size_t mqtt_messages_waiting_max = 64;

/// Starts a connection for one meter. Fails when a file that the URL names cannot be read.
Result<std::unique_ptr<MessageSource>, MeterError> open_mqtt_messages(const MessageRequest& request);

}  // namespace commonwatt
