// What the outbox must not forget, on disk: every anchor, and every transaction that was ever signed for one. Nothing
// is deleted; a transaction that was final can be asked for again.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/chain/chain_view.hpp"
#include "controller/chain/signed_anchor.hpp"
#include "controller/chain/transaction.hpp"
#include "controller/sqlite.hpp"

namespace commonwatt {

/// How far an anchor has come; `prepared` is signed and on disk. Reorganisations lead back from `mined` and above to
/// `sent`.
enum class AnchorState : std::uint8_t { drafted, prepared, sent, mined, safe, final, archived };
const char* to_text(AnchorState state);

struct StoredAnchor {
  std::int64_t epoch = 0;
  Hash32 head{};  // the anchor's struct hash
  Bytes call;
  AnchorState state = AnchorState::drafted;
  std::int64_t block_number = 0;  // from `mined` on
  Hash32 block_hash{};
  Hash32 transaction{};  // may be another relayer's
};

/// A signed transaction for an epoch.
struct StoredTransaction {
  Hash32 hash{};
  std::int64_t epoch = 0;
  std::int64_t nonce = 0;
  Uint256 fee_max = 0;
  Uint256 tip_max = 0;
  std::int64_t gas_limit = 0;
  std::int64_t signed_at = 0;  // seconds since the Unix epoch
  Bytes raw;
};

/// Throws SqliteError; the outbox's public functions turn it into an error.
class OutboxStore {
 public:
  explicit OutboxStore(const std::filesystem::path& file);

  std::optional<StoredAnchor> anchor(std::int64_t epoch);
  std::optional<StoredAnchor> last_anchor();
  /// The newest archived anchor, to notice when the chain lost it.
  std::optional<StoredAnchor> last_archived();
  /// The anchors of the epochs behind `epoch`, at most `count`, rising.
  std::vector<StoredAnchor> anchors_behind(std::int64_t epoch, std::int64_t count);
  /// The anchors that are on the chain but not archived, rising.
  std::vector<StoredAnchor> unarchived(std::int64_t epoch_max);
  /// The highest block of an archived anchor; nothing when none is.
  std::optional<std::int64_t> archived_block();

  void add_anchor(std::int64_t epoch, const Hash32& head, const Bytes& call);
  void set_state(std::int64_t epoch, AnchorState state);
  void set_block(const AnchoredEvent& event, AnchorState state);
  /// Puts the anchors behind `epoch` that were on the chain back to `sent`. How many of them were final.
  std::int64_t put_back(std::int64_t epoch);
  /// Makes the newest archived anchors `mined` again, so that their blocks are looked up anew.
  void doubt_archived(std::int64_t count);

  /// Persists a transaction, and the anchor's state with it, before anybody sees it.
  void add_transaction(const StoredTransaction& made);
  /// The transaction with the highest fee for an epoch under a nonce.
  std::optional<StoredTransaction> best(std::int64_t epoch, std::int64_t nonce);
  /// The one with the highest fee under a nonce, whatever it is for.
  std::optional<StoredTransaction> priciest(std::int64_t nonce);

  SqliteDatabase::Transaction begin() { return SqliteDatabase::Transaction(database_); }

 private:
  std::optional<StoredAnchor> one_anchor(SqlStatement& query);
  static StoredAnchor anchor_of(const SqlStatement& row);
  static std::optional<StoredTransaction> transaction_of(SqlStatement& query);
  SqliteDatabase database_;
};

}  // namespace commonwatt
