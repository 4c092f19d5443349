#include "controller/journal_anchors.hpp"

namespace commonwatt {
namespace {

Bytes bytes_of(ByteView view) {
  return {view.begin(), view.end()};
}

}  // namespace

void write_anchor(SqliteDatabase& database, const StoreAnchor& store) {
  const std::int64_t epoch = store.anchor.epoch;
  database.prepare("INSERT INTO anchor VALUES(?,?)").with(epoch, encode(store.anchor)).run();
  database.prepare("INSERT INTO anchor_leaves VALUES(?,?)").with(epoch, encode(store.leaves)).run();
  database.prepare("DELETE FROM anchor_leaves WHERE epoch<=?").with(epoch - kept_leaves_epochs).run();
}

std::optional<StoreAnchor> stored_anchor(SqliteDatabase& database, std::int64_t epoch) {
  SqlStatement query = database.prepare(
      "SELECT anchor, coalesce(leaves, x'80') FROM anchor LEFT JOIN anchor_leaves USING(epoch) WHERE epoch=?");
  query.with(epoch);
  if (!query.row()) return std::nullopt;
  Result<Anchor, CborError> anchor = decode<Anchor>(query.blob(0));
  Result<std::vector<SettlementLeaf>, CborError> leaves = decode<std::vector<SettlementLeaf>>(query.blob(1));
  if (!anchor || !leaves) return std::nullopt;
  return StoreAnchor{.anchor = *anchor, .leaves = std::move(*leaves)};
}

std::vector<JournalContent::StoredEpoch> stored_epochs(SqliteDatabase& database) {
  std::vector<JournalContent::StoredEpoch> epochs;
  SqlStatement all = database.prepare(
      "SELECT epoch, anchor, leaves FROM anchor LEFT JOIN anchor_leaves USING(epoch) "
      "UNION ALL SELECT epoch, x'', leaves FROM anchor_leaves WHERE epoch NOT IN (SELECT epoch FROM anchor) "
      "ORDER BY epoch");
  while (all.row()) epochs.push_back({all.integer(0), bytes_of(all.blob(1)), bytes_of(all.blob(2))});
  return epochs;
}

Result<std::optional<StoreAnchor>, std::string> read_anchor(const std::filesystem::path& file, std::int64_t epoch) {
  try {
    SqliteDatabase database(file, OpenMode::read_only, "");
    return stored_anchor(database, epoch);
  } catch (const SqliteError& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

Result<std::int64_t, std::string> read_newest_epoch(const std::filesystem::path& file) {
  try {
    SqliteDatabase database(file, OpenMode::read_only, "");
    SqlStatement newest = database.prepare("SELECT coalesce(max(epoch),0) FROM anchor");
    return newest.row() ? newest.integer(0) : 0;
  } catch (const SqliteError& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

std::optional<std::string> stored_epoch_fault(const JournalContent& content, const StoreAnchor& made) {
  const std::string other = "the stored anchor of epoch " + std::to_string(made.anchor.epoch) +
                            " is not the one that follows from the journal";
  const auto index = static_cast<std::size_t>(made.anchor.epoch - 1);
  if (index >= content.epochs.size()) return other;
  const JournalContent::StoredEpoch& stored = content.epochs[index];
  if (stored.epoch != made.anchor.epoch || stored.anchor != encode(made.anchor)) return other;
  const bool kept = stored.epoch > static_cast<std::int64_t>(content.epochs.size()) - kept_leaves_epochs;
  if (kept ? stored.leaves == encode(made.leaves) : stored.leaves.empty()) return std::nullopt;
  return "the stored settlement leaves of epoch " + std::to_string(stored.epoch) + " are not those of its accounts";
}

std::optional<std::string> stored_chain_fault(const JournalContent& content, const AnchorTip& tip) {
  Hash32 head{};
  const auto count = static_cast<std::size_t>(tip.epoch);
  if (content.epochs.size() < count) return "stored anchors are missing";
  for (std::size_t i = 0; i < count; ++i) {
    const JournalContent::StoredEpoch& stored = content.epochs[i];
    const Result<Anchor, CborError> anchor = decode<Anchor>(stored.anchor);
    const std::string name = "the stored anchor of epoch " + std::to_string(i + 1);
    if (!anchor || anchor->epoch != static_cast<std::int64_t>(i) + 1 || anchor->previous != head)
      return name + " does not follow the one before it";
    head = anchor_hash(*anchor);
    if (stored.leaves.empty()) continue;
    const Result<std::vector<SettlementLeaf>, CborError> leaves = decode<std::vector<SettlementLeaf>>(stored.leaves);
    if (!leaves || leaves->empty() || SettlementTree(*leaves).root() != anchor->settlement_root)
      return name + " has other leaves than those stored";
  }
  if (head != tip.head) return "the stored anchors do not lead to the one the state names";
  return std::nullopt;
}

}  // namespace commonwatt
