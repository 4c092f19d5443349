// Reads a device that describes itself.
#include <algorithm>
#include <utility>

#include "meter/device_driver.hpp"
#include "meter/sunspec.hpp"
#include "meter/sunspec_values.hpp"

namespace commonwatt {
namespace {

using Words = std::vector<std::uint16_t>;

/// Where a SunSpec device keeps what is read from it.
struct SunSpecMap {
  SunSpecModel common;
  SunSpecModel power;           // the model that is read every time
  std::uint16_t power_words;    // in one request; 0: it takes several
  SunSpecValueReader measured;  // of that model
};

Fail<MeterError> fault(MeterFault kind, std::string detail) {
  return Fail{MeterError{kind, std::move(detail)}};
}

/// The device the URL asks for, and its first model that holds power and energy.
Result<SunSpecMap, MeterError> map_of(const SunSpecChain& chain, std::size_t index) {
  const std::vector<SunSpecDevice> devices = sunspec_devices(chain);
  if (index >= devices.size()) {
    return fault(MeterFault::no_supported_model,
                 "device " + std::to_string(index) + " is asked for, the chain has " + std::to_string(devices.size()));
  }
  const SunSpecDevice& device = devices[index];
  std::string seen;
  for (const SunSpecModel& model : device.models) {
    if (is_sunspec_power_model(model.id)) {
      return SunSpecMap{.common = device.common,
                        .power = model,
                        .power_words = sunspec_value_words(model),
                        .measured = SunSpecValueReader(model)};
    }
    seen += (seen.empty() ? "" : ", ") + std::to_string(model.id);
  }
  return fault(MeterFault::no_supported_model, "the device has the models " + (seen.empty() ? "none" : seen));
}

class SunSpecDriver : public DeviceDriver {
 public:
  SunSpecDriver(ModbusBus& bus, const DeviceUrl& url)
      : bus_(bus), unit_(url.unit), base_(url.sunspec_base), device_(url.sunspec_device) {}

  Result<DeviceIdentity, MeterError> identify() override;
  void ask_ahead(const Clock& clock, Wanted wanted) override;
  Result<DeviceReading, MeterError> look(const Clock& clock, Wanted wanted) override;
  void forget_map() override { map_.reset(); }

 private:
  ReadRegisters holding() {
    return [this](std::uint16_t address, std::uint16_t count) {
      return bus_.read(unit_, RegisterTable::holding, address, count);
    };
  }
  /// The first `count` words of a model, ID first. Fails with map_changed when it is no longer there.
  Result<Words, MeterError> read_head(const SunSpecModel& model, std::uint16_t count);

  ModbusBus& bus_;
  std::uint8_t unit_;
  std::optional<std::uint16_t> base_;
  std::size_t device_;
  std::optional<SunSpecMap> map_;
  std::optional<UtcTime> asked_ahead_;
};

Result<Words, MeterError> SunSpecDriver::read_head(const SunSpecModel& model, std::uint16_t count) {
  Result<Words, MeterError> words = bus_.read(unit_, RegisterTable::holding, model.address, count);
  if (!words || ((*words)[0] == model.id && (*words)[1] == model.length)) return words;
  return fault(MeterFault::map_changed,
               "model " + std::to_string(model.id) + " is no longer at " + std::to_string(model.address));
}

Result<DeviceIdentity, MeterError> SunSpecDriver::identify() {
  asked_ahead_.reset();
  if (!map_) {
    const Result<SunSpecChain, MeterError> chain = discover_sunspec(holding(), base_);
    if (!chain) return Fail{chain.error()};
    Result<SunSpecMap, MeterError> map = map_of(*chain, device_);
    if (!map) return Fail{map.error()};
    map_ = *map;
  }
  const int words_of_common = std::min<int>(map_->common.length + 2, registers_per_request_max);
  const Result<Words, MeterError> words = read_head(map_->common, static_cast<std::uint16_t>(words_of_common));
  if (!words) return Fail{words.error()};
  const SunSpecCommon common = decode_sunspec_common(*words);
  return DeviceIdentity{.maker = common.maker, .model = common.model, .serial = common.serial};
}

void SunSpecDriver::ask_ahead(const Clock& clock, Wanted /*wanted*/) {
  const UtcTime now = clock.now();
  if (map_->power_words == 0) return;
  if (bus_.ask_ahead(unit_, RegisterTable::holding, map_->power.address, map_->power_words)) asked_ahead_ = now;
}

Result<DeviceReading, MeterError> SunSpecDriver::look(const Clock& clock, Wanted /*wanted*/) {
  const SunSpecModel& model = map_->power;
  const std::uint16_t count = map_->power_words;
  Asked asked;
  const Result<Words, MeterError> words = timed(clock, asked, std::exchange(asked_ahead_, std::nullopt), [&] {
    return count > 0 ? read_head(model, count) : read_sunspec_model(holding(), model);
  });
  if (!words) return Fail{words.error()};
  DeviceReading reading;
  reading.values = map_->measured.values(*words);
  reading.raw.push_back(raw_registers(static_cast<std::uint8_t>(RegisterTable::holding), model.address, *words));
  for (MeasuredValue& value : reading.values) {
    value.time = asked.time;
    value.round_trip = asked.round_trip;
  }
  reading.produces = is_sunspec_inverter(model.id);
  summarise(reading);
  return reading;
}

}  // namespace

std::unique_ptr<DeviceDriver> make_sunspec_driver(ModbusBus& bus, const DeviceUrl& url) {
  return std::make_unique<SunSpecDriver>(bus, url);
}

}  // namespace commonwatt
