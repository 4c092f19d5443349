// A profile's TOML file read strictly, key by key, with every fault and its place: what the profiles of Modbus devices
// (profile.hpp) and of MQTT devices (mqtt_profile.hpp) have in common.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

#include "meter/profile.hpp"

namespace commonwatt {

/// The names a key may take, in the order of the enumeration it stands for.
using Names = std::span<const char* const>;
inline constexpr std::array<const char*, 2> sign_names{"+", "-"};
inline constexpr std::array<const char*, 3> term_names{"", "needed", "optional"};
inline constexpr std::array<const char*, 4> kind_names{"meter", "inverter", "hybrid", "battery"};
inline constexpr std::array<const char*, 3> netting_names{"sum", "phase", "unknown"};

/// The faults of one file, with their places.
class FaultList {
 public:
  explicit FaultList(std::string_view file) : file_(file) {}
  void note(const toml::source_region& where, const std::string& what) {
    std::string place = file_;
    if (where.begin) place += ":" + std::to_string(where.begin.line) + ":" + std::to_string(where.begin.column);
    lines_.push_back(place + ": " + what);
  }
  ProfileFaults take() { return std::move(lines_); }
  [[nodiscard]] bool empty() const { return lines_.empty(); }

 private:
  std::string file_;
  ProfileFaults lines_;
};

struct Bounds {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

/// A table of the file, read key by key. A key that is wrong gives a harmless value and a fault.
class Section {
 public:
  Section(FaultList& faults, const toml::table& table, std::string prefix)
      : faults_(&faults), table_(&table), prefix_(std::move(prefix)) {}

  bool has(const char* key) { return get(key) != nullptr; }
  [[nodiscard]] int line() const { return static_cast<int>(table_->source().begin.line); }
  void fault(const char* key, const std::string& what) {
    const toml::node* const value = table_->get(key);
    faults_->note(value != nullptr ? value->source() : table_->source(), prefix_ + key + ": " + what);
  }

  const toml::node* get(const char* key) {
    asked_.insert(key);
    return table_->get(key);
  }
  std::string text(const char* key, const char* otherwise = nullptr);
  std::int64_t integer(const char* key, Bounds bounds, std::optional<std::int64_t> otherwise = std::nullopt);
  /// A Modbus address.
  std::uint16_t address(const char* key) { return static_cast<std::uint16_t>(integer(key, {0, 0xFFFF})); }
  std::optional<double> number(const char* key);
  /// Two numbers, the lower first.
  std::optional<ValueRange> range(const char* key);
  template <class Enum>
  Enum choice(const char* key, Names names, std::optional<Enum> otherwise = std::nullopt);
  std::optional<MeasuredQuantity> quantity(const char* key, const toml::node* node);
  /// A list; an absent one is empty.
  std::vector<const toml::node*> list(const char* key);
  /// False where it is absent.
  bool boolean(const char* key);
  std::optional<std::uint8_t> unit_id(const char* key);
  std::vector<std::string> texts(const char* key);
  std::vector<std::int64_t> integers(const char* key, Bounds bounds);
  std::vector<Section> sections(const char* key);
  std::optional<Section> section(const char* key);
  /// A table whose keys are data; an empty one, and a fault, when it is none.
  const toml::table& table(const char* key);
  /// Of a test: what its input must decode to.
  std::vector<ProfileTest::Expectation> expectations(const char* key);
  /// Notes every key nobody asked for. The last thing to call.
  void finish();

 private:
  FaultList* faults_;
  const toml::table* table_;
  std::string prefix_;
  std::set<std::string, std::less<>> asked_;
};

/// `"sum", "phase"`: as a message lists them.
std::string listed(Names names);
/// A finite number, whole or not; absent when the node is none.
std::optional<double> number_of(const toml::node* node);

template <class Enum>
Enum Section::choice(const char* key, Names names, std::optional<Enum> otherwise) {
  const toml::node* const node = get(key);
  if (node == nullptr && otherwise) return *otherwise;
  const auto value = node == nullptr ? std::nullopt : node->value_exact<std::string>();
  const auto found = std::find_if(names.begin(), names.end(),
                                  [&value](const char* name) { return value && *name != '\0' && *value == name; });
  if (found != names.end()) return static_cast<Enum>(found - names.begin());
  fault(key, (node == nullptr ? "is missing; choose one of " : "must be one of ") + listed(names));
  return Enum{};
}

}  // namespace commonwatt
