#include "controller/rewards_command.hpp"

#include <algorithm>
#include <filesystem>

#include "controller/command_output.hpp"
#include "controller/csv_rows.hpp"
#include "controller/reward_report.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t epoch_seconds_min = 3'600;
constexpr std::int64_t epoch_seconds_max = 366 * 86'400;
constexpr std::int64_t epoch_max = 1'000'000;

/// The journal of a controller, or of what `demo --keep` left.
std::filesystem::path journal_below(const std::filesystem::path& directory) {
  std::error_code ignored;
  const std::filesystem::path below = directory / "controller" / journal_file;
  return std::filesystem::exists(below, ignored) ? below : directory / journal_file;
}

}  // namespace

int run_rewards(const RewardsOptions& options, std::ostream& out, std::ostream& errors) {
  if (options.epoch < 0 || options.epoch > epoch_max) {
    return complain(errors, "--epoch is 0 to 1000000, and 0 has the first settled interval", status_usage);
  }
  const bool is_hours = options.epoch_seconds % epoch_seconds_min == 0;
  if (!is_hours || options.epoch_seconds < epoch_seconds_min || options.epoch_seconds > epoch_seconds_max) {
    return complain(errors, "--epoch-seconds is whole hours, from 3600 to a year", status_usage);
  }
  const std::optional<HouseholdId> household = HouseholdId::from(options.explain);
  if (!options.explain.empty() && !household) {
    return complain(errors, "'" + options.explain + "' is no household's name", status_usage);
  }
  ZoneChecks checks;
  if (!options.balance.empty()) {
    Result<std::string, std::string> text = read_text(options.balance);
    if (!text) return complain(errors, text.error(), status_data);
    Result<ZoneChecks, std::string> read = read_zone_checks(options.balance, std::move(*text));
    if (!read) return complain(errors, read.error(), status_data);
    checks = std::move(*read);
  }
  const std::filesystem::path file = journal_below(options.directory);
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return complain(errors, options.directory + ": holds no " + journal_file, status_data);
  }
  const Result<JournalEpoch, std::string> epoch =
      read_epoch(file, {.number = options.epoch,
                        .seconds = options.epoch_seconds,
                        .window = std::clamp<std::int64_t>(options.parameters.window_epochs, 0, options.epoch)});
  if (!epoch) return complain(errors, epoch.error(), status_data);
  const Result<RewardReport, std::string> report =
      make_reward_report(*epoch, options.epoch, options.epoch_seconds, checks, options.parameters);
  if (!report) return complain(errors, report.error(), status_usage);
  if (report->intervals == 0) {
    return complain(
        errors,
        "epoch " + std::to_string(options.epoch) + ", from " + to_text(report->begin) + ", has no settled interval",
        status_usage);
  }
  std::string text = options.is_json ? reward_json(*report) : reward_table(*report);
  if (household) {
    const std::optional<std::string> words = explain_reward(*report, *household);
    if (!words) return complain(errors, options.explain + ": took no part in this epoch", status_usage);
    text = *words;
  }
  return write_result("-", text, out, errors);
}

}  // namespace commonwatt
