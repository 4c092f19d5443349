// Whatever file somebody hands a household as published rewards: it is refused, or it is the one text of what it says.
#include <cstdlib>

#include "controller/chain/reward_grant.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  const std::string text = as_text(ByteView(data, size));
  const Result<RewardGrant, std::string> grant = reward_grant_from_text(text);
  if (!grant) return 0;
  if (reward_grant_text(*grant) != text) std::abort();
  if (!grant->grants_the_same_as(*reward_grant_from_text(text))) std::abort();
  for (const auto& [account, cumulative] : grant->accounts) {
    if (cumulative <= TokenAmount{0} || cumulative > grant->total()) std::abort();
    if (!claim_rewards_call(*grant, account)) std::abort();
  }
  return 0;
}
