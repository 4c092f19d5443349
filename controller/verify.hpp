// The auditor: replays a journal and computes everything again, trusting nothing it can recompute.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/result.hpp"
#include "core/time.hpp"

namespace commonwatt {

struct VerifyFault {
  std::optional<std::int64_t> interval_begin;  ///< seconds; nothing when no interval can be told
  std::string where;                           ///< file and entry
  std::string what;
};

struct VerifyReport {
  std::int64_t events = 0;
  std::int64_t intervals_cleared = 0;
  std::int64_t batches = 0;
  std::int64_t statements = 0;
  std::int64_t signatures = 0;  ///< of orders, readings and checkpoints that hold
  std::int64_t cosignatures = 0;
  std::int64_t bills = 0;
  std::int64_t erased_entries = 0;  ///< orders, readings and salts that stand in the hash chain alone
  std::int64_t erased_statements = 0;
  std::int64_t erased_intervals = 0;
  std::int64_t replay_begin = 1;  ///< the first entry replayed: after the last erasure
  std::int64_t ledger_sum = 0;    ///< nano-currency
  Hash32 log_root{};
  std::vector<VerifyFault> faults;
  [[nodiscard]] bool verified() const { return faults.empty(); }
  /// The earliest interval that is wrong.
  [[nodiscard]] std::optional<std::int64_t> first_bad_interval() const;
};

/// Verifies what `commonwatt demo --keep` or a controller left in a directory: DIR/journal.sqlite (or
/// DIR/controller/journal.sqlite) with its manifest, DIR/log and DIR/bills where they are.
VerifyReport verify_directory(const std::filesystem::path& directory);

/// Verifies one file of bills by its own proofs. `log_key` is the controller's key; without it the bills are checked
/// against each other's key only in `verify_directory`.
Result<std::int64_t, VerifyFault> verify_bill_file(const std::filesystem::path& file, ByteView log_key);

/// Writes DIR/log: entries.txt (one line per sealed batch) and checkpoints.txt (every signed note with its
/// cosignatures), as they follow from the journal.
Result<Done, std::string> write_log_files(const std::filesystem::path& journal_directory,
                                          const std::filesystem::path& log_directory);

}  // namespace commonwatt
