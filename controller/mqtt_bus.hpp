// The MQTT connection of a household's gateway, or of the controller, to the neighbourhood's broker; and of a gateway
// to the broker in its own house, which other tools listen to.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "core/result.hpp"

namespace commonwatt {

enum class MqttDelivery { at_most_once, at_least_once };
enum class MqttRetain { no, yes };

/// What became of a publish call. Only `accepted` says that the message is on its way; that it arrived, nothing says
/// but the other end's answer, because the broker keeps nothing.
enum class PublishOutcome {
  accepted,
  not_connected,  ///< the caller's outbox keeps it and sends it again
  window_full,    ///< mqtt_in_flight_max messages are not acknowledged yet
  too_large,      ///< longer than mqtt_payload_max
  bad_topic,      ///< empty, too long, or with a wildcard
};
const char* to_text(PublishOutcome outcome);

/// Messages handed to the library and not acknowledged yet, of both kinds of delivery.
inline constexpr std::size_t mqtt_in_flight_max = 64;
/// Bytes of one payload, either way; the broker refuses longer packets (broker.hpp).
inline constexpr std::size_t mqtt_payload_max = 512 * 1024;
inline constexpr std::size_t mqtt_topic_max = 256;
inline constexpr std::size_t mqtt_subscriptions_max = 32;
/// The longest that stopping a connection may take.
inline constexpr std::chrono::milliseconds mqtt_stop_max{5000};

/// The message the broker publishes, at least once, when the connection ends without a goodbye.
struct MqttWill {
  std::string topic;
  std::string payload;
  MqttRetain retain = MqttRetain::yes;
};

struct MqttOptions {
  /// "ssl://127.0.0.1:8883"; the host must be one the broker's certificate names. Or "tcp://127.0.0.1:1883", in the
  /// clear, with none of the files.
  std::string broker;
  std::string ca_file;
  std::string certificate_file;  ///< with ssl://; empty together with key_file: none is shown
  std::string key_file;
  std::string client_id;                   ///< unique at the broker: a second one of the same name ends the first
  std::vector<std::string> subscriptions;  ///< topic filters, all at least once
  std::optional<MqttWill> will = std::nullopt;
  /// Gives the will's payload anew for every attempt to connect. Called from the bus's own thread, as the handlers are.
  std::function<std::string()> will_payload = {};
  std::string user = {};  ///< empty: none is sent, nor a password
  std::string password = {};
  std::chrono::seconds keep_alive{20};
  /// How long the broker keeps what it could not deliver after the connection is lost; 0 starts afresh every time.
  std::chrono::seconds session_expiry{0};
  /// The wait before the first attempt after a loss or a failure; doubled by every further failure up to the maximum.
  /// The library takes up to a second more to notice that an attempt failed or succeeded.
  std::chrono::milliseconds reconnect_min{1000};
  std::chrono::milliseconds reconnect_max{30'000};
};

/// All are called from the library's or the bus's own threads, one at a time. They may only enqueue: a handler must not
/// block, throw, or call the bus. None is called after the destructor has returned.
struct MqttHandlers {
  std::function<void(std::string topic, Bytes payload)> on_message;
  /// One that the broker had kept from before the subscription; when it was said is not known. May be empty: then
  /// on_message gets it.
  std::function<void(std::string topic, Bytes payload)> on_kept_message = {};
  /// true once the broker has answered the subscriptions, false when the connection is lost; strictly alternating,
  /// starting with true. The goodbye of the destructor is not reported.
  std::function<void(bool up)> on_connection;
  /// The broker refused a publication or a subscription: its topic and the MQTT 5 reason code (0x87: not authorized).
  std::function<void(std::string topic, int reason)> on_refused;
  /// An attempt to connect failed, in words for the log. Repeats are not filtered. May be empty.
  std::function<void(std::string text)> on_failure = {};
};

struct MqttError {
  std::string text;  ///< what is wrong with the options, naming the file or the key
};

/// A connection that keeps itself up: it is tried until it succeeds, and again whenever it is lost. With ssl:// the
/// broker must show a server certificate of the given authority that names the host. Nothing is kept for a connection
/// that is down.
class MqttBus {
 public:
  /// Starts connecting in the background; a broker that is not there yet is no error. Fails when an option is out of
  /// its range or a file cannot be read. The process ignores SIGPIPE from here on.
  static Result<std::unique_ptr<MqttBus>, MqttError> start(MqttOptions options, MqttHandlers handlers);

  /// Says goodbye (so that the will is not published) and returns within mqtt_stop_max, even when the broker is dead;
  /// only a lookup of its name that is under way is waited for.
  ~MqttBus();
  MqttBus(const MqttBus&) = delete;
  MqttBus& operator=(const MqttBus&) = delete;

  /// Returns at once. Thread-safe.
  [[nodiscard]] PublishOutcome publish(std::string_view topic, ByteView payload, MqttDelivery delivery,
                                       MqttRetain retain);

  /// Between on_connection(true) and on_connection(false). Thread-safe.
  [[nodiscard]] bool connected() const;

 private:
  class Connection;
  explicit MqttBus(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace commonwatt
