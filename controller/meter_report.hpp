// What `commonwatt meter` shows of a device, for people and for programs.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "meter/device_reading.hpp"
#include "meter/sunspec.hpp"
#include "meter/sunspec_points.hpp"

namespace commonwatt {

/// Every point of one model of the chain.
struct ModelPoints {
  std::uint16_t model = 0;
  std::size_t instance = 0;  ///< which of the models with this id, from 0, in the order of the chain
  std::vector<SunSpecPoint> points;
};

/// What one read gave.
struct MeterReport {
  DeviceIdentity identity;
  std::optional<SunSpecChain> chain;  ///< of a SunSpec device
  DeviceReading reading;
  std::vector<ModelPoints> points;
};

/// The value as people read it: seven digits; energy, and whatever is a million or more, to the unit; "-" when it is
/// missing.
std::string value_text(const MeasuredValue& value);

/// [{quantity, value, unit, quality, reason, quantum, time, round_trip_ms}]; value is null when missing.
nlohmann::ordered_json readings_json(const DeviceReading& reading);
/// {maker, model, serial, base, models [{id, address, length}], readings, raw_sha256} and, when there are any, points
/// [{model, instance, point, raw, value}].
nlohmann::ordered_json report_json(const MeterReport& report, bool with_points);
/// The same as a table.
void show_report(const MeterReport& report, bool with_points, std::ostream& out);

}  // namespace commonwatt
