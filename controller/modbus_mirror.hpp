// A household's meters as its other tools read them: many inverters take one client only, and that one is the gateway.
// It repeats the registers it has read, as long as they are young, and asks the device for the rest.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "controller/config.hpp"
#include "controller/effect.hpp"
#include "controller/meter_look.hpp"
#include "core/clock.hpp"
#include "meter/modbus_frame.hpp"

namespace commonwatt {

/// Three holding registers of every unit that are not the device's: this marker, the seconds since the gateway last
/// read the meter (mirror_never_read before the first time), and 1 when the meter answered when last asked, else 0.
inline constexpr std::uint16_t mirror_status_address = 65'500;
inline constexpr std::uint16_t mirror_status_marker = 0x4357;
inline constexpr std::uint16_t mirror_never_read = 0xFFFF;

/// Answers reads (functions 3 and 4) of registers and the writes (6 and 16) that are permitted; everything else is
/// exception 1. An answer's registers are all of one poll or of one request, never older than the limit; when there are
/// none and the device cannot be asked, it is exception 11. A device that left three requests without an answer within
/// the limit is not asked for more, so that no tool keeps the polls of its meter waiting.
class ModbusMirror {
 public:
  /// Makes a request on the line of the meter at that place, as MeterFleet::pass does.
  using Ask = std::function<Result<std::vector<std::uint8_t>, MeterError>(std::size_t meter, ModbusRequest request)>;
  /// Is told of every write, permitted or refused, once until it changes.
  using Tell = std::function<void(Severity severity, const std::string& text)>;

  /// `clock` must outlive the mirror.
  ModbusMirror(const std::vector<GatewayMeter>& meters, std::chrono::seconds age_max, const Clock& clock, Ask ask,
               Tell tell);
  ~ModbusMirror();
  ModbusMirror(const ModbusMirror&) = delete;
  ModbusMirror& operator=(const ModbusMirror&) = delete;

  /// What a poll has given; meters it says nothing of did not answer. For any thread.
  void take(const std::vector<MeterLook>& looks);

  /// The answer of `unit` to a protocol data unit, nothing when no meter has that number. Blocks while the device is
  /// asked. For one thread at a time.
  std::optional<std::vector<std::uint8_t>> answer(std::uint8_t unit, std::span<const std::uint8_t> request);

 private:
  struct Mirrored;
  struct Asked {
    std::vector<std::uint8_t> reply;  // an exception's when there was no answer
    bool holds = false;               // the same request would get the same answer for as long as it is young
  };
  [[nodiscard]] std::vector<std::uint8_t> read(Mirrored& meter, std::span<const std::uint8_t> request);
  [[nodiscard]] std::vector<std::uint8_t> write(Mirrored& meter, std::span<const std::uint8_t> request);
  [[nodiscard]] std::vector<std::uint8_t> status(const Mirrored& meter, std::span<const std::uint8_t> request) const;
  [[nodiscard]] Asked ask(Mirrored& meter, std::span<const std::uint8_t> request, std::size_t reply_octets);
  void tell_once(Mirrored& meter, std::uint16_t address, Severity severity, const std::string& text) const;
  [[nodiscard]] bool is_young(UtcTime time, UtcTime now) const { return now - time <= age_max_; }

  const Duration age_max_;
  const Clock& clock_;
  const Ask ask_;
  const Tell tell_;
  std::mutex mutex_;  // guards what take() changes
  std::vector<std::unique_ptr<Mirrored>> meters_;
};

}  // namespace commonwatt
