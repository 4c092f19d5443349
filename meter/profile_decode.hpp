// From the registers of a device to values, by its profile. Pure: the transport is somebody else's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "meter/device_reading.hpp"
#include "meter/profile.hpp"

namespace commonwatt {

/// The most Wh any register is believed to show: the whole Wh a double still holds apart. Above it a value is missing.
inline constexpr std::int64_t register_energy_max = std::int64_t{1} << 53U;

/// What one request gave. Fewer words than the block has, or none: the rest was not read.
struct BlockWords {
  const ProfileBlock* block = nullptr;
  std::span<const std::uint16_t> words;
};

/// The values of the blocks that were asked for, in the order of the profile; time and round trip are the caller's. A
/// quantity whose terms lie in several blocks is given when all of them are among these: half a sum is no value.
///   missing  not read, a declared sentinel, NaN, infinity, a negative or impossible counter, a needed term absent
///   suspect  outside the declared range
std::vector<MeasuredValue> decode_blocks(const Profile& profile, std::span<const BlockWords> blocks);
/// The same for one block.
std::vector<MeasuredValue> decode_block(const Profile& profile, const ProfileBlock& block,
                                        std::span<const std::uint16_t> words);

/// The energy that follows the highest a counter can show, in whole Wh: where it starts again at 0. Absent for what is
/// no counter of active energy, for floats, and for counters too wide ever to get there.
std::optional<Energy> register_rollover(const ProfileRegister& place);

enum class IdentityVerdict {
  confirmed,     // it is such a device, as far as the profile can tell
  contradicted,  // it is another one, or not its answer
  undecided,     // it has no value now of anything that would tell, as an inverter at night
};
struct IdentityCheck {
  IdentityVerdict verdict = IdentityVerdict::undecided;
  std::string reason;  // why it is not confirmed, in words; empty when it is
};

/// Judges whether it is a device of this profile that answers. `match` holds the words of profile.identity.match, one
/// entry for each; `values` what its blocks decode to.
IdentityCheck profile_identity(const Profile& profile, std::span<const std::vector<std::uint16_t>> match,
                               std::span<const MeasuredValue> values);
/// The serial number, or the text of any other identity register; absent when the registers are missing, all 0, all
/// ones or blank.
std::optional<std::string> identity_text(const IdentityRegister& place, std::span<const std::uint16_t> words);

}  // namespace commonwatt
