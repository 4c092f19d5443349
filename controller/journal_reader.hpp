// What a journal file says, read without writing to it, for auditors, accountants and reports.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "controller/journal.hpp"

namespace commonwatt {

/// Everything a journal file holds, read without writing to it, for auditors. The error says what is unreadable.
struct JournalContent {
  std::vector<JournalEntry> entries;
  struct StoredBatch {
    std::int64_t log_index = 0;
    std::int64_t interval_begin = 0;
    Bytes batch;
  };
  std::vector<StoredBatch> batches;
  struct StoredSnapshot {
    std::int64_t sequence = 0;
    Bytes state;
  };
  std::vector<StoredSnapshot> snapshots;
  std::vector<StorePayment> payments;  ///< in order of number; without a household where its name is damaged
  struct StoredEpoch {
    std::int64_t epoch = 0;
    Bytes anchor;
    Bytes leaves;  ///< empty: no longer kept
  };
  std::vector<StoredEpoch> epochs;     ///< in order
  std::optional<StoredSnapshot> base;  ///< the state after the last erasure, with which a replay begins
  DataKeys keys;
  std::vector<OpenFault> missing_keys;  ///< one for each data key that should be there and is not
};
/// The batches of an interval's runs, initial first, through a reading connection of its own.
std::vector<StoreBatch> read_batches(const std::filesystem::path& file, const Interval& interval);

Result<JournalContent, std::string> read_journal(const std::filesystem::path& file);

/// What a journal file says of money: the currency in force last, every sealed batch's postings, in order of sealing,
/// and every payment; of erased quarter-hours, after those, the sums that the books keep, each as of the first interval
/// of its month. Read without writing; the error says what is unreadable.
struct JournalPostings {
  std::string currency;
  struct BatchPostings {
    Interval interval;
    Run run = Run::initial;
    std::vector<Posting> postings;
  };
  std::vector<BatchPostings> batches;
  std::vector<StorePayment> payments;
};
Result<JournalPostings, std::string> read_postings(const std::filesystem::path& file);

/// The books at one moment, read without writing while the controller may run on.
struct JournalBooks {
  State state;
  std::int64_t sequence = 0;  ///< of the last entry
  UtcTime time;               ///< of the last entry
  /// What was posted for intervals that are not final, and for those that end after the time asked for.
  std::vector<JournalPostings::BatchPostings> late;
};
Result<JournalBooks, std::string> read_books(const std::filesystem::path& file, std::optional<UtcTime> until);

}  // namespace commonwatt
