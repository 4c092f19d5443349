#include "controller/rewards_command.hpp"

namespace commonwatt {

int run_rewards(const RewardsOptions& options, std::ostream& out, std::ostream& errors) {
  const std::optional<HouseholdId> household = HouseholdId::from(options.explain);
  if (!options.explain.empty() && !household) {
    return complain(errors, "'" + options.explain + "' is no household's name", status_usage);
  }
  const Result<RewardReport, Refusal> report = count_rewards(options.source);
  if (!report) return complain(errors, report.error().text, report.error().status);
  std::string text = options.is_json ? reward_json(*report) : reward_table(*report);
  if (household) {
    const std::optional<std::string> words = explain_reward(*report, *household);
    if (!words) return complain(errors, options.explain + ": took no part in this epoch", status_usage);
    text = *words;
  }
  return write_result("-", text, out, errors);
}

}  // namespace commonwatt
