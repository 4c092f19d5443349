#include "market/clearing.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "core/sha256.hpp"

namespace commonwatt {
namespace {

__extension__ using Wide = __int128;

struct Step {
  Price limit;
  Energy quantity;
};

/// The limit price at which the target-th watt-hour lies when all orders stand in order of price: the weighted
/// quantile, by halving the range that holds it.
Price weighted_quantile(std::vector<Step> steps, Energy target) {
  auto first = steps.begin();
  auto last = steps.end();
  while (last - first > 1) {
    const auto middle = first + (last - first) / 2;
    std::nth_element(first, middle, last, [](const Step& a, const Step& b) { return a.limit < b.limit; });
    const Energy below =
        std::accumulate(first, middle, Energy{}, [](Energy sum, const Step& step) { return sum + step.quantity; });
    if (below >= target) {
      last = middle;
    } else {
      target -= below;
      first = middle;
    }
  }
  return first->limit;
}

struct MarginalOrder {
  std::size_t index = 0;
  Energy share;
  Energy remainder;
  Hash32 tie_key{};
};

/// Splits `available` among the orders at the margin, pro rata to quantity (RULEBOOK section 4).
void share_pro_rata(std::span<const BookOrder> book, const std::vector<std::size_t>& margin, Energy available,
                    const Hash32& seed, std::vector<Energy>& fills) {
  Energy total;
  for (const std::size_t index : margin) total += book[index].quantity;
  assert(available <= total);
  Energy left = available;
  std::vector<MarginalOrder> orders;
  for (const std::size_t index : margin) {
    assert(total.count > 0);  // Every order has a quantity.
    const Wide product = static_cast<Wide>(book[index].quantity.count) * available.count;
    const Energy share{static_cast<std::int64_t>(product / total.count)};
    const Energy remainder{static_cast<std::int64_t>(product % total.count)};
    orders.push_back({.index = index, .share = share, .remainder = remainder});
    left -= share;
  }
  // From here fewer watt-hours are left than there are orders with a remainder.
  if (left > Energy{0}) {
    for (MarginalOrder& order : orders) order.tie_key = sha256({seed, book[order.index].id});
    const auto winners_end = orders.begin() + left.count;
    std::nth_element(orders.begin(), winners_end - 1, orders.end(), [](const MarginalOrder& a, const MarginalOrder& b) {
      if (a.remainder != b.remainder) return a.remainder > b.remainder;
      return a.tie_key < b.tie_key;
    });
    for (auto order = orders.begin(); order != winners_end; ++order) order->share += Energy{1};
  }
  for (const MarginalOrder& order : orders) fills[order.index] = order.share;
}

/// The k-weighted point of the prices that execute exactly these fills.
Price price_of_fills(std::span<const BookOrder> book, const std::vector<Energy>& fills, const ClearingRule& rule) {
  Price low{-price_magnitude_max.count - 1};
  Price high{price_magnitude_max.count + 1};
  for (std::size_t i = 0; i < book.size(); ++i) {
    const bool filled = fills[i] > Energy{0};
    const bool left = fills[i] < book[i].quantity;
    const bool buys = book[i].side == Side::buy;
    if ((buys && left) || (!buys && filled)) low = std::max(low, book[i].limit);
    if ((buys && filled) || (!buys && left)) high = std::min(high, book[i].limit);
  }
  assert(low <= high);
  return low + Price{rule.k_permille * (high - low).count / 1000};
}

}  // namespace

Clearing clear(std::span<const BookOrder> book, const ClearingRule& rule, const Hash32& seed) {
  assert(rule.k_permille >= 0 && rule.k_permille <= 1000);
  Clearing result{.price = std::nullopt, .volume = {}, .fills = std::vector<Energy>(book.size())};
  Energy demand;
  Energy supply;
  std::vector<Step> steps;
  steps.reserve(book.size());
  for (const BookOrder& order : book) {
    assert(order.quantity > Energy{0});
    (order.side == Side::buy ? demand : supply) += order.quantity;
    steps.push_back({order.limit, order.quantity});
  }
  if (demand == Energy{0} || supply == Energy{0}) return result;

  const Price crossing = weighted_quantile(std::move(steps), demand);
  Energy bids_above;
  Energy asks_below;
  Energy bids_at;
  Energy asks_at;
  for (const BookOrder& order : book) {
    const bool buys = order.side == Side::buy;
    if (order.limit == crossing) (buys ? bids_at : asks_at) += order.quantity;
    if (buys && order.limit > crossing) bids_above += order.quantity;
    if (!buys && order.limit < crossing) asks_below += order.quantity;
  }
  result.volume = std::min(bids_above + bids_at, asks_below + asks_at);
  if (result.volume == Energy{0}) return result;

  // The crossing is where net supply turns non-negative: what is strictly better fits into the volume.
  assert(bids_above <= result.volume && asks_below <= result.volume);
  std::vector<std::size_t> margin_bids;
  std::vector<std::size_t> margin_asks;
  for (std::size_t i = 0; i < book.size(); ++i) {
    const bool buys = book[i].side == Side::buy;
    if (book[i].limit == crossing) {
      (buys ? margin_bids : margin_asks).push_back(i);
    } else if (buys == (book[i].limit > crossing)) {
      result.fills[i] = book[i].quantity;
    }
  }
  share_pro_rata(book, margin_bids, result.volume - bids_above, seed, result.fills);
  share_pro_rata(book, margin_asks, result.volume - asks_below, seed, result.fills);
  result.price = price_of_fills(book, result.fills, rule);
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
