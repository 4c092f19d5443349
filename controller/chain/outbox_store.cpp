#include "controller/chain/outbox_store.hpp"

#include <algorithm>

namespace commonwatt {
namespace {

constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS anchor("
    "epoch INTEGER PRIMARY KEY, head BLOB NOT NULL, call BLOB NOT NULL, state INTEGER NOT NULL,"
    "block_number INTEGER NOT NULL, block_hash BLOB NOT NULL, mined_as BLOB NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS anchor_state ON anchor(state, epoch);"
    "CREATE TABLE IF NOT EXISTS signed_transaction("
    "hash BLOB PRIMARY KEY, epoch INTEGER NOT NULL REFERENCES anchor(epoch), nonce INTEGER NOT NULL,"
    "fee_max BLOB NOT NULL, tip_max BLOB NOT NULL, gas_limit INTEGER NOT NULL, signed_at INTEGER NOT NULL,"
    "raw BLOB NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS transaction_nonce ON signed_transaction(nonce);";

#define ANCHOR_COLUMNS "SELECT epoch, head, call, state, block_number, block_hash, mined_as FROM anchor "
#define TRANSACTION_COLUMNS \
  "SELECT hash, epoch, nonce, fee_max, tip_max, gas_limit, signed_at, raw FROM signed_transaction "

std::int64_t number_of(AnchorState state) {
  return static_cast<std::int64_t>(state);
}

Hash32 hash_of(ByteView blob) {
  Hash32 hash{};
  std::copy_n(blob.begin(), std::min(blob.size(), hash.size()), hash.begin());
  return hash;
}

}  // namespace

const char* to_text(AnchorState state) {
  switch (state) {
    case AnchorState::drafted:
      return "drafted";
    case AnchorState::prepared:
      return "prepared";
    case AnchorState::sent:
      return "sent";
    case AnchorState::mined:
      return "mined";
    case AnchorState::safe:
      return "safe";
    case AnchorState::final:
      return "final";
    case AnchorState::archived:
      return "archived";
  }
  return "";
}

OutboxStore::OutboxStore(const std::filesystem::path& file) : database_(file, OpenMode::read_write, schema) {}

StoredAnchor OutboxStore::anchor_of(const SqlStatement& row) {
  const ByteView call = row.blob(2);
  return {.epoch = row.integer(0),
          .head = hash_of(row.blob(1)),
          .call = {call.begin(), call.end()},
          .state = static_cast<AnchorState>(row.integer(3)),
          .block_number = row.integer(4),
          .block_hash = hash_of(row.blob(5)),
          .transaction = hash_of(row.blob(6))};
}

std::optional<StoredAnchor> OutboxStore::one_anchor(SqlStatement& query) {
  if (!query.row()) return std::nullopt;
  return anchor_of(query);
}

std::optional<StoredAnchor> OutboxStore::anchor(std::int64_t epoch) {
  SqlStatement query = database_.prepare(ANCHOR_COLUMNS "WHERE epoch = ?");
  return one_anchor(query.with(epoch));
}

std::optional<StoredAnchor> OutboxStore::last_anchor() {
  SqlStatement query = database_.prepare(ANCHOR_COLUMNS "ORDER BY epoch DESC LIMIT 1");
  return one_anchor(query);
}

std::optional<StoredAnchor> OutboxStore::last_archived() {
  SqlStatement query = database_.prepare(ANCHOR_COLUMNS "WHERE state = ? ORDER BY epoch DESC LIMIT 1");
  return one_anchor(query.with(number_of(AnchorState::archived)));
}

std::vector<StoredAnchor> OutboxStore::anchors_behind(std::int64_t epoch, std::int64_t count) {
  std::vector<StoredAnchor> anchors;
  SqlStatement query = database_.prepare(ANCHOR_COLUMNS "WHERE epoch > ? ORDER BY epoch LIMIT ?");
  query.with(epoch, count);
  while (query.row()) anchors.push_back(anchor_of(query));
  return anchors;
}

std::vector<StoredAnchor> OutboxStore::unarchived(std::int64_t epoch_max) {
  std::vector<StoredAnchor> anchors;
  SqlStatement query = database_.prepare(ANCHOR_COLUMNS "WHERE state < ? AND epoch <= ? ORDER BY epoch");
  query.with(number_of(AnchorState::archived), epoch_max);
  while (query.row()) anchors.push_back(anchor_of(query));
  return anchors;
}

std::optional<std::int64_t> OutboxStore::archived_block() {
  SqlStatement query = database_.prepare("SELECT block_number FROM anchor WHERE state = ? ORDER BY epoch DESC LIMIT 1");
  if (!query.with(number_of(AnchorState::archived)).row()) return std::nullopt;
  return query.integer(0);
}

void OutboxStore::add_anchor(std::int64_t epoch, const Hash32& head, const Bytes& call) {
  database_.prepare("INSERT INTO anchor VALUES(?, ?, ?, ?, 0, x'', x'')")
      .with(epoch, head, call, number_of(AnchorState::drafted))
      .run();
}

void OutboxStore::set_state(std::int64_t epoch, AnchorState state) {
  database_.prepare("UPDATE anchor SET state = ? WHERE epoch = ?").with(number_of(state), epoch).run();
}

void OutboxStore::set_block(const AnchoredEvent& event, AnchorState state) {
  database_.prepare("UPDATE anchor SET state = ?, block_number = ?, block_hash = ?, mined_as = ? WHERE epoch = ?")
      .with(number_of(state), event.block_number, event.block_hash, event.transaction, event.epoch)
      .run();
}

std::int64_t OutboxStore::put_back(std::int64_t epoch) {
  SqlStatement count = database_.prepare("SELECT count(*) FROM anchor WHERE epoch > ? AND state >= ?");
  count.with(epoch, number_of(AnchorState::final)).row();
  const std::int64_t final = count.integer(0);
  count.reset();
  database_.prepare("UPDATE anchor SET state = ? WHERE epoch > ? AND state >= ?")
      .with(number_of(AnchorState::sent), epoch, number_of(AnchorState::mined))
      .run();
  return final;
}

void OutboxStore::doubt_archived(std::int64_t count) {
  database_
      .prepare(
          "UPDATE anchor SET state = ? WHERE epoch IN "
          "(SELECT epoch FROM anchor WHERE state = ? ORDER BY epoch DESC LIMIT ?)")
      .with(number_of(AnchorState::mined), number_of(AnchorState::archived), count)
      .run();
}

void OutboxStore::add_transaction(const StoredTransaction& made) {
  SqliteDatabase::Transaction transaction(database_);
  database_.prepare("INSERT OR IGNORE INTO signed_transaction VALUES(?, ?, ?, ?, ?, ?, ?, ?)")
      .with(made.hash, made.epoch, made.nonce, word_of(made.fee_max), word_of(made.tip_max), made.gas_limit,
            made.signed_at, made.raw)
      .run();
  database_.prepare("UPDATE anchor SET state = ? WHERE epoch = ? AND state < ?")
      .with(number_of(AnchorState::prepared), made.epoch, number_of(AnchorState::prepared))
      .run();
  transaction.commit();
}

std::optional<StoredTransaction> OutboxStore::transaction_of(SqlStatement& query) {
  if (!query.row()) return std::nullopt;
  const ByteView raw = query.blob(7);
  return StoredTransaction{.hash = hash_of(query.blob(0)),
                           .epoch = query.integer(1),
                           .nonce = query.integer(2),
                           .fee_max = commonwatt::number_of(hash_of(query.blob(3))),
                           .tip_max = commonwatt::number_of(hash_of(query.blob(4))),
                           .gas_limit = query.integer(5),
                           .signed_at = query.integer(6),
                           .raw = {raw.begin(), raw.end()}};
}

// Fees are 32 bytes, big-endian: SQLite orders them as numbers.
std::optional<StoredTransaction> OutboxStore::best(std::int64_t epoch, std::int64_t nonce) {
  SqlStatement query =
      database_.prepare(TRANSACTION_COLUMNS "WHERE nonce = ? AND epoch = ? ORDER BY fee_max DESC, hash LIMIT 1");
  return transaction_of(query.with(nonce, epoch));
}

std::optional<StoredTransaction> OutboxStore::priciest(std::int64_t nonce) {
  SqlStatement query = database_.prepare(TRANSACTION_COLUMNS "WHERE nonce = ? ORDER BY fee_max DESC, hash LIMIT 1");
  return transaction_of(query.with(nonce));
}

}  // namespace commonwatt
