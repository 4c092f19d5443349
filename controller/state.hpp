// Everything the market knows that is not settled history. Small: open intervals, meters, balances, the log's tip.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "controller/event.hpp"
#include "controller/message.hpp"
#include "market/batch.hpp"
#include "market/ledger.hpp"
#include "market/meter_account.hpp"

namespace commonwatt {

struct BookEntry {
  Order order;
  Hash32 leaf{};  ///< of the order with its signature

  friend bool operator==(const BookEntry&, const BookEntry&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.order, self.leaf);
  }
};

/// An accepted reading, as a batch holds it.
struct ReadingLeaf {
  Hash32 leaf{};
  bool sealed = false;

  friend bool operator==(const ReadingLeaf&, const ReadingLeaf&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.leaf, self.sealed);
  }
};

/// How long after its interval is settled a message that was accepted is still answered as accepted when it comes
/// again: the first receipt may have been lost in an outage.
inline constexpr std::int64_t repeats_answered_seconds = 2 * 86'400;

/// An interval from its first order until it is settled.
struct OpenInterval {
  std::map<OrderId, BookEntry> orders;
  std::int64_t rejected_orders = 0;
  std::optional<ClearingRecord> cleared;

  friend bool operator==(const OpenInterval&, const OpenInterval&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.orders, self.rejected_orders, self.cleared);
  }
};

/// A household from the first interval it takes part in to the one it does no more, both by their gates.
struct Member {
  HouseholdRecord record;
  Interval since;
  std::optional<Interval> until;  ///< nothing: it goes on

  friend bool operator==(const Member&, const Member&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.record, self.since, self.until);
  }
  [[nodiscard]] bool takes_part(const Interval& interval) const {
    return since <= interval && (!until || interval < *until);
  }
};

/// A meter in service, and whose it is.
struct MeterService {
  HouseholdId household;
  MeterRecord record;
  Interval since;
  std::optional<Interval> until;  ///< nothing: it goes on
  MeterAccount account;

  friend bool operator==(const MeterService&, const MeterService&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.household, self.record, self.since, self.until, self.account);
  }
  [[nodiscard]] bool serves(const Interval& interval) const {
    return since <= interval && (!until || interval < *until);
  }
};

/// An interval that is settled, but not for good.
struct ProvisionalInterval {
  ClearingRecord record;            ///< without book and fills
  std::vector<Position> positions;  ///< as it was settled last, in order of household

  friend bool operator==(const ProvisionalInterval&, const ProvisionalInterval&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.record, self.positions);
  }
};

struct Totals {
  std::int64_t readings = 0;  ///< accepted
  std::int64_t rejected_readings = 0;
  std::int64_t estimated_readings = 0;  ///< meter intervals settled on an estimate
  std::int64_t orders = 0;              ///< accepted
  std::int64_t rejected_orders = 0;
  std::int64_t intervals_cleared = 0;
  std::int64_t intervals_settled = 0;  ///< in their initial run
  std::int64_t revised_runs = 0;
  std::int64_t final_runs = 0;
  Energy traded;
  Energy import;
  Energy export_;
  Energy produced;

  friend bool operator==(const Totals&, const Totals&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.readings, self.rejected_readings, self.estimated_readings, self.orders, self.rejected_orders,
                    self.intervals_cleared, self.intervals_settled, self.revised_runs, self.final_runs, self.traded,
                    self.import, self.export_, self.produced);
  }
};

/// A household's settled figures since the journal began. Energy in and money it pays are positive.
struct HouseholdTotals {
  Energy produced;
  Energy used;
  Energy import;
  Energy export_;
  Energy bought;       ///< from neighbours
  Energy sold;         ///< to neighbours
  Energy grid_bought;  ///< from the utility, as imbalance
  Energy grid_sold;
  Money paid;
  Money saved;
  std::optional<Interval> settled;  ///< the last one

  friend bool operator==(const HouseholdTotals&, const HouseholdTotals&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.produced, self.used, self.import, self.export_, self.bought, self.sold, self.grid_bought,
                    self.grid_sold, self.paid, self.saved, self.settled);
  }
};

/// The anchor made last, and what was settled and traded by then.
struct AnchorTip {
  std::int64_t epoch = 0;  ///< 0: none yet
  Hash32 head{};           ///< its struct hash
  std::int64_t log_size = 0;
  std::int64_t settled = 0;  ///< intervals, in their initial run
  Energy traded;

  friend bool operator==(const AnchorTip&, const AnchorTip&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.epoch, self.head, self.log_size, self.settled, self.traded);
  }
};

/// What a vault has for a household (CollateralKnown), known last.
struct VaultFunds {
  std::int64_t block = 0;
  Money free;
  Money paid;

  friend bool operator==(const VaultFunds&, const VaultFunds&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.block, self.free, self.paid);
  }
};

struct State {
  std::string origin;
  Bytes log_key;
  MarketRules rules;
  std::map<HouseholdId, HouseholdRecord> households;
  std::map<HouseholdId, Member> members;                ///< those that left too, until their last interval is final
  std::map<HouseholdId, std::int64_t> order_sequences;  ///< of the last accepted order
  std::map<Interval, OpenInterval> open;
  std::map<Interval, ProvisionalInterval> provisional;
  std::set<Interval> late;               ///< provisional intervals that readings came for since they were settled
  std::optional<UtcTime> next_revision;  ///< when those are settled again
  std::map<MeterId, MeterService> meters;
  /// Readings accepted, by meter and boundary in seconds; kept after they are sealed as long as repeats are answered.
  std::map<MeterId, std::map<std::int64_t, ReadingLeaf>> reading_leaves;
  /// The accepted orders of settled intervals, as long as repeats are answered.
  std::map<Interval, std::set<OrderId>> settled_orders;
  Ledger ledger;
  std::map<Hash32, Hash32> payments;  ///< all that are booked, SHA-256 of the reference to that of the payment
  Hash32 last_batch{};                ///< root of the batch sealed last
  GrowingTree log;
  std::optional<Interval> next_gate;                ///< whose gate closes next
  std::optional<Interval> next_settlement;          ///< which has its initial run next
  std::optional<Bytes> signature;                   ///< over the log's present state, once made
  std::map<HouseholdId, Cosignature> cosignatures;  ///< over the log's present state
  std::int64_t witnessed_size = 0;
  Totals totals;
  std::map<HouseholdId, HouseholdTotals> household_totals;
  std::int64_t anchor_intervals = 0;  ///< as configured; 0: no anchors
  AnchorTip anchor_tip;
  /// The first order key of every household: its address is the household's account on a chain and stays that when
  /// the key is rotated, because what was paid out is counted there; and when the household has left.
  std::map<HouseholdId, Bytes> account_keys;
  bool has_vault = false;
  std::map<HouseholdId, VaultFunds> vault_funds;

  friend bool operator==(const State&, const State&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.origin, self.log_key, self.rules, self.households, self.members, self.order_sequences,
                    self.open, self.provisional, self.late, self.next_revision, self.meters, self.reading_leaves,
                    self.settled_orders, self.ledger, self.payments, self.last_batch, self.log, self.next_gate,
                    self.next_settlement, self.signature, self.cosignatures, self.witnessed_size, self.totals,
                    self.household_totals, self.anchor_intervals, self.anchor_tip, self.account_keys, self.has_vault,
                    self.vault_funds);
  }

  [[nodiscard]] Checkpoint checkpoint() const { return {.origin = origin, .size = log.size(), .root = log.root()}; }
};

}  // namespace commonwatt
