#include <algorithm>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "controller/meter_command.hpp"
#include "meter/mqtt_lint.hpp"
#include "meter/profile_library.hpp"
#include "meter/profile_lint.hpp"

namespace commonwatt {
namespace {

constexpr int status_data = 65;

struct Source {
  std::string name;
  std::string toml;
  bool readable = true;
};

Source read_source(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  Source source{.name = path.string(), .toml = {std::istreambuf_iterator<char>(stream), {}}};
  source.readable = !stream.bad() && std::filesystem::is_regular_file(path);
  return source;
}

std::vector<Source> sources_of(const MeterLintOptions& options) {
  std::vector<Source> sources;
  if (options.files.empty()) {
    for (const auto built_in : {built_in_profiles(), built_in_mqtt_profiles()}) {
      for (const BuiltInProfile& profile : built_in) {
        sources.push_back({std::string(profile.name) + ".toml", std::string(profile.toml)});
      }
    }
  }
  for (const std::string& file : options.files) {
    std::error_code error;
    if (!std::filesystem::is_directory(file, error)) {
      sources.push_back(read_source(file));
      continue;
    }
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(file, error)) {
      if (entry.path().extension() == ".toml") found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    for (const std::filesystem::path& path : found) sources.push_back(read_source(path));
  }
  return sources;
}

std::vector<std::string> findings_of(const Source& source) {
  if (!source.readable) return {source.name + ": cannot be read"};
  if (is_mqtt_profile(source.toml)) {
    const Result<MqttProfile, ProfileFaults> profile = parse_mqtt_profile(source.toml, source.name);
    return profile ? lint_mqtt_profile(*profile) : profile.error();
  }
  const Result<Profile, ProfileFaults> profile = parse_profile(source.toml, source.name);
  return profile ? lint_profile(*profile) : profile.error();
}

}  // namespace

int run_meter_lint(const MeterLintOptions& options, std::ostream& out, std::ostream& errors) {
  const std::vector<Source> sources = sources_of(options);
  if (sources.empty()) {
    errors << "commonwatt: no profile to check: name TOML files or directories that hold some\n";
    return status_data;
  }
  nlohmann::ordered_json report = {{"profiles", sources.size()}, {"findings", nlohmann::json::array()}};
  for (const Source& source : sources) {
    for (const std::string& finding : findings_of(source)) report["findings"].push_back(finding);
  }
  const std::size_t found = report["findings"].size();
  if (options.json) {
    out << report.dump() << "\n";
  } else {
    for (const auto& finding : report["findings"]) out << finding.get<std::string>() << "\n";
    out << sources.size() << " profiles, " << found << " findings\n";
  }
  return found == 0 ? 0 : status_data;
}

}  // namespace commonwatt
