#include "market/explanation.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace commonwatt {
namespace {

using Orders = std::span<const LimitOrder>;

constexpr Side other_side(Side side) {
  return side == Side::buy ? Side::sell : Side::buy;
}

/// Whether the first limit is strictly better for orders of this side: it gives way further.
constexpr bool is_better(Side side, Price a, Price b) {
  return side == Side::buy ? a > b : a < b;
}

/// What a fill at the order's limit would cost its household; for an ask below zero.
WideMoney cost_at_limit(const LimitOrder& order, Energy fill) {
  const WideMoney amount = wide_product(fill, order.limit);
  return order.side == Side::buy ? amount : -amount;
}

WideMoney welfare_of(Orders orders, std::span<const Energy> fills) {
  WideMoney welfare = 0;
  for (std::size_t i = 0; i < orders.size(); ++i) welfare += cost_at_limit(orders[i], fills[i]);
  return welfare;
}

/// The fills and prices of the uniform auction, which those of pay_as_bid and vcg are too.
TreeClearing clear_again(Orders orders, const AuctionInput& input, const ClearingRule& rule) {
  if (input.tree.size() > 1) return clear_zones(orders, input.tree, rule, input.tie_keys);
  Clearing clearing;
  CallAuction().clear(orders, rule, input.tie_keys.order, clearing);
  return {.volume = clearing.volume, .fills = std::move(clearing.fills), .zones = {{clearing.price, {}, {}}}};
}

/// How far from its stated limit an order would have been filled whole.
class LimitSearch {
 public:
  LimitSearch(const AuctionInput& input, std::size_t order)
      : input_(input),
        order_(order),
        side_(input.orders[order].side),
        orders_(input.orders.begin(), input.orders.end()) {}

  /// The stated limit does not fill it whole. A better limit never fills less, so halving finds the border; where the
  /// price stands when nothing can outbid the order, it lies beside that price and nothing needs to be halved.
  std::optional<WholeLimit> find() {
    const Price step{side_ == Side::buy ? 1 : -1};
    fails_ = input_.orders[order_].limit;
    fills_ = side_ == Side::buy ? auction_price_magnitude_max : -auction_price_magnitude_max;
    // The end of the range of prices that lies away from the order: the others' last watt-hour stands there.
    const ClearingRule farthest{.k_permille = side_ == Side::buy ? 0 : 1000};
    const TreeClearing best = clear_at(fills_, farthest);
    if (best.fills[order_] < orders_[order_].quantity) return std::nullopt;
    const Price guess = *best.zones[orders_[order_].zone].price;
    for (const Price probe : {guess, guess + step, guess - step}) narrow(probe);
    while (fails_ + step != fills_) narrow(fails_ + Price{(fills_ - fails_).count / 2});
    return WholeLimit{.limit = fills_, .price = *clear_at(fills_, input_.rule).zones[orders_[order_].zone].price};
  }

 private:
  TreeClearing clear_at(Price limit, const ClearingRule& rule) {
    orders_[order_].limit = limit;
    return clear_again(orders_, input_, rule);
  }
  void narrow(Price probe) {
    if (!is_better(side_, probe, fails_) || !is_better(side_, fills_, probe)) return;
    const bool is_whole = clear_at(probe, input_.rule).fills[order_] == orders_[order_].quantity;
    (is_whole ? fills_ : fails_) = probe;
  }

