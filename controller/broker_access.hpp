// How the programs reach the neighbourhood's broker, as their configuration says.
#pragma once

#include <string>
#include <vector>

#include "controller/config.hpp"
#include "controller/mqtt_bus.hpp"

namespace commonwatt {

/// `client_id` is the common name of the certificate.
MqttOptions broker_options(const BrokerAccess& access, std::string client_id, std::vector<std::string> subscriptions);

}  // namespace commonwatt
