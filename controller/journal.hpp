// The controller's store: the hash-chained journal of events, snapshots of the state, and the sealed batches that
// bills and proofs are made from. SQLite on disk; what `append` returned from survives a power cut. What is personal is
// sealed (controller/stored_records.hpp) under the keys of controller/data_keys.hpp.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/attestation.hpp"
#include "controller/effect.hpp"
#include "controller/event.hpp"
#include "controller/signing_keys.hpp"
#include "controller/state.hpp"
#include "controller/stored_records.hpp"

namespace commonwatt {

struct JournalEntry {
  std::int64_t sequence = 0;  ///< from 1, without gaps
  UtcTime time;
  Bytes event;    ///< as store_event gives it
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

  /// The state after every event: the newest snapshot that matches the chain, and a replay of what came after it. The
  /// error says which data key is missing when one is that nobody erased.
  Result<State, std::string> restore();

  /// Writes events, the batches they sealed, the payments they booked and the anchors they made in one transaction and
  /// one fsync. When it fails nothing was written and the state the caller holds is ahead of the disk: the caller must
  /// stop.
  Result<Done, std::string> append(const std::vector<TimedEvent>& events, const std::vector<StoreBatch>& batches,
                                   const std::vector<StorePayment>& payments = {},
                                   const std::vector<StoreAnchor>& anchors = {});
  /// Keeps the state after the last event, and forgets all but the two newest snapshots.
  Result<Done, std::string> save_snapshot(const State& state);

  /// Erases what is personal in entries, batches and snapshots so far: of a household, or of everybody in the months
  /// before `before_month`. Journals that, with what the books keep; the log key signs it and the state, from which a
  /// replay begins from now on. Returns that state. The caller has asked erasure_refusal.
  Result<State, std::string> erase(DataErased erased, UtcTime time, const State& state, const SigningKey& log_key);

  /// The oldest month in which something of a household was journalled that is not erased; nothing when there is none.
  [[nodiscard]] std::optional<std::int64_t> oldest_data_month() const;

  /// The batch of an interval's initial run, which has its clearing; of its last run, whose statements are in force;
  /// and of a place in the evidence log. Nothing when there is none.
  [[nodiscard]] std::optional<StoreBatch> first_batch_of(const Interval& interval);
  [[nodiscard]] std::optional<StoreBatch> batch_in_force(const Interval& interval);
  [[nodiscard]] std::optional<StoreBatch> batch_at(std::int64_t log_index);
  /// The evidence log's leaves, in order.
  [[nodiscard]] std::vector<Hash32> log_leaves();

  /// The anchor of an epoch, with its settlement leaves where they are still kept.
  [[nodiscard]] Result<std::optional<StoreAnchor>, std::string> anchor(std::int64_t epoch);
  /// What attesters are told: see controller/journal_extract.hpp.
  [[nodiscard]] Result<JournalExtract, std::string> extract(std::int64_t after);

  [[nodiscard]] std::int64_t sequence() const;
  /// The time of the last entry; the epoch when empty.
  [[nodiscard]] UtcTime last_time() const;
  /// The hash of the last entry; zeros when empty.
  [[nodiscard]] Hash32 tip() const;

 private:
  struct Tables;
  std::vector<ErasedBooking> bookings_under(const std::function<bool(const DataKey&)>& goes);
  explicit Journal(std::unique_ptr<Tables> tables);
  std::unique_ptr<Tables> tables_;
};

inline constexpr const char* journal_file = "journal.sqlite";

}  // namespace commonwatt
