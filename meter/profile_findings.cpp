#include "meter/profile_findings.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace commonwatt {
namespace {

std::string shown(const std::optional<double>& value) {
  return value ? std::to_string(*value) : "missing";
}

}  // namespace

void check_profile_id(const std::string& id, Findings& findings) {
  const auto is_id_letter = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
  };
  if (id.empty() || !std::all_of(id.begin(), id.end(), is_id_letter)) {
    findings.note(1, "device.id '" + id + "' must be of small letters, digits and hyphens");
  }
  if (std::filesystem::path(findings.file()).stem() != id) {
    findings.note(1, "device.id '" + id + "' must be the name of the file without .toml");
  }
}

bool unit_fits(const std::string& unit, Measurand measurand) {
  const std::optional<ProfileUnit> known = profile_unit(unit);
  return known && std::string_view(known->base) == unit_of(measurand);
}

std::string unit_finding(const std::string& unit, Measurand measurand) {
  return "the unit '" + unit + "' is none of this quantity, which is in '" + unit_of(measurand) + "'";
}

void check_expectation(const ProfileTest::Expectation& expected, const std::vector<MeasuredValue>& values,
                       Findings& findings) {
  const std::string name = to_text(expected.quantity);
  const auto found = std::find_if(values.begin(), values.end(), [&expected](const MeasuredValue& value) {
    return value.quantity == expected.quantity;
  });
  if (found == values.end()) {
    findings.note(expected.line, "the test expects " + name + ", which it does not hold");
    return;
  }
  // A float register holds the nearest float to what it means; energy is compared as it is billed.
  const std::optional<double> value =
      found->energy ? std::optional(static_cast<double>(found->energy->count)) : found->value;
  const double tolerance = found->energy ? 0 : 1e-6 * std::max(1.0, std::abs(expected.value.value_or(0)));
  const bool is_equal =
      value.has_value() == expected.value.has_value() && (!value || std::abs(*value - *expected.value) <= tolerance);
  if (is_equal) return;
  findings.note(expected.line, "the test expects " + name + " = " + shown(expected.value) + ", it decodes to " +
                                   shown(value) + (found->reason.empty() ? "" : " (" + found->reason + ")"));
}

bool needs_test(const MeasuredQuantity& quantity) {
  if (quantity.share != Share::total) return false;
  return is_energy_register(quantity.measurand) || quantity.measurand == Measurand::active_power;
}

}  // namespace commonwatt
