// Counts the rewards of an epoch from files: a controller's journal, and what head meters said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "controller/command_output.hpp"
#include "controller/reward_report.hpp"
#include "market/rewards.hpp"

namespace commonwatt {

struct RewardSource {
  std::string directory;   ///< with journal.sqlite; its controller may run
  std::int64_t epoch = 0;  ///< counted from the one that has `start`
  std::int64_t epoch_seconds = 86'400;
  std::optional<std::int64_t> start = {};  ///< seconds since 1970; nothing: the first settled interval
  std::string balance;                     ///< a balance.csv of `commonwatt settle`; empty: no zone is judged
  RewardParameters parameters;
};

/// The refusal has 64 for an epoch or a parameter that cannot be right, or an epoch in which nothing was settled; 65
/// when the journal or the balances cannot be read.
Result<RewardReport, Refusal> count_rewards(const RewardSource& source);

}  // namespace commonwatt
