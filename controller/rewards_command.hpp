// `commonwatt rewards`: what an epoch would mint, and for whom, from a controller's journal.
#pragma once

#include <ostream>
#include <string>

#include "controller/reward_count.hpp"

namespace commonwatt {

struct RewardsOptions {
  RewardSource source;
  std::string explain;  ///< a household; empty: the table
  bool is_json = false;
};

/// Returns the exit status: 0; 64 for an option that cannot be right, or a household that took no part; 65 when the
/// journal or the balances cannot be read; 1 when the output cannot be written (sysexits.h).
int run_rewards(const RewardsOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
