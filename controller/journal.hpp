// The controller's store: the hash-chained journal of events, snapshots of the state, and the sealed batches that
// bills and proofs are made from. SQLite on disk; what `append` returned from survives a power cut.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/effect.hpp"
#include "controller/event.hpp"
#include "controller/state.hpp"

namespace commonwatt {

struct JournalEntry {
  std::int64_t sequence = 0;  ///< from 1, without gaps
  UtcTime time;
  Bytes event;    ///< encode(Event)
  Hash32 hash{};  ///< SHA-256(hash before || sequence || time || event), numbers as 8 bytes big-endian
};
Hash32 chain_hash(const Hash32& before, std::int64_t sequence, UtcTime time, ByteView event);

struct TimedEvent {
  UtcTime time;
  Event event;
};

class Journal {
 public:
  /// Opens or makes the journal in `directory`. The error says which file and why.
  static Result<std::unique_ptr<Journal>, std::string> open(const std::filesystem::path& directory);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// The state after every event: the newest snapshot that matches the chain, and a replay of what came after it.
  Result<State, std::string> restore();

  /// Writes events, the batches they sealed and the payments they booked in one transaction and one fsync. When it
  /// fails nothing was written and the state the caller holds is ahead of the disk: the caller must stop.
  Result<Done, std::string> append(const std::vector<TimedEvent>& events, const std::vector<StoreBatch>& batches,
                                   const std::vector<StorePayment>& payments = {});
  /// Keeps the state after the last event, and forgets all but the two newest snapshots.
  Result<Done, std::string> save_snapshot(const State& state);

  /// The batch of an interval's initial run, which has its clearing; of its last run, whose statements are in force;
  /// and of a place in the evidence log. Nothing when there is none.
  [[nodiscard]] std::optional<StoreBatch> first_batch_of(const Interval& interval);
  [[nodiscard]] std::optional<StoreBatch> batch_in_force(const Interval& interval);
  [[nodiscard]] std::optional<StoreBatch> batch_at(std::int64_t log_index);
  /// The evidence log's leaves, in order.
  [[nodiscard]] std::vector<Hash32> log_leaves();

  [[nodiscard]] std::int64_t sequence() const;
  /// The time of the last entry; the epoch when empty.
  [[nodiscard]] UtcTime last_time() const;
  /// The hash of the last entry; zeros when empty.
  [[nodiscard]] Hash32 tip() const;

 private:
  struct Tables;
  explicit Journal(std::unique_ptr<Tables> tables);
  std::unique_ptr<Tables> tables_;
};

inline constexpr const char* journal_file = "journal.sqlite";

/// What the table `batch` holds of a sealed batch: its encoding and the postings it made.
Bytes encode_batch_row(const StoreBatch& store);

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
};
/// The batches of an interval's runs, initial first, through a reading connection of its own.
std::vector<StoreBatch> read_batches(const std::filesystem::path& file, const Interval& interval);

Result<JournalContent, std::string> read_journal(const std::filesystem::path& file);

/// What a journal file says of money: the currency in force last, every sealed batch's postings, in order of sealing,
/// and every payment. Read without writing; the error says what is unreadable.
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
