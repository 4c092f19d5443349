#include "controller/broker_access.hpp"

namespace commonwatt {

MqttOptions broker_options(const BrokerAccess& access, std::string client_id, std::vector<std::string> subscriptions) {
  MqttOptions options{.broker = access.uri,
                      .ca_file = access.ca.string(),
                      .certificate_file = access.certificate.string(),
                      .key_file = access.key.string(),
                      .client_id = std::move(client_id),
                      .subscriptions = std::move(subscriptions)};
  options.reconnect_min = std::chrono::milliseconds(access.reconnect_min_ms);
  options.reconnect_max = std::chrono::milliseconds(access.reconnect_max_ms);
  return options;
}

}  // namespace commonwatt
