// One look at one of a household's meters, as it is handed on to whatever shows it.
#pragma once

#include "core/id.hpp"
#include "meter/device.hpp"
#include "meter/device_reading.hpp"

namespace commonwatt {

struct MeterLook {
  MeterId meter;
  DeviceIdentity identity;
  DeviceReading reading;
};

}  // namespace commonwatt
