#include "controller/household_desk.hpp"

#include <algorithm>

namespace commonwatt {

void HouseholdDesk::send_receipt(const SendReceipt& effect) {
  const SignedReceipt receipt{.receipt = effect.receipt,
                              .signature = log_key_.sign_message(receipt_text(effect.receipt))};
  outgoing_.add(down_topic(effect.household, DownTopic::receipt), encode(receipt));
}

void HouseholdDesk::publish_checkpoint(const PublishCheckpoint& effect, const State& state) {
  const bool is_newer = checkpoint_.size > 0 && checkpoint_.size < effect.checkpoint.size;
  const std::int64_t old_size = is_newer ? checkpoint_.size : effect.checkpoint.size - 1;
  checkpoint_ = effect.checkpoint;
  checkpoint_signature_ = effect.signature;
  const NoteKey log{.name = checkpoint_.origin, .public_key = state.log_key};
  view_.note_checkpoint(checkpoint_, checkpoint_signature_, leaves_,
                        signed_note(checkpoint_, log, checkpoint_signature_, {}, {}));
  outgoing_.add(checkpoint_topic, encode(checkpoint_message(old_size)));
  // Several runs may have been sealed since the last signature.
  const SignedLog signed_until = signed_log();
  for (std::int64_t index = old_size; index < checkpoint_.size; ++index) {
    const std::optional<StoreBatch> sealed = journal_.batch_at(index);
    if (!sealed) continue;
    const BatchBills bills(*sealed, signed_until);
    for (const auto& [id, household] : state.households) send_bill(id, bills.of(id));
  }
}

void HouseholdDesk::note_witnessed(const CheckpointWitnessed& effect, const State& state) {
  std::vector<NoteKey> witnesses;
  for (const Cosignature& cosignature : effect.cosignatures) {
    const std::optional<HouseholdId> id = HouseholdId::from(cosignature.witness);
    witnesses.push_back({.name = cosignature.witness, .public_key = state.households.at(*id).witness_key});
  }
  const NoteKey log{.name = effect.checkpoint.origin, .public_key = state.log_key};
  view_.note_checkpoint(effect.checkpoint, effect.signature, leaves_,
                        signed_note(effect.checkpoint, log, effect.signature, effect.cosignatures, witnesses));
  view_.note_witnessed(effect.checkpoint.size);
}

void HouseholdDesk::answer(const HouseholdId& household, const Request& request, const State& state) {
  switch (request.kind) {
    case RequestKind::clearing:
      return send_clearing(household, request.interval, state);
    case RequestKind::bill: {
      const std::optional<StoreBatch> store =
          request.log_index ? journal_.batch_at(*request.log_index) : journal_.batch_in_force(request.interval);
      if (store) send_bill(household, make_bill(*store, household, signed_log()));
      return;
    }
    case RequestKind::checkpoint: {
      if (checkpoint_.size == 0 || request.old_size <= 0 || request.old_size > checkpoint_.size) return;
      return outgoing_.add(down_topic(household, DownTopic::checkpoint), encode(checkpoint_message(request.old_size)));
    }
    case RequestKind::log:
      return send_log(household, request.after);
    case RequestKind::settlement:
    case RequestKind::journal:
      return;
  }
}

void HouseholdDesk::send_clearing(const HouseholdId& household, const Interval& interval, const State& state) {
  const auto open = state.open.find(interval);
  if (open != state.open.end() && open->second.cleared)
    return outgoing_.add(down_topic(household, DownTopic::clearing), encode(*open->second.cleared));
  std::optional<StoreBatch> store = journal_.first_batch_of(interval);
  if (!store) return;
  // As it was published: the batch before it was sealed later.
  store->batch.record.previous_batch = {};
  outgoing_.add(down_topic(household, DownTopic::clearing), encode(store->batch.record));
}

void HouseholdDesk::send_bill(const HouseholdId& household, const std::optional<Bill>& bill) {
  if (bill) outgoing_.add(down_topic(household, DownTopic::bill), encode(*bill));
}

std::span<const Hash32> HouseholdDesk::log_from(std::int64_t first, std::int64_t at_most) const {
  return std::span(leaves_).subspan(static_cast<std::size_t>(first),
                                    static_cast<std::size_t>(std::min(at_most, checkpoint_.size - first)));
}

void HouseholdDesk::send_log(const HouseholdId& household, std::int64_t first) {
  if (first < 0 || first >= checkpoint_.size) return;
  const std::span<const Hash32> leaves = log_from(first, log_page_max);
  outgoing_.add(down_topic(household, DownTopic::log),
                encode(LogPage{.first = first, .leaves = {leaves.begin(), leaves.end()}}));
}

CheckpointMessage HouseholdDesk::checkpoint_message(std::int64_t old_size) const {
  CheckpointMessage message{.checkpoint = checkpoint_,
                            .signature = checkpoint_signature_,
                            .old_size = old_size,
                            .consistency = {},
                            .leaves = {}};
  const std::span<const Hash32> log = log_from(0, checkpoint_.size);
  if (old_size > 0) message.consistency = consistency_path(log, static_cast<std::size_t>(old_size));
  const std::span<const Hash32> news = log.subspan(static_cast<std::size_t>(old_size));
  if (news.size() <= static_cast<std::size_t>(checkpoint_leaves_max)) message.leaves.assign(news.begin(), news.end());
  return message;
}

}  // namespace commonwatt
