// Whatever a device answers, read by any of the built-in profiles: no value is invented, none is infinite, no counter
// is below zero, and what is missing says why.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "meter/profile_decode.hpp"
#include "meter/profile_library.hpp"

namespace {

using namespace commonwatt;

/// All of them, parsed once.
const std::vector<Profile>& profiles() {
  static const std::vector<Profile> parsed = [] {
    std::vector<Profile> all;
    const ProfileLibrary library({});
    for (const std::string& name : library.names()) {
      Result<Profile, ProfileFaults> profile = library.find(name);
      if (!profile) std::abort();
      all.push_back(std::move(*profile));
    }
    return all;
  }();
  return parsed;
}

void check(const MeasuredValue& value) {
  const bool is_missing = value.quality == Quality::missing;
  if (is_missing == value.value.has_value()) std::abort();
  if (is_missing && (value.reason.empty() || value.energy)) std::abort();
  if (value.value && !std::isfinite(*value.value)) std::abort();
  if (!std::isfinite(value.quantum) || value.quantum < 0) std::abort();
  if (is_missing || !is_energy_register(value.quantity.measurand)) return;
  if (!value.energy || value.energy->count < 0 || value.quantum < 1) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Profile& profile = profiles()[data[0] % profiles().size()];
  std::vector<std::uint16_t> words;
  for (std::size_t at = 1; at + 1 < size; at += 2) {
    words.push_back(static_cast<std::uint16_t>((data[at] << 8U) | data[at + 1]));
  }
  // The blocks follow each other in the input; the last one may be cut short.
  std::vector<BlockWords> blocks;
  std::size_t begin = 0;
  for (const ProfileBlock& block : profile.blocks) {
    const std::size_t count = std::min<std::size_t>(block.count, words.size() - begin);
    blocks.push_back({&block, std::span(words).subspan(begin, count)});
    begin += count;
  }
  const std::vector<MeasuredValue> values = decode_blocks(profile, blocks);
  for (const MeasuredValue& value : values) check(value);
  const std::vector<std::vector<std::uint16_t>> match(profile.identity.match.size(), words);
  const IdentityCheck identity = profile_identity(profile, match, values);
  if ((identity.verdict == IdentityVerdict::confirmed) != identity.reason.empty()) std::abort();
  if (profile.identity.serial) {
    const std::optional<std::string> serial = identity_text(*profile.identity.serial, words);
    if (serial && serial->empty()) std::abort();
  }
  return 0;
}
