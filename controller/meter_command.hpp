// `commonwatt meter probe|read|watch|lint`: what an installer does with a device.
#pragma once

#include <filesystem>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "core/clock.hpp"

namespace commonwatt {

/// The directories profiles are searched in before the built-in ones: `given` first, then COMMONWATT_PROFILES, then
/// /etc/commonwatt/profiles.
std::vector<std::filesystem::path> profile_directories(const std::optional<std::string>& given);

struct MeterReadOptions {
  std::string url;
  std::string profile = "sunspec";
  std::optional<std::string> profiles;  ///< a directory of the user's own
  std::optional<std::int64_t> timeout_ms;
  bool points = false;  ///< every decoded point of a SunSpec device
  bool json = false;
  std::int64_t period_ms = 1000;  ///< watch: between two reads
  std::int64_t count = 0;         ///< watch: how many reads; 0: until SIGTERM or SIGINT
};

/// Reads a device once and shows all it has. Returns the exit status: 0, 64 when URL or profile are wrong, 1 when the
/// device gives nothing.
int run_meter_read(const MeterReadOptions& options, const Clock& clock, std::ostream& out, std::ostream& errors);
/// Reads it again and again; a line for every read, a fault too. Returns 0 unless URL or profile are wrong.
int run_meter_watch(const MeterReadOptions& options, const Clock& clock, std::ostream& out, std::ostream& errors);

struct MeterProbeOptions {
  std::string url;  ///< without unit=: all units are tried
  std::optional<std::string> profiles;
  std::int64_t timeout_ms = 500;
  bool json = false;
};
/// Finds and names what is on a line; progress goes to `errors`. Returns 0 when something was found, 1 when nothing
/// was, 64 when the URL is wrong.
int run_meter_probe(const MeterProbeOptions& options, std::ostream& out, std::ostream& errors);

struct MeterLintOptions {
  std::vector<std::string> files;  ///< TOML files and directories of them; none: the built-in profiles
  bool json = false;
};
/// Checks profiles. Returns 0 when there is nothing to say, 65 when there is.
int run_meter_lint(const MeterLintOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
