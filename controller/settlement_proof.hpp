// What a household holds of an anchored epoch: its leaf of the settlement tree and the way from it to the anchor. With
// it and a chain that has the anchor it proves its balance, and a vault pays it, whatever becomes of the operator.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "controller/anchor.hpp"
#include "controller/evm_address.hpp"
#include "controller/settlement_tree.hpp"
#include "core/result.hpp"

namespace commonwatt {

struct SettlementProof {
  Anchor anchor;
  EvmAddress account{};
  Money cumulative_net;      ///< of the account, all of the ledger so far; positive: it is in credit
  std::vector<Hash32> path;  ///< siblings from the leaf up to the anchor's settlement root

  friend bool operator==(const SettlementProof&, const SettlementProof&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.anchor, self.account, self.cumulative_net, self.path);
  }
};

/// The proof of an account of an epoch's tree; nothing when it has none there.
std::optional<SettlementProof> settlement_proof_of(const Anchor& anchor, std::span<const SettlementLeaf> leaves,
                                                   const SettlementTree& tree, const EvmAddress& account);

/// What is wrong with a proof in itself; nothing when its leaf lies under its anchor's settlement root. Whether the
/// anchor is one that a chain holds is for whoever asks the chain.
std::optional<std::string> settlement_proof_fault(const SettlementProof& proof);

/// JSON with its fields in one sequence.
std::string settlement_proof_text(const SettlementProof& proof);
/// The proof of such a text. The error says what is wrong with it; settlement_proof_fault is not asked yet.
Result<SettlementProof, std::string> settlement_proof_from_text(std::string_view text);

}  // namespace commonwatt
