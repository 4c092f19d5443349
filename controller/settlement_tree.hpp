// The settlement tree a contract can judge: every account of the ledger with its balance, as OpenZeppelin's
// StandardMerkleTree (npm @openzeppelin/merkle-tree, format "standard-v1") lays it out, over the values
//
//   (bytes32 community, address account, int256 cumulativeNet)
//
// A leaf is keccak256(keccak256(abi.encode(values))), a node keccak256 of its two children, the lower one first. The
// leaves are sorted by hash; the nodes fill an array in which the children of i stand at 2i + 1 and 2i + 2.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "controller/evm_address.hpp"
#include "core/result.hpp"
#include "market/ledger.hpp"

namespace commonwatt {

/// A community's name on a chain: the Keccak-256 of its evidence log's origin.
Hash32 community_of(std::string_view origin);

/// An account as a contract sees it.
struct SettlementLeaf {
  Hash32 community{};
  EvmAddress account{};
  Money cumulative_net;  ///< all of the ledger so far; positive: the account is in credit

  friend bool operator==(const SettlementLeaf&, const SettlementLeaf&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.community, self.account, self.cumulative_net);
  }
};
Hash32 settlement_leaf_hash(const SettlementLeaf& leaf);

/// The address of an account that is no household's. Nobody has its key: it stands there so that the sum is zero.
EvmAddress address_of_kind(AccountKind kind);

/// One leaf per account of the ledger, in its order; they sum to zero as the ledger does. The error names a household
/// without an order key, and two that share one: an address has one leaf.
Result<std::vector<SettlementLeaf>, std::string> settlement_leaves(const Hash32& community, const Ledger& ledger,
                                                                   const std::map<HouseholdId, Bytes>& order_keys);

class SettlementTree {
 public:
  /// Of at least one leaf, in any sequence, no two alike.
  explicit SettlementTree(std::span<const SettlementLeaf> leaves);
  explicit SettlementTree(std::span<const Hash32> leaf_hashes);

  [[nodiscard]] const Hash32& root() const { return nodes_.front(); }
  [[nodiscard]] std::size_t size() const { return nodes_.size() / 2 + 1; }
  /// The siblings from the leaf up to the root; nothing when the leaf is not in the tree.
  [[nodiscard]] std::optional<std::vector<Hash32>> proof(const Hash32& leaf_hash) const;

 private:
  void build();
  std::vector<Hash32> nodes_;  // root first, leaves last in falling order
};

/// As OpenZeppelin's MerkleProof.verify judges it.
bool settlement_proof_holds(const Hash32& leaf_hash, std::span<const Hash32> proof, const Hash32& root);

}  // namespace commonwatt
