#include "controller/journal_restore.hpp"

#include <algorithm>

#include "controller/step.hpp"
#include "core/sha256.hpp"

namespace commonwatt {
namespace {

bool equal(const Hash32& hash, ByteView bytes) {
  return std::equal(hash.begin(), hash.end(), bytes.begin(), bytes.end());
}

/// The newest snapshot that is whole and belongs to this journal; else the state after the last erasure; else nothing.
RestoredState newest_snapshot(SqliteDatabase& database, const DataKeys& keys) {
  SqlStatement newest = database.prepare(
      "SELECT sequence, state, snapshot.hash, journal.hash, time FROM snapshot JOIN journal USING(sequence) "
      "UNION ALL SELECT sequence, state, x'', journal.hash, time FROM base JOIN journal USING(sequence) "
      "ORDER BY sequence DESC");
  while (newest.row()) {
    const Hash32 entry_hash = stored_hash(newest.blob(3));
    if (!newest.blob(2).empty() && !equal(snapshot_hash(entry_hash, newest.blob(1)), newest.blob(2))) continue;
    const std::optional<Bytes> bytes = open_state(newest.blob(1), entry_hash, keys);
    Result<State, CborError> kept = decode<State>(bytes.value_or(Bytes{}));
    if (!kept) continue;  // When it is damaged, an older one will do.
    return {.state = std::move(*kept),
            .sequence = newest.integer(0),
            .time = UtcTime{newest.integer(4)},
            .tip = entry_hash};
  }
  return {};
}

}  // namespace

Hash32 stored_hash(ByteView bytes) {
  Hash32 hash{};
  if (bytes.size() == hash.size()) std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

Hash32 snapshot_hash(const Hash32& entry_hash, ByteView state) {
  return sha256({entry_hash, state});
}

std::vector<OpenFault> missing_keys(SqliteDatabase& database, const DataKeys& keys) {
  std::vector<OpenFault> missing;
  SqlStatement listed = database.prepare("SELECT name, household FROM data_key ORDER BY household");
  while (listed.row()) {
    KeyName name{};
    const ByteView kept = listed.blob(0);
    if (kept.size() == name.size()) std::copy(kept.begin(), kept.end(), name.begin());
    if (!keys.contains(name)) missing.push_back(missing_key(HouseholdId::from(listed.text(1))));
  }
  return missing;
}

Result<RestoredState, std::string> restore_state(SqliteDatabase& database, const DataKeys& keys,
                                                 const std::filesystem::path& file) {
  try {
    const std::vector<OpenFault> missing = missing_keys(database, keys);
    if (!missing.empty()) return Fail{file.string() + ": " + missing.front().what};
    RestoredState restored = newest_snapshot(database, keys);
    SqlStatement rest =
        database.prepare("SELECT sequence, time, event, hash FROM journal WHERE sequence>? ORDER BY sequence");
    rest.with(restored.sequence);
    while (rest.row()) {
      restored.time = UtcTime{rest.integer(1)};
      restored.tip = chain_hash(restored.tip, ++restored.sequence, restored.time, rest.blob(2));
      const Result<Event, OpenFault> event = open_event(rest.blob(2), restored.sequence, keys);
      const bool chained = rest.integer(0) == restored.sequence && equal(restored.tip, rest.blob(3));
      if (!chained || !event) {
        return Fail{file.string() + ": entry " + std::to_string(rest.integer(0)) + ": " +
                    (chained ? event.error().what : "it does not follow from the entry before it") +
                    "; restore a backup, or ask a member for the journal"};
      }
      step(restored.state, *event, restored.time);
    }
    return restored;
  } catch (const SqliteError& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

}  // namespace commonwatt
