// The figures by which a community rewards and decides: options of `chain deploy --all`, checked, and as the contracts
// take them.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "controller/chain/abi.hpp"
#include "market/rewards.hpp"

namespace commonwatt {

struct GovernanceOptions {
  std::int64_t base_budget = RewardParameters{}.base_budget.count;  ///< base units an epoch, before it halves
  std::int64_t halving_epochs = RewardParameters{}.halving_epochs;
  std::int64_t bootstrap_epochs = RewardParameters{}.bootstrap_epochs;
  std::int64_t window_epochs = RewardParameters{}.window_epochs;
  std::int64_t epoch_seconds = 86'400;
  std::optional<std::int64_t> proposal_votes = {};  ///< to propose; a hundredth of the base budget
  std::optional<std::int64_t> quorum_votes = {};    ///< to decide, at least; the base budget
  std::int64_t quorum_percent = 10;                 ///< of the supply, to decide
  std::int64_t voting_delay_seconds = 86'400;
  std::int64_t voting_period_seconds = 5 * 86'400;
  std::int64_t timelock_seconds = 2 * 86'400;  ///< between a decision and its effect

  friend bool operator==(const GovernanceOptions&, const GovernanceOptions&) = default;
};

/// What is wrong with the figures; nothing when the contracts take them.
std::optional<std::string> governance_fault(const GovernanceOptions& options);

/// What the halving budgets can ever sum to: the most there will be of the token.
Uint256 token_cap(const GovernanceOptions& options);
/// RewardMinter.Schedule.
AbiValue reward_schedule(const GovernanceOptions& options);
/// CommonwattGovernor.Rules.
AbiValue voting_rules(const GovernanceOptions& options);

/// One line each for rewards and votes.
std::string governance_text(const GovernanceOptions& options);
nlohmann::ordered_json governance_json(const GovernanceOptions& options);

}  // namespace commonwatt
