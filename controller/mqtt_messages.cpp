#include "controller/mqtt_messages.hpp"

#include <array>
#include <deque>
#include <fstream>
#include <mutex>
#include <random>

#include <sys/eventfd.h>
#include <unistd.h>

#include "controller/mqtt_bus.hpp"
#include "meter/descriptor_wait.hpp"
#include "meter/mqtt_json.hpp"

namespace commonwatt {
namespace {

Fail<MeterError> cannot_connect(std::string why) {
  return Fail{MeterError{MeterFault::cannot_connect, std::move(why)}};
}

/// Unique at the broker whichever machine it is made on, and within the 23 letters that every broker takes.
std::string client_id() {
  constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuv";
  std::random_device random;
  std::string id = "commonwatt";
  for (int i = 0; i < 12; ++i) id += letters[random() % letters.size()];
  return id;
}

/// A bus's handlers put in; whoever reads the meter takes out.
class BusMessages final : public MessageSource {
 public:
  explicit BusMessages(int stop_descriptor)
      : stop_descriptor_(stop_descriptor), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~BusMessages() override {
    bus_.reset();
    if (wake_ >= 0) ::close(wake_);
  }
  BusMessages(const BusMessages&) = delete;
  BusMessages& operator=(const BusMessages&) = delete;

  Result<Done, MeterError> start(MqttOptions options);
  Result<std::optional<MqttArrival>, MeterError> receive(std::chrono::nanoseconds deadline) override;

 private:
  using News = Result<std::optional<MqttArrival>, MeterError>;
  void put(std::string topic, Bytes payload, bool is_kept);
  void put_fault(MeterFault fault, std::string detail);
  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof one);
  }
  std::optional<News> take();

  int stop_descriptor_;
  int wake_;  // readable while something waits
  std::mutex mutex_;
  std::deque<MqttArrival> waiting_;
  std::optional<MeterError> fault_;  // the last one that was not told yet
  std::unique_ptr<MqttBus> bus_;
};

Result<Done, MeterError> BusMessages::start(MqttOptions options) {
  MqttHandlers handlers;
  handlers.on_message = [this](std::string topic, Bytes payload) { put(std::move(topic), std::move(payload), false); };
  handlers.on_kept_message = [this](std::string topic, Bytes payload) {
    put(std::move(topic), std::move(payload), true);
  };
  handlers.on_connection = [this](bool up) {
    if (!up) put_fault(MeterFault::connection_lost, "to the broker");
  };
  handlers.on_refused = [this](const std::string& topic, int reason) {
    put_fault(MeterFault::cannot_connect, "the broker refuses " + topic + " (reason " + std::to_string(reason) + ")");
  };
  handlers.on_failure = [this](std::string text) { put_fault(MeterFault::cannot_connect, std::move(text)); };
  auto started = MqttBus::start(std::move(options), std::move(handlers));
  if (!started) return cannot_connect(started.error().text);
  bus_ = std::move(started).value();
  return Done{};
}

void BusMessages::put(std::string topic, Bytes payload, bool is_kept) {
  // One octet more than is decoded: it will be refused as too long, and takes no more room than that.
  if (payload.size() > mqtt_json_max) payload.resize(mqtt_json_max + 1);
  const std::lock_guard lock(mutex_);
  if (waiting_.size() == mqtt_messages_waiting_max) waiting_.pop_front();
  waiting_.push_back({std::move(topic), std::move(payload), is_kept});
  wake();
}

void BusMessages::put_fault(MeterFault fault, std::string detail) {
  const std::lock_guard lock(mutex_);
  fault_ = MeterError{fault, std::move(detail)};
  wake();
}

std::optional<BusMessages::News> BusMessages::take() {
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty()) {
    News news = std::optional(std::move(waiting_.front()));
    waiting_.pop_front();
    return news;
  }
  if (fault_) return News(Fail{*std::exchange(fault_, std::nullopt)});
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t emptied = ::read(wake_, &count, sizeof count);
  return std::nullopt;
}

Result<std::optional<MqttArrival>, MeterError> BusMessages::receive(std::chrono::nanoseconds deadline) {
  while (true) {
    if (std::optional<News> news = take()) return std::move(*news);
    switch (wait_readable(wake_, stop_descriptor_, deadline)) {
      case Waited::readable:
        break;
      case Waited::deadline:
        return std::optional<MqttArrival>();
      case Waited::stopping:
        return Fail{MeterError{MeterFault::stopping, {}}};
    }
  }
}

/// The first line of a file.
std::optional<std::string> secret_of(const std::string& file) {
  std::ifstream stream(file);
  std::string secret;
  if (!std::getline(stream, secret) || secret.empty()) return std::nullopt;
  return secret;
}

}  // namespace

Result<std::unique_ptr<MessageSource>, MeterError> open_mqtt_messages(const MessageRequest& request) {
  const auto& address = std::get<TcpAddress>(request.url.line);
  const bool has_colons = address.host.find(':') != std::string::npos;
  MqttOptions options;
  options.broker = (address.tls ? "ssl://" : "tcp://") + (has_colons ? "[" + address.host + "]" : address.host) + ":" +
                   std::to_string(address.port);
  if (address.tls) {
    options.ca_file = address.tls->ca;
    options.certificate_file = address.tls->certificate;
    options.key_file = address.tls->key;
  }
  options.client_id = client_id();
  options.subscriptions = request.topics;
  options.user = request.url.mqtt.user;
  if (const std::string& file = request.url.mqtt.password_file; !file.empty()) {
    const std::optional<std::string> secret = secret_of(file);
    if (!secret) return cannot_connect(file + " does not hold a password");
    options.password = *secret;
  }
  auto messages = std::make_unique<BusMessages>(request.stop_descriptor);
  if (const Result<Done, MeterError> started = messages->start(std::move(options)); !started) {
    return Fail{started.error()};
  }
  return std::unique_ptr<MessageSource>(std::move(messages));
}

}  // namespace commonwatt
