// The rewards of all epochs so far, as attesters sign them and the RewardMinter pays them: one leaf an account, with
// all it ever earned. The tree is the settlement tree's (settlement_tree.hpp), its amounts are never negative.
//
//   Rewards(bytes32 community,uint64 epoch,bytes32 previous,bytes32 root,uint256 total)   signed (contract_domain.hpp)
//   publish(uint64 epoch, bytes32 root, uint256 total, bytes[] signatures)
//   claim(address account, uint256 cumulative, bytes32[] proof)
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/chain/evm_types.hpp"
#include "core/result.hpp"
#include "market/rewards.hpp"

namespace commonwatt {

struct RewardGrant {
  std::int64_t chain_id = 0;
  Address minter;
  Hash32 community{};
  std::int64_t epoch = 0;                   ///< the newest it has the rewards of
  Hash32 previous{};                        ///< the root it follows; zeros for the first
  std::map<Address, TokenAmount> accounts;  ///< what each earned since the beginning, above zero; at least one
  std::vector<Bytes> signatures;            ///< packed, of the digest

  [[nodiscard]] TokenAmount total() const;
  [[nodiscard]] Hash32 root() const;
  /// What the attesters sign.
  [[nodiscard]] Hash32 digest() const;
  /// Whether both are the same rewards, whoever signed them.
  [[nodiscard]] bool grants_the_same_as(const RewardGrant& other) const;

  friend bool operator==(const RewardGrant&, const RewardGrant&) = default;
};

/// Adds what accounts earned in an epoch, above zero each. The error says that all together is above 2^63 - 1.
Result<Done, std::string> add_rewards(RewardGrant& grant, const std::map<Address, TokenAmount>& earned);

/// The data of the call publish(...), with signatures in the sequence the contract asks for (rising_signatures).
Bytes publish_rewards_call(const RewardGrant& grant, const std::vector<Bytes>& signatures);
/// The data of the call claim(...); nothing when the account has earned nothing.
std::optional<Bytes> claim_rewards_call(const RewardGrant& grant, const Address& account);

/// JSON with its fields in one sequence.
std::string reward_grant_text(const RewardGrant& grant);
/// The grant of such a text, at most 16 MiB. The error says what is wrong with it. No signature is judged.
Result<RewardGrant, std::string> reward_grant_from_text(std::string_view text);

}  // namespace commonwatt
