// What a journal file says of one epoch of rewards, read without writing to it.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/journal.hpp"

namespace commonwatt {

/// Epochs are whole multiples of their length since 1970 in UTC. An interval is of the epoch it begins in.
struct EpochChoice {
  std::int64_t number = 0;
  std::int64_t seconds = 86'400;
  std::int64_t window = 30;                ///< so many epochs before it are read too
  std::optional<std::int64_t> start = {};  ///< seconds in number 0; nothing: number 0 has the first settled interval
};

struct JournalEpoch {
  /// As the newest configuration has them. Who left and whose intervals are all final is not known any more.
  std::map<HouseholdId, HouseholdRecord> households;
  /// The first order key of every household there ever was: its address is the household's account on a chain.
  std::map<HouseholdId, Bytes> account_keys;
  struct SettledRun {
    Interval interval;
    Run run = Run::initial;
    std::vector<Statement> statements;  ///< of the epoch asked for; empty before it
    std::vector<Posting> postings;
  };
  std::vector<SettledRun> runs;  ///< by interval, in order of sealing
  UtcTime begin;                 ///< of the epoch asked for
  std::string currency;
  std::string origin;  ///< the evidence log's
};
/// The error says which file and what is unreadable, or that nothing is settled.
Result<JournalEpoch, std::string> read_epoch(const std::filesystem::path& file, const EpochChoice& choice);

}  // namespace commonwatt
