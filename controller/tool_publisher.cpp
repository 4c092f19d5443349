#include "controller/tool_publisher.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <deque>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <system_error>

#include <nlohmann/json.hpp>

#include "controller/energy_ratchet.hpp"
#include "controller/log.hpp"
#include "controller/mqtt_bus.hpp"
#include "controller/sparkplug_node.hpp"

namespace commonwatt {
namespace {

using Json = nlohmann::json;

/// What waits for a broker that takes messages slowly; further ones are lost, and said again after the next connection.
constexpr std::size_t outgoing_max = 2048;
/// What brokers may say between two calls of `work`; and the longest of it that is looked at.
constexpr std::size_t heard_max = 64;
constexpr std::size_t heard_payload_max = 16 * 1024;
/// Counters are written down this often: rarely enough for a memory card.
constexpr std::chrono::minutes save_period{5};
constexpr std::chrono::seconds lost_after_min{30};
constexpr int lost_after_periods = 3;

/// A value as other tools may see it. What the device had no fresh value of is left empty, or repeated if it is a
/// counter; `fresh` says which.
struct Shown {
  ToolValue value;
  bool fresh = false;
};

Shown shown(const MeasuredValue& measured) {
  Shown result{.value = {.quantity = measured.quantity}};
  if (measured.quality == Quality::missing || measured.quality == Quality::stale) return result;
  const bool is_number = measured.value && std::isfinite(*measured.value);
  constexpr double count_max = 1e15;  // far above any meter, far below what a double counts exactly
  if (!is_counter(measured.quantity.measurand)) {
    if (is_number) result.value.number = *measured.value;
  } else if (measured.energy) {
    result.value.count = measured.energy->count;
  } else if (is_number && std::abs(*measured.value) < count_max) {
    result.value.count = static_cast<std::int64_t>(std::floor(*measured.value));
  }
  result.fresh = result.value.number || result.value.count;
  return result;
}

Duration lost_after(std::int64_t period_seconds, std::int64_t poll_seconds) {
  return std::max<Duration>(lost_after_min,
                            std::chrono::seconds(lost_after_periods * std::max(period_seconds, poll_seconds)));
}

MqttOptions bus_options(const LocalBroker& broker, std::string client_id, std::string subscription, MqttWill will) {
  MqttOptions options{.broker = broker.uri,
                      .ca_file = broker.ca.string(),
                      .certificate_file = {},
                      .key_file = {},
                      .client_id = std::move(client_id),
                      .subscriptions = {std::move(subscription)},
                      .will = std::move(will)};
  options.user = broker.user;
  options.password = broker.password;
  return options;
}

}  // namespace

struct ToolPublisher::Memory {
  std::map<std::string, EnergyRatchet> counters;
  Announced announced;
  std::uint8_t session = 255;  // the first one is 0
  UtcTime saved;

