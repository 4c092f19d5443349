// Communities that share energy after delivery, as settlement.toml states them, and the presets that know what the law
// of a country asks of them (docs/communities.md says from which source and of which date).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "market/community_allocation.hpp"

namespace commonwatt {

class ConfigTable;

/// What a law says of the network fee on energy bought within a community.
enum class FeeRule : std::uint8_t {
  stated,           ///< nothing that was found, or nothing that follows from the files: the operator states it
  whole,            ///< it is not reduced
  by_transformers,  ///< reduced as community_fee_permille has it
};

/// What a law leaves no choice about, and what is usual where it does.
struct CommunityPreset {
  const char* name = "";  ///< as settlement.toml writes it
  const char* law = "";
  AllocationKey key = AllocationKey::dynamic;
  std::int64_t interval_seconds = 900;  ///< over which energy counts as shared
  FeeRule fee = FeeRule::stated;
  bool is_the_only_one = false;  ///< whoever is a member is in no other community
};
std::span<const CommunityPreset> community_presets();

struct Community {
  std::string name;  ///< empty for the only one, of [allocation]
  const CommunityPreset* preset = nullptr;
  std::vector<std::pair<std::string, std::string>> implied;  ///< what the preset decided: key and value, in words
  AllocationTerms terms;
  std::map<std::string, MemberShare> shares;  ///< by household; who is not there has none and comes last
  std::optional<std::map<std::string, std::int64_t>> participation;  ///< permille; nothing: all households, with all
  bool is_reduced_by_transformers = false;                           ///< the members' decide fee_reduction_permille
};

struct CommunityRules {
  std::vector<Community> list;  ///< empty where energy is not shared by allocation
  Price network_fee;            ///< on all energy drawn; zero: not this settlement's business

  /// Whether communities have names, and communities.csv tells them apart.
  [[nodiscard]] bool are_named() const { return !list.empty() && !list.front().name.empty(); }
};

/// How many communities a household may take part in. Austria allows five for a metering point.
inline constexpr std::size_t communities_max = 5;

/// The tier of households that no tier is given to: after all others.
inline constexpr std::int64_t tier_last = 1'000'000;

/// Reads [allocation] or [[community]], and [community_fee], of the file. Faults are noted there.
CommunityRules read_communities(ConfigTable& file, bool is_needed, std::int64_t interval_seconds);

}  // namespace commonwatt
