#include "meter/device.hpp"

#include <algorithm>
#include <cstdlib>

#include "meter/modbus_bus.hpp"
#include "meter/sdm630.hpp"
#include "meter/sunspec.hpp"

namespace commonwatt {
namespace {

using std::chrono::milliseconds;
using Registers = std::vector<std::uint16_t>;

/// How often one read may find the line replaced under its feet before it gives up.
constexpr int sessions_per_read_max = 3;

Fail<MeterError> fault(MeterFault kind, std::string detail) {
  return Fail{MeterError{kind, std::move(detail)}};
}

std::string described(const DeviceIdentity& identity) {
  const std::string serial = identity.serial.empty() ? "no serial number" : "serial " + identity.serial;
  return identity.maker + " " + identity.model + ", " + serial;
}

/// Where a SunSpec device keeps what is read from it.
struct SunSpecMap {
  SunSpecModel common;
  SunSpecModel power;
};

std::uint16_t words_of(const SunSpecModel& model) {
  return static_cast<std::uint16_t>(std::min<int>(model.length + 2, registers_per_request_max));
}

/// The first model that can be read and the model 1 it belongs to. A second model 1 begins another device, behind the
/// first (an inverter's meter); its models are not this device's.
Result<SunSpecMap, MeterError> map_of(const SunSpecChain& chain) {
  std::optional<SunSpecModel> common;
  std::string seen;
  for (const SunSpecModel& model : chain.models) {
    if (model.id == 1 && common) break;
    if (model.id == 1) common = model;
    if (common && is_sunspec_power_model(model.id)) return SunSpecMap{.common = *common, .power = model};
    seen += (seen.empty() ? "" : ", ") + std::to_string(model.id);
  }
  return fault(MeterFault::no_supported_model, "the device has the models " + (seen.empty() ? "none" : seen));
}

}  // namespace

const char* to_text(DeviceKind kind) {
  switch (kind) {
    case DeviceKind::sunspec:
      return "sunspec";
    case DeviceKind::sdm630:
      return "sdm630";
  }
  std::abort();
}

std::optional<DeviceKind> device_kind_from_text(std::string_view text) {
  for (const DeviceKind kind : {DeviceKind::sunspec, DeviceKind::sdm630}) {
    if (text == to_text(kind)) return kind;
  }
  return std::nullopt;
}

milliseconds retry_delay(unsigned failures) {
  if (failures <= 1) return milliseconds{100};
  if (failures == 2) return milliseconds{500};
  constexpr unsigned steps_max = 150;  // 5 minutes in steps of 2 s
  return milliseconds{2000} * std::min(failures - 2, steps_max);
}

class MeterDevice::Driver {
 public:
  Driver(DeviceConfig config, DeviceUrl url, MachineTime now)
      : config_(std::move(config)),
        base_(url.sunspec_base),
        unit_(url.unit),
        bus_(std::move(url), BusTiming{.response_timeout = config_.response_timeout}),
        machine_time_(std::move(now)) {}

  Result<DeviceReading, MeterError> read(const Clock& clock);
  [[nodiscard]] const std::optional<DeviceIdentity>& identity() const { return identity_; }
  [[nodiscard]] std::optional<bool> is_inverter() const;
  [[nodiscard]] const DeviceConfig& config() const { return config_; }

 private:
  Result<DeviceReading, MeterError> attempt(const Clock& clock);
  Result<Done, MeterError> check_identity();
  Result<DeviceIdentity, MeterError> ask_identity();
  Result<DeviceIdentity, MeterError> ask_sunspec_identity();
  Result<DeviceIdentity, MeterError> ask_sdm630_identity();
  Result<Registers, MeterError> ask_snapshot();
  [[nodiscard]] DeviceReading decode(const Registers& raw) const;