  void load(const std::filesystem::path& file);
  [[nodiscard]] std::string text() const;
};

void ToolPublisher::Memory::load(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return;
  try {
    const Json json = Json::parse(in);
    for (const auto& [name, counter] : json.at("counters").items()) {
      counters.emplace(name, EnergyRatchet(counter.at(0).get<std::int64_t>(),
                                           UtcTime::from_seconds(counter.at(1).get<std::int64_t>())));
    }
    for (const auto& [name, topics] : json.at("announced").items()) {
      if (const std::optional<MeterId> meter = MeterId::from(name))
        announced[*meter] = topics.get<std::set<std::string>>();
    }
    session = json.at("session").get<std::uint8_t>();
  } catch (const Json::exception& problem) {
    log_line(Severity::warning, "tools", file.string() + " is not readable and is begun anew: " + problem.what());
  }
}

std::string ToolPublisher::Memory::text() const {
  Json json = {{"counters", Json::object()}, {"announced", Json::object()}, {"session", session}};
  for (const auto& [name, counter] : counters) {
    if (counter.published()) json["counters"][name] = {*counter.published(), counter.time().seconds()};
  }
  for (const auto& [meter, topics] : announced) json["announced"][meter.text()] = topics;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// One feed and its connection.
class ToolPublisher::Channel {
 public:
  Channel(std::string name, std::unique_ptr<ToolFeed> feed, std::int64_t period_seconds)
      : name_(std::move(name)), feed_(std::move(feed)), period_(period_seconds) {}

  /// `will_payload` is asked with the number of the session that an attempt to connect would begin.
  void start(MqttOptions options, std::uint8_t session,
             const std::function<std::string(std::uint8_t)>& will_payload = {});
  void work(UtcTime now);
  /// Whether it is time for another state of this meter; once for every period.
  bool is_due(const MeterId& meter, UtcTime now);
  void read(const ToolReading& reading, UtcTime now) { put(feed_->read(reading, now)); }
  void goodbye(UtcTime now);
  /// The session of the connection that is up.
  [[nodiscard]] std::optional<std::uint8_t> session() const { return session_; }

 private:
  struct Event {
    enum class Kind { up, down, message } kind = Kind::message;
    std::uint8_t session = 0;
    std::string topic = {};
    Bytes payload = {};
  };
  MqttHandlers handlers();
  void note(Event event);
  void handle(const Event& event, UtcTime now);
  void put(std::vector<ToolMessage> messages);
  void send();

  const std::string name_;
  std::unique_ptr<ToolFeed> feed_;
  std::chrono::seconds period_;
  std::map<MeterId, UtcTime> next_;
  std::optional<std::uint8_t> session_;
  std::deque<ToolMessage> outgoing_;
  std::mutex mutex_;
  std::deque<Event> events_;               // under the mutex; filled by the bus
  std::string last_failure_;               // the bus's
  std::atomic<std::uint8_t> attempt_ = 0;  // the session that the last attempt to connect was made for
  std::unique_ptr<MqttBus> bus_;           // last: it calls back until it is gone
};

void ToolPublisher::Channel::start(MqttOptions options, std::uint8_t session,
                                   const std::function<std::string(std::uint8_t)>& will_payload) {
  attempt_ = session;
  if (will_payload) {
    options.will_payload = [this, will_payload] {
      attempt_ = next_session(attempt_);
      return will_payload(attempt_);
    };
  }
  Result<std::unique_ptr<MqttBus>, MqttError> bus = MqttBus::start(std::move(options), handlers());
  if (bus) {
    bus_ = std::move(*bus);
  } else {
    log_line(Severity::alarm, name_, bus.error().text + "; nothing is published there");
  }
}

MqttHandlers ToolPublisher::Channel::handlers() {
  MqttHandlers handlers;
  handlers.on_message = [this](std::string topic, Bytes payload) {
    if (payload.size() <= heard_payload_max) note({.topic = std::move(topic), .payload = std::move(payload)});
  };
  handlers.on_connection = [this](bool up) {
    if (up) last_failure_.clear();
    log_line(up ? Severity::info : Severity::warning, name_, up ? "connected" : "connection lost");
    note({.kind = up ? Event::Kind::up : Event::Kind::down, .session = attempt_});
  };
  handlers.on_refused = [this](const std::string& topic, int reason) {
    log_line(Severity::warning, name_, "the broker refused " + topic + " with reason " + std::to_string(reason));
  };
  handlers.on_failure = [this](const std::string& text) {
    if (last_failure_ == text) return;
    last_failure_ = text;
    log_line(Severity::warning, name_, text);
  };
  return handlers;
}

void ToolPublisher::Channel::note(Event event) {
  const std::lock_guard lock(mutex_);
  // Whether there is a connection is never lost: it is told rarely, and tells all there is to know.
  if (event.kind == Event::Kind::message && events_.size() >= heard_max) return;
  events_.push_back(std::move(event));
}

void ToolPublisher::Channel::handle(const Event& event, UtcTime now) {
  switch (event.kind) {
    case Event::Kind::up:
      session_ = event.session;
      put(feed_->connected(event.session, now));
      break;
    case Event::Kind::down:
      session_.reset();
      outgoing_.clear();
      break;
    case Event::Kind::message:
      put(feed_->heard(event.topic, event.payload, now));
      break;
  }
}

void ToolPublisher::Channel::work(UtcTime now) {
  std::deque<Event> events;
  {
    const std::lock_guard lock(mutex_);
    events.swap(events_);
  }
  for (const Event& event : events) handle(event, now);
  put(feed_->passed(now));
  send();
}

bool ToolPublisher::Channel::is_due(const MeterId& meter, UtcTime now) {
  UtcTime& next = next_[meter];
  if (now < next) return false;
  next = now + period_;
  return true;
}

void ToolPublisher::Channel::put(std::vector<ToolMessage> messages) {
  // What is not said while there is no connection is part of what is said when there is one.
  if (!session_) return;
  for (ToolMessage& message : messages) {
    if (outgoing_.size() < outgoing_max) outgoing_.push_back(std::move(message));
  }
}

void ToolPublisher::Channel::send() {
  while (bus_ && session_ && !outgoing_.empty()) {
    const ToolMessage& message = outgoing_.front();
    const PublishOutcome outcome =
        bus_->publish(message.topic, as_bytes(message.payload), message.delivery, message.retain);
    if (outcome == PublishOutcome::window_full || outcome == PublishOutcome::not_connected) return;
    if (outcome != PublishOutcome::accepted) {
      log_line(Severity::warning, name_, message.topic + " is not published: " + to_text(outcome));
    }
    outgoing_.pop_front();
  }
}

void ToolPublisher::Channel::goodbye(UtcTime now) {
  outgoing_.clear();
  put(feed_->goodbye(now));
  send();
  bus_.reset();
}

ToolPublisher::ToolPublisher(ToolPublisherOptions options, UtcTime now)
    : options_(std::move(options)), memory_(std::make_unique<Memory>()), now_(now) {
  memory_->load(options_.memory);
  memory_->saved = now;
  if (options_.home_assistant) start_home_assistant(*options_.home_assistant);
  if (options_.sparkplug) start_sparkplug(*options_.sparkplug);
}

void ToolPublisher::start_home_assistant(const HomeAssistantConfig& config) {
  const HomeAssistantOptions options{.household = options_.household,
                                     .prefix = config.prefix,
                                     .form = config.form,
                                     .version = COMMONWATT_VERSION,
                                     .lost_after = lost_after(config.period_seconds, options_.poll_seconds)};
  const std::set<MeterId> meters(options_.meters.begin(), options_.meters.end());
  auto feed = std::make_unique<HomeAssistantFeed>(options, memory_->announced, meters);
  home_assistant_ = feed.get();
  const ToolMessage last_words = feed->goodbye(now_).front();
  MqttOptions bus = bus_options(config.broker, "commonwatt-" + options_.household.text(), feed->status_topic(),
                                {.topic = last_words.topic, .payload = last_words.payload});
  channels_.push_back(std::make_unique<Channel>("home-assistant", std::move(feed), config.period_seconds));
  channels_.back()->start(std::move(bus), 0);
}

void ToolPublisher::start_sparkplug(const SparkplugConfig& config) {
  const SparkplugOptions options{.group = config.group,
                                 .node = config.node,
                                 .lost_after = lost_after(config.period_seconds, options_.poll_seconds)};
  auto feed = std::make_unique<SparkplugNode>(options);
  MqttOptions bus =
      bus_options(config.broker, "commonwatt-" + options_.household.text() + "-sparkplug", feed->command_topic(),
                  {.topic = node_death(options, 0).topic, .payload = {}, .retain = MqttRetain::no});
  channels_.push_back(std::make_unique<Channel>("sparkplug", std::move(feed), config.period_seconds));
  sparkplug_ = channels_.back().get();
  channels_.back()->start(std::move(bus), memory_->session,
                          [options](std::uint8_t session) { return node_death(options, session).payload; });
}

ToolPublisher::~ToolPublisher() {
  for (const std::unique_ptr<Channel>& channel : channels_) channel->goodbye(now_);
  save(now_);
}

std::optional<ToolReading> ToolPublisher::published(const MeterLook& look, UtcTime now) {
  ToolReading reading{.device = {.meter = look.meter,
                                 .maker = look.identity.maker,
                                 .model = look.identity.model,
                                 .serial = look.identity.serial,
                                 .version = {}},
                      .time = look.reading.time,
                      .values = {}};
  const std::string id = home_assistant_id(options_.household, reading.device) + "/";
  bool any_fresh = false;
  for (const MeasuredValue& measured : look.reading.values) {
    Shown value = shown(measured);
    any_fresh = any_fresh || value.fresh;
    if (is_counter(measured.quantity.measurand) && options_.ratchet == CounterRatchet::kept) {
      EnergyRatchet& counter = memory_->counters[id + to_text(measured.quantity)];
      value.value.count = counter.next(value.value.count, now);
    }
    reading.values.push_back(value.value);
  }
  return any_fresh ? std::optional(std::move(reading)) : std::nullopt;
}

void ToolPublisher::read(const std::vector<MeterLook>& looks, UtcTime now) {
  for (const MeterLook& look : looks) {
    std::vector<Channel*> due;
    for (const std::unique_ptr<Channel>& channel : channels_) {
      if (channel->is_due(look.meter, now)) due.push_back(channel.get());
    }
    if (due.empty()) continue;
    const std::optional<ToolReading> reading = published(look, now);
    if (!reading) continue;
    for (Channel* channel : due) channel->read(*reading, now);
  }
}

void ToolPublisher::work(UtcTime now) {
  now_ = now;
  for (const std::unique_ptr<Channel>& channel : channels_) channel->work(now);
  if (remember() || now - memory_->saved >= save_period) save(now);
}

bool ToolPublisher::remember() {
  bool changed = false;
  if (home_assistant_ != nullptr && home_assistant_->announced() != memory_->announced) {
    memory_->announced = home_assistant_->announced();
    changed = true;
  }
  if (sparkplug_ != nullptr && sparkplug_->session().value_or(memory_->session) != memory_->session) {
    memory_->session = *sparkplug_->session();
    changed = true;
  }
  return changed;
}

void ToolPublisher::save(UtcTime now) {
  memory_->saved = now;
  std::filesystem::path draft = options_.memory;
  draft += ".new";
  std::ofstream out(draft, std::ios::binary | std::ios::trunc);
  out << memory_->text() << std::flush;
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(draft, options_.memory, error);
  if (!out || error) log_line(Severity::warning, "tools", options_.memory.string() + " cannot be written");
}

}  // namespace commonwatt
