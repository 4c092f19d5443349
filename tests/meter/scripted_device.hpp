// A Modbus device on a socket or a pseudo terminal whose every answer goes through a script that may spoil it.
#pragma once

#include <array>
#include <atomic>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>

#include "meter/modbus_answer.hpp"
#include "tests/meter/line_ends.hpp"

namespace commonwatt {

enum class Afterwards { stay, hang_up };
/// Sends what it likes for the n-th request (from 0), whose right answer is `answer`.
using Script = std::function<Afterwards(int descriptor, const Octets& answer, int n)>;

inline void wait_milliseconds(int milliseconds) {
  ::poll(nullptr, 0, milliseconds);
}

class ScriptedDevice {
 public:
  enum class Line { tcp, serial };
  ScriptedDevice(Line line, DeviceRegisters device, Script script)
      : line_(line), device_(std::move(device)), script_(std::move(script)) {
    if (::pipe2(stop_.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    line == Line::tcp ? open_tcp() : open_serial();
    thread_ = std::thread([this] { run(); });
  }
  ScriptedDevice(const ScriptedDevice&) = delete;
  ScriptedDevice& operator=(const ScriptedDevice&) = delete;
  ~ScriptedDevice() {
    ::close(stop_[1]);
    thread_.join();
    for (const int descriptor : {stop_[0], listener_, client_, slave_}) {
      if (descriptor >= 0) ::close(descriptor);
    }
  }
  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] int requests() const { return requests_; }
  /// How many requests are over: answered, and hung up behind if the script wanted it.
  [[nodiscard]] int finished() const { return finished_; }

 private:
  void open_tcp() {
    const Listener listener = listen_on_loopback();
    listener_ = listener.descriptor;
    url_ = "modbus+tcp://127.0.0.1:" + std::to_string(listener.port) + "?unit=" + std::to_string(device_.unit);
  }
  void open_serial() {
    const PseudoTerminal line = open_pseudo_terminal();
    client_ = line.device;
    slave_ = line.kept;
    url_ = "modbus+rtu://" + line.path + "?baud=115200&unit=" + std::to_string(device_.unit);
  }
  void run() {
    while (true) {
      std::array<pollfd, 3> waiting{
          {{stop_[0], POLLIN, 0}, {client_ < 0 ? listener_ : -1, POLLIN, 0}, {client_, POLLIN, 0}}};
      ::poll(waiting.data(), waiting.size(), -1);
      if (waiting[0].revents != 0) return;
      if (waiting[1].revents != 0) client_ = accept_client(listener_);
      if (waiting[2].revents != 0) serve();
    }
  }
  void serve() {
    std::array<std::uint8_t, 512> buffer{};
    const ssize_t size = ::read(client_, buffer.data(), buffer.size());
    if (size <= 0) return hang_up();
    received_.insert(received_.end(), buffer.begin(), buffer.begin() + size);
    while (client_ >= 0) {
      const std::optional<FrameAnswer> answer =
          answer_frame(line_ == Line::tcp ? ModbusFraming::tcp : ModbusFraming::rtu, only(device_), received_);
      if (!answer) return;
      if (script_(client_, answer->bytes, requests_++) == Afterwards::hang_up) hang_up();
      ++finished_;
    }
  }
  void hang_up() {
    received_.clear();
    if (line_ == Line::serial) return;
    ::close(client_);
    client_ = -1;
  }

  Line line_;
  DeviceRegisters device_;
  Script script_;
  std::string url_;
  std::array<int, 2> stop_{-1, -1};
  int listener_ = -1;
  int client_ = -1;
  int slave_ = -1;
  Octets received_;
  std::atomic<int> requests_ = 0;
  std::atomic<int> finished_ = 0;
  std::thread thread_;
};

}  // namespace commonwatt
