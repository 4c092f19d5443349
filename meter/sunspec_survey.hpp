// One look at all of a SunSpec device, model by model: for the installer. The gateway's own look is the one request of
// its driver.
#pragma once

#include <vector>

#include "core/clock.hpp"
#include "meter/device_reading.hpp"
#include "meter/device_url.hpp"
#include "meter/sunspec.hpp"

namespace commonwatt {

struct SurveyedModel {
  SunSpecModel model;
  std::vector<std::uint16_t> words;
};

struct SunSpecSurvey {
  SunSpecChain chain;
  DeviceIdentity identity;            // of the device the URL asks for
  DeviceReading reading;              // of its models
  std::vector<SurveyedModel> models;  // those with a layout, of all devices of the chain
};

/// Discovers the chain and reads every model of it that is known. A model that the device states and then refuses is
/// left out. Fails as discover_sunspec and read_sunspec_model do.
Result<SunSpecSurvey, MeterError> survey_sunspec(const ReadRegisters& read, const DeviceUrl& url, const Clock& clock);

}  // namespace commonwatt
