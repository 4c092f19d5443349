#include "market/mcafee.hpp"

#include <algorithm>
#include <cassert>

#include "core/wide.hpp"

namespace commonwatt {
namespace {

using Orders = std::span<const LimitOrder>;
using Households = std::span<const std::uint32_t>;

struct Ranked {
  std::size_t index = 0;  ///< of the order
  Price limit;
  Energy quantity;
  std::uint32_t household = 0;
  Hash32 key{};  ///< set only where the limit is shared
};

/// The orders of one side, the best limit first.
std::vector<Ranked> ranked(Orders orders, Households households, Side side, const TieKey& tie_key) {
  std::vector<Ranked> ranks;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const LimitOrder& order = orders[i];
    assert(order.quantity > Energy{0});
    if (order.side != side) continue;
    ranks.push_back({.index = i, .limit = order.limit, .quantity = order.quantity, .household = households[i]});
  }
  std::sort(ranks.begin(), ranks.end(), [side](const Ranked& a, const Ranked& b) {
    return side == Side::buy ? a.limit > b.limit : a.limit < b.limit;
  });
  for (auto first = ranks.begin(); first != ranks.end();) {
    const auto last = std::find_if(first, ranks.end(), [&](const Ranked& rank) { return rank.limit != first->limit; });
    if (last - first > 1) {
      std::for_each(first, last, [&](Ranked& rank) { rank.key = tie_key(rank.index); });
      std::sort(first, last, [](const Ranked& a, const Ranked& b) { return a.key < b.key; });
    }
    first = last;
  }
  return ranks;
}

/// Both sides in rank, and the places of the last bid and ask that have a part in the efficient volume.
struct Crossing {
  std::span<const Ranked> bids;
  std::span<const Ranked> asks;
  std::size_t bid = 0;
  std::size_t ask = 0;
  bool is_exact = false;  ///< both of them are served whole
};

std::optional<Crossing> find_crossing(std::span<const Ranked> bids, std::span<const Ranked> asks) {
  if (bids.empty() || asks.empty() || bids[0].limit < asks[0].limit) return std::nullopt;
  Crossing crossing{.bids = bids, .asks = asks};
  Energy demand = bids[0].quantity;
  Energy supply = asks[0].quantity;
  for (;;) {
    const std::size_t bid = demand <= supply ? crossing.bid + 1 : crossing.bid;
    const std::size_t ask = supply <= demand ? crossing.ask + 1 : crossing.ask;
    if (bid == bids.size() || ask == asks.size() || bids[bid].limit < asks[ask].limit) break;
    if (bid != crossing.bid) demand += bids[bid].quantity;
    if (ask != crossing.ask) supply += asks[ask].quantity;
    crossing.bid = bid;
    crossing.ask = ask;
  }
  crossing.is_exact = demand == supply;
  return crossing;
}

/// The price at which all up to and including the marginal orders may trade, if there is one.
std::optional<Price> common_price(const Crossing& crossing) {
  const auto [bids, asks, bid, ask, is_exact] = crossing;
  if (!is_exact || bid + 1 == bids.size() || ask + 1 == asks.size()) return std::nullopt;
  const Ranked& bid_left = bids[bid + 1];
  const Ranked& ask_left = asks[ask + 1];
  const Wide sum = wide(bid_left.limit.count) + ask_left.limit.count;
  const Price price{static_cast<std::int64_t>(floor_divide(sum, 2))};
  if (price < asks[ask].limit || price > bids[bid].limit) return std::nullopt;
  const auto sets_price = [&](const Ranked& trader) {
    return trader.household == bid_left.household || trader.household == ask_left.household;
  };
  const std::span<const Ranked> buyers = bids.first(bid + 1);
  const std::span<const Ranked> sellers = asks.first(ask + 1);
  if (std::any_of(buyers.begin(), buyers.end(), sets_price)) return std::nullopt;
  if (std::any_of(sellers.begin(), sellers.end(), sets_price)) return std::nullopt;
  return price;
}

/// The claims of these orders but those of the households `absent`.
std::vector<Claim> claims_of(std::span<const Ranked> ranks, Households absent) {
  std::vector<Claim> claims;
  for (const Ranked& rank : ranks) {
    if (std::find(absent.begin(), absent.end(), rank.household) != absent.end()) continue;
    claims.push_back({.index = rank.index, .quantity = rank.quantity, .share = {}, .remainder = {}});
  }
  return claims;
}

Energy total(std::span<const Claim> claims) {
  Energy sum;
  for (const Claim& claim : claims) sum += claim.quantity;
  return sum;
}

}  // namespace

McAfee clear_mcafee(std::span<const LimitOrder> orders, std::span<const std::uint32_t> households,
                    const TieKey& tie_key) {
  assert(households.size() == orders.size());
  McAfee result;
  result.fills.resize(orders.size());
  const std::vector<Ranked> bids = ranked(orders, households, Side::buy, tie_key);
  const std::vector<Ranked> asks = ranked(orders, households, Side::sell, tie_key);
  const std::optional<Crossing> crossing = find_crossing(bids, asks);
  if (!crossing) return result;

  const Ranked& bid = bids[crossing->bid];
  const Ranked& ask = asks[crossing->ask];
  const std::optional<Price> common = common_price(*crossing);
  std::vector<std::uint32_t> absent;
  if (!common) absent = {bid.household, ask.household};
  std::vector<Claim> buyers = claims_of(crossing->bids.first(crossing->bid + 1), absent);
  std::vector<Claim> sellers = claims_of(crossing->asks.first(crossing->ask + 1), absent);
  result.volume = std::min(total(buyers), total(sellers));
  if (result.volume == Energy{0}) return result;

  result.buyers_price = common.value_or(bid.limit);
  result.sellers_price = common.value_or(ask.limit);
  for (std::vector<Claim>* const side : {&buyers, &sellers}) {
    share_pro_rata(*side, result.volume, tie_key);
    for (const Claim& claim : *side) result.fills[claim.index] = claim.share;
  }
  return result;
}

}  // namespace commonwatt
