// Which of the devices at a broker.
#pragma once

#include <string>

namespace commonwatt {

struct MqttName {
  std::string name = {};  // the part of its topics that its owner chose: "shellies/cellar"
  int channel = 0;        // 0..9, of a device with several meters
  friend bool operator==(const MqttName&, const MqttName&) = default;
};

}  // namespace commonwatt
