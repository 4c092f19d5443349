// Gets the anchors of all epochs onto the chain, in order and each exactly once, whatever happens to the node, to the
// chain or to us. It believes the chain alone: each tick reads the registry's epoch and the relayer's nonce at one
// block and puts the i-th missing epoch under the i-th free nonce, with the transaction it signed for that earlier if
// there is one. A transaction is on disk before it is sent and stays there, so what a reorganisation or a restored node
// lost is sent again, byte by byte the same. The registry takes an epoch once and only behind the one before, so a
// transaction too many costs gas and changes nothing. What a guardian vetoed is lost on purpose: it is not sent again.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>

#include "controller/chain/outbox_store.hpp"
#include "controller/chain/rpc_pool.hpp"
#include "core/time.hpp"

namespace commonwatt {

struct OutboxRules {
  AnchorDomain domain;
  std::int64_t first_block = 0;  // the registry's: no event is older
  /// What one anchor may cost at most, in wei. Above it the outbox waits for a cheaper hour.
  Uint256 anchor_cost_max = 10'000'000'000'000'000;  // 0.01 ether
  /// Below this balance of the relayer, in wei, the operator is told.
  Uint256 balance_low = 50'000'000'000'000'000;
  /// How long an anchor may wait in a node before its fee is raised.
  std::chrono::seconds patience{60};
  /// How many blocks behind the final one an anchor is no longer looked up each tick.
  std::int64_t archive_depth = 64;
  /// Heads of anchors that go to the chain although a guardian vetoed them: somebody said that the veto was a mistake.
  std::vector<Hash32> anchor_again = {};
};

enum class ChainAlarmKind : std::uint8_t {
  chain_unreachable,  // nothing could be read: nodes silent, or not of one mind
  foreign_epoch,      // the registry holds an anchor that is not ours
  missing_epoch,      // the registry waits for an epoch that was never drafted
  refused_anchor,     // the registry would not take the next anchor
  fee_too_high,       // an anchor would cost more than it may
  low_balance,        // the relayer will soon be out of money
  lost_final,         // what was final is gone from the chain
  unsent,             // no node took a transaction
  key_silent,         // the relayer's key did not sign: its token is gone, or refuses
  vetoed,             // a guardian undid epochs, and the registry waits for rewind
  vetoed_anchor,      // the next anchor was vetoed: it is not sent again
};
struct ChainAlarm {
  ChainAlarmKind kind = ChainAlarmKind::chain_unreachable;
  std::string text;  // for the operator: what, and what to do
};

/// What one tick saw and did.
struct TickReport {
  std::vector<ChainAlarm> alarms;
  std::int64_t epoch = 0;         // the registry's last
  std::int64_t finalized = 0;     // the last of our epochs that is final
  std::int64_t transactions = 0;  // sent, also again
};

class Outbox {
 public:
  /// Opens or makes the store. The pool and the signer must outlive the outbox.
  static Result<std::unique_ptr<Outbox>, std::string> open(const std::filesystem::path& file, const OutboxRules& rules,
                                                           const EvmSigner& relayer, RpcPool& pool);

  /// Takes an epoch's anchor to be sent. The first may be of any epoch; each further one follows the last and names
  /// its struct hash. The same anchor again changes nothing.
  Result<Done, std::string> draft(const Anchor& anchor, const std::vector<Bytes>& signatures);

  /// Looks at the chain and does what is next. Bounded work; call it once a block or so.
  Result<TickReport, std::string> tick(UtcTime now);

  [[nodiscard]] Result<std::optional<StoredAnchor>, std::string> anchor(std::int64_t epoch) const;
  [[nodiscard]] Result<std::optional<StoredAnchor>, std::string> last_anchor() const;

 private:
  class Tick;
  Outbox(const std::filesystem::path& file, const OutboxRules& rules, const EvmSigner& relayer, RpcPool& pool);
  std::filesystem::path file_;
  OutboxRules rules_;
  const EvmSigner& relayer_;
  RpcPool& pool_;
  std::unique_ptr<OutboxStore> store_;
};

}  // namespace commonwatt