  const AuctionInput& input_;
  std::size_t order_;
  Side side_;
  std::vector<LimitOrder> orders_;
  Price fails_;
  Price fills_;
};

/// The best order of the other side that energy can reach from the order's zone, or come from; by what it is worth
/// there.
std::optional<Counterpart> best_counterpart(Orders orders, const ZoneTree& tree, const LimitOrder& order) {
  const Side side = other_side(order.side);
  std::vector<std::optional<Counterpart>> best(tree.size());
  // An ask arrives at its limit plus the fees on the way, a bid is worth its limit less them.
  const auto worth = [side](const Counterpart& found) {
    return side == Side::sell ? found.limit + found.fees : found.limit - found.fees;
  };
  const auto offer = [&](ZoneIndex zone, const Counterpart& found) {
    if (!best[zone] || is_better(side, worth(found), worth(*best[zone]))) best[zone] = found;
  };
  const auto carry = [&](ZoneIndex from, ZoneIndex to, Price fee, const std::optional<Energy>& limit) {
    if (!best[from] || limit == Energy{0}) return;
    offer(to, {.limit = best[from]->limit, .fees = best[from]->fees + fee, .zone = best[from]->zone});
  };
  // An ask's energy comes to the order, a bid's goes to it: what is export for the one is import for the other.
  const auto upwards = side == Side::sell ? &Zone::export_limit : &Zone::import_limit;
  const auto downwards = side == Side::sell ? &Zone::import_limit : &Zone::export_limit;
  for (const LimitOrder& candidate : orders) {
    if (candidate.side == side) offer(candidate.zone, {.limit = candidate.limit, .fees = {}, .zone = candidate.zone});
  }
  for (std::size_t i = tree.size(); i-- > 1;) {
    const ZoneIndex zone = tree.top_down()[i];
    carry(zone, *tree[zone].parent, tree[zone].fee, tree[zone].*upwards);
  }
  for (const ZoneIndex zone : tree.top_down().subspan(1)) {
    carry(*tree[zone].parent, zone, tree[zone].fee, tree[zone].*downwards);
  }
  return best[order.zone];
}

/// How the last watt-hours of the split were given out, for the claim that has `remainder` and got `is_extra` one.
LastWattHour last_watt_hour(std::span<const Energy> remainders, Energy remainder, Energy left, bool is_extra) {
  if (left == Energy{0}) return LastWattHour::none_left;
  std::int64_t larger = 0;
  std::int64_t equal = 0;
  for (const Energy other : remainders) {
    if (other > remainder) ++larger;
    if (other == remainder) ++equal;
  }
  if (is_extra) return larger + equal <= left.count ? LastWattHour::got_by_remainder : LastWattHour::got_by_tie_key;
  return larger >= left.count ? LastWattHour::missed_by_remainder : LastWattHour::missed_by_tie_key;
}

/// How these orders, one of which is `order`, share what they were filled with.
Sharing share_among(Orders orders, std::span<const Energy> fills, std::span<const std::size_t> sharers,
                    std::size_t order) {
  Sharing sharing;
  for (const std::size_t index : sharers) {
    sharing.wanted += orders[index].quantity;
    sharing.available += fills[index];
  }
  Energy left = sharing.available;
  Energy own_remainder;
  std::vector<Energy> remainders;
  remainders.reserve(sharers.size());
  for (const std::size_t index : sharers) {
    const Wide product = wide(orders[index].quantity.count) * sharing.available.count;
    const Energy share{static_cast<std::int64_t>(product / sharing.wanted.count)};
    remainders.push_back(Energy{static_cast<std::int64_t>(product % sharing.wanted.count)});
    left -= share;
    if (index != order) continue;
    sharing.floor_share = share;
    own_remainder = remainders.back();
  }
  const bool is_extra = fills[order] > *sharing.floor_share;
  assert(fills[order] == *sharing.floor_share + Energy{is_extra ? 1 : 0});
  sharing.last = last_watt_hour(remainders, own_remainder, left, is_extra);
  return sharing;
}

std::optional<EdgeReason> edge_reason(const ZoneTree& tree, std::span<const ZoneClearing> zones, ZoneIndex zone) {
  const Zone& edge = tree[zone];
  if (!edge.parent || !zones[zone].price) return std::nullopt;
  const Energy flow = zones[zone].flow;
  EdgeReason reason{.state = EdgeState::idle,
                    .parent = *edge.parent,
                    .parent_price = zones[*edge.parent].price,
                    .fee = edge.fee,
                    .flow = flow < Energy{0} ? -flow : flow};
  if (edge.is_cut_off()) {
    reason.state = EdgeState::cut_off;
  } else if (!reason.parent_price) {
    reason.state = EdgeState::parent_unpriced;
  } else if (flow > Energy{0}) {
    reason.state = edge.export_limit == flow ? EdgeState::exports_to_limit : EdgeState::exports;
  } else if (flow < Energy{0}) {
    reason.state = edge.import_limit == -flow ? EdgeState::imports_to_limit : EdgeState::imports;
  }
  return reason;
}

/// The orders of a side that match when the best are matched with the best: the best first, the marginal one last.
std::vector<std::size_t> matched_of(const AuctionInput& input, Side side, Energy volume) {
  const Orders orders = input.orders;
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    if (orders[i].side == side) indices.push_back(i);
  }
  std::sort(indices.begin(), indices.end(),
            [&](std::size_t a, std::size_t b) { return is_better(side, orders[a].limit, orders[b].limit); });
  Energy sum;
  std::size_t count = 0;
  while (sum < volume) sum += orders[indices[count++]].quantity;
  // Of equal limits at the margin those with the smaller tie keys come first.
  const Price limit = orders[indices[count - 1]].limit;
  const auto at_limit = [&](std::size_t index) { return orders[index].limit == limit; };
  const auto first = std::find_if(indices.begin(), indices.end(), at_limit);
  const auto last = std::find_if_not(first, indices.end(), at_limit);
  std::vector<std::pair<Hash32, std::size_t>> tied;
  std::for_each(first, last, [&](std::size_t index) { tied.emplace_back(input.tie_keys.order(index), index); });
  std::sort(tied.begin(), tied.end());
  std::transform(tied.begin(), tied.end(), first, [](const auto& entry) { return entry.second; });
  sum = {};
  count = 0;
  while (sum < volume) sum += orders[indices[count++]].quantity;
  indices.resize(count);
  return indices;
}

