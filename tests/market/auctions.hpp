// Results of every mechanism for the tests that read them, made of the engines' own parts.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "market/mcafee.hpp"
#include "market/mechanism.hpp"
#include "market/vcg.hpp"
#include "tests/market/trees.hpp"

namespace commonwatt::test {

/// What an AuctionInput points to.
struct Auction {
  std::vector<LimitOrder> orders;
  std::vector<std::uint32_t> households;
  ZoneTree tree = ZoneTree::single();
  ClearingRule rule;
  ZoneTieKeys keys = tie_keys();

  AuctionInput input() const {
    return {.orders = orders, .households = households, .tree = tree, .rule = rule, .tie_keys = keys};
  }
};

/// Each order of a household of its own.
inline Auction auction_of(Neighbourhood made) {
  Auction auction;
  auction.orders = std::move(made.orders);
  auction.tree = std::move(made.tree);
  for (std::size_t i = 0; i < auction.orders.size(); ++i) auction.households.push_back(static_cast<std::uint32_t>(i));
  return auction;
}

/// A fill at a price as a payment of the order's household.
inline WideMoney payment_of(const LimitOrder& order, Energy fill, Price price) {
  return order.side == Side::buy ? wide_product(fill, price) : -wide_product(fill, price);
}

inline TreeClearing clear_call(const Auction& auction, const std::vector<LimitOrder>& orders) {
  if (auction.tree.size() > 1) return clear_zones(orders, auction.tree, auction.rule, auction.keys);
  Clearing clearing;
  CallAuction().clear(orders, auction.rule, auction.keys.order, clearing);
  TreeClearing result{.volume = clearing.volume, .fills = clearing.fills, .zones = {{clearing.price, {}, {}}}};
  add_flows(orders, auction.tree, result.fills, result.zones);
  return result;
}

inline AuctionResult call_result(Mechanism mechanism, const Auction& auction) {
  AuctionResult result;
  result.clearing = clear_call(auction, auction.orders);
  for (std::size_t i = 0; i < auction.orders.size(); ++i) {
    const LimitOrder& order = auction.orders[i];
    const Price price =
        mechanism == Mechanism::uniform ? result.clearing.zones[order.zone].price.value_or(Price{}) : order.limit;
    result.payments.push_back(payment_of(order, result.clearing.fills[i], price));
  }
  if (mechanism == Mechanism::vcg) {
    result.payments =
        vcg_payments(auction.orders, auction.households, result.clearing.fills, auction.keys.order).order_payments;
  }
  return result;
}

inline AuctionResult mcafee_result(const Auction& auction) {
  const McAfee cleared = clear_mcafee(auction.orders, auction.households, auction.keys.order);
  AuctionResult result;
  result.clearing = {.volume = cleared.volume, .fills = cleared.fills, .zones = {{cleared.buyers_price, {}, {}}}};
  result.sellers_price = cleared.sellers_price;
  for (std::size_t i = 0; i < auction.orders.size(); ++i) {
    const LimitOrder& order = auction.orders[i];
    const std::optional<Price>& price = order.side == Side::buy ? cleared.buyers_price : cleared.sellers_price;
    result.payments.push_back(payment_of(order, cleared.fills[i], price.value_or(Price{})));
  }
  return result;
}

/// Price-time priority, order by order; an order that meets one of its own household takes it off the book. Also says
/// which orders were taken off.
inline std::pair<AuctionResult, std::vector<bool>> continuous_result(const Auction& auction) {
  const std::vector<LimitOrder>& orders = auction.orders;
  AuctionResult result;
  result.clearing = {.volume = {}, .fills = std::vector<Energy>(orders.size()), .zones = {{}}};
  result.payments.resize(orders.size());
  std::vector<bool> taken_off(orders.size());
  for (std::size_t taker = 0; taker < orders.size(); ++taker) {
    const LimitOrder& order = orders[taker];
    Energy& filled = result.clearing.fills[taker];
    while (filled < order.quantity) {
      std::optional<std::size_t> best;
      for (std::size_t i = 0; i < taker; ++i) {
        const LimitOrder& resting = orders[i];
        if (resting.side == order.side || taken_off[i] || result.clearing.fills[i] == resting.quantity) continue;
        if (order.side == Side::buy ? resting.limit > order.limit : resting.limit < order.limit) continue;
        const bool is_better = best && (order.side == Side::buy ? resting.limit < orders[*best].limit
                                                                : resting.limit > orders[*best].limit);
        if (!best || is_better) best = i;
      }
      if (!best) break;
      if (auction.households[*best] == auction.households[taker]) {
        taken_off[*best] = true;
        continue;
      }
      Energy& given = result.clearing.fills[*best];
      const Energy traded = std::min(order.quantity - filled, orders[*best].quantity - given);
      filled += traded;
      given += traded;
      result.clearing.volume += traded;
      result.clearing.zones[0].price = orders[*best].limit;
      result.payments[taker] += payment_of(order, traded, orders[*best].limit);
      result.payments[*best] += payment_of(orders[*best], traded, orders[*best].limit);
    }
  }
  return {std::move(result), std::move(taken_off)};
}

}  // namespace commonwatt::test
