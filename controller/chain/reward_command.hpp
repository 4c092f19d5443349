// `commonwatt chain sign-rewards`, `publish-rewards` and `claim-rewards`: the way from a journal to tokens. Every
// attester of the RewardMinter counts an epoch from a journal of its own and signs what it finds; anybody publishes
// what a quorum signed; every household claims what it earned.
#pragma once

#include <ostream>

#include "controller/chain/command_options.hpp"
#include "controller/reward_count.hpp"

namespace commonwatt {

struct SignRewardsOptions {
  ChainAccess access = {};  ///< the key is an attester's
  std::string minter = {};  ///< address
  /// The journal, the epoch as the minter counts them, the balances, and of the parameters those that no contract
  /// knows: `fee` and `reward_to_fee_permille`. All others come from the minter.
  RewardSource source = {};
  std::string previous = {};  ///< the file that was published last; empty: nothing was yet
  std::string out = {};       ///< never written over; empty: rewards-EPOCH.json
};
struct PublishRewardsOptions {
  ChainAccess access = {};
  std::string minter = {};              ///< address
  std::vector<std::string> files = {};  ///< what attesters signed
};
struct ClaimRewardsOptions {
  ChainAccess access = {};
  std::string minter = {};   ///< address
  std::string file = {};     ///< what was published last
  std::string account = {};  ///< address; empty: the key's
};

/// Each returns the exit status: 0, also when there is nothing to do; 64 for options that do not fit; 65 when a file
/// does not hold or is not of what the minter has; 1 when a node or the contract refuses (sysexits.h).
int run_chain_sign_rewards(const SignRewardsOptions& options, std::ostream& out, std::ostream& errors);
int run_chain_publish_rewards(const PublishRewardsOptions& options, std::ostream& out, std::ostream& errors);
int run_chain_claim_rewards(const ClaimRewardsOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
