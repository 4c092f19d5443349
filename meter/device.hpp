// A meter or inverter as the gateway sees it: ask it, and get a reading or the reason there is none.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/id.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "meter/device_reading.hpp"
#include "meter/device_url.hpp"
#include "meter/machine_time.hpp"
#include "meter/message_source.hpp"
#include "meter/meter_fault.hpp"
#include "meter/modbus_bus.hpp"
#include "meter/profile_library.hpp"

namespace commonwatt {

/// The profile of devices that describe themselves.
inline constexpr std::string_view sunspec_profile = "sunspec";

struct DeviceConfig {
  MeterId id = {};
  std::string url = {};  // see device_url.hpp
  /// What a Modbus device keeps where: "sunspec", or the name of a device profile (profile_library.hpp). What an MQTT
  /// device says where: the name of one of its profiles. Of no meaning for telegrams.
  std::string profile = std::string(sunspec_profile);
  std::optional<std::chrono::milliseconds> response_timeout = std::nullopt;  // else the profile's, else 1 s
  std::string serial = {};  // the only device accepted; empty: the first one seen, until the program ends
};

/// A configuration that was found to make sense.
struct DevicePlan {
  DeviceConfig config;
  DeviceUrl url;
  std::shared_ptr<const Profile> profile;  // none for SunSpec, for telegrams and for MQTT
  BusTiming timing;
  std::shared_ptr<const MqttProfile> mqtt_profile = nullptr;  // of MQTT devices, and their means to be heard
  OpenMessages open_messages = {};
};
/// Resolves the profile and what it says about the line. Fails in words: what is wrong with the URL or the profile, or
/// that it names an MQTT device and `open_messages` is empty.
Result<DevicePlan, std::string> plan_device(DeviceConfig config, const ProfileLibrary& library,
                                            OpenMessages open_messages = {});

/// How long to leave a device alone, in machine time, after `failures` (>= 1) reads in a row have failed: 100 ms,
/// 500 ms, then 2 s more each time, at most 5 minutes.
std::chrono::milliseconds retry_delay(unsigned failures);

/// How much of a device is asked for: a slow line need not carry counters every second.
enum class Wanted {
  power,       // what changes all the time
  energy,      // that, and the registers settlement uses
  everything,  // all the device has
};

/// One device. Belongs to one thread at a time.
class MeterDevice {
 public:
  /// Does not connect: a device that is switched off must not keep the program from starting. `bus` is the line when
  /// it is shared with other units; without it the device has one of its own. `stop_descriptor` is readable once the
  /// program ends: whatever is waited for then fails with stopping.
  explicit MeterDevice(DevicePlan plan, std::shared_ptr<ModbusBus> bus = nullptr, MachineTime now = machine_time);
  MeterDevice(MeterDevice&&) noexcept;
  MeterDevice& operator=(MeterDevice&&) noexcept;
  ~MeterDevice();

  /// Asks for what the next `read` will ask for first, and does not wait, so that many devices can be asked before the
  /// first answer is waited for. Does nothing where that cannot be: with a device that speaks by itself, that is in
  /// trouble, or whose line keeps no requests apart. Until then, nobody else may use the line.
  void ask_ahead(const Clock& clock, Wanted wanted = Wanted::energy);
  /// Reads the device once. Dials when there is no connection and, after every dial or fault, checks that it is still
  /// the device it was before its values are believed. Fails with backing_off, at once, while it is too soon to try
  /// again. Blocks as ModbusBus::read does, for each of the requests made; a device that speaks by itself is listened
  /// to until its next telegram, for at most telegram_patience, or its next message, for at most the timeout of its
  /// profile or else response_timeout; with Wanted::everything until it has spoken on all its topics.
  Result<DeviceReading, MeterError> read(const Clock& clock, Wanted wanted = Wanted::energy);

  /// What the device said it is; absent until it was first reached.
  [[nodiscard]] const std::optional<DeviceIdentity>& identity() const;
  [[nodiscard]] const DevicePlan& plan() const;

 private:
  class Source;
  class ModbusSource;
  class TelegramSource;
  class MqttSource;
  std::unique_ptr<Source> source_;
};

/// P1 meters of the fourth generation speak every 10 s, those that are read over a slow head not much sooner.
inline constexpr std::chrono::seconds telegram_patience{15};

}  // namespace commonwatt
