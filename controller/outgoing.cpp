#include "controller/outgoing.hpp"

#include "controller/log.hpp"

namespace commonwatt {
namespace {

constexpr std::size_t messages_max = 20'000;

}  // namespace

void Outgoing::add(std::string topic, Bytes payload) {
  if (messages_.size() >= messages_max) messages_.pop_front();
  messages_.push_back({std::move(topic), std::move(payload)});
}

void Outgoing::flush(MqttBus& bus) {
  while (!messages_.empty()) {
    const Message& next = messages_.front();
    switch (bus.publish(next.topic, next.payload, MqttDelivery::at_least_once, MqttRetain::no)) {
      case PublishOutcome::accepted:
        messages_.pop_front();
        break;
      case PublishOutcome::window_full:
        return;
      case PublishOutcome::not_connected:
        messages_.clear();
        return;
      case PublishOutcome::too_large:
      case PublishOutcome::bad_topic:
        log_line(
            Severity::alarm, "broker",
            "a message for " + next.topic + " of " + std::to_string(next.payload.size()) + " bytes cannot be sent");
        messages_.pop_front();
        break;
    }
  }
}

}  // namespace commonwatt
