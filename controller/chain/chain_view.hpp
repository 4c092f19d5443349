// What the chain says about our registry and our relayer, all of it at one block.
#pragma once

#include <optional>
#include <vector>

#include "controller/chain/rpc_pool.hpp"
#include "controller/chain/signed_anchor.hpp"

namespace commonwatt {

/// An epoch that is anchored, by us or by somebody else.
struct AnchoredEvent {
  std::int64_t epoch = 0;
  Hash32 head{};
  std::int64_t block_number = 0;
  Hash32 block_hash{};
  Hash32 transaction{};

  friend bool operator==(const AnchoredEvent&, const AnchoredEvent&) = default;
};

struct ChainView {
  BlockHead latest;
  std::int64_t safe = 0;       // the highest safe block
  std::int64_t finalized = 0;  // the highest final block
  std::int64_t nonce = 0;      // the relayer's next
  Uint256 balance = 0;         // the relayer's, in wei
  std::int64_t epoch = 0;      // the registry's last
  Hash32 head{};               // the struct hash of that epoch's anchor
  bool is_vetoed = false;      // newer epochs are undone, and the registry, which waits for rewind, tells no head
};

/// Reads the chain as of the newest block that all nodes have. Refuses another chain's nodes.
Result<ChainView, RpcError> read_chain(RpcPool& pool, const AnchorDomain& domain, const Address& relayer);

/// The registry's head at a block (a number or an EIP-1898 object); nothing while it waits for rewind after a veto.
Result<std::optional<Hash32>, RpcError> read_head(RpcPool& pool, const Address& registry, const nlohmann::json& at);

/// Whether a guardian once undid the anchor of this struct hash, at the view's block.
Result<bool, RpcError> was_vetoed(RpcPool& pool, const AnchorDomain& domain, const ChainView& view, const Hash32& head);

/// The newest epoch whose veto window has passed, by the registry, at the newest block that all nodes have.
Result<std::int64_t, RpcError> read_final_epoch(RpcPool& pool, const AnchorDomain& domain);

/// The events in an answer to eth_getLogs; nothing when one of them is no Anchored event.
std::optional<std::vector<AnchoredEvent>> anchored_events_from(const nlohmann::json& logs);

/// The registry's events in the blocks from `first` to the view's. An error when the chain moved since the view.
Result<std::vector<AnchoredEvent>, RpcError> read_anchored(RpcPool& pool, const AnchorDomain& domain,
                                                           const ChainView& view, std::int64_t first);

}  // namespace commonwatt