class Explainer {
 public:
  Explainer(const AuctionInput& input, const AuctionResult& result, Explanation& explanation)
      : input_(input), result_(result), to_(explanation), order_(input.orders[explanation.order]) {}

  void explain() {
    switch (to_.mechanism) {
      case Mechanism::uniform:
      case Mechanism::pay_as_bid:
        return explain_call();
      case Mechanism::vcg:
        explain_call();
        to_.externality = externality();
        return;
      case Mechanism::mcafee:
        return explain_mcafee();
      case Mechanism::continuous:
        return explain_continuous();
    }
  }

 private:
  [[nodiscard]] bool is_whole() const { return to_.fill == order_.quantity; }

  void explain_call() {
    to_.price = result_.clearing.zones[order_.zone].price;
    to_.edge = edge_reason(input_.tree, result_.clearing.zones, order_.zone);
    if (!is_untradable()) explain_price();
    if (!is_whole()) to_.whole_limit = LimitSearch(input_, to_.order).find();
  }

  /// Whether it could not trade whatever the others do, or nothing trades at all; then says so.
  bool is_untradable() {
    if (to_.fill > Energy{0}) return false;
    const std::optional<Counterpart> counterpart = best_counterpart(input_.orders, input_.tree, order_);
    if (!counterpart) {
      to_.outcome = order_.side == Side::buy ? Outcome::no_sellers : Outcome::no_buyers;
      return true;
    }
    if (result_.clearing.volume > Energy{0}) return false;
    to_.outcome = Outcome::best_apart;
    to_.counterpart = counterpart;
    for (const LimitOrder& other : input_.orders) {
      if (other.side != order_.side || other.zone != order_.zone) continue;
      if (!to_.best_own_side || is_better(order_.side, other.limit, *to_.best_own_side)) {
        to_.best_own_side = other.limit;
      }
    }
    return true;
  }

  void explain_price() {
    assert(to_.price);
    if (is_better(order_.side, *to_.price, order_.limit)) {
      assert(to_.fill == Energy{0});
      to_.outcome = Outcome::worse_than_price;
    } else if (order_.limit != *to_.price) {
      assert(is_whole());
      to_.outcome = Outcome::better_than_price;
    } else {
      explain_at_price();
    }
  }

  void explain_at_price() {
    std::vector<std::size_t> sharers;
    Sharing sharing;
    for (std::size_t i = 0; i < input_.orders.size(); ++i) {
      const LimitOrder& other = input_.orders[i];
      if (other.side != order_.side || other.zone != order_.zone || other.limit != *to_.price) continue;
      sharers.push_back(i);
      sharing.wanted += other.quantity;
      sharing.available += result_.clearing.fills[i];
    }
    if (sharing.available == sharing.wanted) {
      to_.outcome = Outcome::at_price_whole;
      return;
    }
    to_.outcome = sharing.available == Energy{0} ? Outcome::at_price_unserved : Outcome::at_price_shared;
    // Children that have something at this price share it too, and what of it is theirs the result does not say.
    const bool is_alone = input_.tree.children(order_.zone).empty();
    to_.sharing = is_alone ? share_among(input_.orders, result_.clearing.fills, sharers, to_.order) : sharing;
  }

  [[nodiscard]] Externality externality() const {
    Externality found;
    std::vector<LimitOrder> others;
    std::vector<std::size_t> places;
    const std::uint32_t household = input_.households[to_.order];
    for (std::size_t i = 0; i < input_.orders.size(); ++i) {
      if (input_.households[i] == household) {
        found.household_payment += result_.payments[i];
        ++found.household_orders;
        continue;
      }
      found.others_with += cost_at_limit(input_.orders[i], result_.clearing.fills[i]);
      others.push_back(input_.orders[i]);
      places.push_back(i);
    }
    Clearing without;
    CallAuction().clear(
        others, input_.rule, [&](std::size_t i) { return input_.tie_keys.order(places[i]); }, without);
    found.others_without = welfare_of(others, without.fills);
    return found;
  }

