#include "market/order_book.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace commonwatt {
namespace {

/// A slot freed with this generation is never used again: the handles of its first orders would come to name others.
constexpr std::uint32_t generation_last = std::numeric_limits<std::uint32_t>::max() - 1;

__extension__ using Wide = unsigned __int128;

// A limit's level is a multiplication by the inverse of the tick: a division would keep the processor from knowing in
// time whether the order trades. The quotient is exact: a numerator below 2^31 times the inverse's rounding error,
// which is below a tick of at most 2^31, stays below 2^63. (With a longer tick the band has one price and the numerator
// is 0.)
constexpr unsigned inverse_bits = 63;
static_assert(2 * price_magnitude_max.count < std::int64_t{1} << 31);

std::uint64_t inverse_of(Price tick) {
  return ((std::uint64_t{1} << inverse_bits) - 1) / static_cast<std::uint64_t>(tick.count) + 1;
}

std::size_t index_of(Side side) {
  return static_cast<std::size_t>(side);
}

Side other(Side side) {
  return static_cast<Side>(1 - static_cast<int>(side));
}

/// Turns the levels round for sells, so that for both sides the higher of two is the better.
LevelIndex eager(Side side, LevelIndex level) {
  return level ^ -static_cast<LevelIndex>(side);
}

LevelIndex level_count(const PriceBand& band) {
  assert(is_valid(band));
  return static_cast<LevelIndex>((band.high - band.low).count / band.tick.count + 1);
}

}  // namespace

bool is_valid(const PriceBand& band) {
  if (band.low < -price_magnitude_max || band.high > price_magnitude_max || band.low > band.high) return false;
  if (band.tick <= Price{0}) return false;
  const std::int64_t width = (band.high - band.low).count;
  return width % band.tick.count == 0 && width / band.tick.count < LevelSet::size_max;
}

const char* to_text(BookReject reject) {
  switch (reject) {
    case BookReject::unknown_order:
      return "unknown_order";
    case BookReject::quantity_out_of_bounds:
      return "quantity_out_of_bounds";
    case BookReject::price_out_of_band:
      return "price_out_of_band";
    case BookReject::price_off_tick:
      return "price_off_tick";
    case BookReject::book_full:
      return "book_full";
  }
  return "";
}

OrderBook::OrderBook(const PriceBand& band, std::uint32_t orders_max)
    : band_(band),
      levels_(level_count(band)),
      tick_inverse_(inverse_of(band.tick)),
      best_{-1, levels_},
      orders_max_(orders_max),
      occupied_(levels_),
      queues_(static_cast<std::size_t>(levels_)) {
  assert(orders_max >= 1 && orders_max <= book_orders_max);
  slots_.reserve(std::size_t{orders_max} + 1);
  slots_.emplace_back();
}

Result<Placed, BookReject> OrderBook::add(const NewOrder& order, BookReport& report) {
  const LevelIndex level = level_of(order.limit);
  if (const auto fault = terms_fault({.limit = order.limit, .quantity = order.quantity}, level)) return Fail{*fault};
  // Whatever an order meets and does not fill it makes room, so only one that meets nothing needs a place of its own.
  if (size_ == orders_max_ && !meets_another(order.side, level)) return Fail{BookReject::book_full};
  // From here the order is taken.
  auto open = static_cast<std::uint32_t>(order.quantity.count);
  while (open > 0 && meets_another(order.side, level)) open = trade_at_best(order, open, report);
  if (open == 0) return Placed{};
  return Placed{.handle = rest(order, level, open), .resting = Energy{open}};
}

Result<Energy, BookReject> OrderBook::cancel(OrderHandle handle) {
  if (!rests(handle)) return Fail{BookReject::unknown_order};
  const Energy open{slots_[handle.slot].open};
  take_out(handle.slot);
  return open;
}

Result<Placed, BookReject> OrderBook::replace(OrderHandle handle, const OrderTerms& terms, BookReport& report) {
  if (!rests(handle)) return Fail{BookReject::unknown_order};
  const LevelIndex level = level_of(terms.limit);
  if (const auto fault = terms_fault(terms, level)) return Fail{*fault};
  // From here the order is changed.
  Slot& slot = slots_[handle.slot];
  if (level == slot.level && terms.quantity <= Energy{slot.open}) {
    slot.open = static_cast<std::uint32_t>(terms.quantity.count);
    return Placed{.handle = handle, .resting = terms.quantity};
  }
  const NewOrder order{
      .side = slot.side, .limit = terms.limit, .quantity = terms.quantity, .owner = slot.owner, .tag = slot.tag};
  take_out(handle.slot);
  return add(order, report);
}

std::optional<RestingOrder> OrderBook::find(OrderHandle handle) const {
  if (!rests(handle)) return std::nullopt;
  const Slot& slot = slots_[handle.slot];
  return RestingOrder{.side = slot.side,
                      .limit = price_of(slot.level),
                      .quantity = Energy{slot.open},
                      .owner = slot.owner,
                      .tag = slot.tag};
}

std::optional<Price> OrderBook::best_bid() const {
  const LevelIndex bid = best_[index_of(Side::buy)];
  if (bid < 0) return std::nullopt;
  return price_of(bid);
}

