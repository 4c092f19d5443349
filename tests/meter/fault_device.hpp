// A Modbus device that does, from a seed, whatever lines and devices have been seen to do wrong, and whose every answer
// tells which request it is the answer to.
//
// It answers one request after the other, as a device does, however late. What no reader can tell from the right answer
// it does not do: with RTU framing, send an answer as long as the right one in its place, or a copy of an answer after
// the next request.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include <poll.h>

#include "meter/device_reading.hpp"
#include "meter/machine_time.hpp"
#include "meter/modbus_answer.hpp"
#include "meter/modbus_frame.hpp"
#include "sim/register_image.hpp"
#include "tests/meter/line_ends.hpp"

namespace commonwatt {

class FaultDevice {
 public:
  enum class Line { tcp, rtu, rtu_over_tcp };
  enum class Map { sunspec, sdm630 };
  struct Nature {
    Line line = Line::tcp;
    Map map = Map::sunspec;
    unsigned number = 0;  // 0..devices_max - 1; shows in its energy
    std::uint64_t seed = 0;
    std::chrono::nanoseconds timeout{};  // of the reader
  };
  static constexpr unsigned devices_max = 32;  // the counters of an SDM630 are exact below 16,384 kWh
  static constexpr std::uint8_t unit = 7;

  explicit FaultDevice(Nature nature) : nature_(nature), random_(nature.seed) {
    if (::pipe2(stop_.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    if (nature.line == Line::rtu) {
      const PseudoTerminal line = open_pseudo_terminal();
      client_ = line.device;
      // What a reader that has given up leaves unread must not stop the device: a full line loses octets.
      ::fcntl(client_, F_SETFL, O_RDWR | O_NONBLOCK);
      kept_ = line.kept;
      where_ = line.path;
    } else {
      const Listener listener = listen_on_loopback();
      listener_ = listener.descriptor;
      where_ = std::to_string(listener.port);
    }
    thread_ = std::thread([this] { run(); });
  }
  FaultDevice(const FaultDevice&) = delete;
  FaultDevice& operator=(const FaultDevice&) = delete;
  ~FaultDevice() {
    ::close(stop_[1]);
    thread_.join();
    for (const int descriptor : {stop_[0], listener_, client_, kept_}) {
      if (descriptor >= 0) ::close(descriptor);
    }
  }

  /// The path of the serial line, or the port on the loopback address.
  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] std::string url() const {
    const std::string unit_text = "unit=" + std::to_string(unit);
    if (nature_.line == Line::rtu) return "modbus+rtu://" + where_ + "?baud=115200&gap=2&" + unit_text;
    const std::string scheme = nature_.line == Line::tcp ? "modbus+tcp" : "modbus+rtutcp";
    return scheme + "://127.0.0.1:" + where_ + "?" + unit_text;
  }

  /// Lets that many of the next answers go wrong.
  void arm(int injections) { armed_ += injections; }
  /// Whether nothing goes wrong any more: all answers that were to be spoilt have been, and whatever was sent late has
  /// been sent.
  [[nodiscard]] bool is_well() const { return armed_ == 0 && pending_ == 0; }
  /// How many read requests have come. Those that come from now on have higher numbers, from this plus 1.
  [[nodiscard]] std::uint64_t requests() const { return requests_; }

  /// What the device measured when it got that request: all of it follows from the number.
  [[nodiscard]] Measurement measured(std::uint64_t request) const {
    const auto sequence = static_cast<std::int64_t>(nature_.number * requests_max + request);
    return {.power_w = static_cast<std::int64_t>(request % 30'000),
            .energy_import = Energy{10 * sequence + 5},  // clear of what a float in kWh rounds
            .energy_export = Energy{0}};
  }
  /// The request whose answer a reading is; nothing when it is none of this device's.
  [[nodiscard]] std::optional<std::uint64_t> request_of(Energy energy_import, double power_w) const {
    const std::int64_t request = energy_import.count / 10 - static_cast<std::int64_t>(nature_.number * requests_max);
    if (request <= 0 || request > static_cast<std::int64_t>(requests_max)) return std::nullopt;
    if (power_w != static_cast<double>(request % 30'000)) return std::nullopt;
    return static_cast<std::uint64_t>(request);
  }

 private:
  static constexpr std::uint64_t requests_max = 50'000;
  using Time = std::chrono::nanoseconds;
  /// Octets that are to be sent.
  struct Piece {
    Time due;
    Octets octets;
    bool copy = false;  // dropped when the next request comes first
  };

  [[nodiscard]] bool is_tcp() const { return nature_.line == Line::tcp; }
  unsigned random(unsigned below) { return static_cast<unsigned>(random_() % below); }
  Time random_time(Time least, Time most) {
    return least + Time{static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>((most - least).count() + 1))};
  }
  Octets noise(unsigned octets_max) {
    Octets octets(1 + random(octets_max));
    for (std::uint8_t& octet : octets) octet = static_cast<std::uint8_t>(random(256));
    return octets;
  }
  static Octets sealed(Octets frame) {
    const unsigned crc = modbus_crc(frame);
    frame.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
    frame.push_back(static_cast<std::uint8_t>(crc >> 8U));
    return frame;
  }
  static Octets joined(Octets first, const Octets& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  }

  std::vector<RegisterImage> images(std::uint8_t function) {
    const Measurement now = measured(++requests_);
    if (nature_.map == Map::sunspec) {
      const ImageIdentity identity{.maker = "Maker", .model = "Model", .serial = "S1", .unit = unit};
      return {sunspec_meter_image(identity, 3, now)};
    }
    return {function == 3 ? sdm630_serial_image(4711) : sdm630_input_image(3, now)};
  }

  void run() {
    const ModbusUnits units =
        only({.unit = unit, .images = [this](std::uint8_t function) { return images(function); }});
    while (true) {
      std::array<pollfd, 3> waiting{{{stop_[0], POLLIN, 0}, {listener_, POLLIN, 0}, {client_, POLLIN, 0}}};
      const Time left =
          outbox_.empty() ? std::chrono::seconds{1} : std::max(Time{0}, outbox_.front().due - machine_time());
      const timespec time{.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
      ::ppoll(waiting.data(), waiting.size(), &time, nullptr);
      if (waiting[0].revents != 0) return;
      if (waiting[1].revents != 0) {
        hang_up();
        client_ = accept_client(listener_);
      } else if (waiting[2].revents != 0) {
        take(units);
      }
      send_due();
    }
  }
  void hang_up() {
    received_.clear();
    if (nature_.line == Line::rtu || client_ < 0) return;
    ::close(client_);
    client_ = -1;
  }
  void take(const ModbusUnits& units) {
    std::array<std::uint8_t, 512> buffer{};
    const ssize_t size = ::read(client_, buffer.data(), buffer.size());
    if (size <= 0) return hang_up();
    received_.insert(received_.end(), buffer.begin(), buffer.begin() + size);
    const ModbusFraming framing = is_tcp() ? ModbusFraming::tcp : ModbusFraming::rtu;
    while (const std::optional<FrameAnswer> answer = answer_frame(framing, units, received_)) {
      pending_ -= static_cast<int>(std::erase_if(outbox_, [](const Piece& piece) { return piece.copy; }));
      reply(answer->bytes);
    }
  }
  void send_due() {
    while (!outbox_.empty() && outbox_.front().due <= machine_time()) {
      // What is still to be sent goes to whoever is connected now, as a serial server does it.
      if (client_ >= 0) put(client_, outbox_.front().octets);
      outbox_.pop_front();
      --pending_;
    }
  }

  void push(Octets octets, Time delay = Time{0}, bool copy = false) {
    const Time due = machine_time() + delay;
    outbox_.push_back({outbox_.empty() ? due : std::max(due, outbox_.back().due), std::move(octets), copy});
    ++pending_;
  }
  void reply(const Octets& answer) {
    if (held_) {  // the answer that is one request late
      push(*held_);
      held_.reset();
      --pending_;
      if (random(2) == 0) push(answer);
    } else if (armed_ > 0 && random(2) == 0) {
      inject(answer);
      --armed_;
    } else {
      push(answer);
    }
    previous_ = answer;
  }

  void inject(const Octets& answer) {
    switch (random(10)) {
      case 0:
        return push(answer, random_time(nature_.timeout / 2, 4 * nature_.timeout));
      case 1:
        held_ = answer;
        ++pending_;
        return;
      case 2:
        if (!is_tcp() && previous_.size() == answer.size()) return push(with_noise(answer));
        push(previous_);
        if (random(2) == 0) push(answer);
        return;
      case 3:
        if (random(2) == 0) return push(joined(answer, answer));
        push(answer);
        return push(answer, random_time(Time{0}, is_tcp() ? nature_.timeout : std::chrono::milliseconds{1}), !is_tcp());
      case 4:
        return drip(answer);
      case 5:
        return push(Octets(answer.begin(), answer.begin() + random(static_cast<unsigned>(answer.size()))));
      case 6:
        return push(of_wrong_unit(answer));
      case 7:
        return push(is_tcp() ? of_wrong_transaction(answer) : of_wrong_length(answer));
      case 8:
        return push(exception(answer));
      default:
        return push(with_noise(answer));
    }
  }
  void drip(const Octets& answer) {
    const Time step = random_time(Time{0}, 2 * nature_.timeout) / static_cast<std::int64_t>(answer.size());
    for (std::size_t i = 0; i < answer.size(); ++i) push({answer[i]}, static_cast<std::int64_t>(i + 1) * step);
  }
  Octets of_wrong_unit(Octets answer) {
    const auto other = static_cast<std::uint8_t>(unit + 1 + random(200));
    if (is_tcp()) {
      answer[6] = other;
      return answer;
    }
    answer[0] = other;
    answer.resize(answer.size() - 2);
    return sealed(answer);
  }
  Octets of_wrong_transaction(Octets answer) {
    answer[random(2)] ^= static_cast<std::uint8_t>(1 + random(255));
    return answer;
  }
  /// One register fewer than was asked for, and a right CRC.
  static Octets of_wrong_length(Octets answer) {
    answer.resize(answer.size() - 4);
    answer[2] = static_cast<std::uint8_t>(answer[2] - 2);
    return sealed(answer);
  }
  Octets exception(const Octets& answer) {
    constexpr std::array<std::uint8_t, 8> codes{1, 2, 3, 4, 5, 6, 10, 11};
    const std::uint8_t code = codes[random(codes.size())];
    const auto function = static_cast<std::uint8_t>(answer[is_tcp() ? 7 : 1] | 0x80U);
    if (!is_tcp()) return sealed({answer[0], function, code});
    return {answer[0], answer[1], 0, 0, 0, 3, answer[6], function, code};
  }
  /// Before, inside or after. Inside, so few octets are overwritten that any CRC finds them.
  Octets with_noise(const Octets& answer) {
    switch (random(3)) {
      case 0:
        return joined(noise(40), answer);
      case 1:
        return joined(answer, noise(40));
      default:
        break;
    }
    Octets spoilt = answer;
    // TCP protects its payload by itself; what Modbus must find out is a header that is not right.
    const std::size_t at = is_tcp() ? random(4) : random(static_cast<unsigned>(answer.size()));
    spoilt[at] ^= static_cast<std::uint8_t>(1 + random(255));
    return spoilt;
  }

  Nature nature_;
  std::mt19937_64 random_;
  std::string where_;
  std::array<int, 2> stop_{-1, -1};
  int listener_ = -1;
  int client_ = -1;
  int kept_ = -1;
  Octets received_;
  std::deque<Piece> outbox_;  // in the order it is sent
  std::optional<Octets> held_;
  Octets previous_;
  std::atomic<int> armed_ = 0;
  std::atomic<int> pending_ = 0;  // pieces in the outbox, and the one held
  std::atomic<std::uint64_t> requests_ = 0;
  std::thread thread_;
};

}  // namespace commonwatt
