// `commonwatt chain veto`, `pause`, `unpause` and `rewind`: how people stop a registry, and let it go on. Guardians
// veto and pause, the owner resumes, anybody rewinds.
#pragma once

#include <ostream>

#include "controller/chain/command_options.hpp"

namespace commonwatt {

struct GuardianOptions {
  ChainAccess access = {};
  std::string registry = {};  ///< address
};
struct VetoOptions {
  GuardianOptions guardian = {};
  std::int64_t epoch = 0;  ///< undone with all newer ones
};

/// Each returns the exit status: 0, also when there is nothing to do; 64 for options that do not fit; 1 when a node
/// or the registry refuses (sysexits.h).
int run_chain_veto(const VetoOptions& options, std::ostream& out, std::ostream& errors);
int run_chain_pause(const GuardianOptions& options, std::ostream& out, std::ostream& errors);
int run_chain_unpause(const GuardianOptions& options, std::ostream& out, std::ostream& errors);
int run_chain_rewind(const GuardianOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
