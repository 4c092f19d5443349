#include "controller/erased_part.hpp"

#include <algorithm>

#include "controller/journal_anchors.hpp"
#include "controller/step.hpp"
#include "core/month.hpp"
#include "core/sha256.hpp"
#include "market/certificate.hpp"
#include "market/market_run.hpp"

namespace commonwatt {

ErasedPart::ErasedPart(const JournalContent& content, Replay& replay, Complain complain)
    : content_(content), replay_(replay), complain_(std::move(complain)) {
  for (const JournalEntry& entry : content.entries) {
    const Result<Event, OpenFault> event = open_event(entry.event, entry.sequence, {});
    const auto* erased = event ? std::get_if<DataErased>(&*event) : nullptr;
    if (erased == nullptr) continue;
    erasures_.push_back(
        {.sequence = entry.sequence, .household = erased->household, .before_month = erased->before_month});
    if (!content.base || content.base->sequence != entry.sequence) continue;
    const std::optional<Bytes> bytes = open_state(content.base->state, entry.hash, content.keys);
    Result<State, CborError> state = decode<State>(bytes.value_or(Bytes{}));
    if (!state) continue;
    base_entry_ = entry.sequence;
    base_hash_ = sha256(*bytes);
    base_ = std::move(*state);
  }
  if (!erasures_.empty() && erasures_.back().sequence != base_entry_) {
    complain_(std::nullopt, "the state kept at the last erasure, entry " + std::to_string(erasures_.back().sequence) +
                                ", is missing or damaged; restore a backup of the journal or of " + data_key_file);
  } else if (content.base && erasures_.empty()) {
    complain_(std::nullopt, "a state is kept for an erasure that never was");
  }
}

bool ErasedPart::was_erased(const JournalEntry& entry, const std::optional<HouseholdId>& household) const {
  return std::any_of(erasures_.begin(), erasures_.end(), [&](const Erasure& erasure) {
    if (erasure.sequence <= entry.sequence) return false;
    return !household || household == erasure.household ||
           (!erasure.household && month_of(entry.time) < erasure.before_month);
  });
}

void ErasedPart::check_batch(const StoreBatch& store) {
  const ClearingRecord& record = store.batch.record;
  const std::int64_t begin = record.interval.begin_seconds();
  const Hash32 before = replay_.batches.empty() ? Hash32{} : replay_.batches.back().entry.batch_root;
  if (record.previous_batch != before) complain_(begin, "a batch does not follow from the one before it");
  if (record.run == Run::initial) {
    if (const std::optional<std::string> wrong = clearing_fault(record.book, record.clearing))
      complain_(begin, "the clearing's certificate fails: " + *wrong);
  }
  for (const Statement& statement : store.batch.statements) {
    const Position position{.household = statement.household,
                            .contract = statement.contract,
                            .grid = {statement.import, statement.export_},
                            .produced = statement.produced,
                            .quality = statement.quality};
    const RunBasis basis{
        .interval = record.interval, .run = record.run, .price = record.clearing.price, .terms = record.terms};
    if (statement_of(position, basis) != statement)
      complain_(begin, "a statement of " + statement.household.text() + " does not follow from energy and price");
  }
  for (const auto& [household, leaf] : store.batch.erased) {
    ++replay_.erased_statements;
    if (std::none_of(erasures_.begin(), erasures_.end(),
                     [&, id = household](const Erasure& erasure) { return erasure.household.value_or(id) == id; }))
      complain_(begin, missing_key(household).what);
  }
}

void ErasedPart::take_batches() {
  const auto count = static_cast<std::size_t>(base_.log.size());
  std::set<Interval> intervals;
  for (std::size_t i = 0; i < std::min(count, content_.batches.size()); ++i) {
    const JournalContent::StoredBatch& stored = content_.batches[i];
    Result<StoreBatch, OpenFault> store = open_batch(stored.batch, stored.log_index, content_.keys);
    if (!store || stored.log_index != static_cast<std::int64_t>(i) ||
        store->entry.interval.begin_seconds() != stored.interval_begin) {
      return complain_(stored.interval_begin, "batch " + std::to_string(stored.log_index) + ": " +
                                                  (store ? "it is out of place" : store.error().what));
    }
    check_batch(*store);
    if (!store->batch.erased.empty()) intervals.insert(store->entry.interval);
    for (const Posting& posting : store->postings) book(posting);
    replay_.leaves.push_back(log_leaf(store->entry));
    replay_.batches.push_back(std::move(*store));
  }
  replay_.erased_intervals = static_cast<std::int64_t>(intervals.size());
  if (replay_.batches.size() != count) complain_(std::nullopt, "batches that the log counts are missing");
}

void ErasedPart::take(const JournalEntry& entry, const Event& event) {
  if (const auto* configured = std::get_if<MarketConfigured>(&event)) configured_ = *configured;
  if (const auto* made = std::get_if<CheckpointSigned>(&event)) take_signature(entry, *made);
  if (const auto* received = std::get_if<CosignatureReceived>(&event)) take_cosignature(*received);
  if (const auto* payment = std::get_if<PaymentBooked>(&event)) take_payment(*payment);
  if (const auto* erased = std::get_if<DataErased>(&event)) take_erasure(entry, *erased);
}

void ErasedPart::take_signature(const JournalEntry& entry, const CheckpointSigned& made) {
  const auto size = static_cast<std::size_t>(made.size);
  const bool in_order = configured_ && made.size > tree_.size() && size <= replay_.leaves.size();
  for (auto i = static_cast<std::size_t>(tree_.size()); in_order && i < size; ++i) tree_.append(replay_.leaves[i]);
  const Checkpoint checkpoint{
      .origin = configured_ ? configured_->origin : "", .size = made.size, .root = tree_.root()};
  if (!in_order || !checkpoint_signature_holds(configured_->log_key, checkpoint, made.signature)) {
    return complain_(Interval::containing(entry.time, 900).begin_seconds(),
                     "the controller's signature over the log does not hold");
  }
  signed_size_ = made.size;
  cosigned_.clear();
  replay_.signatures[made.size] = made.signature;
  replay_.checkpoints[made.size] = checkpoint;
  ++replay_.signatures_held;
}

void ErasedPart::take_cosignature(const CosignatureReceived& received) {
  if (!configured_ || received.size != signed_size_) return;
  const auto household = std::find_if(configured_->households.begin(), configured_->households.end(),
                                      [&](const HouseholdRecord& record) { return record.id == received.sender; });
  const Cosignature cosignature{
      .witness = received.sender.text(), .time = received.time, .signature = received.signature};
  if (household == configured_->households.end() ||
      !cosignature_holds(household->witness_key, replay_.checkpoints.at(signed_size_), cosignature) ||
      !cosigned_.insert(received.sender).second)
    return;
  replay_.cosignatures[received.size].push_back(cosignature);
}

void ErasedPart::take_erasure(const JournalEntry& entry, const DataErased& erased) {
  if (!configured_ || !log_signature_holds(configured_->log_key, erasure_text(erased), erased.signature)) {
    complain_(Interval::containing(entry.time, 900).begin_seconds(), "the erasure is not signed by the controller");
  }
  for (const ErasedBooking& booking : erased.bookings) book(booking.sum);
}

/// A payment that was journalled is booked unless it was refused or came again: then it is not the next one stored.
void ErasedPart::take_payment(const PaymentBooked& payment) {
  const auto index = static_cast<std::size_t>(replay_.payments);
  if (index >= content_.payments.size() ||
      content_.payments[index] != StorePayment{.number = replay_.payments + 1, .payment = payment})
    return;
  ++replay_.payments;
  book(posting_of(payment));
}

void ErasedPart::book(const Posting& posting) {
  books_[posting.debit] -= posting.amount;
  books_[posting.credit] += posting.amount;
}

/// The balances must be what the postings that are left and the sums of those that are not make together.
void ErasedPart::check_books(std::optional<std::int64_t> interval) {
  std::map<Account, Money> balances = base_.ledger.balances();
  std::erase_if(balances, [](const auto& entry) { return entry.second == Money{0}; });
  std::erase_if(books_, [](const auto& entry) { return entry.second == Money{0}; });
  if (balances != books_) complain_(interval, "the balances are not what the postings and payments sum to");
  if (replay_.payments != static_cast<std::int64_t>(base_.payments.size()))
    complain_(interval, "payments that the books count are missing or changed");
}

void ErasedPart::take_base(const JournalEntry& entry, const Event& event) {
  const std::int64_t interval = Interval::containing(entry.time, 900).begin_seconds();
  take(entry, event);
  const auto& erased = std::get<DataErased>(event);
  if (base_hash_ != erased.state) complain_(interval, "the state kept at the erasure is not the one that was signed");
  GrowingTree tree;
  for (const Hash32& leaf : replay_.leaves) tree.append(leaf);
  const Hash32 last = replay_.batches.empty() ? Hash32{} : replay_.batches.back().entry.batch_root;
  if (base_.log != tree || base_.last_batch != last)
    complain_(interval, "the log of the state kept at the erasure is not the one its batches make");
  check_books(interval);
  if (const std::optional<std::string> wrong = stored_chain_fault(content_, base_.anchor_tip))
    complain_(interval, *wrong);
  replay_.epochs = base_.anchor_tip.epoch;
  replay_.state = std::move(base_);
}

}  // namespace commonwatt
