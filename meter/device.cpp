#include "meter/device.hpp"

#include <algorithm>
#include <array>

#include "meter/device_driver.hpp"
#include "meter/mqtt_device.hpp"
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

Result<DevicePlan, std::string> plan_mqtt(DevicePlan plan, const ProfileLibrary& library, OpenMessages open_messages) {
  Result<DeviceUrl, DeviceUrlError> url = parse_device_url(plan.config.url);
  if (!url) return Fail{to_text(url.error())};
  if (!open_messages) return Fail{std::string("MQTT devices cannot be heard here")};
  Result<MqttProfile, ProfileFaults> profile = library.find_mqtt(plan.config.profile);
  if (!profile) return Fail{profile.error().empty() ? "no such profile" : profile.error().front()};
  plan.url = std::move(*url);
  plan.timing.response_timeout = plan.config.response_timeout.value_or(profile->timeout);
  plan.mqtt_profile = std::make_shared<const MqttProfile>(std::move(*profile));
  plan.open_messages = std::move(open_messages);
  return plan;
}

}  // namespace

milliseconds retry_delay(unsigned failures) {
  if (failures <= 1) return milliseconds{100};
  if (failures == 2) return milliseconds{500};
  constexpr unsigned steps_max = 150;  // 5 minutes in steps of 2 s
  return milliseconds{2000} * std::min(failures - 2, steps_max);
}

Result<DevicePlan, std::string> plan_device(DeviceConfig config, const ProfileLibrary& library,
                                            OpenMessages open_messages) {
  DevicePlan plan{.config = std::move(config), .url = {}, .profile = nullptr, .timing = {}};
  if (plan.config.url.starts_with("mqtt")) return plan_mqtt(std::move(plan), library, std::move(open_messages));
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

  void ask_ahead(const Clock& clock, Wanted wanted) {
    if (failures_ == 0) do_ask_ahead(clock, wanted);
  }
  Result<DeviceReading, MeterError> read(const Clock& clock, Wanted wanted);
  [[nodiscard]] const std::optional<DeviceIdentity>& identity() const { return identity_; }
  [[nodiscard]] const DevicePlan& plan() const { return plan_; }

 protected:
  virtual void do_ask_ahead(const Clock& /*clock*/, Wanted /*wanted*/) {}
  virtual Result<DeviceReading, MeterError> attempt(const Clock& clock, Wanted wanted) = 0;
  virtual void after_failure(MeterFault kind) = 0;
  Result<Done, MeterError> check_identity(const DeviceIdentity& found);

  DevicePlan plan_;
  MachineTime machine_time_;

 private:
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
  // A device may have refused its serial number when it was first met.
  const bool same = identity_ && identity_->maker == found.maker && identity_->model == found.model &&
                    (identity_->serial == found.serial || identity_->serial.empty());
  if (identity_ && !same) {
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
  void do_ask_ahead(const Clock& clock, Wanted wanted) override;
  Result<DeviceReading, MeterError> attempt(const Clock& clock, Wanted wanted) override;
  void after_failure(MeterFault kind) override;
  Result<Done, MeterError> identify();

  std::shared_ptr<ModbusBus> bus_;
  std::unique_ptr<DeviceDriver> driver_;
  std::uint64_t trusted_session_ = 0;  // of the bus, in which the identity was found to be right; 0: none
};

void MeterDevice::ModbusSource::do_ask_ahead(const Clock& clock, Wanted wanted) {
  if (trusted_session_ != 0 && trusted_session_ == bus_->session()) driver_->ask_ahead(clock, wanted);
}

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

/// A device that publishes to a broker.
class MeterDevice::MqttSource : public MeterDevice::Source {
 public:
  MqttSource(DevicePlan plan, MachineTime now)
      : Source(std::move(plan), std::move(now)), device_(plan_.mqtt_profile, plan_.url.mqtt.name) {}

 private:
  Result<DeviceReading, MeterError> attempt(const Clock& clock, Wanted wanted) override;
  void after_failure(MeterFault kind) override {
    // The connection is kept up by whoever opened it. What another device said is not to be mixed with what follows.
    if (kind == MeterFault::identity_changed) device_.forget();
  }
  Result<Done, MeterError> check_speaker();

  MqttDevice device_;
  std::unique_ptr<MessageSource> messages_;
};

/// A device that tells its serial number in one of its messages is not judged before that, unless one is asked for.
Result<Done, MeterError> MeterDevice::MqttSource::check_speaker() {
  const MqttProfile& profile = *plan_.mqtt_profile;
  if (profile.serial && !device_.serial() && plan_.config.serial.empty()) return Done{};
  return check_identity({profile.maker, profile.model, device_.serial().value_or("")});
}

Result<DeviceReading, MeterError> MeterDevice::MqttSource::attempt(const Clock& clock, Wanted wanted) {
  if (!messages_) {
    auto opened = plan_.open_messages({plan_.url, device_.topics(), plan_.timing.stop_descriptor});
    if (!opened) return Fail{opened.error()};
    messages_ = std::move(*opened);
  }
  const std::chrono::nanoseconds deadline = machine_time_() + plan_.timing.response_timeout;
  bool is_new = false;
  while (true) {
    // What waits already is taken in any case, so that a reading is never older than it need be.
    const bool is_enough = is_new && (wanted != Wanted::everything || device_.is_complete());
    Result<std::optional<MqttArrival>, MeterError> got =
        messages_->receive(is_enough ? std::chrono::nanoseconds{0} : deadline);
    if (!got) return Fail{got.error()};
    const Arrived now{clock.now(), machine_time_()};
    if (*got) {
      const Result<bool, TelegramError> taken = device_.take(**got, now);
      if (!taken) return fault(MeterFault::bad_telegram, to_text(taken.error()));
      is_new = is_new || *taken;
      if (const Result<Done, MeterError> same = *taken ? check_speaker() : Done{}; !same) return Fail{same.error()};
    }
    if (!device_.is_online()) return fault(MeterFault::absent, device_.topics().back() + " says that it is not there");
    if (*got && now.machine < deadline) continue;
    if (is_new) return device_.reading(now.machine);
    return fault(MeterFault::timed_out, "no message under " + device_.topics().front());
  }
}

MeterDevice::MeterDevice(DevicePlan plan, std::shared_ptr<ModbusBus> bus, MachineTime now) {
  if (plan.url.protocol == DeviceProtocol::modbus) {
    source_ = std::make_unique<ModbusSource>(std::move(plan), std::move(bus), std::move(now));
  } else if (plan.url.protocol == DeviceProtocol::mqtt) {
    source_ = std::make_unique<MqttSource>(std::move(plan), std::move(now));
  } else {
    source_ = std::make_unique<TelegramSource>(std::move(plan), std::move(now));
  }
}
MeterDevice::MeterDevice(MeterDevice&&) noexcept = default;
MeterDevice& MeterDevice::operator=(MeterDevice&&) noexcept = default;
MeterDevice::~MeterDevice() = default;

void MeterDevice::ask_ahead(const Clock& clock, Wanted wanted) {
  source_->ask_ahead(clock, wanted);
}
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
