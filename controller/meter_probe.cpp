#include <nlohmann/json.hpp>

#include "controller/command_output.hpp"
#include "controller/meter_command.hpp"
#include "controller/stop_signal.hpp"
#include "meter/probe.hpp"

namespace commonwatt {
namespace {

constexpr int unit_max = 247;

nlohmann::ordered_json finding_json(const ProbeFinding& finding) {
  nlohmann::ordered_json json = {{"unit", finding.unit},
                                 {"grounds", to_text(finding.grounds)},
                                 {"profile", finding.profile},
                                 {"maker", finding.identity.maker},
                                 {"model", finding.identity.model},
                                 {"serial", finding.identity.serial}};
  if (finding.sunspec_base) json["base"] = *finding.sunspec_base;
  if (!finding.models.empty()) json["models"] = nlohmann::json::array();
  for (const SunSpecModel& model : finding.models) {
    json["models"].push_back({{"id", model.id}, {"address", model.address}, {"length", model.length}});
  }
  return json;
}

void show_finding(const ProbeFinding& finding, std::ostream& out) {
  out << "unit " << static_cast<int>(finding.unit) << ": ";
  if (!finding.identity.maker.empty()) out << finding.identity.maker << " " << finding.identity.model << ", ";
  if (!finding.identity.serial.empty()) out << "serial " << finding.identity.serial << ", ";
  if (!finding.profile.empty()) out << "profile " << finding.profile << ", ";
  out << to_text(finding.grounds);
  if (finding.sunspec_base) out << " (base " << *finding.sunspec_base << ", models";
  for (const SunSpecModel& model : finding.models) out << " " << model.id;
  out << (finding.sunspec_base ? ")\n" : "\n");
}

std::vector<Profile> all_profiles(const ProfileLibrary& library, std::ostream& errors) {
  std::vector<Profile> profiles;
  for (const std::string& name : library.names()) {
    Result<Profile, ProfileFaults> profile = library.find(name);
    if (profile) {
      profiles.push_back(std::move(*profile));
    } else {
      for (const std::string& fault : profile.error()) errors << "commonwatt: left out: " << fault << "\n";
    }
  }
  return profiles;
}

/// The units worth trying: the one the URL names, else all of them.
std::vector<std::uint8_t> units_of(const std::string& url_text, const DeviceUrl& url) {
  const std::size_t query = std::min(url_text.find('?'), url_text.size());
  if (url_text.find("unit=", query) != std::string::npos) return {url.unit};
  std::vector<std::uint8_t> units;
  for (int unit = 1; unit <= unit_max; ++unit) units.push_back(static_cast<std::uint8_t>(unit));
  return units;
}

}  // namespace

int run_meter_probe(const MeterProbeOptions& options, std::ostream& out, std::ostream& errors) {
  const Result<DeviceUrl, DeviceUrlError> url = parse_device_url(options.url);
  if (!url) return complain(errors, to_text(url.error()), status_usage);
  if (url->protocol != DeviceProtocol::modbus) {
    return complain(errors, "a device that speaks by itself needs no probe: read it", status_usage);
  }
  const std::vector<Profile> profiles = all_profiles(ProfileLibrary(profile_directories(options.profiles)), errors);
  catch_stop_signals();
  // A scan asks mostly units that are not there: the line rests as long as a slow device could still answer, no more.
  ModbusBus bus(*url, {.response_timeout = std::chrono::milliseconds(options.timeout_ms),
                       .silence_min = std::chrono::milliseconds(options.timeout_ms)});
  const std::vector<std::uint8_t> units = units_of(options.url, *url);
  nlohmann::ordered_json report = nlohmann::json::array();
  for (const std::uint8_t unit : units) {
    if (stop_requested()) break;
    if (units.size() > 1) {
      errors << "\runit " << static_cast<int>(unit) << " of " << unit_max << ", " << report.size() << " found "
             << std::flush;
    }
    const Result<std::vector<ProbeFinding>, MeterError> findings = probe_unit(bus, unit, url->sunspec_base, profiles);
    if (!findings) return complain(errors, options.url + ": " + to_text(findings.error()), 1);
    for (const ProbeFinding& finding : *findings) {
      report.push_back(finding_json(finding));
      if (options.json) continue;
      if (units.size() > 1) errors << "\r";
      show_finding(finding, out);
      out.flush();
    }
  }
  if (units.size() > 1) errors << "\n";
  if (options.json) out << report.dump() << "\n";
  if (report.empty()) return complain(errors, "nothing answers at " + options.url, 1);
  return 0;
}

}  // namespace commonwatt
