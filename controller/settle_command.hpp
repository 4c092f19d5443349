// `commonwatt settle`: from contracts and registers to statements and postings, in one directory.
#pragma once

#include <filesystem>
#include <ostream>

#include "market/settlement.hpp"

namespace commonwatt {

struct SettleOptions {
  std::filesystem::path directory;
  Run run = Run::initial;
  bool json = false;
};

/// Reads the directory, settles, checks every sum, writes the files and reports. Returns the exit status: 0, or 65 when
/// a file is not as it should be (sysexits.h), or 1 when something cannot be written. Nothing is written unless all of
/// it can be: each file to a name of its own first, then renamed. A crash between two renames is mended by the same run
/// again, since what is posted is always the difference to what postings.csv holds.
int run_settle(const SettleOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
