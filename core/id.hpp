// Names of things, as types: a household's name does not compare with a meter's.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace commonwatt {

/// The rule for every name that becomes a certificate subject, an MQTT topic level, a file name and a column:
/// 1 to 32 characters of a-z, 0-9, '-' and '_', beginning with a letter or digit.
constexpr bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 32) return false;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!plain && c != '-' && c != '_') return false;
  }
  return text.front() != '-' && text.front() != '_';
}

/// A checked name of one kind of thing. Empty only when default-made.
template <class Kind>
class Id {
 public:
  Id() = default;
  /// The id of that name, or nothing when the name breaks the rule of is_name.
  static std::optional<Id> from(std::string_view name) {
    if (!is_name(name)) return std::nullopt;
    return Id(std::string(name));
  }
  [[nodiscard]] const std::string& text() const { return text_; }

  friend auto operator<=>(const Id&, const Id&) = default;

 private:
  explicit Id(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

using HouseholdId = Id<struct Household>;
using MeterId = Id<struct Meter>;
using ZoneId = Id<struct Zone>;

}  // namespace commonwatt
