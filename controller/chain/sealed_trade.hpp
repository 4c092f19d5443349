// Proofs for the contract Disputes that an order or a fill in a sealed batch of an anchored log is wrong: what can be
// said of that without asking a chain, and the calls that show it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/chain/registry_events.hpp"
#include "controller/eip712.hpp"
#include "market/batch.hpp"

namespace commonwatt {

/// Where a leaf stands in a tree, and the siblings up to the root.
struct TreePlace {
  std::int64_t index = 0;
  std::int64_t count = 0;  ///< leaves of the tree
  std::vector<Hash32> path;
};
/// The place of a leaf; `index` is below the tree's size.
TreePlace place_in(const MerkleTree& tree, std::size_t index);

/// A batch of an anchored log.
struct SealedBatchProof {
  std::vector<ChainAnchor> anchors;  ///< from the one whose log has it to the registry's newest, oldest first
  LogEntry entry;
  TreePlace place;  ///< of the entry in the oldest anchor's log
};

/// An order that a batch has.
struct SealedOrder {
  SignedOrder order;
  std::optional<std::size_t> leaf;  ///< its place among the batch's leaves
  std::optional<std::size_t> line;  ///< its place in the clearing's book, where that has a fill for every order
};
/// Those of the orders that a batch has, as a leaf or in its book, in the same sequence.
std::vector<SealedOrder> sealed_orders(const Batch& batch, const std::vector<SignedOrder>& orders);

/// What is wrong with what a clearing gave an order of its book, for people; nothing when the order allows it. The same
/// as Disputes judges: other terms, more than asked for, a price beyond the limit or none.
std::optional<std::string> fill_fault(const ClearingRecord& record, std::size_t line, const Order& order);

/// The data of proveOrder: `place` is the order's leaf in the batch.
Bytes prove_order_call(const SealedBatchProof& batch, const SignedOrder& order, const TreePlace& place);
/// The data of proveFill: `place` is the clearing record's leaf, the first of the batch.
Bytes prove_fill_call(const SealedBatchProof& batch, const Order& order, const ClearingRecord& record,
                      const TreePlace& place, std::size_t line);

}  // namespace commonwatt
