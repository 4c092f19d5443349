#include "controller/mqtt_bus.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <condition_variable>
#include <csignal>
#include <fstream>
#include <mutex>
#include <thread>
#include <utility>

#include <mqtt/async_client.h>
#include <netdb.h>
#include <sys/socket.h>

namespace commonwatt {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int quality_at_least_once = 1;
/// TCP, TLS and the broker's answer together.
constexpr std::chrono::seconds connect_max{10};
/// A step that the library never answers is given up this long after it was begun.
constexpr milliseconds step_max{15'000};
/// How often the library is asked whether it noticed a loss that it did not report.
constexpr milliseconds watch_period{1000};
constexpr milliseconds goodbye_max{1500};
constexpr milliseconds reconnect_floor{10};

constexpr int refusal_begin = 0x80;  // MQTT 5 section 2.4

/// What one client of the library has come to. Only ever moves forward, but for lost, which begins with a new client,
/// and failed, which tries again with the same.
enum class Phase { idle, connecting, accepted, subscribing, up, failed, lost };

/// Where a link reports to; all of it may come from any thread of the library.
class Reports {
 public:
  Reports() = default;
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;
  virtual ~Reports() = default;
  virtual void message(std::string topic, Bytes payload, MqttRetain kept) = 0;
  virtual void refused(std::string topic, int reason) = 0;
  virtual void failed(std::string text) = 0;
  virtual void changed() = 0;
};

mqtt::create_options creation() {
  // One place more than the window, because a message may be counted in both until its callback has ended.
  mqtt::create_options options(MQTTVERSION_5, static_cast<int>(mqtt_in_flight_max) + 1);
  options.set_send_while_disconnected(false);
  return options;
}

/// One client of the library, for one connection: it is thrown away when that is lost, because the library keeps the
/// tokens of unanswered publications for as long as the client lives.
class Link : private mqtt::iaction_listener {
 public:
  Link(const MqttOptions& options, Reports& reports)
      : reports_(reports), client_(options.broker, options.client_id, creation(), nullptr) {
    // One by one, because the library's set_callback takes its two locks the other way round than its callbacks do.
    client_.set_message_callback([this](const mqtt::const_message_ptr& message) { arrived(*message); });
    client_.set_connection_lost_handler([this](const std::string&) { enter(Phase::lost); });
    client_.set_disconnected_handler([this](const mqtt::properties&, mqtt::ReasonCode reason) {
      reports_.failed("the broker ended the connection (reason " + std::to_string(static_cast<int>(reason)) + ")");
      enter(Phase::lost);
    });
  }

  Phase phase() const { return phase_; }

  void connect(const MqttOptions& options);
  void subscribe(const MqttOptions& options);
  void watch();
  PublishOutcome publish(mqtt::const_message_ptr message);
  void goodbye();

 private:
  void on_success(const mqtt::token& token) override;
  void on_failure(const mqtt::token& token) override;
  void arrived(const mqtt::message& message);

  void subscription_answered();
  void enter(Phase phase);

  Reports& reports_;
  std::atomic<Phase> phase_ = Phase::idle;
  std::atomic<std::size_t> in_flight_ = 0;
  std::atomic<std::size_t> subscriptions_open_ = 0;
  mqtt::async_client client_;  // last: it calls back until it is gone
};

bool in_the_clear(const MqttOptions& options) {
  return options.broker.starts_with("tcp://");
}

mqtt::ssl_options tls_options(const MqttOptions& options) {
  mqtt::ssl_options tls;
  tls.set_trust_store(options.ca_file);
  if (!options.certificate_file.empty()) {
    tls.set_key_store(options.certificate_file);
    tls.set_private_key(options.key_file);
  }
  tls.set_enable_server_cert_auth(true);
  tls.set_verify(true);  // the host name too, which the library leaves out otherwise
  return tls;
}

/// The broker's address with the name of the host looked up, an IPv4 address where there is one; nothing when the name
/// is not known. The library looks names up as well, but under the lock that all its clients share: a resolver that is
/// slow about one broker would hold up the messages to every other.
std::optional<std::string> looked_up(const std::string& uri) {
  const std::size_t host_begin = uri.find("//") + 2;
  const std::size_t colon = uri.rfind(':');
  const bool has_port = colon >= host_begin && uri.find(']', colon) == std::string::npos;
  const std::size_t host_end = has_port ? colon : uri.size();
  std::string host = uri.substr(host_begin, host_end - host_begin);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0 || found == nullptr) return std::nullopt;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  const addrinfo* best = found;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (one->ai_family != AF_INET) continue;
    best = one;
    break;
  }
  std::array<char, NI_MAXHOST> text{};
  if (::getnameinfo(best->ai_addr, best->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) {
    return std::nullopt;
  }
  const std::string address = best->ai_family == AF_INET ? text.data() : "[" + std::string(text.data()) + "]";
  return uri.substr(0, host_begin) + address + uri.substr(host_end);
}

mqtt::connect_options connection(const MqttOptions& options, const std::string& address) {
  mqtt::connect_options connect;
  // With TLS the name must stay, because the certificate names it; it is in the resolver's cache now, if there is one.
  if (in_the_clear(options)) connect.set_servers(mqtt::string_collection::create({address}));
  connect.set_mqtt_version(MQTTVERSION_5);
  if (!in_the_clear(options)) connect.set_ssl(tls_options(options));
  if (!options.user.empty()) {
    connect.set_user_name(options.user);
    connect.set_password(options.password);
  }
  connect.set_connect_timeout(connect_max);
  connect.set_keep_alive_interval(options.keep_alive);
  connect.set_max_inflight(static_cast<int>(mqtt_in_flight_max));
  connect.set_clean_start(options.session_expiry.count() == 0);
  if (options.session_expiry.count() > 0) {
    mqtt::properties properties;
    properties.add(
        {mqtt::property::SESSION_EXPIRY_INTERVAL, static_cast<std::int32_t>(options.session_expiry.count())});
    connect.set_properties(std::move(properties));
  }
  if (options.will) {
    const std::string payload = options.will_payload ? options.will_payload() : options.will->payload;
    connect.set_will(mqtt::will_options(options.will->topic, payload.data(), payload.size(), quality_at_least_once,
                                        options.will->retain == MqttRetain::yes));
  }
  return connect;
}

void Link::connect(const MqttOptions& options) {
  phase_ = Phase::connecting;
  const std::optional<std::string> address = looked_up(options.broker);
  if (!address) {
    reports_.failed("the name of the broker's host is not known: " + options.broker);
    return enter(Phase::failed);
  }
  try {
    // In one expression: moved, the options would lose their properties (paho.mqtt.cpp 1.2.0).
    client_.connect(connection(options, *address), nullptr, *this);
  } catch (const std::exception& problem) {
    reports_.failed(problem.what());
    enter(Phase::failed);
  }
}

void Link::subscribe(const MqttOptions& options) {
  // One is the step's own, so that an early answer does not end it.
  subscriptions_open_ = options.subscriptions.size() + 1;
  phase_ = Phase::subscribing;
  try {
    for (const std::string& filter : options.subscriptions) {
      client_.subscribe(filter, quality_at_least_once, nullptr, *this);
    }
  } catch (const std::exception& problem) {
    reports_.failed(problem.what());
    enter(Phase::lost);
    return;
  }
  subscription_answered();
}

void Link::watch() {
  if (phase_ == Phase::up && !client_.is_connected()) enter(Phase::lost);
}

PublishOutcome Link::publish(mqtt::const_message_ptr message) {
  if (phase_ != Phase::up) return PublishOutcome::not_connected;
  if (in_flight_.fetch_add(1) >= mqtt_in_flight_max) {
    in_flight_.fetch_sub(1);
    return PublishOutcome::window_full;
  }
  try {
    client_.publish(std::move(message), nullptr, *this);
    return PublishOutcome::accepted;
  } catch (const mqtt::exception& problem) {
    in_flight_.fetch_sub(1);
    return problem.get_return_code() == MQTTASYNC_MAX_BUFFERED_MESSAGES ? PublishOutcome::window_full
                                                                        : PublishOutcome::not_connected;
  } catch (const std::exception&) {
    in_flight_.fetch_sub(1);
    return PublishOutcome::not_connected;
  }
}

void Link::goodbye() {
  try {
    if (!client_.is_connected()) return;
    client_.disconnect(static_cast<int>(goodbye_max.count()) / 2);
    const auto deadline = steady_clock::now() + goodbye_max;
    while (client_.is_connected() && steady_clock::now() < deadline) std::this_thread::sleep_for(milliseconds{5});
  } catch (const std::exception&) {
    // A connection that cannot be ended in order ends with its socket.
  }
}

void Link::on_success(const mqtt::token& token) {
  switch (token.get_type()) {
    case mqtt::token::CONNECT:
      enter(Phase::accepted);
      break;
    case mqtt::token::SUBSCRIBE:
      subscription_answered();
      break;
    case mqtt::token::PUBLISH:
      in_flight_.fetch_sub(1);
      break;
    case mqtt::token::UNSUBSCRIBE:
    case mqtt::token::DISCONNECT:
      break;
  }
}

void Link::on_failure(const mqtt::token& token) {
  const int reason = static_cast<int>(token.get_reason_code());
  const auto topics = token.get_topics();
  const std::string topic = topics && !topics->empty() ? (*topics)[0] : std::string{};
  switch (token.get_type()) {
    case mqtt::token::CONNECT:
      reports_.failed(
          reason >= refusal_begin
              ? "the broker refused the connection: " + mqtt::exception::reason_code_str(reason)
              : "no connection to the broker: it is not there, or one side refused the other's certificate");
      enter(Phase::failed);
      break;
    case mqtt::token::SUBSCRIBE:
      if (reason >= refusal_begin) reports_.refused(topic, reason);
      subscription_answered();
      break;
    case mqtt::token::PUBLISH:
      in_flight_.fetch_sub(1);
      if (reason >= refusal_begin) reports_.refused(topic, reason);
      break;
    case mqtt::token::UNSUBSCRIBE:
    case mqtt::token::DISCONNECT:
      break;
  }
}

void Link::arrived(const mqtt::message& message) {
  const auto& payload = message.get_payload();
  if (payload.size() > mqtt_payload_max) return;
  const ByteView bytes = as_bytes(payload);
  // Of what it forwards, the broker marks only what it had kept (MQTT 5 section 3.3.1.3).
  reports_.message(message.get_topic(), Bytes(bytes.begin(), bytes.end()),
                   message.is_retained() ? MqttRetain::yes : MqttRetain::no);
}

void Link::subscription_answered() {
  if (subscriptions_open_.fetch_sub(1) != 1) return;
  Phase expected = Phase::subscribing;
  if (phase_.compare_exchange_strong(expected, Phase::up)) reports_.changed();
}

void Link::enter(Phase phase) {
  // A loss is final; the answers that come after it change nothing.
  Phase before = phase_;
  do {
    if (before == Phase::lost) return;
  } while (!phase_.compare_exchange_weak(before, phase));
  reports_.changed();
}

MqttError bad(const std::string& text) {
  return {text};
}

std::optional<MqttError> problem_of(const MqttOptions& options) {
  if (!options.broker.starts_with("ssl://") && !in_the_clear(options)) {
    return bad("the broker's address must begin with ssl:// or tcp://");
  }
  for (const std::string& file : {options.ca_file, options.certificate_file, options.key_file}) {
    if (file.empty()) continue;
    if (in_the_clear(options)) return bad("\"" + file + "\" is of no use with tcp://, which protects nothing");
    if (!std::ifstream(file).good()) return bad("\"" + file + "\" cannot be read");
  }
  if (!in_the_clear(options) && options.ca_file.empty()) return bad("ssl:// needs the file of an authority");
  if (options.certificate_file.empty() != options.key_file.empty()) return bad("a certificate needs its key");
  if (options.client_id.empty()) return bad("the client id is empty");
  if (options.subscriptions.size() > mqtt_subscriptions_max) return bad("too many subscriptions");
  if (options.keep_alive.count() < 1 || options.keep_alive.count() > 120) return bad("keep_alive must be 1 to 120 s");
  if (options.session_expiry.count() < 0 || options.session_expiry.count() > INT32_MAX) {
    return bad("session_expiry is out of range");
  }
  if (options.reconnect_min < reconnect_floor || options.reconnect_max < options.reconnect_min) {
    return bad("reconnect_min must be at least 10 ms and not above reconnect_max");
  }
  return std::nullopt;
}

}  // namespace

