// The heart: one event, one step. Deterministic and without I/O, so that the same journal gives the same ledger and
// the same Merkle roots wherever it is replayed.
#pragma once

#include <optional>

#include "controller/effect.hpp"
#include "controller/event.hpp"
#include "controller/state.hpp"

namespace commonwatt {

/// Applies an event that happened at `now` and returns what should be done about it. An event that cannot have
/// happened (a gate closed twice, a signature that does not hold) changes nothing and raises an alarm.
Effects step(State& state, const Event& event, UtcTime now);

/// When the next GateClosed or SettlementDue is due; nothing before the market is configured or
/// after its last interval is settled.
std::optional<UtcTime> next_deadline(const State& state);
/// Whether the next gate is to be closed at `now`.
bool gate_is_due(const State& state, UtcTime now);

struct SettlementTask {
  Interval interval;
  Run run = Run::initial;

  friend bool operator==(const SettlementTask&, const SettlementTask&) = default;
};
/// Which run of which interval is due at `now`; nothing when none is. Initial runs come first, in order of interval and
/// never before the gate closed; then revised ones of intervals that readings came late for; then final ones.
std::optional<SettlementTask> due_settlement(const State& state, UtcTime now);

/// The receipt of an order or reading that was accepted before: a repeated message is answered again and changes
/// nothing. Nothing when it is new.
std::optional<Receipt> repeated(const State& state, const OrderReceived& received, UtcTime now);
std::optional<Receipt> repeated(const State& state, const ReadingReceived& received, UtcTime now);

/// Whether this very payment is booked: it comes again with every change of the file it stands in.
bool is_booked(const State& state, const PaymentBooked& payment);
/// How the ledger has a payment: a deposit from the bank to the household, a payout the other way.
Posting posting_of(const PaymentBooked& payment);
/// Why a payment cannot be booked; nothing when it can, or is.
std::optional<PaymentReject> payment_fault(const State& state, const PaymentBooked& payment);

/// What a restarted shell has to do again: the outcome of these effects is not in the journal.
Effects pending_effects(const State& state);

/// Why a household's data cannot be erased yet, in words; nothing when it can.
std::optional<std::string> erasure_refusal(const State& state, const HouseholdId& household);

/// The month (month_of) before which everybody's data is to be erased when it is kept for `keep_months` whole months;
/// nothing while an interval of an older month is not settled for good.
std::optional<std::int64_t> due_retention(const State& state, std::int64_t keep_months, UtcTime now);

/// A household's balance, less what a vault has paid out of it: the ledger does not know of that.
Money unpaid_balance(const State& state, const HouseholdId& household);
/// What a household may owe: its credit limit or, where there is a vault, the collateral known to be free there.
Money credit_of(const State& state, const HouseholdRecord& household);
/// Worst-case spend of a household's orders in intervals that are not settled.
Money open_spend(const State& state, const HouseholdId& household);
/// The same of every household that has orders there.
std::map<HouseholdId, Money> open_spends(const State& state);

}  // namespace commonwatt
