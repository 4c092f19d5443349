// What lies before the last erasure of a journal, audited without the data that is erased: all leaves, roots and
// signatures, every statement and clearing that is left, and the state with which the replay goes on.
#pragma once

#include <functional>
#include <set>

#include "controller/replay.hpp"

namespace commonwatt {

class ErasedPart {
 public:
  /// Tells of a fault: the interval it is in, if one can be told, and what it is.
  using Complain = std::function<void(std::optional<std::int64_t>, const std::string&)>;
  /// What is found goes into `replay`, whose content is what the journal holds.
  ErasedPart(const JournalContent& content, Replay& replay, Complain complain);

  /// The entry of the last erasure; 0 when nothing was erased: then the rest is not to be called.
  [[nodiscard]] std::int64_t last_entry() const { return base_entry_; }
  /// Whether the data of a household, or of the market, in an entry was erased later.
  [[nodiscard]] bool was_erased(const JournalEntry& entry, const std::optional<HouseholdId>& household) const;

  /// The batches sealed before the erasure, from what is left of them.
  void take_batches();
  /// An entry before the last erasure that can be read.
  void take(const JournalEntry& entry, const Event& event);
  /// The last erasure itself: the replay's state is the one it left.
  void take_base(const JournalEntry& entry, const Event& event);

 private:
  struct Erasure {
    std::int64_t sequence = 0;
    std::optional<HouseholdId> household;
    std::int64_t before_month = 0;
  };
  void check_batch(const StoreBatch& store);
  void take_signature(const JournalEntry& entry, const CheckpointSigned& made);
  void take_cosignature(const CosignatureReceived& received);
  void take_erasure(const JournalEntry& entry, const DataErased& erased);
  void take_payment(const PaymentBooked& payment);
  void book(const Posting& posting);
  void check_books(std::optional<std::int64_t> interval);

  const JournalContent& content_;
  Replay& replay_;
  Complain complain_;
  std::int64_t base_entry_ = 0;
  State base_;  // of the last erasure
  Hash32 base_hash_{};
  std::vector<Erasure> erasures_;
  std::optional<MarketConfigured> configured_;  // in force
  std::int64_t signed_size_ = 0;                // of the last checkpoint
  GrowingTree tree_;                            // over the leaves below it
  std::set<HouseholdId> cosigned_;              // that checkpoint
  std::map<Account, Money> books_;
};

}  // namespace commonwatt
