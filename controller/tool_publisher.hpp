// The part of a gateway that tells the household's other tools what its meters say: Home Assistant and Sparkplug B,
// each over its own connection to a broker in the house. Nothing of the market passes here, and nothing here waits: a
// broker that is not there costs the market nothing.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "controller/config.hpp"
#include "controller/meter_look.hpp"

namespace commonwatt {

/// What a test may switch off to see that it is needed.
enum class CounterRatchet : std::uint8_t { kept, off };

struct ToolPublisherOptions {
  HouseholdId household;
  std::vector<MeterId> meters;
  std::int64_t poll_seconds = 1;  ///< how often `read` is called
  std::optional<HomeAssistantConfig> home_assistant;
  std::optional<SparkplugConfig> sparkplug;
  /// Holds, over restarts, what was published last of every counter, what was announced, and the session's number. A
  /// file that cannot be read is one that says nothing.
  std::filesystem::path memory;
  CounterRatchet ratchet = CounterRatchet::kept;
};

/// Belongs to one thread.
class ToolPublisher {
 public:
  /// Connects in the background. What cannot work is told in the log and left out: it is no reason to stop trading.
  ToolPublisher(ToolPublisherOptions options, UtcTime now);
  /// Says goodbye in order: the meters are unavailable at once.
  ~ToolPublisher();
  ToolPublisher(const ToolPublisher&) = delete;
  ToolPublisher& operator=(const ToolPublisher&) = delete;

  /// What the meters said. A meter that did not answer is left out.
  void read(const std::vector<MeterLook>& looks, UtcTime now);
  /// Answers what the brokers said, notices lost meters and sends what waits. To be called a few times a second.
  void work(UtcTime now);

 private:
  class Channel;
  struct Memory;
  void start_home_assistant(const HomeAssistantConfig& config);
  void start_sparkplug(const SparkplugConfig& config);
  [[nodiscard]] std::optional<ToolReading> published(const MeterLook& look, UtcTime now);
  /// Takes what is to be kept from the channels; whether any of it is new.
  bool remember();
  void save(UtcTime now);

  ToolPublisherOptions options_;
  std::unique_ptr<Memory> memory_;
  std::vector<std::unique_ptr<Channel>> channels_;
  const HomeAssistantFeed* home_assistant_ = nullptr;  // of a channel
  const Channel* sparkplug_ = nullptr;                 // one of the channels
  UtcTime now_;
};

}  // namespace commonwatt
