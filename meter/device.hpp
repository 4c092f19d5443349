// A meter or inverter as the gateway sees it: ask it, and get a reading or the reason there is none.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/id.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "core/units.hpp"
#include "meter/device_reading.hpp"
#include "meter/device_url.hpp"
#include "meter/machine_time.hpp"
#include "meter/meter_fault.hpp"

namespace commonwatt {

enum class DeviceKind { sunspec, sdm630 };
constexpr DeviceKind enum_last(DeviceKind) {
  return DeviceKind::sdm630;
}
const char* to_text(DeviceKind kind);
/// The kind of that name, as the configuration writes it ("sunspec", "sdm630").
std::optional<DeviceKind> device_kind_from_text(std::string_view text);

struct DeviceIdentity {
  std::string maker;
  std::string model;
  std::string serial;  // empty when the device does not tell
  friend bool operator==(const DeviceIdentity&, const DeviceIdentity&) = default;
};

struct DeviceConfig {
  MeterId id;
  std::string url;  // see device_url.hpp
  DeviceKind kind = DeviceKind::sunspec;
  std::chrono::milliseconds response_timeout{1000};
  std::string serial;  // the only device accepted; empty: the first one seen, until the program ends
};

/// How long to leave a device alone, in machine time, after `failures` (>= 1) reads in a row have failed: 100 ms,
/// 500 ms, then 2 s more each time, at most 5 minutes.
std::chrono::milliseconds retry_delay(unsigned failures);

/// One device. Belongs to one thread at a time.
class MeterDevice {
 public:
  /// Does not connect: a device that is switched off must not keep the program from starting. Fails when the URL is
  /// wrong.
  static Result<MeterDevice, DeviceUrlError> create(DeviceConfig config, MachineTime now = machine_time);
  MeterDevice(MeterDevice&&) noexcept;
  MeterDevice& operator=(MeterDevice&&) noexcept;
  ~MeterDevice();

  /// Reads the device once. Dials when there is no connection and, after every dial or fault, checks that it is still
  /// the device it was before its values are believed. Fails with backing_off, at once, while it is too soon to try
  /// again. Blocks as ModbusBus::read does, for each of the requests made.
  Result<DeviceReading, MeterError> read(const Clock& clock);

  /// What the device said it is; absent until it was first reached.
  [[nodiscard]] const std::optional<DeviceIdentity>& identity() const;
  /// Whether it is an inverter, whose energy_export is what it produced; absent until it was first reached.
  [[nodiscard]] std::optional<bool> is_inverter() const;
  [[nodiscard]] const DeviceConfig& config() const;

 private:
  class Driver;
  explicit MeterDevice(std::unique_ptr<Driver> driver);
  std::unique_ptr<Driver> driver_;
};

}  // namespace commonwatt
