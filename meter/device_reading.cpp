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
  // A meter states import as positive, an inverter its production.
  const bool is_inverter = find({.measurand = Measurand::energy_yield}) != nullptr;
  return is_inverter ? *own->value : -*own->value;
}

std::optional<Energy> DeviceReading::energy_produced() const {
  return energy_of(first_present(*this, {{.part = DevicePart::pv, .measurand = Measurand::energy_yield},
                                         {.measurand = Measurand::energy_yield},
                                         {.measurand = Measurand::energy_export}}));
}

std::vector<std::uint8_t> octets_of(const std::vector<std::uint16_t>& words) {
  std::vector<std::uint8_t> octets;
  octets.reserve(words.size() * 2);
  for (const std::uint16_t word : words) {
    octets.push_back(static_cast<std::uint8_t>(word >> 8U));
    octets.push_back(static_cast<std::uint8_t>(word & 0xFFU));
  }
  return octets;
}

Hash32 raw_hash(const DeviceReading& reading) {
  return sha256(ByteView(reading.raw));
}

}  // namespace commonwatt
