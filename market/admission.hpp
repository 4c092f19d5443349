// Which orders enter the book (RULEBOOK section 3). Pure: the caller says what is known.
#pragma once

#include <span>
#include <string_view>

#include "core/result.hpp"
#include "market/market_rules.hpp"
#include "market/order.hpp"
#include "market/participants.hpp"

namespace commonwatt {

/// Why an order is refused; the first rule that fails, in this order, names the rejection.
enum class OrderReject : std::uint8_t {
  malformed,
  unknown_household,
  bad_signature,
  gate_closed,
  replayed,
  price_out_of_bounds,
  quantity_out_of_bounds,
  self_crossing,
  insufficient_funds,
};
constexpr OrderReject enum_last(OrderReject) {
  return OrderReject::insufficient_funds;
}
/// The reason's name, as receipts and logs carry it.
const char* to_text(OrderReject reject);
/// The reason as a household would understand it, with what to do.
const char* explain(OrderReject reject);

/// An order that passed every rule. `admit` is the only way to make one.
class AcceptedOrder {
 public:
  [[nodiscard]] const Order& order() const { return order_; }

 private:
  friend Result<AcceptedOrder, OrderReject> admit(const Order& order, const struct AdmissionFacts& facts);
  explicit AcceptedOrder(const Order& order) : order_(order) {}
  Order order_;
};

/// An order already in the book, with the owner behind it.
struct StandingOrder {
  Order order;
  HouseholdId owner;
};

/// What admission needs to know about the world at the moment the order was received.
struct AdmissionFacts {
  const MarketRules& rules;
  const HouseholdRecord* household = nullptr;  ///< nothing when the order's household is not registered
  bool signature_holds = false;
  UtcTime received;
  bool gate_was_closed = false;             ///< of the order's interval, whatever the rules say now
  std::int64_t last_sequence = 0;           ///< of the household's last accepted order
  std::span<const StandingOrder> standing;  ///< the book of the order's interval
  Money open_spend;                         ///< worst case of all the household's open orders
  Money balance;                            ///< of its ledger account, less what a vault has paid out of it
  Money credit;                             ///< what it may owe: its credit limit, or its free collateral
};

Result<AcceptedOrder, OrderReject> admit(const Order& order, const AdmissionFacts& facts);

/// The most an order can cost its household if it is filled whole: never below zero.
Money worst_case_spend(const Order& order);

/// Energy a power carries over one interval, rounded down.
Energy energy_over(Power power, std::int64_t seconds);

}  // namespace commonwatt
