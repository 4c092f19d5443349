// A household's gateway as an edge node of Sparkplug B, for utilities and plant control: births, data and deaths of its
// meters. After the Sparkplug specification 3.0.0 sections 4 (topics), 5 (operational behaviour) and 6.4 (payloads).
// There is no primary host, nothing is historical, and the only command is to be born again. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "controller/sparkplug_payload.hpp"
#include "controller/tool_feed.hpp"

namespace commonwatt {

struct SparkplugOptions {
  std::string group;
  std::string node;
  Duration lost_after = std::chrono::seconds(60);  ///< a meter dies when it was not read for so long
};

/// The number of the session after this one: it is counted up by every attempt to connect, restarts included, so that
/// a death that comes late is not taken for the present session's.
constexpr std::uint8_t next_session(std::uint8_t session) {
  return static_cast<std::uint8_t>(session + 1);
}
/// The will of the connection of that session (at least once, not retained), and the last word of an orderly end.
ToolMessage node_death(const SparkplugOptions& options, std::uint8_t session);
/// The name of a metric: the quantity's, with the parts of a device as folders ("battery/soc").
std::string metric_name(const MeasuredQuantity& quantity);

class SparkplugNode final : public ToolFeed {
 public:
  explicit SparkplugNode(SparkplugOptions options) : options_(std::move(options)) {}

  [[nodiscard]] std::string command_topic() const;

  std::vector<ToolMessage> connected(std::uint8_t session, UtcTime now) override;
  /// A command that asks for a rebirth is answered with all births; whatever else is heard is left alone.
  std::vector<ToolMessage> heard(std::string_view topic, ByteView payload, UtcTime now) override;
  /// A birth when the meter is new, was lost, or has changed what it measures; else what has changed.
  std::vector<ToolMessage> read(const ToolReading& reading, UtcTime now) override;
  std::vector<ToolMessage> passed(UtcTime now) override;
  std::vector<ToolMessage> goodbye(UtcTime now) override;

 private:
  struct Meter {
    ToolDevice device;
    std::vector<ToolValue> values;  // everything it was born with, as last told
    UtcTime sampled;                // when those were read
    UtcTime time;                   // when it was last read
    bool alive = true;
  };
  [[nodiscard]] ToolMessage message(const char* verb, const MeterId* meter, SparkplugPayload payload, UtcTime now);
  [[nodiscard]] ToolMessage birth(const Meter& meter, UtcTime now);

  SparkplugOptions options_;
  std::uint8_t session_ = 0;
  std::uint8_t sequence_ = 0;  // of the next message; overflows from 255 to 0, as it should
  std::map<MeterId, Meter> meters_;
};

}  // namespace commonwatt
