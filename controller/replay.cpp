#include "controller/replay.hpp"

#include <set>

#include "controller/erased_part.hpp"
#include "controller/journal_anchors.hpp"
#include "controller/manifest.hpp"
#include "controller/step.hpp"
#include "market/certificate.hpp"

namespace commonwatt {
namespace {

std::string entry_name(const JournalEntry& entry) {
  return std::string(journal_file) + " entry " + std::to_string(entry.sequence);
}

class Auditor {
 public:
  explicit Auditor(const JournalContent& content)
      : content_(content), erased_(content, replay_, [this](std::optional<std::int64_t> interval, const auto& what) {
          replay_.faults.push_back({.interval_begin = interval, .where = journal_file, .what = what});
        }) {
    for (const JournalContent::StoredSnapshot& snapshot : content.snapshots)
      snapshots_[snapshot.sequence] = &snapshot.state;
  }

  Replay run() {
    if (erased_.last_entry() > 0) erased_.take_batches();
    replay_.replay_begin = erased_.last_entry() + 1;
    Hash32 tip{};
    std::int64_t expected = 1;
    for (const JournalEntry& entry : content_.entries) {
      const Result<Event, OpenFault> event = open_event(entry.event, entry.sequence, content_.keys);
      interval_ = event ? interval_of_event(*event, entry.time, seconds())
                        : Interval::containing(entry.time, seconds()).begin_seconds();
      if (entry.sequence != expected) fault(entry, "entry " + std::to_string(expected) + " is missing");
      tip = chain_hash(tip, entry.sequence, entry.time, entry.event);
      if (tip != entry.hash) fault(entry, "the hash chain breaks here: the entry was changed");
      const bool erased = !event && event.error().key_missing && erased_.was_erased(entry, event.error().household);
      if (!event && !erased) fault(entry, event.error().what);
      if (!replay_.faults.empty()) return std::move(replay_);
      ++expected;
      if (erased) ++replay_.erased_entries;
      if (event) take(entry, *event);
      if (!replay_.faults.empty()) return std::move(replay_);
    }
    finish();
    return std::move(replay_);
  }

 private:
  [[nodiscard]] std::int64_t seconds() const {
    return replay_.state.next_gate ? replay_.state.rules.interval_seconds : 900;
  }

  void fault(const JournalEntry& entry, const std::string& what) {
    replay_.faults.push_back({.interval_begin = interval_, .where = entry_name(entry), .what = what});
  }

  void take(const JournalEntry& entry, const Event& event) {
    if (entry.sequence > erased_.last_entry()) return apply(entry, event);
    if (entry.sequence < erased_.last_entry()) return erased_.take(entry, event);
    erased_.take_base(entry, event);
    check_snapshot(entry);
  }

  void apply(const JournalEntry& entry, const Event& event) {
    const Totals before = replay_.state.totals;
    const Effects effects = step(replay_.state, event, entry.time);
    const Totals& after = replay_.state.totals;
    replay_.signatures_held += after.orders - before.orders + after.readings - before.readings;
    for (const Effect& effect : effects) check(entry, effect);
    if (const auto* made = std::get_if<CheckpointSigned>(&event)) check_signature(entry, *made);
    if (const auto* cosigned = std::get_if<CosignatureReceived>(&event)) note_cosignature(*cosigned);
    check_snapshot(entry);
    if (replay_.state.ledger.sum() != Money{0}) fault(entry, "the ledger does not sum to zero");
  }

  void check_snapshot(const JournalEntry& entry) {
    const auto snapshot = snapshots_.find(entry.sequence);
    if (snapshot != snapshots_.end() &&
        open_state(*snapshot->second, entry.hash, content_.keys) != encode(replay_.state))
      fault(entry, "the snapshot taken here is not the state of the replay");
  }

  void check(const JournalEntry& entry, const Effect& effect) {
    if (const auto* published = std::get_if<PublishClearing>(&effect)) {
      const std::optional<std::string> wrong = clearing_fault(published->record.book, published->record.clearing);
      if (wrong) fault(entry, "the clearing's certificate fails: " + *wrong);
    }
    if (const auto* store = std::get_if<StoreBatch>(&effect)) {
      interval_ = store->entry.interval.begin_seconds();
      if (const std::optional<std::string> wrong = batch_fault(*store)) fault(entry, *wrong);
      replay_.leaves.push_back(log_leaf(store->entry));
      replay_.batches.push_back(*store);
    }
    if (const auto* store = std::get_if<StorePayment>(&effect)) {
      const auto index = static_cast<std::size_t>(replay_.payments++);
      if (index >= content_.payments.size() || content_.payments[index] != *store)
        fault(entry, "the stored payment is not the one that follows from the journal");
    }
    if (const auto* store = std::get_if<StoreAnchor>(&effect)) {
      ++replay_.epochs;
      if (const std::optional<std::string> wrong = stored_epoch_fault(content_, *store)) fault(entry, *wrong);
    }
  }

