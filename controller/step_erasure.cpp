#include <algorithm>

#include "controller/step_parts.hpp"
#include "core/month.hpp"

namespace commonwatt {
namespace {

/// The last interval that is not settled for good and that the household has a part in.
std::optional<Interval> last_open_interval(const State& state, const HouseholdId& household) {
  std::optional<Interval> last;
  const auto take = [&last](const Interval& interval) { last = last ? std::max(*last, interval) : interval; };
  for (const auto& [interval, open] : state.open) {
    if (std::any_of(open.orders.begin(), open.orders.end(),
                    [&](const auto& order) { return order.second.order.household == household; }))
      take(interval);
  }
  for (const auto& [interval, settled] : state.provisional) {
    if (std::any_of(settled.positions.begin(), settled.positions.end(),
                    [&](const Position& position) { return position.household == household; }))
      take(interval);
  }
  const auto member = state.members.find(household);
  if (member != state.members.end() && member->second.until && state.next_settlement < member->second.until)
    take(member->second.until->previous());
  return last;
}

}  // namespace

Bytes erasure_text(DataErased erased) {
  erased.signature.clear();
  constexpr std::string_view label = "commonwatt-erasure/v1\n";
  Bytes text(label.begin(), label.end());
  const Bytes encoding = encode(erased);
  text.insert(text.end(), encoding.begin(), encoding.end());
  return text;
}

std::optional<std::string> erasure_refusal(const State& state, const HouseholdId& household) {
  if (state.households.contains(household)) {
    return household.text() +
           " is a member: take it out of the configuration and let the controller run until its last interval is final";
  }
  const std::optional<Interval> last = last_open_interval(state, household);
  if (!last) return std::nullopt;
  return "intervals of " + household.text() + " are not settled for good: let the controller run past " +
         to_text(state.rules.final_time(*last));
}

std::optional<std::int64_t> due_retention(const State& state, std::int64_t keep_months, UtcTime now) {
  const std::int64_t before = month_of(now) - keep_months;
  if (!state.provisional.empty() && month_of(state.provisional.begin()->first.begin()) < before) return std::nullopt;
  return before;
}

Effects erase_data(State& state, const DataErased& erased) {
  if (!erased.household) return {};  // What is old enough to go has left the state long ago.
  if (const std::optional<std::string> refusal = erasure_refusal(state, *erased.household))
    return {RaiseAlarm{.severity = Severity::alarm, .source = "controller", .text = *refusal}};
  // From here nothing of it is left but its account.
  state.order_sequences.erase(*erased.household);
  state.household_totals.erase(*erased.household);
  state.members.erase(*erased.household);
  state.vault_funds.erase(*erased.household);
  if (!state.ledger.balances().contains({.kind = AccountKind::household, .household = erased.household}))
    state.account_keys.erase(*erased.household);
  std::erase_if(state.meters, [&](const auto& meter) { return meter.second.household == *erased.household; });
  std::erase_if(state.reading_leaves, [&](const auto& meter) { return !state.meters.contains(meter.first); });
  return {};
}

}  // namespace commonwatt