  DeviceConfig config_;
  std::optional<std::uint16_t> base_;
  std::uint8_t unit_;
  ModbusBus bus_;
  MachineTime machine_time_;
  std::optional<SunSpecMap> map_;
  std::optional<DeviceIdentity> identity_;
  std::optional<bool> is_inverter_;
  std::uint64_t trusted_session_ = 0;  // of the bus, in which the identity was found to be right; 0: none
  unsigned failures_ = 0;
  std::chrono::nanoseconds next_attempt_{0};
  MeterError last_error_;
};

std::optional<bool> MeterDevice::Driver::is_inverter() const {
  return is_inverter_;
}

Result<DeviceReading, MeterError> MeterDevice::Driver::read(const Clock& clock) {
  if (failures_ > 0 && machine_time_() < next_attempt_) {
    return fault(MeterFault::backing_off, "after: " + to_text(last_error_));
  }
  Result<DeviceReading, MeterError> reading = attempt(clock);
  if (reading) {
    failures_ = 0;
    return reading;
  }
  last_error_ = reading.error();
  // Whatever went wrong, the device is asked who it is before its next value is believed. A map that did not fit, or
  // was another device's, is searched for again.
  trusted_session_ = 0;
  const MeterFault kind = last_error_.fault;
  if (kind == MeterFault::refused || kind == MeterFault::map_changed || kind == MeterFault::identity_changed) {
    map_.reset();
  }
  next_attempt_ = machine_time_() + retry_delay(++failures_);
  return reading;
}

Result<DeviceReading, MeterError> MeterDevice::Driver::attempt(const Clock& clock) {
  for (int round = 0; round < sessions_per_read_max; ++round) {
    if (const Result<Done, MeterError> usable = bus_.ready(); !usable) return Fail{usable.error()};
    const std::uint64_t session = bus_.session();
    if (trusted_session_ != session) {
      if (const Result<Done, MeterError> same = check_identity(); !same) return Fail{same.error()};
      if (bus_.session() != session) continue;  // replaced meanwhile: who answered at which time is unknown
      trusted_session_ = session;
    }
    const UtcTime asked = clock.now();
    Result<Registers, MeterError> raw = ask_snapshot();
    const UtcTime answered = clock.now();
    if (!raw) return Fail{raw.error()};
    if (bus_.session() != session) continue;
    DeviceReading reading = decode(*raw);
    reading.round_trip = answered - asked;
    reading.time = asked + reading.round_trip / 2;
    return reading;
  }
  return fault(MeterFault::connection_lost, "the connection does not last for one reading");
}

Result<Done, MeterError> MeterDevice::Driver::check_identity() {
  const Result<DeviceIdentity, MeterError> found = ask_identity();
  if (!found) return Fail{found.error()};
  if (!config_.serial.empty() && found->serial != config_.serial) {
    return fault(MeterFault::identity_changed,
                 "serial " + config_.serial + " is configured, found " + described(*found));
  }
  if (identity_ && *identity_ != *found) {
    return fault(MeterFault::identity_changed, "was " + described(*identity_) + "; is " + described(*found));
  }
  identity_ = *found;
  return Done{};
}

Result<DeviceIdentity, MeterError> MeterDevice::Driver::ask_identity() {
  switch (config_.kind) {
    case DeviceKind::sunspec:
      return ask_sunspec_identity();
    case DeviceKind::sdm630:
      return ask_sdm630_identity();
  }
  std::abort();
}

Result<DeviceIdentity, MeterError> MeterDevice::Driver::ask_sunspec_identity() {
  if (!map_) {
    const ReadRegisters read = [this](std::uint16_t address, std::uint16_t count) {
      return bus_.read(unit_, RegisterTable::holding, address, count);
    };
    const Result<SunSpecChain, MeterError> chain = discover_sunspec(read, base_);
    if (!chain) return Fail{chain.error()};
    Result<SunSpecMap, MeterError> map = map_of(*chain);
    if (!map) return Fail{map.error()};
    map_ = *map;
  }
  const SunSpecModel& model = map_->common;
  const Result<Registers, MeterError> words = bus_.read(unit_, RegisterTable::holding, model.address, words_of(model));
  if (!words) return Fail{words.error()};
  if ((*words)[0] != model.id || words->size() < 2 || (*words)[1] != model.length) {
    return fault(MeterFault::map_changed, "model 1 is no longer at " + std::to_string(model.address));
  }
  const SunSpecCommon common = decode_sunspec_common(*words);
  return DeviceIdentity{.maker = common.maker, .model = common.model, .serial = common.serial};
}

Result<DeviceIdentity, MeterError> MeterDevice::Driver::ask_sdm630_identity() {
  const Result<Registers, MeterError> words =
      bus_.read(unit_, RegisterTable::holding, sdm630_serial_address, sdm630_serial_words);
  DeviceIdentity identity{.maker = "Eastron", .model = "SDM630", .serial = {}};
  if (words) {
    identity.serial = decode_sdm630_serial(*words).value_or("");
  } else if (words.error().fault != MeterFault::refused && words.error().fault != MeterFault::device_failure) {
    return Fail{words.error()};
  }
  return identity;
}

Result<Registers, MeterError> MeterDevice::Driver::ask_snapshot() {
  if (config_.kind == DeviceKind::sdm630) {
    is_inverter_ = false;
    return bus_.read(unit_, RegisterTable::input, 0, sdm630_block_words);
  }
  const SunSpecModel& model = map_->power;
  Result<Registers, MeterError> words = bus_.read(unit_, RegisterTable::holding, model.address, words_of(model));
  if (!words) return words;
  if ((*words)[0] != model.id || words->size() < 2 || (*words)[1] != model.length) {
    return fault(MeterFault::map_changed,
                 "model " + std::to_string(model.id) + " is no longer at " + std::to_string(model.address));
  }
  is_inverter_ = is_sunspec_inverter(model.id);
  return words;
}

DeviceReading MeterDevice::Driver::decode(const Registers& raw) const {
  DeviceReading reading;
  const bool produces = is_inverter_.value_or(false);
  std::optional<double> power_w;
  std::optional<Energy> energy_import;
  std::optional<Energy> energy_export;
  if (config_.kind == DeviceKind::sdm630) {
    const Sdm630Values values = decode_sdm630(raw);
    power_w = values.power_w;
    energy_import = values.energy_import;
    energy_export = values.energy_export;
  } else {
    const SunSpecPower values = decode_sunspec_power(raw);
    power_w = values.power_w;
    energy_import = values.energy_import;
    energy_export = values.energy_export;
  }
  const auto add = [&reading](Measurand measurand, std::optional<double> value, std::optional<Energy> energy) {
    reading.values.push_back({.quantity = {.measurand = measurand},
                              .value = value,
                              .energy = energy,
                              .quality = value ? Quality::good : Quality::missing});
  };
  const auto add_energy = [&add](Measurand measurand, std::optional<Energy> energy) {
    add(measurand, energy ? std::optional(static_cast<double>(energy->count)) : std::nullopt, energy);
  };
  add(Measurand::active_power, power_w, std::nullopt);
  if (!produces) add_energy(Measurand::energy_import, energy_import);
  add_energy(produces ? Measurand::energy_yield : Measurand::energy_export, energy_export);
  reading.raw = octets_of(raw);
  if (!energy_import && !energy_export) {
    reading.quality = Quality::missing;
    reading.reason = "the device answers, but says that it has no energy registers at the moment";
  }
  return reading;
}

Result<MeterDevice, DeviceUrlError> MeterDevice::create(DeviceConfig config, MachineTime now) {
  Result<DeviceUrl, DeviceUrlError> url = parse_device_url(config.url);
  if (!url) return Fail{url.error()};
  return MeterDevice(std::make_unique<Driver>(std::move(config), std::move(*url), std::move(now)));
}

MeterDevice::MeterDevice(std::unique_ptr<Driver> driver) : driver_(std::move(driver)) {}
MeterDevice::MeterDevice(MeterDevice&&) noexcept = default;
MeterDevice& MeterDevice::operator=(MeterDevice&&) noexcept = default;
MeterDevice::~MeterDevice() = default;

Result<DeviceReading, MeterError> MeterDevice::read(const Clock& clock) {
  return driver_->read(clock);
}
const std::optional<DeviceIdentity>& MeterDevice::identity() const {
  return driver_->identity();
}
std::optional<bool> MeterDevice::is_inverter() const {
  return driver_->is_inverter();
}
const DeviceConfig& MeterDevice::config() const {
  return driver_->config();
}

}  // namespace commonwatt
