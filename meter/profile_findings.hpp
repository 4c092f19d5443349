// What the lints of Modbus profiles (profile_lint.hpp) and of MQTT profiles (mqtt_lint.hpp) have in common.
#pragma once

#include <string>
#include <vector>

#include "meter/device_reading.hpp"
#include "meter/profile.hpp"

namespace commonwatt {

/// The findings of one file.
class Findings {
 public:
  explicit Findings(std::string file) : file_(std::move(file)) {}
  void note(int line, const std::string& what) { lines_.push_back(file_ + ":" + std::to_string(line) + ": " + what); }
  [[nodiscard]] const std::string& file() const { return file_; }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  std::string file_;
  std::vector<std::string> lines_;
};

/// Whether the id is one, and that of the file.
void check_profile_id(const std::string& id, Findings& findings);
/// Whether the unit a file writes is one of the quantity's.
bool unit_fits(const std::string& unit, Measurand measurand);
/// "the unit 'kW' is none of this quantity, which is in 'Wh'".
std::string unit_finding(const std::string& unit, Measurand measurand);
/// Notes it when a test decoded to anything else than it expects. Energy is compared as it is billed.
void check_expectation(const ProfileTest::Expectation& expected, const std::vector<MeasuredValue>& values,
                       Findings& findings);
/// Whether a wrong sign or scale of it would make somebody pay, so that a test has to show what it decodes to.
bool needs_test(const MeasuredQuantity& quantity);

}  // namespace commonwatt
