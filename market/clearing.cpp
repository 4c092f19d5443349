#include "market/clearing.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

#include "core/sha256.hpp"
#include "core/wide.hpp"

namespace commonwatt {
namespace {

constexpr Price price_lowest{std::numeric_limits<std::int64_t>::min()};
constexpr Price price_highest{std::numeric_limits<std::int64_t>::max()};

/// How many orders are looked at to guess where the price lies, and which part of their energy the guess may be off by
/// to either side. With quantities spread evenly the standard deviation is 0.8 / sqrt(size); the margin is two and a
/// half of it: wider ones cost every book more than the second pass of the one in eighty that is guessed wrong.
struct Sample {
  std::size_t size;
  std::int64_t margin_permille;
};
constexpr std::size_t book_small = 1'024;  // below it, a guess costs more than it saves
constexpr std::size_t book_large = 50'000;
constexpr Sample sample_of_medium{.size = 256, .margin_permille = 128};
constexpr Sample sample_of_large{.size = 4'096, .margin_permille = 32};

Energy total(const std::vector<Claim>& claims) {
  Energy sum;
  for (const Claim& claim : claims) sum += claim.quantity;
  return sum;
}

/// The lowest limit above a price; there is one.
Price next_limit(std::span<const LimitOrder> orders, Price price) {
  Price next = price_highest;
  for (const LimitOrder& order : orders) {
    if (order.limit > price) next = std::min(next, order.limit);
  }
  return next;
}

}  // namespace

Price price_between(Price low, Price high, const ClearingRule& rule) {
  assert(low <= high && rule.k_permille >= 0 && rule.k_permille <= 1000);
  const Wide span = wide(high.count) - low.count;
  return low + Price{static_cast<std::int64_t>(span * rule.k_permille / 1000)};
}

/// Where the crossing of a sample of the orders lies, give or take: it is right nearly always, and is checked.
CallAuction::Bracket CallAuction::guess(std::span<const LimitOrder> orders) {
  if (orders.size() < book_small) return {price_lowest, price_highest};
  const Sample& sample = orders.size() < book_large ? sample_of_medium : sample_of_large;
  // Steps of a golden part of the book reach every region of it, whatever period its sequence has.
  const auto stride = static_cast<std::size_t>(orders.size() * 618'033 / 1'000'000) | 1U;
  std::size_t at = 0;
  Energy demand;
  Energy all;
  steps_.clear();
  for (std::size_t i = 0; i < sample.size; ++i) {
    const LimitOrder& order = orders[at];
    at += stride;
    if (at >= orders.size()) at -= orders.size();
    if (order.side == Side::buy) demand += order.quantity;
    all += order.quantity;
    steps_.push_back({order.limit, order.quantity});
  }
  const Energy margin{all.count / 1000 * sample.margin_permille};
  const Energy low = std::max(Energy{1}, demand - margin);
  const Energy high = std::max(low, demand + margin);
  copy_ = steps_;
  return {weighted_quantile(steps_, low), high >= all ? price_highest : weighted_quantile(copy_, high)};
}

/// The one pass over all orders. Outside the bracket the fill is plain: a bid above it is filled whole, and so is an
/// ask below it. Written without branches, which nobody could guess. The orders inside are copied block by block, while
/// the block is still in the nearest cache.
CallAuction::Split CallAuction::split(std::span<const LimitOrder> orders, const Bracket& bracket,
                                      std::span<Energy> fills) {
  constexpr std::size_t block_max = 512;
  std::array<std::uint32_t, block_max> inside{};
  Split split;
  near_.clear();
  for (std::size_t begin = 0; begin < orders.size(); begin += block_max) {
    const std::size_t end = std::min(orders.size(), begin + block_max);
    std::size_t count = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const LimitOrder& order = orders[i];
      const bool buys = order.side == Side::buy;
      const bool under = order.limit.count < bracket.low.count;
      const bool over = order.limit.count > bracket.high.count;
      const std::int64_t bid = watt_hours_if(buys & over, order.quantity);
      const std::int64_t ask = watt_hours_if(!buys & under, order.quantity);
      split.bids_over.count += bid;
      split.asks_under.count += ask;
      fills[i] = Energy{bid + ask};
      inside[count] = static_cast<std::uint32_t>(i);
      count += (!under & !over) ? 1U : 0U;
    }
    for (const std::uint32_t i : std::span(inside).first(count)) {
      near_.push_back({orders[i].limit, orders[i].quantity, i, orders[i].side});
    }
  }
  return split;
}

/// The price at which net supply turns non-negative; nothing when it does so outside the bracket.
std::optional<Price> CallAuction::crossing(const Split& split) {
  Energy target = split.bids_over - split.asks_under;
  Energy all;
  steps_.clear();
  steps_.reserve(near_.size());
  for (const NearOrder& order : near_) {
    target += Energy{watt_hours_if(order.side == Side::buy, order.quantity)};
    all += order.quantity;
    steps_.push_back({order.limit, order.quantity});
  }
  if (target <= Energy{0} || target > all) return std::nullopt;
  return weighted_quantile(steps_, target);
}

/// Fills the orders inside the bracket. What is strictly better than the crossing fits into the volume; those at it
/// share the rest. The lowest price that executes all this is the crossing itself; the highest is the crossing too, or,
/// where it is exactly used up, the next limit.
void CallAuction::settle_near(std::span<const LimitOrder> orders, Price crossing, const Split& split,
                              const ClearingRule& rule, const TieKey& tie_key, Clearing& result) {
  Energy bids_above = split.bids_over;
  Energy asks_below = split.asks_under;
  bids_at_.clear();
  asks_at_.clear();
  for (const NearOrder& order : near_) {
    const bool buys = order.side == Side::buy;
    const std::int64_t bid = watt_hours_if(buys & (order.limit.count > crossing.count), order.quantity);
    const std::int64_t ask = watt_hours_if(!buys & (order.limit.count < crossing.count), order.quantity);
    bids_above += Energy{bid};
    asks_below += Energy{ask};
    result.fills[order.index] = Energy{bid + ask};
    if (order.limit == crossing)
      (buys ? bids_at_ : asks_at_).push_back({.index = order.index, .quantity = order.quantity});
  }
  const Energy bids_at = total(bids_at_);
  const Energy asks_at = total(asks_at_);
  result.volume = std::min(bids_above + bids_at, asks_below + asks_at);
  const Energy bids_share = result.volume - bids_above;
  const Energy asks_share = result.volume - asks_below;
  share_pro_rata(bids_at_, bids_share, tie_key);
  share_pro_rata(asks_at_, asks_share, tie_key);
  for (const Claim& bid : bids_at_) result.fills[bid.index] = bid.share;
  for (const Claim& ask : asks_at_) result.fills[ask.index] = ask.share;
  if (result.volume == Energy{0}) return;
  const bool is_bound = bids_share > Energy{0} || asks_share < asks_at;
  result.price = price_between(crossing, is_bound ? crossing : next_limit(orders, crossing), rule);
}

void CallAuction::clear(std::span<const LimitOrder> orders, const ClearingRule& rule, const TieKey& tie_key,
                        Clearing& result) {
  assert(orders.size() <= std::numeric_limits<std::uint32_t>::max());
  result.price.reset();
  result.volume = {};
  result.fills.resize(orders.size());
  Bracket bracket = guess(orders);
  Split parts = split(orders, bracket, result.fills);
  std::optional<Price> price = crossing(parts);
  if (!price && orders.size() >= book_small) {
    bracket = {price_lowest, price_highest};
    parts = split(orders, bracket, result.fills);
    price = crossing(parts);
  }
  // Without bids net supply is never negative: there is no crossing, and nothing to fill.
  if (price) settle_near(orders, *price, parts, rule, tie_key, result);
}

Clearing clear(std::span<const BookOrder> book, const ClearingRule& rule, const Hash32& seed) {
  std::vector<LimitOrder> orders;
  orders.reserve(book.size());
  for (const BookOrder& order : book) {
    assert(order.quantity > Energy{0});
    orders.push_back(limit_order(order));
  }
  Clearing result;
  CallAuction().clear(
      orders, rule,
      [&](std::size_t i) {
        return sha256({seed, book[i].id});
      },
      result);
  return result;
}

Hash32 clearing_seed(const Interval& interval, const Hash32& last_batch_root, std::span<const BookOrder> book) {
  Bytes ids;
  ids.reserve(book.size() * sizeof(OrderId));
  for (const BookOrder& order : book) ids.insert(ids.end(), order.id.begin(), order.id.end());
  const Hash32 all_ids = sha256(ids);
  std::array<std::uint8_t, 8> begin{};
  for (std::size_t i = 0; i < begin.size(); ++i) {
    begin[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(interval.begin_seconds()) >> (56U - 8U * i));
  }
  return sha256({begin, last_batch_root, all_ids});
}

}  // namespace commonwatt
