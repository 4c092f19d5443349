// Any text: it is refused with reasons that name their place, or it is a profile that can be linted and read.
#include <cmath>
#include <cstdlib>
#include <string_view>

#include "meter/profile_decode.hpp"
#include "meter/profile_lint.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  const std::string_view toml(reinterpret_cast<const char*>(data), size);
  const Result<Profile, ProfileFaults> profile = parse_profile(toml, "fuzzed.toml");
  if (!profile) {
    if (profile.error().empty()) std::abort();
    for (const std::string& fault : profile.error()) {
      if (!std::string_view(fault).starts_with("fuzzed.toml:")) std::abort();
    }
    return 0;
  }
  for (const std::string& finding : lint_profile(*profile)) {
    if (!std::string_view(finding).starts_with("fuzzed.toml:")) std::abort();
  }
  for (const ProfileBlock& block : profile->blocks) {
    const std::vector<std::uint16_t> words(block.count, 0x4148);
    for (const MeasuredValue& value : decode_block(*profile, block, words)) {
      if (value.value && !std::isfinite(*value.value)) std::abort();
      if (value.energy && value.energy->count < 0) std::abort();
    }
  }
  return 0;
}
