// The rewards of an epoch, counted from a controller's journal, and told to people (docs/rewards.md).
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "controller/evm_address.hpp"
#include "controller/journal_epoch.hpp"
#include "market/rewards.hpp"

namespace commonwatt {

/// What head meters say: by begin of the interval in seconds, and zone. An empty zone is everybody's.
using ZoneChecks = std::map<std::pair<std::int64_t, std::string>, ZoneCheck>;
/// From the balance.csv of `commonwatt settle`. The error names file and line.
Result<ZoneChecks, std::string> read_zone_checks(const std::string& name, std::string text);

struct RewardReport {
  std::int64_t epoch = 0;
  UtcTime begin;
  UtcTime end;
  std::string currency;
  std::string origin;  ///< the evidence log's
  RewardParameters parameters;
  EpochRewards rewards;
  Money burned;                      ///< in the epoch itself
  std::vector<Money> window;         ///< in the epochs before it that count, oldest first
  std::int64_t intervals = 0;        ///< settled
  std::int64_t final_intervals = 0;  ///< settled for good
  bool has_checks = false;           ///< whether any head meter's was given
  /// The address of each household's first order key: its account on a chain.
  std::map<HouseholdId, EvmAddress> accounts;
};

/// Fees count as burned where the postings of any run credit the ledger's account `fees`, less what they debit. Of a
/// household that is not known any more nothing is verified. Statements are those of the last run.
Result<RewardReport, std::string> make_reward_report(const JournalEpoch& epoch, std::int64_t number,
                                                     std::int64_t epoch_seconds, const ZoneChecks& checks,
                                                     const RewardParameters& parameters);

/// A table for people, and what the journal does not hold.
std::string reward_table(const RewardReport& report);
/// One household in words; nothing when it took no part.
std::optional<std::string> explain_reward(const RewardReport& report, const HouseholdId& household);
/// The same as one object. All numbers are integers.
std::string reward_json(const RewardReport& report);

}  // namespace commonwatt
