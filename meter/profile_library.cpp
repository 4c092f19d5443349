#include "meter/profile_library.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>

namespace commonwatt {
namespace {

/// A name that is one file's stem and leads to no other directory.
bool is_profile_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '-';
  });
}

std::optional<std::string> contents(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (stream.bad()) return std::nullopt;
  return text;
}

/// Those of the same maker, or all.
std::string suggestions(const std::vector<std::string>& names, std::string_view wanted) {
  const std::string maker(wanted.substr(0, wanted.find('-')));
  std::string near;
  std::string all;
  for (const std::string& name : names) {
    all += (all.empty() ? "" : ", ") + name;
    if (!maker.empty() && name.starts_with(maker)) near += (near.empty() ? "" : ", ") + name;
  }
  return near.empty() ? all : near;
}

}  // namespace

Result<ProfileLibrary::Found, ProfileFaults> ProfileLibrary::text_of(std::string_view name, BuiltIn built_in) const {
  if (is_profile_name(name)) {
    const std::string file_name = std::string(name) + ".toml";
    for (const std::filesystem::path& directory : directories_) {
      const std::filesystem::path file = directory / file_name;
      if (std::error_code error; !std::filesystem::exists(file, error)) continue;
      std::optional<std::string> text = contents(file);
      if (!text) return Fail{ProfileFaults{file.string() + ": cannot be read"}};
      return Found{file.string(), std::move(*text)};
    }
    const auto found =
        std::lower_bound(built_in.begin(), built_in.end(), name,
                         [](const BuiltInProfile& entry, std::string_view key) { return entry.name < key; });
    if (found != built_in.end() && found->name == name) return Found{file_name, std::string(found->toml)};
  }
  return Fail{ProfileFaults{"there is no device profile '" + std::string(name) +
                            "'; there are: " + suggestions(names_among(built_in), name)}};
}

Result<Profile, ProfileFaults> ProfileLibrary::find(std::string_view name) const {
  const Result<Found, ProfileFaults> found = text_of(name, built_in_profiles());
  if (!found) return Fail{found.error()};
  return parse_profile(found->toml, found->file);
}

Result<MqttProfile, ProfileFaults> ProfileLibrary::find_mqtt(std::string_view name) const {
  const Result<Found, ProfileFaults> found = text_of(name, built_in_mqtt_profiles());
  if (!found) return Fail{found.error()};
  return parse_mqtt_profile(found->toml, found->file);
}

std::vector<std::string> ProfileLibrary::names() const {
  return names_among(built_in_profiles());
}

std::vector<std::string> ProfileLibrary::names_among(BuiltIn built_in) const {
  const bool are_mqtt = built_in.data() == built_in_mqtt_profiles().data();
  std::set<std::string> names;
  for (const BuiltInProfile& entry : built_in) names.insert(std::string(entry.name));
  for (const std::filesystem::path& directory : directories_) {
    std::error_code error;
    std::filesystem::directory_iterator entry(directory, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      const std::string stem = entry->path().stem().string();
      if (entry->path().extension() != ".toml" || !is_profile_name(stem)) continue;
      if (is_mqtt_profile(contents(entry->path()).value_or("")) == are_mqtt) names.insert(stem);
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace commonwatt
