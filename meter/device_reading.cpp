#include "meter/device_reading.hpp"

#include <algorithm>
#include <cstdlib>
#include <initializer_list>

namespace commonwatt {
namespace {

/// The first of them the device has a value of.
const MeasuredValue* first_present(const DeviceReading& reading, std::initializer_list<MeasuredQuantity> wanted) {
  for (const MeasuredQuantity& quantity : wanted) {
    const MeasuredValue* found = reading.find(quantity);
    if (found != nullptr && found->value) return found;
  }
  return nullptr;
}

/// Whether a register is one of those energy_import(), energy_export() and energy_produced() look for.
bool counts_in_settlement(const MeasuredQuantity& quantity) {
  const Measurand measurand = quantity.measurand;
  const bool used = measurand == Measurand::energy_import || measurand == Measurand::energy_export ||
                    measurand == Measurand::energy_yield;
  return used && quantity.share == Share::total && quantity.part != DevicePart::battery;
}

std::optional<double> value_of(const MeasuredValue* reading) {
  return reading == nullptr ? std::nullopt : reading->value;
}
std::optional<Energy> energy_of(const MeasuredValue* reading) {
  return reading == nullptr ? std::nullopt : reading->energy;
}

}  // namespace

const char* to_text(Quality quality) {
  switch (quality) {
    case Quality::good:
      return "good";
    case Quality::missing:
      return "missing";
    case Quality::stale:
      return "stale";
    case Quality::suspect:
      return "suspect";
    case Quality::estimated:
      return "estimated";
  }
  std::abort();
}

const MeasuredValue* DeviceReading::find(const MeasuredQuantity& quantity) const {
  const auto found = std::find_if(values.begin(), values.end(),
                                  [&quantity](const MeasuredValue& value) { return value.quantity == quantity; });
  return found == values.end() ? nullptr : &*found;
}

std::optional<double> DeviceReading::power_w() const {
  return value_of(first_present(*this, {{.measurand = Measurand::active_power},
                                        {.part = DevicePart::grid, .measurand = Measurand::active_power}}));
}

std::optional<Energy> DeviceReading::energy_import() const {
  return energy_of(first_present(*this, {{.measurand = Measurand::energy_import},
                                         {.part = DevicePart::grid, .measurand = Measurand::energy_import}}));
}

std::optional<Energy> DeviceReading::energy_export() const {
  return energy_of(first_present(*this, {{.measurand = Measurand::energy_export},
                                         {.part = DevicePart::grid, .measurand = Measurand::energy_export}}));
}

std::optional<double> DeviceReading::production_w() const {
  const MeasuredValue* panels = first_present(*this, {{.part = DevicePart::pv, .measurand = Measurand::active_power}});
  if (panels != nullptr) return panels->value;
  const MeasuredValue* own = first_present(*this, {{.measurand = Measurand::active_power}});
  if (own == nullptr) return std::nullopt;
  return produces ? *own->value : -*own->value;
}

std::optional<Energy> DeviceReading::energy_produced() const {
  return energy_of(first_present(*this, {{.part = DevicePart::pv, .measurand = Measurand::energy_yield},
                                         {.measurand = Measurand::energy_yield},
                                         {.measurand = Measurand::energy_export}}));
}

void summarise(DeviceReading& reading) {
  if (!reading.values.empty()) {
    reading.time = reading.values.front().time;
    reading.round_trip = reading.values.front().round_trip;
  }
  reading.quality = Quality::missing;
  reading.reason = "the device answers, but has no value in its energy registers";
  bool first = true;
  for (const MeasuredValue& value : reading.values) {
    if (!counts_in_settlement(value.quantity) || !value.energy) continue;
    if (first) {
      reading.time = value.time;
      reading.round_trip = value.round_trip;
    }
    if (first || value.quality != Quality::good) {
      reading.quality = value.quality;
      reading.reason = value.reason;
    }
    first = false;
  }
}

RawPiece raw_registers(std::uint8_t function, std::uint16_t address, const std::vector<std::uint16_t>& words) {
  RawPiece piece{.function = function, .address = address, .octets = {}};
  piece.octets.reserve(words.size() * 2);
  for (const std::uint16_t word : words) {
    piece.octets.push_back(static_cast<std::uint8_t>(word >> 8U));
    piece.octets.push_back(static_cast<std::uint8_t>(word & 0xFFU));
  }
  return piece;
}

Hash32 raw_hash(const DeviceReading& reading) {
  Bytes octets;
  for (const RawPiece& piece : reading.raw) octets.insert(octets.end(), piece.octets.begin(), piece.octets.end());
  return sha256(octets);
}

}  // namespace commonwatt
