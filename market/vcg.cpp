#include "market/vcg.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace commonwatt {
namespace {

using Orders = std::span<const LimitOrder>;
using Indices = std::span<const std::size_t>;

/// Energy and value (limit x quantity) of a set of orders.
struct Sum {
  Energy energy;
  WideMoney value = 0;

  void add(const LimitOrder& order) {
    energy += order.quantity;
    value += wide_product(order.quantity, order.limit);
  }
  friend Sum operator-(const Sum& a, const Sum& b) { return {a.energy - b.energy, a.value - b.value}; }
};

struct Step {
  Price limit;
  Sum up_to;  ///< of all orders, bids and asks together, with this limit or a lower one
};

/// All orders of the auction as the rulebook stands them: in order of limit, bids and asks together.
struct Staircase {
  std::vector<Step> steps;
  Sum bids;
};

Staircase make_staircase(Orders orders) {
  std::vector<std::size_t> by_limit(orders.size());
  std::iota(by_limit.begin(), by_limit.end(), std::size_t{0});
  std::sort(by_limit.begin(), by_limit.end(),
            [&](std::size_t a, std::size_t b) { return orders[a].limit < orders[b].limit; });
  Staircase staircase;
  Sum sum;
  for (const std::size_t index : by_limit) {
    const LimitOrder& order = orders[index];
    assert(order.quantity > Energy{0});
    sum.add(order);
    if (order.side == Side::buy) staircase.bids.add(order);
    if (staircase.steps.empty() || staircase.steps.back().limit != order.limit) {
      staircase.steps.push_back({.limit = order.limit, .up_to = {}});
    }
    staircase.steps.back().up_to = sum;
  }
  return staircase;
}

Sum sum_up_to(Orders orders, Indices indices, Price limit) {
  Sum sum;
  for (const std::size_t index : indices) {
    if (orders[index].limit <= limit) sum.add(orders[index]);
  }
  return sum;
}

/// The largest welfare without the orders `absent`. By duality it is the least of
///   sum over bids above p of (limit - p) x quantity + sum over asks below p of (p - limit) x quantity
/// over all prices p, which lies where the energy up to p reaches that of all bids, and which in sums over bids and
/// asks together is value of all bids - value up to p + p x (energy up to p - energy of all bids).
WideMoney welfare_without(const Staircase& staircase, Orders orders, Indices absent) {
  if (staircase.steps.empty()) return 0;
  Sum bids = staircase.bids;
  for (const std::size_t index : absent) {
    if (orders[index].side != Side::buy) continue;
    Sum own;
    own.add(orders[index]);
    bids = bids - own;
  }
  const auto up_to = [&](const Step& step) { return step.up_to - sum_up_to(orders, absent, step.limit); };
  const auto crossing = std::partition_point(staircase.steps.begin(), staircase.steps.end(),
                                             [&](const Step& step) { return up_to(step).energy < bids.energy; });
  assert(crossing != staircase.steps.end());  // All orders together hold at least the bids.
  const Sum below = up_to(*crossing);
  return bids.value - below.value + wide_product(below.energy - bids.energy, crossing->limit);
}

/// What the fill is worth to whoever placed the order: for a sell order its cost, negative.
WideMoney value_of(const LimitOrder& order, Energy fill) {
  const WideMoney worth = wide_product(fill, order.limit);
  return order.side == Side::buy ? worth : -worth;
}

/// The welfare of the fills, which must be an allocation.
WideMoney welfare_of(Orders orders, std::span<const Energy> fills) {
  WideMoney welfare = 0;
  Energy bought;
  Energy sold;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    assert(fills[i] >= Energy{0} && fills[i] <= orders[i].quantity);
    (orders[i].side == Side::buy ? bought : sold) += fills[i];
    welfare += value_of(orders[i], fills[i]);
  }
  assert(bought == sold);
  return welfare;
}

/// Sets what a household's orders pay when together they gain `gain`.
void share_gain(Orders orders, std::span<const Energy> fills, Indices own, WideMoney gain, const TieKey& tie_key,
                std::vector<WideMoney>& order_payments) {
  std::vector<Claim> claims;
  Energy filled;
  for (const std::size_t index : own) {
    claims.push_back({.index = index, .quantity = fills[index], .share = {}, .remainder = {}});
    filled += fills[index];
  }
  assert(gain >= 0 && (gain == 0 || filled > Energy{0}));
  if (filled == Energy{0}) return;
  const WideMoney per_watt_hour = gain / filled.count;
  // Less than a nano per watt-hour is left: so many watt-hours gain one nano more.
  share_pro_rata(claims, Energy{static_cast<std::int64_t>(gain % filled.count)}, tie_key);
  for (const Claim& claim : claims) {
    const WideMoney share = per_watt_hour * claim.quantity.count + claim.share.count;
    order_payments[claim.index] = value_of(orders[claim.index], claim.quantity) - share;
  }
}

}  // namespace

Vcg vcg_payments(std::span<const LimitOrder> orders, std::span<const std::uint32_t> households,
                 std::span<const Energy> fills, const TieKey& tie_key) {
  assert(households.size() == orders.size() && fills.size() == orders.size());
  Vcg result;
  result.order_payments.resize(orders.size());
  if (orders.empty()) return result;
  result.payments.resize(std::size_t{*std::max_element(households.begin(), households.end())} + 1);

  const Staircase staircase = make_staircase(orders);
  const WideMoney welfare = welfare_of(orders, fills);
  assert(welfare == welfare_without(staircase, orders, {}));  // The fills are efficient.
  std::vector<std::size_t> by_household(orders.size());
  std::iota(by_household.begin(), by_household.end(), std::size_t{0});
  std::sort(by_household.begin(), by_household.end(),
            [&](std::size_t a, std::size_t b) { return households[a] < households[b]; });
  for (auto first = by_household.begin(); first != by_household.end();) {
    const std::uint32_t household = households[*first];
    const auto last =
        std::find_if(first, by_household.end(), [&](std::size_t index) { return households[index] != household; });
    const WideMoney gain = welfare - welfare_without(staircase, orders, Indices(first, last));
    share_gain(orders, fills, Indices(first, last), gain, tie_key, result.order_payments);
    WideMoney& payment = result.payments[household];
    std::for_each(first, last, [&](std::size_t index) { payment += result.order_payments[index]; });
    (payment > 0 ? result.buyers_pay : result.sellers_get) += payment > 0 ? payment : -payment;
    first = last;
  }
  result.deficit = result.sellers_get - result.buyers_pay;
  assert(result.deficit >= 0);
  return result;
}

}  // namespace commonwatt
