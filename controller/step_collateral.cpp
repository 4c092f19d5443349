#include "controller/step_parts.hpp"

namespace commonwatt {

Money unpaid_balance(const State& state, const HouseholdId& household) {
  const Money balance = state.ledger.balance({.kind = AccountKind::household, .household = household});
  const auto funds = state.vault_funds.find(household);
  return state.has_vault && funds != state.vault_funds.end() ? balance - funds->second.paid : balance;
}

Money credit_of(const State& state, const HouseholdRecord& household) {
  if (!state.has_vault) return household.credit_limit;
  const auto funds = state.vault_funds.find(household.id);
  return funds == state.vault_funds.end() ? Money{0} : funds->second.free;
}

Effects take_collateral(State& state, const CollateralKnown& known) {
  const auto is_sum = [](Money amount) { return amount >= Money{0} && amount <= payments_balance_max; };
  if (!state.households.contains(known.household) || known.block < 0 || !is_sum(known.free) || !is_sum(known.paid)) {
    return {RaiseAlarm{.severity = Severity::alarm,
                       .source = known.household.text(),
                       .text = "its collateral is not counted: it is no member's, or out of range"}};
  }
  state.vault_funds[known.household] = {.block = known.block, .free = known.free, .paid = known.paid};
  return {};
}

}  // namespace commonwatt
