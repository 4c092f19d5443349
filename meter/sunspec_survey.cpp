#include "meter/sunspec_survey.hpp"

#include "meter/modbus_frame.hpp"
#include "meter/sunspec_models.hpp"
#include "meter/sunspec_values.hpp"

namespace commonwatt {
namespace {

using Words = std::vector<std::uint16_t>;

void add_values(DeviceReading& reading, const SunSpecModel& model, const Words& words, UtcTime asked,
                UtcTime answered) {
  for (MeasuredValue& value : sunspec_values(words)) {
    if (reading.find(value.quantity) != nullptr) continue;  // an earlier model of the chain has said it
    value.round_trip = answered - asked;
    value.time = asked + value.round_trip / 2;
    reading.values.push_back(std::move(value));
  }
  if (is_sunspec_inverter(model.id)) reading.produces = true;
  reading.raw.push_back(raw_registers(static_cast<std::uint8_t>(RegisterTable::holding), model.address, words));
}

}  // namespace

Result<SunSpecSurvey, MeterError> survey_sunspec(const ReadRegisters& read, const DeviceUrl& url, const Clock& clock) {
  Result<SunSpecChain, MeterError> chain = discover_sunspec(read, url.sunspec_base);
  if (!chain) return Fail{chain.error()};
  SunSpecSurvey survey{.chain = std::move(*chain), .identity = {}, .reading = {}, .models = {}};
  std::size_t devices = 0;  // of the chain, so far
  for (const SunSpecModel& model : survey.chain.models) {
    if (model.id == 1) ++devices;
    if (sunspec_layout(model.id) == nullptr) continue;
    const UtcTime asked = clock.now();
    Result<Words, MeterError> words = read_sunspec_model(read, model);
    if (!words && words.error().fault == MeterFault::refused) continue;
    if (!words) return Fail{words.error()};
    const bool of_this_device = devices == std::size_t{url.sunspec_device} + 1;
    if (of_this_device && model.id == 1) {
      const SunSpecCommon common = decode_sunspec_common(*words);
      survey.identity = {.maker = common.maker, .model = common.model, .serial = common.serial};
    }
    if (of_this_device) add_values(survey.reading, model, *words, asked, clock.now());
    survey.models.push_back({model, std::move(*words)});
  }
  summarise(survey.reading);
  return survey;
}

}  // namespace commonwatt