  void explain_mcafee() {
    Clearing efficient;
    CallAuction().clear(input_.orders, input_.rule, input_.tie_keys.order, efficient);
    if (efficient.volume == Energy{0}) {
      [[maybe_unused]] const bool is_explained = is_untradable();
      assert(is_explained);
      return;
    }
    const std::vector<std::size_t> bids = matched_of(input_, Side::buy, efficient.volume);
    const std::vector<std::size_t> asks = matched_of(input_, Side::sell, efficient.volume);
    const std::size_t bid = bids.back();
    const std::size_t ask = asks.back();
    to_.margin = Margin{.bid = input_.orders[bid].limit, .ask = input_.orders[ask].limit, .volume = efficient.volume};
    const bool buys = order_.side == Side::buy;
    to_.price = buys ? result_.clearing.zones[order_.zone].price : result_.sellers_price;
    const std::vector<std::size_t>& own = buys ? bids : asks;
    if (std::find(own.begin(), own.end(), to_.order) == own.end()) {
      to_.outcome = Outcome::behind_marginal;
    } else if (result_.clearing.fills[bid] > Energy{0}) {
      explain_trade(own);  // The marginal orders trade as well: nobody stays out.
    } else {
      explain_reduced(own, bid, ask);
    }
  }

  /// An order that matches, where the marginal bid and ask and their households stay out.
  void explain_reduced(std::span<const std::size_t> own, std::size_t bid, std::size_t ask) {
    const auto stays_out = [&](std::size_t index) {
      const std::uint32_t household = input_.households[index];
      return household == input_.households[bid] || household == input_.households[ask];
    };
    if (to_.order == bid || to_.order == ask) {
      to_.outcome = Outcome::marginal;
    } else if (stays_out(to_.order)) {
      to_.outcome = Outcome::household_marginal;
    } else if (result_.clearing.volume == Energy{0}) {
      to_.outcome = Outcome::left_without_partner;
    } else {
      std::vector<std::size_t> traders;
      std::copy_if(own.begin(), own.end(), std::back_inserter(traders),
                   [&](std::size_t index) { return !stays_out(index); });
      explain_trade(traders);
    }
  }

  void explain_trade(std::span<const std::size_t> traders) {
    const Sharing sharing = share_among(input_.orders, result_.clearing.fills, traders, to_.order);
    if (sharing.available < sharing.wanted) {
      to_.outcome = Outcome::rationed;
      to_.sharing = sharing;
      return;
    }
    to_.outcome = order_.limit == *to_.price ? Outcome::at_price_whole : Outcome::better_than_price;
  }

  void explain_continuous() {
    if (is_whole()) {
      to_.outcome = Outcome::traded_whole;
      return;
    }
    to_.outcome = to_.fill > Energy{0} ? Outcome::traded_in_part : Outcome::untraded;
    for (std::size_t i = to_.order + 1; i < input_.orders.size(); ++i) {
      const LimitOrder& later = input_.orders[i];
      if (later.side == order_.side || input_.households[i] != input_.households[to_.order]) continue;
      if (!is_better(order_.side, later.limit, order_.limit)) to_.met_own_order = true;
    }
  }

  const AuctionInput& input_;
  const AuctionResult& result_;
  Explanation& to_;
  const LimitOrder& order_;
};

}  // namespace

Explanation explain_order(Mechanism mechanism, const AuctionInput& input, const AuctionResult& result,
                          std::size_t order) {
  assert(order < input.orders.size() && result.clearing.fills.size() == input.orders.size());
  assert(result.clearing.zones.size() == input.tree.size() && result.payments.size() == input.orders.size());
  assert(input.households.size() == input.orders.size());
  Explanation explanation;
  explanation.mechanism = mechanism;
  explanation.order = order;
  explanation.stated = input.orders[order];
  explanation.zones = input.tree.size();
  explanation.fill = result.clearing.fills[order];
  explanation.payment = result.payments[order];
  explanation.gain = cost_at_limit(input.orders[order], explanation.fill) - explanation.payment;
  Explainer(input, result, explanation).explain();
  return explanation;
}

}  // namespace commonwatt
