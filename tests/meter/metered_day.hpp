// A day at a household's connection, what its meter says of it every ten seconds, and what of that reaches settlement:
// with validation, and as a reader does it that takes whatever comes.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <numbers>
#include <optional>
#include <set>
#include <vector>

#include "core/time.hpp"
#include "meter/device_reading.hpp"
#include "meter/estimation.hpp"
#include "meter/validation.hpp"

namespace commonwatt::test {

struct RegisterPair {
  Energy import;
  Energy export_;
};

constexpr UtcTime midnight = UtcTime::from_seconds(1'782'000'000);  // 2026-06-21T00:00:00Z
constexpr std::int64_t quarter = 900;

constexpr UtcTime at(std::int64_t hour, std::int64_t minute, std::int64_t second = 0) {
  return midnight + std::chrono::seconds{hour * 3600 + minute * 60 + second};
}
constexpr bool within(UtcTime time, UtcTime from, UtcTime to) {
  return time >= from && time < to;
}

/// Power changes by the minute, so that every figure can be checked by hand.
class TrueDay {
 public:
  explicit TrueDay(RegisterPair at_begin = {{3'214'551}, {1'877'100}}) : begin_(at_begin) {
    for (std::int64_t minute = first_minute; minute < last_minute; ++minute) {
      const std::int64_t net = net_w(minute);
      const auto& [import, exported] = watt_seconds_.back();
      watt_seconds_.emplace_back(import + std::max<std::int64_t>(net, 0) * 60,
                                 exported - std::min<std::int64_t>(net, 0) * 60);
    }
  }

  /// Import positive.
  [[nodiscard]] static std::int64_t power_w(UtcTime time) { return net_w((time - midnight) / std::chrono::minutes{1}); }
  [[nodiscard]] static std::int64_t solar_w(std::int64_t minute) {
    if (minute < 270 || minute > 1110) return 0;
    return std::llround(4000 * std::sin(std::numbers::pi * static_cast<double>(minute - 270) / 840.0));
  }
  [[nodiscard]] RegisterPair registers(UtcTime time) const {
    const std::int64_t seconds = (time - midnight) / std::chrono::seconds{1} - first_minute * 60;
    const auto& [import, exported] = watt_seconds_[static_cast<std::size_t>(seconds / 60)];
    const std::int64_t net = power_w(time) * (seconds % 60);
    return {begin_.import + Energy{(import + std::max<std::int64_t>(net, 0)) / 3600},
            begin_.export_ + Energy{(exported - std::min<std::int64_t>(net, 0)) / 3600}};
  }

 private:
  static constexpr std::int64_t first_minute = -60;
  static constexpr std::int64_t last_minute = 1500;
  static std::int64_t net_w(std::int64_t minute) {
    const bool evening = minute >= 1020 || minute < 3;
    const bool kettle = minute % 97 >= 94 && minute % 15 > 2 && minute % 15 < 12;
    return 310 + minute % 7 * 20 + (evening ? 1400 : 0) + (kettle ? 2000 : 0) - solar_w(minute);
  }
  RegisterPair begin_;
  std::vector<std::pair<std::int64_t, std::int64_t>> watt_seconds_{{0, 0}};
};

inline MeasuredValue figure(Measurand measurand, double value, Share share = Share::total) {
  return {.quantity = {.measurand = measurand, .share = share}, .value = value};
}
inline MeasuredValue counter(Measurand measurand, Energy energy) {
  MeasuredValue value = figure(measurand, static_cast<double>(energy.count));
  value.energy = energy;
  value.quantum = 1;
  return value;
}
inline MeasuredValue absent(Measurand measurand) {
  return {.quantity = {.measurand = measurand}, .quality = Quality::missing, .reason = "the device has no value"};
}

/// What a sound single-phase meter says. Its octets stand for its registers: one of them never rests.
inline DeviceReading sound_reading(UtcTime time, RegisterPair registers, double power_w) {
  DeviceReading reading;
  reading.time = time;
  const double voltage = 229 + static_cast<double>(time.seconds() % 31) / 10;
  reading.values = {figure(Measurand::active_power, power_w), figure(Measurand::voltage, voltage, Share::l1),
                    figure(Measurand::frequency, 50.01), counter(Measurand::energy_import, registers.import),
                    counter(Measurand::energy_export, registers.export_)};
  const auto word = [](std::int64_t value) { return static_cast<std::uint16_t>(value & 0xFFFF); };
  reading.raw = {raw_registers(
      3, 0,
      {word(registers.import.count), word(registers.export_.count), word(static_cast<std::int64_t>(voltage * 10))})};
  return reading;
}

/// What becomes of a sound reading; nothing: the device does not answer.
using Spoil = std::function<std::optional<DeviceReading>(const DeviceReading&)>;

/// What reaches settlement.
struct MeteredDay {
  std::map<std::int64_t, RegisterPair> boundaries;  // by second
  std::set<ReadingFlag> flags;

  /// The energies of a quarter-hour that has measured values at both ends.
  [[nodiscard]] std::optional<RegisterPair> measured(std::int64_t begin) const {
    const auto from = boundaries.find(begin);
    const auto to = boundaries.find(begin + quarter);
    if (from == boundaries.end() || to == boundaries.end()) return std::nullopt;
    return RegisterPair{to->second.import - from->second.import, to->second.export_ - from->second.export_};
  }
};

inline std::vector<UtcTime> polls_of_the_day() {
  std::vector<UtcTime> times;
  for (UtcTime time = at(0, -5, 3); time < at(24, 5); time = time + std::chrono::seconds{10}) times.push_back(time);
  return times;
}

/// As the gateway does it: validated registers, interpolated where both neighbours lie within the reading period.
inline MeteredDay with_validation(const std::vector<DeviceReading>& sound, const Spoil& spoil, MeterValidation& meter,
                                  const std::function<void(MeterValidation&, UtcTime)>& operate = {}) {
  constexpr Duration period = std::chrono::seconds{30};
  MeteredDay day;
  std::optional<RegisterPoint> import;
  std::optional<RegisterPoint> exported;
  for (const DeviceReading& truth : sound) {
    if (operate) operate(meter, truth.time);
    const std::optional<DeviceReading> reading = spoil(truth);
    const ValidatedReading validated =
        reading ? meter.check(*reading) : meter.missed(truth.time, {MeterFault::timed_out, ""});
    for (const ReadingFinding& finding : validated.findings) day.flags.insert(finding.flag);
    if (!validated.export_) continue;
    const RegisterPoint in{validated.time, validated.import.value_or(Energy{0})};
    const RegisterPoint out{validated.time, *validated.export_};
    const UtcTime boundary = Interval::containing(validated.time, quarter).begin();
    const std::optional<Energy> in_then = register_at(boundary, import, in, period);
    const std::optional<Energy> out_then = register_at(boundary, exported, out, period);
    if (in_then && out_then) day.boundaries.try_emplace(boundary.seconds(), RegisterPair{*in_then, *out_then});
    import = in;
    exported = out;
  }
  return day;
}

/// As many readers do it: a missing value is 0, a device that does not answer keeps its last values, nothing is
/// checked.
inline MeteredDay without_validation(const std::vector<DeviceReading>& sound, const Spoil& spoil) {
  MeteredDay day;
  DeviceReading last = sound.front();
  for (const DeviceReading& truth : sound) {
    const DeviceReading reading = spoil(truth).value_or(last);
    last = reading;
    const std::int64_t boundary = Interval::containing(truth.time, quarter).begin_seconds();
    day.boundaries.try_emplace(boundary, RegisterPair{reading.energy_import().value_or(Energy{0}),
                                                      reading.energy_produced().value_or(Energy{0})});
  }
  return day;
}

}  // namespace commonwatt::test
