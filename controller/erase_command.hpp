// `commonwatt erase`: a household that has left asks for its data to be erased (GDPR article 17).
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>

#include "core/time.hpp"

namespace commonwatt {

struct EraseOptions {
  std::filesystem::path directory;  ///< of the stopped controller's journal
  std::filesystem::path keys;       ///< where its log.key is; empty: in `keys` below the directory or beside it
  std::string household;
};

/// Erases, seals the journal again and says what is gone and what stays. Returns the exit status: 0 also when nothing
/// was left to erase, 1 with the reason on `errors` when it was refused or failed; then nothing has changed.
int run_erase(const EraseOptions& options, UtcTime now, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
