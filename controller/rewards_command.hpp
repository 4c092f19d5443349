// `commonwatt rewards`: what an epoch would mint, and for whom, from a controller's journal.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "market/rewards.hpp"

namespace commonwatt {

struct RewardsOptions {
  std::string directory;   ///< with journal.sqlite; its controller may run
  std::int64_t epoch = 0;  ///< 0 has the first settled interval
  std::int64_t epoch_seconds = 86'400;
  std::string balance;  ///< a balance.csv of `commonwatt settle`; empty: no zone is judged
  std::string explain;  ///< a household; empty: the table
  bool is_json = false;
  RewardParameters parameters;
};

/// Returns the exit status: 0; 64 for an option that cannot be right, or a household that took no part; 65 when the
/// journal or the balances cannot be read; 1 when the output cannot be written (sysexits.h).
int run_rewards(const RewardsOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
