// The contracts as `contracts/compile` leaves them: out/NAME.json with the bytecode that deploys NAME.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/bytes.hpp"
#include "core/result.hpp"

namespace commonwatt {

/// The bytecode in such a file's text; the error says what is wrong with it.
Result<Bytes, std::string> bytecode_from_text(std::string_view text);

/// The bytecode of a contract, from DIRECTORY/out. The error names the file and what to run.
Result<Bytes, std::string> contract_code(const std::filesystem::path& directory, const std::string& name);

}  // namespace commonwatt