  [[nodiscard]] std::optional<std::string> batch_fault(const StoreBatch& made) const {
    const auto index = static_cast<std::size_t>(made.log_index);
    const std::string other = "the stored batch is not the one that follows from the journal";
    if (index >= content_.batches.size()) return other;
    const JournalContent::StoredBatch& stored = content_.batches[index];
    if (stored.log_index != made.log_index || stored.interval_begin != interval_) return other;
    const Result<StoreBatch, OpenFault> opened = open_batch(stored.batch, stored.log_index, content_.keys);
    if (!opened) return other + ": " + opened.error().what;
    if (!opened->batch.erased.empty()) return missing_key(opened->batch.erased.begin()->first).what;
    return opened->batch == made.batch && opened->postings == made.postings ? std::nullopt : std::optional(other);
  }

  void check_signature(const JournalEntry& entry, const CheckpointSigned& made) {
    const Checkpoint checkpoint = replay_.state.checkpoint();
    if (made.size != checkpoint.size || !replay_.state.signature)
      return fault(entry, "the controller's signature over the log does not hold");
    replay_.signatures[made.size] = made.signature;
    replay_.checkpoints[made.size] = checkpoint;
    ++replay_.signatures_held;
  }

  void note_cosignature(const CosignatureReceived& cosigned) {
    const auto held = replay_.state.cosignatures.find(cosigned.sender);
    if (cosigned.size == replay_.state.log.size() && held != replay_.state.cosignatures.end() &&
        held->second.signature == cosigned.signature) {
      replay_.cosignatures[cosigned.size].push_back(held->second);
    }
  }

  void finish() {
    interval_ =
        replay_.state.next_settlement ? std::optional(replay_.state.next_settlement->begin_seconds()) : std::nullopt;
    if (content_.batches.size() != replay_.batches.size()) {
      replay_.faults.push_back({.interval_begin = interval_,
                                .where = journal_file,
                                .what = "batches are stored that no settlement made, or some are missing"});
    }
    if (static_cast<std::int64_t>(content_.payments.size()) != replay_.payments) {
      replay_.faults.push_back({.interval_begin = interval_,
                                .where = journal_file,
                                .what = "payments are stored that nobody booked, or some are missing"});
    }
    if (static_cast<std::int64_t>(content_.epochs.size()) != replay_.epochs) {
      replay_.faults.push_back({.interval_begin = interval_,
                                .where = journal_file,
                                .what = "anchors are stored that nobody made, or some are missing"});
    }
    for (const auto& [sequence, state] : snapshots_) {
      if (content_.entries.empty() || sequence < erased_.last_entry() || sequence > content_.entries.back().sequence) {
        replay_.faults.push_back(
            {.interval_begin = interval_, .where = journal_file, .what = "a snapshot belongs to no entry"});
      }
    }
    if (replay_.state.log.size() > 0 && !replay_.state.signature) {
      replay_.faults.push_back({.interval_begin = replay_.batches.back().entry.interval.begin_seconds(),
                                .where = journal_file,
                                .what = "the log's last state is not signed"});
    }
  }

  const JournalContent& content_;
  Replay replay_;
  ErasedPart erased_;
  std::map<std::int64_t, const Bytes*> snapshots_;
  std::optional<std::int64_t> interval_;
};

}  // namespace

Replay replay_journal(const JournalContent& content) {
  return Auditor(content).run();
}

std::string log_entries_text(const Replay& replay) {
  std::string text;
  for (const StoreBatch& store : replay.batches) {
    text += std::to_string(store.log_index) + " " + std::to_string(store.entry.interval.begin_seconds()) + " " +
            to_text(store.entry.run) + " " + to_hex(store.entry.batch_root) + " " + to_hex(log_leaf(store.entry)) +
            "\n";
  }
  return text;
}

std::vector<std::string> log_notes(const Replay& replay) {
  std::vector<std::string> notes;
  for (const auto& [size, signature] : replay.signatures) {
    std::vector<Cosignature> cosignatures;
    const auto given = replay.cosignatures.find(size);
    if (given != replay.cosignatures.end()) cosignatures = given->second;
    std::vector<NoteKey> witnesses;
    for (const Cosignature& cosignature : cosignatures) {
      const std::optional<HouseholdId> id = HouseholdId::from(cosignature.witness);
      const auto household = replay.state.households.find(*id);
      witnesses.push_back(
          {.name = cosignature.witness,
           .public_key = household == replay.state.households.end() ? Bytes{} : household->second.witness_key});
    }
    const Checkpoint& checkpoint = replay.checkpoints.at(size);
    notes.push_back(signed_note(checkpoint, {.name = checkpoint.origin, .public_key = replay.state.log_key}, signature,
                                cosignatures, witnesses));
  }
  return notes;
}

}  // namespace commonwatt
