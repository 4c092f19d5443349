#include "meter/device.hpp"

#include <algorithm>
#include <array>

#include "meter/device_driver.hpp"
#include "meter/p1.hpp"
#include "meter/sml_reading.hpp"

namespace commonwatt {
namespace {

using std::chrono::milliseconds;

/// How often one read may find the line replaced under its feet before it gives up.
constexpr int sessions_per_read_max = 3;

Fail<MeterError> fault(MeterFault kind, std::string detail) {
  return Fail{MeterError{kind, std::move(detail)}};
}

std::string described(const DeviceIdentity& identity) {
  const std::string serial = identity.serial.empty() ? "no serial number" : "serial " + identity.serial;
  return identity.maker + " " + identity.model + ", " + serial;
}

}  // namespace

milliseconds retry_delay(unsigned failures) {
  if (failures <= 1) return milliseconds{100};
  if (failures == 2) return milliseconds{500};
  constexpr unsigned steps_max = 150;  // 5 minutes in steps of 2 s
  return milliseconds{2000} * std::min(failures - 2, steps_max);
}

Result<DevicePlan, std::string> plan_device(DeviceConfig config, const ProfileLibrary& library) {
  DevicePlan plan{.config = std::move(config), .url = {}, .profile = nullptr, .timing = {}};
  LineDefaults defaults;
  if (plan.config.profile != sunspec_profile) {
    Result<Profile, ProfileFaults> profile = library.find(plan.config.profile);
    if (!profile) return Fail{profile.error().empty() ? "no such profile" : profile.error().front()};
    const ProfileTransport& transport = profile->transport;
    defaults = {.port = transport.port,
                .unit = transport.unit,
                .baud = transport.baud,
                .parity = transport.parity,
                .stop_bits = transport.stop_bits};
    if (transport.gap > milliseconds{0}) defaults.gap = transport.gap;
    plan.timing.response_timeout = transport.timeout;
    plan.timing.connect_delay = transport.connect_delay;
    plan.timing.busy_exceptions = transport.busy_exceptions;
    plan.profile = std::make_shared<const Profile>(std::move(*profile));
  }
  Result<DeviceUrl, DeviceUrlError> url = parse_device_url(plan.config.url, defaults);
  if (!url) return Fail{to_text(url.error())};
  if (url->protocol != DeviceProtocol::modbus && plan.profile) {
    return Fail{"the profile " + plan.config.profile + " is of a Modbus device, the URL is not"};
  }
  plan.url = std::move(*url);
  if (plan.config.response_timeout) plan.timing.response_timeout = *plan.config.response_timeout;
  return plan;
}

/// What every device has in common: who it is, and when to leave it alone.
class MeterDevice::Source {
 public:
  Source(DevicePlan plan, MachineTime now) : plan_(std::move(plan)), machine_time_(std::move(now)) {}
  virtual ~Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  Result<DeviceReading, MeterError> read(const Clock& clock, Wanted wanted);
  [[nodiscard]] const std::optional<DeviceIdentity>& identity() const { return identity_; }
  [[nodiscard]] const DevicePlan& plan() const { return plan_; }

 protected:
  virtual Result<DeviceReading, MeterError> attempt(const Clock& clock, Wanted wanted) = 0;
  virtual void after_failure(MeterFault kind) = 0;
  Result<Done, MeterError> check_identity(const DeviceIdentity& found);

  DevicePlan plan_;

 private:
  MachineTime machine_time_;
  std::optional<DeviceIdentity> identity_;
  unsigned failures_ = 0;
  std::chrono::nanoseconds next_attempt_{0};
  MeterError last_error_;
};

Result<DeviceReading, MeterError> MeterDevice::Source::read(const Clock& clock, Wanted wanted) {
  if (failures_ > 0 && machine_time_() < next_attempt_) {
    return fault(MeterFault::backing_off, "after: " + to_text(last_error_));
  }
  Result<DeviceReading, MeterError> reading = attempt(clock, wanted);
  if (reading) {
    failures_ = 0;
    return reading;
  }
  last_error_ = reading.error();
  after_failure(last_error_.fault);
  next_attempt_ = machine_time_() + retry_delay(++failures_);
  return reading;
}

Result<Done, MeterError> MeterDevice::Source::check_identity(const DeviceIdentity& found) {
  const std::string& serial = plan_.config.serial;
  if (!serial.empty() && found.serial != serial) {
    return fault(MeterFault::identity_changed, "serial " + serial + " is configured, found " + described(found));
  }
  if (identity_ && *identity_ != found) {
    return fault(MeterFault::identity_changed, "was " + described(*identity_) + "; is " + described(found));
  }
  identity_ = found;
  return Done{};
}

/// A device that is asked.
class MeterDevice::ModbusSource : public MeterDevice::Source {
 public:
  ModbusSource(DevicePlan plan, std::shared_ptr<ModbusBus> bus, MachineTime now)
      : Source(std::move(plan), std::move(now)), bus_(std::move(bus)) {
    if (!bus_) bus_ = std::make_shared<ModbusBus>(plan_.url, plan_.timing);
    driver_ =
        plan_.profile ? make_profile_driver(*bus_, plan_.url, plan_.profile) : make_sunspec_driver(*bus_, plan_.url);
  }

 private:
  Result<DeviceReading, MeterError> attempt(const Clock& clock, Wanted wanted) override;
  void after_failure(MeterFault kind) override;
  Result<Done, MeterError> identify();

