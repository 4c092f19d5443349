// A journal replayed by an auditor: what it says, computed again, and the first thing that does not follow.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "controller/journal_reader.hpp"
#include "controller/verify.hpp"

namespace commonwatt {

struct Replay {
  State state;
  std::vector<StoreBatch> batches;                                ///< as computed again, or left by an erasure
  std::vector<Hash32> leaves;                                     ///< of the evidence log
  std::map<std::int64_t, Bytes> signatures;                       ///< of the controller, by size of the log
  std::map<std::int64_t, std::vector<Cosignature>> cosignatures;  ///< by size of the log
  std::map<std::int64_t, Checkpoint> checkpoints;
  std::int64_t payments = 0;
  std::int64_t epochs = 0;  ///< with an anchor
  std::int64_t signatures_held = 0;
  std::int64_t erased_entries = 0;  ///< whose data is erased: they stand in the hash chain, and say nothing any more
  std::int64_t erased_statements = 0;
  std::int64_t erased_intervals = 0;  ///< with such a statement
  std::int64_t replay_begin = 1;      ///< the first entry that was replayed
  std::vector<VerifyFault> faults;
};

/// Replays all entries up to the first fault: a broken chain, an unreadable entry, a clearing whose certificate fails,
/// a stored batch or snapshot that is not what the replay gives, a signature of the controller that does not hold.
/// After an erasure it begins with the state that the controller signed then; see controller/erased_part.hpp for what
/// is before.
Replay replay_journal(const JournalContent& content);

/// The evidence log in text: a line per entry, "index interval run batch_root leaf_hash".
std::string log_entries_text(const Replay& replay);
/// Every signed note, a blank line between them.
std::vector<std::string> log_notes(const Replay& replay);

}  // namespace commonwatt
