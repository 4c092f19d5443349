// Small files that are there whole or not at all, also after a power cut and on a full disk.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace commonwatt {

/// Writes the file with mode 0600, in the place of one that is there. When it returns, text and name are on the disk.
/// On failure what was there before is there still; the error names the file and why.
Result<Done, std::string> write_durably(const std::filesystem::path& file, std::string_view text);

}  // namespace commonwatt