std::optional<Price> OrderBook::best_ask() const {
  const LevelIndex ask = best_[index_of(Side::sell)];
  if (ask == levels_) return std::nullopt;
  return price_of(ask);
}

// What follows is on the path of every order: `inline` asks for it to be built into the four calls above, where it
// would otherwise be called.

inline bool OrderBook::rests(OrderHandle handle) const {
  return handle.slot < slots_.size() && handle.generation % 2 == 1 &&
         slots_[handle.slot].generation == handle.generation;
}

/// Of a limit on a tick of the band; any number otherwise.
inline LevelIndex OrderBook::level_of(Price limit) const {
  const auto above_low =
      static_cast<std::uint32_t>(static_cast<std::uint64_t>(limit.count) - static_cast<std::uint64_t>(band_.low.count));
  return static_cast<LevelIndex>(Wide{above_low} * tick_inverse_ >> inverse_bits);
}

/// Why the book cannot take these terms; the level is level_of the limit.
inline std::optional<BookReject> OrderBook::terms_fault(const OrderTerms& terms, LevelIndex level) const {
  if (terms.quantity <= Energy{0} || terms.quantity > order_energy_max) return BookReject::quantity_out_of_bounds;
  if (terms.limit < band_.low || terms.limit > band_.high) return BookReject::price_out_of_band;
  if (price_of(level) != terms.limit) return BookReject::price_off_tick;
  return std::nullopt;
}

inline Price OrderBook::price_of(LevelIndex level) const {
  return {band_.low.count + level * band_.tick.count};
}

/// True when an order at this level would not wait: an order of the other side has the same limit or a better one.
inline bool OrderBook::meets_another(Side side, LevelIndex level) const {
  return eager(side, level) >= eager(side, best_[index_of(other(side))]);
}

/// Serves the queue of the other side's best price and returns what is left of the arriving order.
inline std::uint32_t OrderBook::trade_at_best(const NewOrder& order, std::uint32_t open, BookReport& report) {
  const LevelIndex level = best_[index_of(other(order.side))];
  const Price price = price_of(level);
  Queue& queue = queues_[static_cast<std::size_t>(level)];
  SlotIndex index = queue.oldest;
  while (index != nobody && open > 0) {
    Slot& maker = slots_[index];
    if (maker.owner == order.owner) {
      report.own_cancels.push_back({.tag = maker.tag, .taker_tag = order.tag, .quantity = Energy{maker.open}});
    } else {
      const std::uint32_t traded = std::min(open, maker.open);
      report.trades.push_back(
          {.maker_tag = maker.tag, .taker_tag = order.tag, .price = price, .quantity = Energy{traded}});
      open -= traded;
      maker.open -= traded;
      if (maker.open > 0) break;
    }
    const SlotIndex newer = maker.newer;
    free_slot(index);
    index = newer;
  }
  queue.oldest = index;
  slots_[index].older = nobody;
  if (index == nobody) leave_level(level);
  return open;
}

inline OrderHandle OrderBook::rest(const NewOrder& order, LevelIndex level, std::uint32_t open) {
  const SlotIndex index = take_slot();
  Queue& queue = queues_[static_cast<std::size_t>(level)];
  Slot& slot = slots_[index];
  ++slot.generation;
  slot.older = queue.newest;
  slot.newer = nobody;
  slot.open = open;
  slot.owner = order.owner;
  slot.tag = order.tag;
  slot.level = level;
  slot.side = order.side;
  slots_[queue.newest].newer = index;
  queue.oldest = queue.newest == nobody ? index : queue.oldest;
  queue.newest = index;
  occupied_.insert(level);
  LevelIndex& best = best_[index_of(order.side)];
  best = eager(order.side, level) > eager(order.side, best) ? level : best;
  ++size_;
  return {.slot = index, .generation = slot.generation};
}

inline OrderBook::SlotIndex OrderBook::take_slot() {
  if (free_ == nobody) {
    slots_.emplace_back();
    return static_cast<SlotIndex>(slots_.size() - 1);
  }
  const SlotIndex index = free_;
  free_ = slots_[index].newer;
  return index;
}

inline void OrderBook::take_out(SlotIndex index) {
  const Slot& slot = slots_[index];
  Queue& queue = queues_[static_cast<std::size_t>(slot.level)];
  slots_[slot.older].newer = slot.newer;
  slots_[slot.newer].older = slot.older;
  queue.oldest = slot.older == nobody ? slot.newer : queue.oldest;
  queue.newest = slot.newer == nobody ? slot.older : queue.newest;
  if (queue.oldest == nobody) leave_level(slot.level);
  free_slot(index);
}

/// Marks a level as empty.
inline void OrderBook::leave_level(LevelIndex level) {
  queues_[static_cast<std::size_t>(level)] = {};
  occupied_.erase(level);
  LevelIndex& bid = best_[index_of(Side::buy)];
  LevelIndex& ask = best_[index_of(Side::sell)];
  if (level == bid) bid = occupied_.below(level);
  if (level == ask) ask = occupied_.above(level);
}

inline void OrderBook::free_slot(SlotIndex index) {
  Slot& slot = slots_[index];
  --size_;
  ++slot.generation;
  if (slot.generation == generation_last) return;
  slot.newer = free_;
  free_ = index;
}

}  // namespace commonwatt
