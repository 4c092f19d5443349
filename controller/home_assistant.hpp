// Announces a household's meters to Home Assistant over MQTT and keeps it told of their values. After Home Assistant's
// documentation of the MQTT integration (MQTT discovery, MQTT sensor) and of sensor entities (device classes, units and
// state classes). Pure: no connection, no clock.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "controller/tool_feed.hpp"

namespace commonwatt {

/// How a device is announced: in one message, which Home Assistant reads from 2024.11 on, or in one for each value.
enum class DiscoveryForm { device, entity };

struct HomeAssistantOptions {
  HouseholdId household;
  std::string prefix = "homeassistant";  ///< where Home Assistant looks for announcements
  DiscoveryForm form = DiscoveryForm::device;
  std::string version;                             ///< of this program
  Duration lost_after = std::chrono::seconds(60);  ///< a meter is unavailable when it was not read for so long
};

/// What Home Assistant is told of a kind of value; nullptr where it knows no such thing.
struct SensorDescription {
  const char* device_class = nullptr;
  const char* state_class = nullptr;
  const char* unit = nullptr;
};
SensorDescription sensor_description(Measurand measurand);

/// The name of a meter at Home Assistant: household, meter and serial number in the characters a-z, A-Z, 0-9, '-' and
/// '_'. The same after every restart, another one for the meter that replaces it.
std::string home_assistant_id(const HouseholdId& household, const ToolDevice& device);

/// The retained messages that announce a device with these values.
std::vector<ToolMessage> discovery_messages(const HomeAssistantOptions& options, const ToolDevice& device,
                                            const std::vector<MeasuredQuantity>& quantities);
/// The message that makes Home Assistant forget what was announced in this topic.
ToolMessage removal_message(const std::string& topic);

/// The topics of announcements that were made, by meter: they outlive the program at the broker.
using Announced = std::map<MeterId, std::set<std::string>>;

class HomeAssistantFeed final : public ToolFeed {
 public:
  /// `announced` comes from an earlier run. What was announced of meters that are not among `meters` is removed.
  HomeAssistantFeed(HomeAssistantOptions options, Announced announced, const std::set<MeterId>& meters);

  /// Says whether this program is there; retained, and its "offline" is the connection's will.
  [[nodiscard]] std::string availability_topic() const;
  /// Where Home Assistant says that it has started.
  [[nodiscard]] std::string status_topic() const { return options_.prefix + "/status"; }
  [[nodiscard]] const Announced& announced() const { return announced_; }

  std::vector<ToolMessage> connected(std::uint8_t session, UtcTime now) override;
  /// When Home Assistant has started, everything is said again.
  std::vector<ToolMessage> heard(std::string_view topic, ByteView payload, UtcTime now) override;
  std::vector<ToolMessage> read(const ToolReading& reading, UtcTime now) override;
  std::vector<ToolMessage> passed(UtcTime now) override;
  std::vector<ToolMessage> goodbye(UtcTime now) override;

 private:
  struct Shown {
    ToolReading last;
    std::vector<MeasuredQuantity> quantities;  // every one it ever had; only more are announced, never fewer
    UtcTime time;
    bool available = true;
  };
  void announce(const Shown& shown, std::vector<ToolMessage>& messages);

  HomeAssistantOptions options_;
  Announced announced_;
  std::set<MeterId> meters_;
  std::map<MeterId, Shown> shown_;
};

}  // namespace commonwatt
