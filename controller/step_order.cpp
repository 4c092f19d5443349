#include "controller/step_parts.hpp"

namespace commonwatt {
namespace {

Receipt receipt_of(const Order& order, UtcTime now, std::optional<OrderReject> rejection) {
  Receipt receipt{.subject = Subject::order, .id = order_id(order), .received = now, .rejection = std::nullopt};
  if (rejection) receipt.rejection = static_cast<std::int64_t>(*rejection);
  return receipt;
}

std::vector<StandingOrder> standing_orders(const State& state, const Interval& interval) {
  std::vector<StandingOrder> standing;
  const auto open = state.open.find(interval);
  if (open == state.open.end()) return standing;
  for (const auto& [id, entry] : open->second.orders) {
    const auto household = state.households.find(entry.order.household);
    // A member that has left keeps its accepted orders; it owned itself.
    standing.push_back(
        {entry.order, household == state.households.end() ? entry.order.household : household->second.owner});
  }
  return standing;
}

}  // namespace

Money open_spend(const State& state, const HouseholdId& household) {
  Money spend;
  for (const auto& [interval, open] : state.open) {
    for (const auto& [id, entry] : open.orders) {
      if (entry.order.household == household) spend += worst_case_spend(entry.order);
    }
  }
  return spend;
}

std::map<HouseholdId, Money> open_spends(const State& state) {
  std::map<HouseholdId, Money> spends;
  for (const auto& [interval, open] : state.open) {
    for (const auto& [id, entry] : open.orders) spends[entry.order.household] += worst_case_spend(entry.order);
  }
  return spends;
}

std::optional<Receipt> repeated(const State& state, const OrderReceived& received, UtcTime now) {
  if (received.sender != received.order.order.household) return std::nullopt;
  const OrderId id = order_id(received.order.order);
  const auto open = state.open.find(received.order.order.interval);
  const auto settled = state.settled_orders.find(received.order.order.interval);
  const bool stands = open != state.open.end() && open->second.orders.contains(id);
  const bool stood = settled != state.settled_orders.end() && settled->second.contains(id);
  if (!stands && !stood) return std::nullopt;
  return receipt_of(received.order.order, now, std::nullopt);
}

Effects take_order(State& state, const OrderReceived& received, UtcTime now) {
  const Order& order = received.order.order;
  if (const std::optional<Receipt> again = repeated(state, received, now)) {
    return {SendReceipt{.household = received.sender, .receipt = *again}};
  }
  const auto household = state.households.find(order.household);
  // Who the broker says it is and who the order says it is must be one.
  const bool known = household != state.households.end() && order.household == received.sender;
  const std::vector<StandingOrder> standing = standing_orders(state, order.interval);
  const auto sequence = state.order_sequences.find(order.household);
  const AdmissionFacts facts{
      .rules = state.rules,
      .household = known ? &household->second : nullptr,
      .signature_holds =
          known && order_signature_holds(household->second.order_key, order_digest(order), received.order.signature),
      .received = now,
      .gate_was_closed = state.next_gate && order.interval < *state.next_gate,
      .last_sequence = sequence == state.order_sequences.end() ? 0 : sequence->second,
      .standing = standing,
      .open_spend = open_spend(state, order.household),
      .balance = unpaid_balance(state, order.household),
      .credit = known ? credit_of(state, household->second) : Money{0}};
  const Result<AcceptedOrder, OrderReject> admitted = admit(order, facts);
  if (!admitted) {
    ++state.totals.rejected_orders;
    const auto open = state.open.find(order.interval);
    if (known && open != state.open.end()) ++open->second.rejected_orders;
    return {SendReceipt{.household = received.sender, .receipt = receipt_of(order, now, admitted.error())}};
  }
  // From here the order is in the book.
  const Hash32 leaf = record_leaf(LeafKind::order, order.salt, encode(order), received.order.signature);
  state.open[order.interval].orders.emplace(order_id(order), BookEntry{.order = order, .leaf = leaf});
  state.order_sequences[order.household] = order.sequence;
  ++state.totals.orders;
  return {SendReceipt{.household = received.sender, .receipt = receipt_of(order, now, std::nullopt)}};
}

}  // namespace commonwatt
