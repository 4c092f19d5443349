#include "controller/reward_count.hpp"

#include <algorithm>
#include <filesystem>

#include "controller/csv_rows.hpp"

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

Result<ZoneChecks, std::string> checks_of(const std::string& balance) {
  if (balance.empty()) return ZoneChecks{};
  Result<std::string, std::string> text = read_text(balance);
  if (!text) return Fail{text.error()};
  return read_zone_checks(balance, std::move(*text));
}

}  // namespace

Result<RewardReport, Refusal> count_rewards(const RewardSource& source) {
  const RewardParameters& rule = source.parameters;
  if (source.epoch < 0 || source.epoch > epoch_max) return refuse("--epoch is 0 to 1000000", status_usage);
  const bool is_hours = source.epoch_seconds % epoch_seconds_min == 0;
  if (!is_hours || source.epoch_seconds < epoch_seconds_min || source.epoch_seconds > epoch_seconds_max) {
    return refuse("an epoch lasts whole hours, from 3600 seconds to a year, not " +
                      std::to_string(source.epoch_seconds) + " seconds",
                  status_usage);
  }
  const Result<ZoneChecks, std::string> checks = checks_of(source.balance);
  if (!checks) return refuse(checks.error(), status_data);
  const std::filesystem::path file = journal_below(source.directory);
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return refuse(source.directory + ": holds no " + journal_file, status_data);
  }
  const Result<JournalEpoch, std::string> epoch =
      read_epoch(file, {.number = source.epoch,
                        .seconds = source.epoch_seconds,
                        .window = std::clamp<std::int64_t>(rule.window_epochs, 0, source.epoch),
                        .start = source.start});
  if (!epoch) return refuse(epoch.error(), status_data);
  Result<RewardReport, std::string> report =
      make_reward_report(*epoch, source.epoch, source.epoch_seconds, *checks, rule);
  if (!report) return refuse(report.error(), status_usage);
  if (report->intervals == 0) {
    return refuse(
        "epoch " + std::to_string(source.epoch) + ", from " + to_text(report->begin) + ", has no settled interval",
        status_usage);
  }
  return std::move(*report);
}

}  // namespace commonwatt