  std::shared_ptr<ModbusBus> bus_;
  std::unique_ptr<DeviceDriver> driver_;
  std::uint64_t trusted_session_ = 0;  // of the bus, in which the identity was found to be right; 0: none
};

Result<DeviceReading, MeterError> MeterDevice::ModbusSource::attempt(const Clock& clock, Wanted wanted) {
  for (int round = 0; round < sessions_per_read_max; ++round) {
    if (const Result<Done, MeterError> usable = bus_->ready(); !usable) return Fail{usable.error()};
    const std::uint64_t session = bus_->session();
    if (trusted_session_ != session) {
      if (const Result<Done, MeterError> same = identify(); !same) return Fail{same.error()};
      if (bus_->session() != session) continue;  // replaced meanwhile: who answered at which time is unknown
      trusted_session_ = session;
    }
    Result<DeviceReading, MeterError> reading = driver_->look(clock, wanted);
    if (!reading || bus_->session() == session) return reading;
  }
  return fault(MeterFault::connection_lost, "the connection does not last for one reading");
}

Result<Done, MeterError> MeterDevice::ModbusSource::identify() {
  const Result<DeviceIdentity, MeterError> found = driver_->identify();
  if (!found) return Fail{found.error()};
  return check_identity(*found);
}

void MeterDevice::ModbusSource::after_failure(MeterFault kind) {
  // Whatever went wrong, the device is asked who it is before its next value is believed. A map that did not fit, or
  // was another device's, is searched for again.
  trusted_session_ = 0;
  if (kind == MeterFault::refused || kind == MeterFault::map_changed || kind == MeterFault::identity_changed) {
    driver_->forget_map();
  }
}

/// A device that speaks by itself.
class MeterDevice::TelegramSource : public MeterDevice::Source {
 public:
  using Source::Source;

 private:
  Result<DeviceReading, MeterError> attempt(const Clock& clock, Wanted wanted) override;
  void after_failure(MeterFault /*kind*/) override { stream_.reset(); }
  /// What the newest of the telegrams says that this piece completes, before broken ones; nothing when it completes
  /// none.
  std::optional<Result<TelegramReading, TelegramError>> take(ByteView piece);

  std::unique_ptr<ByteStream> stream_;
  P1Framer p1_;
  SmlFramer sml_;
};

std::optional<Result<TelegramReading, TelegramError>> MeterDevice::TelegramSource::take(ByteView piece) {
  std::optional<Result<TelegramReading, TelegramError>> newest;
  const auto look = [&newest](const auto& telegram, auto reading_of) {
    if (telegram) newest.emplace(reading_of(*telegram));
    if (!telegram && (!newest || !*newest)) newest.emplace(Fail{telegram.error()});
  };
  if (plan_.url.protocol == DeviceProtocol::p1) {
    for (const Bytes& octets : p1_.take(piece)) look(parse_p1(octets), p1_reading);
  } else {
    for (const Bytes& octets : sml_.take(piece)) look(parse_sml(octets), sml_reading);
  }
  return newest;
}

Result<DeviceReading, MeterError> MeterDevice::TelegramSource::attempt(const Clock& clock, Wanted /*wanted*/) {
  if (!stream_) {
    auto opened = open_stream(
        plan_.url, {.connect_timeout = plan_.timing.response_timeout, .stop_descriptor = plan_.timing.stop_descriptor});
    if (!opened) return Fail{opened.error()};
    stream_ = std::move(*opened);
    p1_ = {};
    sml_ = {};
  }
  const std::chrono::nanoseconds deadline = machine_time() + telegram_patience;
  const bool recorded = std::holds_alternative<FilePath>(plan_.url.line);
  std::string broken = "no whole one up to the end of the file";  // the last fault of a recording, which is read on
  std::array<std::uint8_t, 1024> buffer{};
  while (true) {
    const Result<std::size_t, MeterError> got = stream_->receive(buffer, deadline);
    if (!got) {
      const bool ended = recorded && got.error().fault == MeterFault::connection_lost;
      return ended ? fault(MeterFault::bad_telegram, broken) : Fail{got.error()};
    }
    if (*got == 0)
      return fault(MeterFault::timed_out, "no telegram in " + std::to_string(telegram_patience.count()) + " s");
    std::optional<Result<TelegramReading, TelegramError>> telegram = take({buffer.data(), *got});
    if (!telegram) continue;
    if (!*telegram) {
      broken = to_text(telegram->error());
      if (recorded) continue;
      return fault(MeterFault::bad_telegram, broken);
    }
    if (const Result<Done, MeterError> same = check_identity((*telegram)->identity); !same) return Fail{same.error()};
    DeviceReading reading = std::move((*telegram)->reading);
    reading.time = clock.now();
    reading.meter_clock = (*telegram)->meter_clock;
    for (MeasuredValue& value : reading.values) value.time = reading.time;
    return reading;
  }
}

MeterDevice::MeterDevice(DevicePlan plan, std::shared_ptr<ModbusBus> bus, MachineTime now) {
  if (plan.url.protocol == DeviceProtocol::modbus) {
    source_ = std::make_unique<ModbusSource>(std::move(plan), std::move(bus), std::move(now));
  } else {
    source_ = std::make_unique<TelegramSource>(std::move(plan), std::move(now));
  }
}
MeterDevice::MeterDevice(MeterDevice&&) noexcept = default;
MeterDevice& MeterDevice::operator=(MeterDevice&&) noexcept = default;
MeterDevice::~MeterDevice() = default;

Result<DeviceReading, MeterError> MeterDevice::read(const Clock& clock, Wanted wanted) {
  return source_->read(clock, wanted);
}
const std::optional<DeviceIdentity>& MeterDevice::identity() const {
  return source_->identity();
}
const DevicePlan& MeterDevice::plan() const {
  return source_->plan();
}

}  // namespace commonwatt
