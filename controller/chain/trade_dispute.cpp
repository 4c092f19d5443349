#include "controller/chain/trade_dispute.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "controller/chain/anchor_trail.hpp"
#include "controller/chain/sealed_trade.hpp"
#include "controller/command_output.hpp"
#include "controller/journal.hpp"
#include "controller/journal_trades.hpp"

namespace commonwatt {
namespace {

/// So many judgements are told when nothing is wrong.
constexpr std::size_t told_max = 20;

/// The options, checked.
struct Wanted {
  std::filesystem::path file;
  UtcTime begin;
  std::optional<Run> run;
  std::optional<OrderId> order;
  std::optional<HouseholdId> household;

  [[nodiscard]] bool takes(const SignedOrder& each) const {
    return (!order || order_id(each.order) == *order) && (!household || each.order.household == *household);
  }
};

Result<Wanted, Refusal> wanted_from(const TradeDisputeOptions& options) {
  Wanted wanted;
  wanted.file = std::filesystem::path(options.directory) / journal_file;
  const std::optional<UtcTime> begin = time_from_text(options.interval);
  if (!begin) {
    return refuse("--interval '" + options.interval +
                      "' is not the begin of an interval, as 2026-06-21T10:15:00Z or in seconds since 1970",
                  status_usage);
  }
  wanted.begin = *begin;
  if (!options.run.empty()) {
    wanted.run = run_from_text(options.run);
    if (!wanted.run) return refuse("--run '" + options.run + "' is not initial, revised or final", status_usage);
  }
  if (!options.order.empty()) {
    wanted.order = options.order.starts_with("0x") ? hash_from_data(options.order) : hash_from_hex(options.order);
    if (!wanted.order) return refuse("--order '" + options.order + "' is not 64 hexadecimal digits", status_usage);
  }
  if (!options.household.empty()) {
    wanted.household = HouseholdId::from(options.household);
    if (!wanted.household) return refuse("--household '" + options.household + "' is no household's id", status_usage);
  }
  return wanted;
}

/// A batch, its tree, and how the oldest and the newest of the anchors vouch for it whose log the journal has.
struct AnchoredBatch {
  const StoreBatch* store = nullptr;
  MerkleTree tree;
  SealedBatchProof by_oldest;
  SealedBatchProof by_newest;
};

std::string name_of(const StoreBatch& store) {
  return std::string("the ") + to_text(store.entry.run) + " run of " + to_text(store.entry.interval.begin());
}

/// One of the two proofs.
struct Proof {
  const char* kind = "";  // "order" or "fill"
  Bytes call;
  std::string why;
  std::int64_t epoch = 0;
};

/// Goes through the orders of the batches until one is wrong.
class Inquiry {
 public:
  Inquiry(Court& court, const JournalTrades& trades, const Wanted& wanted, std::int64_t first_block)
      : court_(court), trades_(trades), wanted_(wanted), first_block_(first_block) {}
  Outcome run();

 private:
  Result<std::optional<AnchoredBatch>, Refusal> anchored(const StoreBatch& store);
  Result<std::optional<Proof>, Refusal> judge(const AnchoredBatch& batch, const SealedOrder& sealed);
  Result<std::optional<Proof>, Refusal> judge_leaf(const AnchoredBatch& batch, const SealedOrder& sealed);
  Result<std::optional<Proof>, Refusal> judge_fill(const AnchoredBatch& batch, const SealedOrder& sealed);
  [[nodiscard]] SealedBatchProof proof_from(const StoreBatch& store, const std::vector<ChainAnchor>& trail,
                                            std::size_t start) const;
  [[nodiscard]] Fail<Refusal> nothing() const;
  Outcome submit(const AnchoredBatch& batch, const SealedOrder& sealed, const Proof& proof);
  void tell(const std::string& finding) { findings_.push_back(finding); }

