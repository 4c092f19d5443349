// The state that a journal's entries lead to.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "controller/journal.hpp"
#include "controller/sqlite.hpp"

namespace commonwatt {

/// The state after every event, and what is known of the last one.
struct RestoredState {
  State state;
  std::int64_t sequence = 0;  ///< of the entry the state is after; 0: nothing is read yet
  UtcTime time;
  Hash32 tip{};
};

/// The newest snapshot that is whole, and a replay of what came after it. The error names the file and the entry that
/// is damaged, or the data key that is missing.
Result<RestoredState, std::string> restore_state(SqliteDatabase& database, const DataKeys& keys,
                                                 const std::filesystem::path& file);

/// The keys that the journal lists, that were not erased and that are not there.
std::vector<OpenFault> missing_keys(SqliteDatabase& database, const DataKeys& keys);

/// The hash in a column; zeros for what is none.
Hash32 stored_hash(ByteView bytes);
/// What a snapshot is kept with: a damaged one, or one of another journal, is passed over.
Hash32 snapshot_hash(const Hash32& entry_hash, ByteView state);

}  // namespace commonwatt
