#include "controller/chain/governance_options.hpp"

#include <array>
#include <limits>

namespace commonwatt {
namespace {

/// Longer than this no figure of votes or rewards makes sense, and every contract's field holds it.
constexpr std::int64_t seconds_max = 365 * 86'400;
constexpr std::int64_t epochs_max = 1'000'000;
constexpr std::int64_t window_max = 64;  // RewardMinter reads so many epochs at every publication

std::int64_t proposal_votes(const GovernanceOptions& options) {
  return options.proposal_votes.value_or(options.base_budget / 100);
}

/// Enough for a decision however little was minted yet.
std::int64_t quorum_votes(const GovernanceOptions& options) {
  return options.quorum_votes.value_or(options.base_budget);
}

struct Range {
  const char* option;
  std::int64_t value;
  std::int64_t low;
  std::int64_t high;
};

}  // namespace

std::optional<std::string> governance_fault(const GovernanceOptions& options) {
  const std::array ranges{
      Range{"--base-budget", options.base_budget, 1, reward_budget_max.count},
      Range{"--halving", options.halving_epochs, 1, epochs_max},
      Range{"--bootstrap", options.bootstrap_epochs, 0, epochs_max},
      Range{"--window", options.window_epochs, 1, window_max},
      Range{"--epoch-seconds", options.epoch_seconds, 1, seconds_max},
      Range{"--proposal-votes", proposal_votes(options), 0, std::numeric_limits<std::int64_t>::max()},
      Range{"--quorum-votes", quorum_votes(options), 1, std::numeric_limits<std::int64_t>::max()},
      Range{"--quorum-percent", options.quorum_percent, 0, 100},
      Range{"--voting-delay", options.voting_delay_seconds, 0, seconds_max},
      Range{"--voting-period", options.voting_period_seconds, 1, seconds_max},
      Range{"--timelock-delay", options.timelock_seconds, 1, seconds_max},
  };
  for (const Range& range : ranges) {
    if (range.value < range.low || range.value > range.high) {
      return std::string(range.option) + " " + std::to_string(range.value) + " is not " + std::to_string(range.low) +
             " to " + std::to_string(range.high);
    }
  }
  const Uint256 cap = token_cap(options);
  for (const auto& [option, votes] :
       {std::pair("--proposal-votes", proposal_votes(options)), std::pair("--quorum-votes", quorum_votes(options))}) {
    if (votes > cap) {
      return std::string(option) + " " + std::to_string(votes) + " is more than there can ever be: " + cap.str() +
             ", so nothing could be decided";
    }
  }
  return std::nullopt;
}

Uint256 token_cap(const GovernanceOptions& options) {
  return Uint256(options.base_budget) * options.halving_epochs * 2;
}

AbiValue reward_schedule(const GovernanceOptions& options) {
  return abi_tuple({abi_uint(token_cap(options)), abi_uint(Uint256(options.base_budget)),
                    abi_uint(Uint256(options.halving_epochs)), abi_uint(Uint256(options.bootstrap_epochs)),
                    abi_uint(Uint256(options.window_epochs)), abi_uint(Uint256(options.epoch_seconds))});
}

AbiValue voting_rules(const GovernanceOptions& options) {
  return abi_tuple({abi_uint(Uint256(proposal_votes(options))), abi_uint(Uint256(quorum_votes(options))),
                    abi_uint(Uint256(options.quorum_percent)), abi_uint(Uint256(options.voting_delay_seconds)),
                    abi_uint(Uint256(options.voting_period_seconds)), abi_uint(Uint256(options.timelock_seconds))});
}

std::string governance_text(const GovernanceOptions& options) {
  const auto text = [](std::int64_t number) { return std::to_string(number); };
  return "rewards: at most " + text(options.base_budget) + " base units in an epoch of " + text(options.epoch_seconds) +
         " s, half of it after every " + text(options.halving_epochs) + " epochs; from epoch " +
         text(options.bootstrap_epochs) + " on no more than the last " + text(options.window_epochs) +
         " burned; never more than " + token_cap(options).str() + " in all\nvotes: " + text(proposal_votes(options)) +
         " to propose, " + text(quorum_votes(options)) + " and " + text(options.quorum_percent) +
         " % of the supply to decide; they begin after " + text(options.voting_delay_seconds) + " s, last " +
         text(options.voting_period_seconds) + " s, and take effect " + text(options.timelock_seconds) + " s later\n";
}

nlohmann::ordered_json governance_json(const GovernanceOptions& options) {
  return {{"cap", token_cap(options).str()},
          {"base_budget", options.base_budget},
          {"halving_epochs", options.halving_epochs},
          {"bootstrap_epochs", options.bootstrap_epochs},
          {"window_epochs", options.window_epochs},
          {"epoch_seconds", options.epoch_seconds},
          {"proposal_votes", proposal_votes(options)},
          {"quorum_votes", quorum_votes(options)},
          {"quorum_percent", options.quorum_percent},
          {"voting_delay_seconds", options.voting_delay_seconds},
          {"voting_period_seconds", options.voting_period_seconds},
          {"timelock_seconds", options.timelock_seconds}};
}

}  // namespace commonwatt