const char* to_text(PublishOutcome outcome) {
  switch (outcome) {
    case PublishOutcome::accepted:
      return "accepted";
    case PublishOutcome::not_connected:
      return "not connected";
    case PublishOutcome::window_full:
      return "too many messages are not acknowledged yet";
    case PublishOutcome::too_large:
      return "the payload is too large";
    case PublishOutcome::bad_topic:
      return "the topic cannot be published to";
  }
  assert(false);
  return "";
}

/// Owns the links and the thread that takes them from one phase to the next. The library's callbacks only note what
/// happened; every call into the library but publish comes from this thread.
class MqttBus::Connection final : public Reports {
 public:
  Connection(MqttOptions options, MqttHandlers handlers)
      : options_(std::move(options)), handlers_(std::move(handlers)), link_(std::make_unique<Link>(options_, *this)) {
    thread_ = std::thread([this] { run(); });
  }
  ~Connection() override {
    {
      const std::lock_guard lock(wake_mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  PublishOutcome publish(mqtt::const_message_ptr message) {
    if (!up_) return PublishOutcome::not_connected;
    const std::lock_guard lock(link_mutex_);
    return link_->publish(std::move(message));
  }
  bool up() const { return up_; }

 private:
  void message(std::string topic, Bytes payload, MqttRetain kept) override {
    const std::lock_guard lock(handler_mutex_);
    if (stopping_) return;
    const bool is_kept = kept == MqttRetain::yes && handlers_.on_kept_message;
    (is_kept ? handlers_.on_kept_message : handlers_.on_message)(std::move(topic), std::move(payload));
  }
  void refused(std::string topic, int reason) override {
    const std::lock_guard lock(handler_mutex_);
    if (!stopping_) handlers_.on_refused(std::move(topic), reason);
  }
  void failed(std::string text) override {
    const std::lock_guard lock(handler_mutex_);
    if (!stopping_ && handlers_.on_failure) handlers_.on_failure(std::move(text));
  }
  void changed() override {
    {
      const std::lock_guard lock(wake_mutex_);
      changed_ = true;
    }
    wake_.notify_all();
  }

  void run();
  void step();
  void report_up(bool up);
  void wait_before_retry();
  void replace_link();
  /// Until something changed, the time is over or the bus is to stop.
  void wait(milliseconds time, bool& flag);

  const MqttOptions options_;
  const MqttHandlers handlers_;
  std::mutex handler_mutex_;  // taken by callbacks; nothing of the library is called under it
  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool changed_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> up_ = false;
  milliseconds delay_{0};
  steady_clock::time_point step_begin_ = steady_clock::now();
  Phase step_phase_ = Phase::idle;
  std::mutex link_mutex_;  // never taken by callbacks, so that the library may wait under it
  std::unique_ptr<Link> link_;
  std::thread thread_;
};

void MqttBus::Connection::wait(milliseconds time, bool& flag) {
  std::unique_lock lock(wake_mutex_);
  wake_.wait_for(lock, time, [&] { return stopping_ || flag; });
  flag = false;
}

void MqttBus::Connection::run() {
  while (!stopping_) {
    step();
    wait(watch_period, changed_);
  }
  up_ = false;
  link_->goodbye();
  const std::lock_guard lock(link_mutex_);
  link_.reset();
}

void MqttBus::Connection::step() {
  const Phase phase = link_->phase();
  if (phase != step_phase_) {
    step_phase_ = phase;
    step_begin_ = steady_clock::now();
  }
  switch (phase) {
    case Phase::idle:
      link_->connect(options_);
      break;
    case Phase::accepted:
      link_->subscribe(options_);
      break;
    case Phase::connecting:
    case Phase::subscribing:
      if (steady_clock::now() - step_begin_ < step_max) break;
      failed("the broker does not answer");
      replace_link();
      break;
    case Phase::up:
      report_up(true);
      link_->watch();
      break;
    case Phase::failed:
      wait_before_retry();
      if (!stopping_) link_->connect(options_);
      break;
    case Phase::lost:
      report_up(false);
      replace_link();
      break;
  }
}

void MqttBus::Connection::report_up(bool up) {
  if (up_.exchange(up) == up) return;
  if (up) delay_ = milliseconds{0};
  const std::lock_guard lock(handler_mutex_);
  if (!stopping_) handlers_.on_connection(up);
}

void MqttBus::Connection::wait_before_retry() {
  delay_ = std::clamp(delay_ * 2, options_.reconnect_min, options_.reconnect_max);
  bool never = false;
  wait(delay_, never);
}

void MqttBus::Connection::replace_link() {
  // The wait comes first: the library may still be on its way out of the callback that brought us here, with the client
  // in its hands.
  wait_before_retry();
  if (stopping_) return;
  try {
    // The new one is made before the old one goes, or the library would end its threads in between, which takes a
    // second.
    auto link = std::make_unique<Link>(options_, *this);
    {
      const std::lock_guard lock(link_mutex_);
      link_.swap(link);
    }
    link.reset();
    link_->connect(options_);
  } catch (const std::exception& problem) {
    // The old one stays, lost as it is, and this is tried again.
    failed(problem.what());
  }
}

Result<std::unique_ptr<MqttBus>, MqttError> MqttBus::start(MqttOptions options, MqttHandlers handlers) {
  if (auto problem = problem_of(options)) return Fail{*problem};
  assert(handlers.on_message && handlers.on_connection && handlers.on_refused);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return std::unique_ptr<MqttBus>(new MqttBus(std::make_unique<Connection>(std::move(options), std::move(handlers))));
  } catch (const std::exception& problem) {
    return Fail{bad(problem.what())};
  }
}

MqttBus::MqttBus(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
MqttBus::~MqttBus() = default;

PublishOutcome MqttBus::publish(std::string_view topic, ByteView payload, MqttDelivery delivery, MqttRetain retain) {
  if (topic.empty() || topic.size() > mqtt_topic_max ||
      topic.find_first_of(std::string_view("+#\0", 3)) != std::string::npos) {
    return PublishOutcome::bad_topic;
  }
  if (payload.size() > mqtt_payload_max) return PublishOutcome::too_large;
  if (!connection_->up()) return PublishOutcome::not_connected;
  const int quality = delivery == MqttDelivery::at_least_once ? quality_at_least_once : 0;
  return connection_->publish(
      mqtt::message::create(std::string(topic), payload.data(), payload.size(), quality, retain == MqttRetain::yes));
}

bool MqttBus::connected() const {
  return connection_->up();
}

}  // namespace commonwatt
