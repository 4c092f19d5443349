// A simulated meter's own account of what its registers showed, to hold the market's bills against.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "sim/simulated_meter.hpp"

namespace commonwatt {

/// `begin`, every multiple of `interval_seconds` since the epoch between them, and `end`, in order.
std::vector<UtcTime> boundaries(UtcTime begin, UtcTime end, std::int64_t interval_seconds);

/// Appends `boundary_seconds,import_wh,export_wh`, one row per boundary that has passed. What an earlier run wrote is
/// kept and not repeated; half a row at the end, left by a crash, is cut off.
class RegisterLog {
 public:
  /// Fails in words when the file cannot be read or written.
  static Result<RegisterLog, std::string> open(const std::string& path, std::vector<UtcTime> boundaries);

  /// Writes and flushes the rows of all boundaries up to `now`.
  void write_until(UtcTime now, const HouseholdEnergy& household, SimulatedDevice device);
  /// The next boundary to be written; nothing when all are.
  [[nodiscard]] std::optional<UtcTime> next() const;

 private:
  RegisterLog(std::ofstream file, std::vector<UtcTime> boundaries)
      : file_(std::move(file)), boundaries_(std::move(boundaries)) {}

  std::ofstream file_;
  std::vector<UtcTime> boundaries_;
  std::size_t at_ = 0;
};

}  // namespace commonwatt
