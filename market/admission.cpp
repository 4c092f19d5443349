#include "market/admission.hpp"

#include <algorithm>

namespace commonwatt {
namespace {

bool is_malformed(const Order& order, const MarketRules& rules) {
  return order.quantity <= Energy{0} || order.quantity > order_energy_max || order.limit > price_magnitude_max ||
         order.limit < -price_magnitude_max || order.sequence <= 0 ||
         order.interval.length_seconds() != rules.interval_seconds;
}

bool gate_is_open(const Order& order, const MarketRules& rules, UtcTime received) {
  const UtcTime closure = rules.gate_closure(order.interval);
  return rules.is_traded(order.interval) && received < closure &&
         received >= closure - std::chrono::seconds(order_horizon_seconds);
}

Energy quantity_bound(const Order& order, const HouseholdRecord& household) {
  const Power bound = order.side == Side::buy
                          ? household.fuse_rating
                          : std::min(household.fuse_rating, household.nameplate + household.storage);
  return energy_over(bound, order.interval.length_seconds());
}

bool crosses_own(const Order& order, const HouseholdId& owner, std::span<const StandingOrder> standing) {
  return std::any_of(standing.begin(), standing.end(), [&](const StandingOrder& other) {
    if (other.owner != owner || other.order.side == order.side) return false;
    const Price bid = order.side == Side::buy ? order.limit : other.order.limit;
    const Price ask = order.side == Side::sell ? order.limit : other.order.limit;
    return bid >= ask;
  });
}

}  // namespace

const char* to_text(OrderReject reject) {
  switch (reject) {
    case OrderReject::malformed:
      return "malformed";
    case OrderReject::unknown_household:
      return "unknown_household";
    case OrderReject::bad_signature:
      return "bad_signature";
    case OrderReject::gate_closed:
      return "gate_closed";
    case OrderReject::replayed:
      return "replayed";
    case OrderReject::price_out_of_bounds:
      return "price_out_of_bounds";
    case OrderReject::quantity_out_of_bounds:
      return "quantity_out_of_bounds";
    case OrderReject::self_crossing:
      return "self_crossing";
    case OrderReject::insufficient_funds:
      return "insufficient_funds";
  }
  return "";
}

const char* explain(OrderReject reject) {
  switch (reject) {
    case OrderReject::malformed:
      return "the order is not readable or a field is out of range; update the gateway";
    case OrderReject::unknown_household:
      return "the household is not registered with this market; ask the operator";
    case OrderReject::bad_signature:
      return "the signature is not of the household's registered key; ask the operator to register the key";
    case OrderReject::gate_closed:
      return "the gate of that interval is not open; check the gateway's clock and line";
    case OrderReject::replayed:
      return "the sequence number is not above the last accepted one; the order was sent before";
    case OrderReject::price_out_of_bounds:
      return "the limit price is outside feed-in and retail; change the price limits";
    case OrderReject::quantity_out_of_bounds:
      return "the quantity is above what the connection or the plant can carry";
    case OrderReject::self_crossing:
      return "it would trade with an order of the same owner";
    case OrderReject::insufficient_funds:
      return "the open orders could cost more than balance and credit limit or collateral; pay in or ask for credit";
  }
  return "";
}

Energy energy_over(Power power, std::int64_t seconds) {
  return {power.count * seconds / 3600};
}

Money worst_case_spend(const Order& order) {
  const Money amount = order.quantity * order.limit;
  return std::max(Money{0}, order.side == Side::buy ? amount : -amount);
}

Result<AcceptedOrder, OrderReject> admit(const Order& order, const AdmissionFacts& facts) {
  if (is_malformed(order, facts.rules)) return Fail{OrderReject::malformed};
  if (facts.household == nullptr) return Fail{OrderReject::unknown_household};
  const HouseholdRecord& household = *facts.household;
  if (!facts.signature_holds) return Fail{OrderReject::bad_signature};
  if (facts.gate_was_closed || !gate_is_open(order, facts.rules, facts.received)) return Fail{OrderReject::gate_closed};
  if (order.sequence <= facts.last_sequence) return Fail{OrderReject::replayed};
  const std::optional<IntervalTariff> found = facts.rules.tariff.at(order.interval);
  if (!found) return Fail{OrderReject::gate_closed};
  if (order.limit < found->tariff.feed_in || order.limit > found->tariff.retail)
    return Fail{OrderReject::price_out_of_bounds};
  if (order.quantity > quantity_bound(order, household)) return Fail{OrderReject::quantity_out_of_bounds};
  if (crosses_own(order, household.owner, facts.standing)) return Fail{OrderReject::self_crossing};
  const Money spend = facts.open_spend + worst_case_spend(order);
  if (spend > facts.balance + facts.credit) return Fail{OrderReject::insufficient_funds};
  return AcceptedOrder(order);
}

}  // namespace commonwatt
