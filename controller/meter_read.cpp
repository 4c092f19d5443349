#include <cstdlib>
#include <thread>

#include <nlohmann/json.hpp>

#include "controller/command_output.hpp"
#include "controller/meter_command.hpp"
#include "controller/meter_report.hpp"
#include "controller/mqtt_messages.hpp"
#include "controller/stop_signal.hpp"
#include "meter/device.hpp"
#include "meter/sunspec_survey.hpp"

namespace commonwatt {
namespace {

Result<DevicePlan, std::string> plan_of(const MeterReadOptions& options) {
  DeviceConfig config{.url = options.url, .profile = options.profile};
  if (options.timeout_ms) config.response_timeout = std::chrono::milliseconds(*options.timeout_ms);
  return plan_device(std::move(config), ProfileLibrary(profile_directories(options.profiles)), open_mqtt_messages);
}

bool is_sunspec(const DevicePlan& plan) {
  return plan.url.protocol == DeviceProtocol::modbus && !plan.profile;
}

/// Everything a SunSpec device says, model by model.
Result<MeterReport, MeterError> survey(const DevicePlan& plan, const Clock& clock) {
  ModbusBus bus(plan.url, plan.timing);
  if (const Result<Done, MeterError> usable = bus.ready(); !usable) return Fail{usable.error()};
  const ReadRegisters read = [&](std::uint16_t address, std::uint16_t count) {
    return bus.read(plan.url.unit, RegisterTable::holding, address, count);
  };
  Result<SunSpecSurvey, MeterError> surveyed = survey_sunspec(read, plan.url, clock);
  if (!surveyed) return Fail{surveyed.error()};
  MeterReport report{.identity = surveyed->identity,
                     .chain = std::move(surveyed->chain),
                     .reading = std::move(surveyed->reading),
                     .points = {}};
  std::map<std::uint16_t, std::size_t> seen;
  for (const SurveyedModel& model : surveyed->models) {
    report.points.push_back({model.model.id, seen[model.model.id]++, decode_sunspec_points(model.words)});
  }
  return report;
}

Result<MeterReport, MeterError> read_once(MeterDevice& device, const Clock& clock) {
  Result<DeviceReading, MeterError> reading = device.read(clock, Wanted::everything);
  if (!reading) return Fail{reading.error()};
  return MeterReport{.identity = device.identity().value_or(DeviceIdentity{}),
                     .chain = std::nullopt,
                     .reading = std::move(*reading),
                     .points = {}};
}

/// What to look at first when a Modbus device does not answer, or not as its profile says.
std::string hint(const DevicePlan& plan, MeterFault fault) {
  if (plan.url.protocol != DeviceProtocol::modbus) return "";
  const bool serial = std::holds_alternative<SerialLine>(plan.url.line);
  if (fault == MeterFault::timed_out && serial) return "; check unit=, baud=, parity= and the wiring";
  if (fault == MeterFault::timed_out || fault == MeterFault::absent) return "; check unit=";
  if (fault == MeterFault::refused && plan.profile) return "; check --profile, or ask commonwatt meter probe";
  return "";
}

void show_line(const MeterReadOptions& options, UtcTime now, const Result<DeviceReading, MeterError>& reading,
               std::ostream& out) {
  if (options.json) {
    nlohmann::ordered_json line = {{"time", to_text(now)}};
    if (reading) {
      line["readings"] = readings_json(*reading);
    } else {
      line["fault"] = to_text(reading.error());
    }
    out << line.dump() << std::endl;
    return;
  }
  out << to_text(now);
  if (!reading) {
    out << "  " << to_text(reading.error()) << std::endl;
    return;
  }
  for (const MeasuredValue& value : reading->values) {
    if (value.quantity.share != Share::total) continue;
    out << "  " << to_text(value.quantity) << " ";
    value.value ? out << value_text(value) << " " << unit_of(value.quantity.measurand) : out << "missing";
    if (value.value && value.quality != Quality::good) out << " (" << to_text(value.quality) << ")";
  }
  out << std::endl;
}

}  // namespace

std::vector<std::filesystem::path> profile_directories(const std::optional<std::string>& given) {
  std::vector<std::filesystem::path> directories;
  if (given) directories.emplace_back(*given);
  if (const char* const named = std::getenv("COMMONWATT_PROFILES"); named != nullptr && *named != '\0') {
    directories.emplace_back(named);
  }
  directories.emplace_back("/etc/commonwatt/profiles");
  return directories;
}

int run_meter_read(const MeterReadOptions& options, const Clock& clock, std::ostream& out, std::ostream& errors) {
  const Result<DevicePlan, std::string> plan = plan_of(options);
  if (!plan) return complain(errors, plan.error(), status_usage);
  if (options.points && !is_sunspec(*plan)) {
    return complain(errors, "--points are those of SunSpec models; this device has a profile", status_usage);
  }
  MeterDevice device(*plan);
  const Result<MeterReport, MeterError> report = is_sunspec(*plan) ? survey(*plan, clock) : read_once(device, clock);
  if (!report) {
    return complain(errors, options.url + ": " + to_text(report.error()) + hint(*plan, report.error().fault), 1);
  }
  if (options.json) {
    out << report_json(*report, options.points).dump() << "\n";
  } else {
    show_report(*report, options.points, out);
  }
  return out.flush().good() ? 0 : complain(errors, "the report cannot be written", 1);
}

int run_meter_watch(const MeterReadOptions& options, const Clock& clock, std::ostream& out, std::ostream& errors) {
  const Result<DevicePlan, std::string> plan = plan_of(options);
  if (!plan) return complain(errors, plan.error(), status_usage);
  catch_stop_signals();
  MeterDevice device(*plan);
  auto due = std::chrono::steady_clock::now();
  for (std::int64_t done = 0; !stop_requested() && (options.count == 0 || done < options.count);) {
    std::this_thread::sleep_until(due);
    const Result<DeviceReading, MeterError> reading = device.read(clock, Wanted::energy);
    const bool left_alone = !reading && reading.error().fault == MeterFault::backing_off;
    if (!left_alone) {
      show_line(options, clock.now(), reading, out);
      ++done;
    }
    due = std::max(due + std::chrono::milliseconds(options.period_ms), std::chrono::steady_clock::now());
    if (!out.good()) return complain(errors, "the readings cannot be written", 1);
  }
  return 0;
}

}  // namespace commonwatt
