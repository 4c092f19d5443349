// Files with a key or a PIN in them are their owner's alone.
#pragma once

#include <filesystem>
#include <string>

#include "core/result.hpp"

namespace commonwatt {

/// Refuses a file that is not there or that others may read; `what` it holds, "key" or "PIN", stands in the error. In
/// $CREDENTIALS_DIRECTORY a group may: systemd lets a service's user read by an access control list, whose mask shows
/// in the group's bits.
Result<Done, std::string> check_secret_file(const std::filesystem::path& file, const std::string& what);

}  // namespace commonwatt
