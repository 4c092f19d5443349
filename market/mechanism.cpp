#include "market/mechanism.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "market/mcafee.hpp"
#include "market/order_book.hpp"
#include "market/vcg.hpp"

namespace commonwatt {
namespace {

WideMoney paid(const LimitOrder& order, Energy fill, Price price) {
  return wide_product(order.side == Side::buy ? fill : -fill, price);
}

/// A clearing of the root alone, from its fills.
TreeClearing one_zone(const AuctionInput& input, std::vector<Energy> fills, std::optional<Price> price) {
  TreeClearing clearing{.volume = {}, .fills = std::move(fills), .zones = std::vector<ZoneClearing>(1)};
  clearing.zones[0].price = price;
  for (std::size_t i = 0; i < input.orders.size(); ++i) {
    if (input.orders[i].side == Side::buy) clearing.volume += clearing.fills[i];
  }
  return clearing;
}

TreeClearing clear_uniform(const AuctionInput& input) {
  if (input.tree.size() > 1) return clear_zones(input.orders, input.tree, input.rule, input.tie_keys);
  Clearing clearing;
  CallAuction().clear(input.orders, input.rule, input.tie_keys.order, clearing);
  return one_zone(input, std::move(clearing.fills), clearing.price);
}

AuctionResult run_uniform(const AuctionInput& input) {
  AuctionResult result;
  result.clearing = clear_uniform(input);
  for (std::size_t i = 0; i < input.orders.size(); ++i) {
    const LimitOrder& order = input.orders[i];
    const Price price = result.clearing.zones[order.zone].price.value_or(Price{0});
    result.payments.push_back(paid(order, result.clearing.fills[i], price));
  }
  return result;
}

AuctionResult run_pay_as_bid(const AuctionInput& input) {
  AuctionResult result;
  result.clearing = clear_uniform(input);
  for (std::size_t i = 0; i < input.orders.size(); ++i) {
    result.payments.push_back(paid(input.orders[i], result.clearing.fills[i], input.orders[i].limit));
  }
  return result;
}

AuctionResult run_mcafee(const AuctionInput& input) {
  McAfee mcafee = clear_mcafee(input.orders, input.households, input.tie_keys.order);
  AuctionResult result;
  result.clearing = one_zone(input, std::move(mcafee.fills), mcafee.buyers_price);
  result.sellers_price = mcafee.sellers_price;
  for (std::size_t i = 0; i < input.orders.size(); ++i) {
    const LimitOrder& order = input.orders[i];
    const std::optional<Price> price = order.side == Side::buy ? mcafee.buyers_price : mcafee.sellers_price;
    result.payments.push_back(paid(order, result.clearing.fills[i], price.value_or(Price{0})));
  }
  return result;
}

AuctionResult run_vcg(const AuctionInput& input) {
  AuctionResult result;
  result.clearing = clear_uniform(input);
  result.payments =
      vcg_payments(input.orders, input.households, result.clearing.fills, input.tie_keys.order).order_payments;
  return result;
}

/// The limits of all orders, rising, each once: an order book's levels are their numbers, whatever lies between them.
std::vector<Price> distinct_limits(std::span<const LimitOrder> orders) {
  std::vector<Price> limits;
  limits.reserve(orders.size());
  for (const LimitOrder& order : orders) limits.push_back(order.limit);
  std::sort(limits.begin(), limits.end());
  limits.erase(std::unique(limits.begin(), limits.end()), limits.end());
  return limits;
}

AuctionResult run_continuous(const AuctionInput& input) {
  const std::size_t orders = input.orders.size();
  AuctionResult result;
  result.payments.assign(orders, 0);
  std::vector<Energy> fills(orders);
  std::optional<Price> last_price;
  const std::vector<Price> limits = distinct_limits(input.orders);
  if (!limits.empty()) {
    const PriceBand band{
        .low = Price{0}, .high = Price{static_cast<std::int64_t>(limits.size()) - 1}, .tick = Price{1}};
    OrderBook book(band, static_cast<std::uint32_t>(orders));
    BookReport report;
    for (std::size_t i = 0; i < orders; ++i) {
      const LimitOrder& order = input.orders[i];
      const auto level = std::lower_bound(limits.begin(), limits.end(), order.limit) - limits.begin();
      const Result<Placed, BookReject> placed = book.add({.side = order.side,
                                                          .limit = Price{level},
                                                          .quantity = order.quantity,
                                                          .owner = input.households[i],
                                                          .tag = static_cast<std::uint32_t>(i)},
                                                         report);
      assert(placed.ok());  // run_auction has looked at size, quantities and prices.
    }
    for (const Trade& trade : report.trades) {
      const Price price = limits[static_cast<std::size_t>(trade.price.count)];
      for (const std::uint32_t order : {trade.maker_tag, trade.taker_tag}) {
        fills[order] += trade.quantity;
        result.payments[order] += paid(input.orders[order], trade.quantity, price);
      }
      last_price = price;
    }
    result.own_cancels = report.own_cancels.size();
  }
  result.clearing = one_zone(input, std::move(fills), last_price);
  return result;
}

/// Fees and rent follow from flows and zone prices, the spread from what is left of the payments.
AuctionAccounts accounts_of(const AuctionInput& input, const AuctionResult& result) {
  AuctionAccounts accounts;
  for (std::size_t i = 0; i < input.orders.size(); ++i) {
    const LimitOrder& order = input.orders[i];
    const WideMoney payment = result.payments[i];
    (order.side == Side::buy ? accounts.buyers_pay : accounts.sellers_get) +=
        order.side == Side::buy ? payment : -payment;
    accounts.welfare += paid(order, result.clearing.fills[i], order.limit);
  }
  for (ZoneIndex zone = 0; zone < input.tree.size(); ++zone) {
    accounts.fees += edge_fee(input.tree, result.clearing.zones, zone);
    accounts.congestion_rent += congestion_rent(input.tree, result.clearing.zones, zone);
  }
  accounts.welfare -= accounts.fees;
  accounts.spread = accounts.buyers_pay - accounts.sellers_get - accounts.fees - accounts.congestion_rent;
  return accounts;
}

std::optional<AuctionRefusal> refusal_of(Mechanism mechanism, const AuctionInput& input) {
  if (mechanism == Mechanism::uniform || mechanism == Mechanism::pay_as_bid) return std::nullopt;
  if (input.tree.size() > 1) return AuctionRefusal::one_zone_only;
  if (mechanism != Mechanism::continuous) return std::nullopt;
  if (input.orders.size() > book_orders_max) return AuctionRefusal::too_many_orders;
  const bool fits = std::all_of(input.orders.begin(), input.orders.end(),
                                [](const LimitOrder& order) { return order.quantity <= order_energy_max; });
  if (!fits) return AuctionRefusal::order_too_large;
  if (distinct_limits(input.orders).size() > LevelSet::size_max) return AuctionRefusal::too_many_prices;
  return std::nullopt;
}

}  // namespace

const char* to_text(Mechanism mechanism) {
  switch (mechanism) {
    case Mechanism::uniform:
      return "uniform";
    case Mechanism::pay_as_bid:
      return "pay_as_bid";
    case Mechanism::mcafee:
      return "mcafee";
    case Mechanism::vcg:
      return "vcg";
    case Mechanism::continuous:
      return "continuous";
  }
  return "";
}

std::optional<Mechanism> mechanism_of(std::string_view name) {
  for (const Mechanism mechanism :
       {Mechanism::uniform, Mechanism::pay_as_bid, Mechanism::mcafee, Mechanism::vcg, Mechanism::continuous}) {
    if (name == to_text(mechanism)) return mechanism;
  }
  return std::nullopt;
}

const char* explain(AuctionRefusal refusal) {
  switch (refusal) {
    case AuctionRefusal::one_zone_only:
      return "this mechanism clears one zone; leave the zones out, or choose uniform or pay_as_bid";
    case AuctionRefusal::too_many_orders:
      return "an order book holds 67108864 orders at most";
    case AuctionRefusal::order_too_large:
      return "an order book takes orders of 1000000000 Wh at most; split the larger ones";
    case AuctionRefusal::too_many_prices:
      return "an order book holds 16777216 distinct prices at most; round the limits to a tick";
  }
  return "";
}

WideMoney edge_fee(const ZoneTree& tree, std::span<const ZoneClearing> zones, ZoneIndex zone) {
  const Energy flow = zones[zone].flow;
  return wide_product(flow < Energy{0} ? -flow : flow, tree[zone].fee);
}

WideMoney congestion_rent(const ZoneTree& tree, std::span<const ZoneClearing> zones, ZoneIndex zone) {
  const Energy flow = zones[zone].flow;
  if (!tree[zone].parent || flow == Energy{0}) return 0;
  const Price step = *zones[*tree[zone].parent].price - *zones[zone].price;
  return wide_product(flow, step) - edge_fee(tree, zones, zone);
}

Result<AuctionResult, AuctionRefusal> run_auction(Mechanism mechanism, const AuctionInput& input) {
  assert(input.households.size() == input.orders.size());
  if (const std::optional<AuctionRefusal> refusal = refusal_of(mechanism, input)) return Fail{*refusal};
  constexpr std::array runs{run_uniform, run_pay_as_bid, run_mcafee, run_vcg, run_continuous};
  static_assert(runs.size() == static_cast<std::size_t>(enum_last(Mechanism{})) + 1);
  AuctionResult result = runs[static_cast<std::size_t>(mechanism)](input);
  result.accounts = accounts_of(input, result);
  return result;
}

}  // namespace commonwatt
