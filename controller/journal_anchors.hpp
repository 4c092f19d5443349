// The anchors in the journal's file: of every epoch the anchor, of the newest ones the leaves of its settlement tree,
// from which households' proofs are made.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "controller/journal_reader.hpp"
#include "controller/sqlite.hpp"

namespace commonwatt {

/// Epochs whose leaves are kept: twice what the registry keeps the roots of.
inline constexpr std::int64_t kept_leaves_epochs = 16;

/// Within the caller's transaction. Throws SqliteError, as all that take a database.
void write_anchor(SqliteDatabase& database, const StoreAnchor& store);
/// The anchor of an epoch, with its leaves where they are kept. Nothing when there is none, or it is damaged.
std::optional<StoreAnchor> stored_anchor(SqliteDatabase& database, std::int64_t epoch);
std::vector<JournalContent::StoredEpoch> stored_epochs(SqliteDatabase& database);

/// The same from a journal file, read without writing while the controller may run on. Without leaves when the epoch's
/// are no longer kept; nothing when there is no such epoch. The error says what is unreadable.
Result<std::optional<StoreAnchor>, std::string> read_anchor(const std::filesystem::path& file, std::int64_t epoch);
/// The newest epoch with an anchor; 0 when there is none.
Result<std::int64_t, std::string> read_newest_epoch(const std::filesystem::path& file);

/// What is wrong with the stored epoch that should be `made`; nothing when it is that one.
std::optional<std::string> stored_epoch_fault(const JournalContent& content, const StoreAnchor& made);
/// What is wrong with the stored epochs up to `tip`, judged by their hashes alone; nothing when they lead to it.
std::optional<std::string> stored_chain_fault(const JournalContent& content, const AnchorTip& tip);

}  // namespace commonwatt