  Court& court_;
  const JournalTrades& trades_;
  const Wanted& wanted_;
  std::int64_t first_block_ = 0;
  std::vector<std::string> findings_;
};

std::string name_of(const SealedOrder& sealed) {
  return "the order " + to_data(order_id(sealed.order.order)) + " of " + sealed.order.order.household.text();
}

Outcome Inquiry::run() {
  for (const StoreBatch& store : trades_.batches) {
    if (wanted_.run && store.entry.run != *wanted_.run) continue;
    std::vector<SignedOrder> orders;
    std::copy_if(trades_.orders.begin(), trades_.orders.end(), std::back_inserter(orders),
                 [this](const SignedOrder& each) { return wanted_.takes(each); });
    const std::vector<SealedOrder> sealed = sealed_orders(store.batch, orders);
    if (sealed.empty()) continue;
    Result<std::optional<AnchoredBatch>, Refusal> batch = anchored(store);
    if (!batch) return Fail{batch.error()};
    if (!*batch) continue;
    for (const SealedOrder& each : sealed) {
      const Result<std::optional<Proof>, Refusal> proof = judge(**batch, each);
      if (!proof) return Fail{proof.error()};
      if (*proof) return submit(**batch, each, **proof);
    }
  }
  return nothing();
}

/// Nothing, and a finding, where the batch is in no anchored log.
Result<std::optional<AnchoredBatch>, Refusal> Inquiry::anchored(const StoreBatch& store) {
  const auto trail = read_anchor_trail(
      court_.pool(),
      {.community = court_.state().community, .epoch = court_.state().epoch, .log_index = store.log_index},
      {.registry = court_.registry(), .first_block = first_block_, .last_block = court_.views().block().number});
  if (!trail) return refuse(trail.error());
  const std::vector<std::size_t> starts = anchors_over(*trail, trades_.log_leaves);
  if (!starts.empty()) {
    return std::optional(AnchoredBatch{.store = &store,
                                       .tree = MerkleTree(batch_leaves(store.batch)),
                                       .by_oldest = proof_from(store, *trail, starts.front()),
                                       .by_newest = proof_from(store, *trail, starts.back())});
  }
  tell(name_of(store) + (trail->empty()
                             ? " is not anchored yet: the registry is at epoch " + std::to_string(court_.state().epoch)
                             : " is in no anchored log as this journal has it: none of those anchors is of the first "
                               "entries of the journal's " +
                                   std::to_string(trades_.log_leaves.size()) +
                                   "; the journal is of another log, or a copy that is too old"));
  return std::optional<AnchoredBatch>{};
}

SealedBatchProof Inquiry::proof_from(const StoreBatch& store, const std::vector<ChainAnchor>& trail,
                                     std::size_t start) const {
  AbiReader size(trail[start].words[4]);
  const auto first = trades_.log_leaves.begin();
  const MerkleTree log(std::vector<Hash32>(first, first + size.small_number()));
  return {.anchors = {trail.begin() + static_cast<std::ptrdiff_t>(start), trail.end()},
          .entry = store.entry,
          .place = place_in(log, static_cast<std::size_t>(store.log_index))};
}

Result<std::optional<Proof>, Refusal> Inquiry::judge(const AnchoredBatch& batch, const SealedOrder& sealed) {
  Result<std::optional<Proof>, Refusal> proof = std::optional<Proof>{};
  if (sealed.leaf) proof = judge_leaf(batch, sealed);
  if (proof && !*proof && sealed.line) proof = judge_fill(batch, sealed);
  return proof;
}

/// The contract knows the household's keys; the oldest anchor leaves it the fewest.
Result<std::optional<Proof>, Refusal> Inquiry::judge_leaf(const AnchoredBatch& batch, const SealedOrder& sealed) {
  const SealedBatchProof& way = batch.by_oldest;
  const Order& order = sealed.order.order;
  const Interval& interval = batch.store->entry.interval;
  const std::string keys = order.household.text() + " had until epoch " + std::to_string(way.anchors.front().epoch);
  Proof proof{.kind = "order",
              .call = prove_order_call(way, sealed.order, place_in(batch.tree, *sealed.leaf)),
              .why = order.interval == interval
                         ? "no order key that " + keys + " made its signature"
                         : "it is for the interval " + to_text(order.interval.begin()) + ", " +
                               std::to_string(order.interval.length_seconds()) + " s, and is sealed for another",
              .epoch = way.anchors.front().epoch};
  const Result<Verdict, Refusal> verdict = court_.hear(proof.call);
  if (!verdict) return Fail{verdict.error()};
  if (verdict->is_taken()) return std::optional(std::move(proof));
  if (verdict->is("ValidOrder()")) {
    tell(name_of(sealed) + " is for its interval and signed with an order key that " + keys);
  } else if (verdict->is("NoOrderKey(bytes32)")) {
    tell(name_of(sealed) + " cannot be judged: " + verdict->reason);
  } else {
    return refuse(name_of(sealed) + " is wrong (" + proof.why +
                  "), but the contract refuses the proof: " + verdict->reason);
  }
  return std::optional<Proof>{};
}

/// The newest anchor makes the shortest proof.
Result<std::optional<Proof>, Refusal> Inquiry::judge_fill(const AnchoredBatch& batch, const SealedOrder& sealed) {
  const ClearingRecord& record = batch.store->batch.record;
  const std::optional<std::string> fault = fill_fault(record, *sealed.line, sealed.order.order);
  if (!fault) {
    tell(name_of(sealed) + " allows what it was filled with, " +
         std::to_string(record.clearing.fills[*sealed.line].count) + " Wh");
    return std::optional<Proof>{};
  }
  const SealedBatchProof& way = batch.by_newest;
  Proof proof{.kind = "fill",
              .call = prove_fill_call(way, sealed.order.order, record, place_in(batch.tree, 0), *sealed.line),
              .why = *fault,
              .epoch = way.anchors.front().epoch};
  const Result<Verdict, Refusal> verdict = court_.hear(proof.call);
  if (!verdict) return Fail{verdict.error()};
  if (verdict->is_taken()) return std::optional(std::move(proof));
  return refuse("the fill of " + name_of(sealed) + " is wrong (" + *fault +
                "), but the contract refuses the proof: " + verdict->reason);
}

Fail<Refusal> Inquiry::nothing() const {
  std::string text = "nothing to prove: ";
  if (findings_.empty()) {
    text += "the journal has no such order that is sealed in the interval";
  } else {
    for (std::size_t i = 0; i < std::min(findings_.size(), told_max); ++i) text += (i == 0 ? "" : "; ") + findings_[i];
    if (findings_.size() > told_max)
      text += "; and " + std::to_string(findings_.size() - told_max) + " more like these";
  }
  if (trades_.closed_records > 0) {
    text += "; " + std::to_string(trades_.closed_records) +
            " records of households do not open (their data keys are erased, or not beside the journal), and what "
            "nobody can open proves nothing";
  }
  return refuse(text);
}

Outcome Inquiry::submit(const AnchoredBatch& batch, const SealedOrder& sealed, const Proof& proof) {
  const std::string what = proof.kind == std::string_view("fill") ? "the fill of " + name_of(sealed) : name_of(sealed);
  Report report{.json = {{"proof", proof.kind},
                         {"order", to_data(order_id(sealed.order.order))},
                         {"household", sealed.order.order.household.text()},
                         {"batch", to_data(batch.store->entry.batch_root)},
                         {"epoch", proof.epoch},
                         {"why", proof.why}},
                .words = what + " in " + name_of(*batch.store) + " is wrong: " + proof.why +
                         ". Its proof stops the registry until the owner's 'commonwatt chain unpause'\n"};
  return court_.submit(proof.call, "TradeWithoutOrder(bytes32,bytes32,uint64)", std::move(report));
}

}  // namespace

Outcome dispute_trade(const CourtOptions& court, const TradeDisputeOptions& options) {
  const Result<Wanted, Refusal> wanted = wanted_from(options);
  if (!wanted) return Fail{wanted.error()};
  const Result<JournalTrades, std::string> trades = read_trades(wanted->file, wanted->begin);
  if (!trades) return refuse(trades.error(), status_data);
  Result<Court, Refusal> opened = Court::open(court);
  if (!opened) return Fail{opened.error()};
  return Inquiry(opened.value(), *trades, *wanted, court.access.first_block).run();
}

}  // namespace commonwatt
