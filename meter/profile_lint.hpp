// Whether a profile makes sense: what parse_profile cannot see because every line for itself is right.
#pragma once

#include <string>
#include <vector>

#include "meter/profile.hpp"

namespace commonwatt {

/// Every finding, as "FILE:LINE: what is wrong and what would be right"; none when the profile may be used. Runs the
/// profile's own test vectors.
std::vector<std::string> lint_profile(const Profile& profile);

}  // namespace commonwatt
