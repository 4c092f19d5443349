// The continuous double auction for trading inside an interval: a limit order book with price-time priority.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "core/result.hpp"
#include "core/units.hpp"
#include "market/level_set.hpp"
#include "market/order.hpp"

namespace commonwatt {

/// The prices a book trades at: low, low + tick, ... high.
struct PriceBand {
  Price low;
  Price high;
  Price tick;

  friend bool operator==(const PriceBand&, const PriceBand&) = default;
};

/// True when a book can be made on the band: prices within price_magnitude_max, low <= high, a tick above zero that
/// divides the band, and at most LevelSet::size_max prices.
bool is_valid(const PriceBand& band);

/// The most orders any book may let rest: 2 GiB of them.
inline constexpr std::uint32_t book_orders_max = 1U << 26U;

/// Why the book refuses; the first rule that fails, in this order, names the rejection.
enum class BookReject : std::uint8_t {
  unknown_order,           ///< never in this book, or filled, cancelled or replaced since
  quantity_out_of_bounds,  ///< not in (0, order_energy_max]
  price_out_of_band,
  price_off_tick,
  book_full,  ///< the order would rest, and as many orders as the book holds rest already
};
constexpr BookReject enum_last(BookReject) {
  return BookReject::book_full;
}
/// The reason's name, as receipts and logs carry it.
const char* to_text(BookReject reject);

/// Names one resting order for as long as it rests. A handle is never given out twice: one whose order is gone stays
/// refused even when another order rests in its place. A default handle names nothing.
struct OrderHandle {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;  ///< odd while the order rests

  friend bool operator==(const OrderHandle&, const OrderHandle&) = default;
};

struct NewOrder {
  Side side = Side::buy;
  Price limit;              ///< on a tick of the band
  Energy quantity;          ///< in (0, order_energy_max]
  std::uint32_t owner = 0;  ///< orders of one owner never trade with each other
  std::uint32_t tag = 0;    ///< the caller's name for the order; it comes back in trades
};

/// What an order shall be from now on.
struct OrderTerms {
  Price limit;
  Energy quantity;  ///< what shall still be open, whatever has traded before
};

/// The maker rested, the taker arrived; the price is the maker's limit.
struct Trade {
  std::uint32_t maker_tag = 0;
  std::uint32_t taker_tag = 0;
  Price price;
  Energy quantity;  ///< above zero

  friend bool operator==(const Trade&, const Trade&) = default;
};

/// An order that was cancelled because a younger one of its owner met it.
struct OwnCancel {
  std::uint32_t tag = 0;
  std::uint32_t taker_tag = 0;  ///< of the younger order
  Energy quantity;              ///< what was still open

  friend bool operator==(const OwnCancel&, const OwnCancel&) = default;
};

/// What orders brought about on arrival, in the sequence it happened. The book only appends; the caller clears.
struct BookReport {
  std::vector<Trade> trades;
  std::vector<OwnCancel> own_cancels;
};

/// What became of an order that was taken.
struct Placed {
  OrderHandle handle;  ///< names the order when something rests, nothing otherwise
  Energy resting;      ///< the quantity less what traded at once

  friend bool operator==(const Placed&, const Placed&) = default;
};

struct RestingOrder {
  Side side = Side::buy;
  Price limit;
  Energy quantity;  ///< still open, above zero
  std::uint32_t owner = 0;
  std::uint32_t tag = 0;

  friend bool operator==(const RestingOrder&, const RestingOrder&) = default;
};

/// Trades orders as they arrive. An arriving order meets the best price of the other side first, the oldest order of
/// that price first, each at the limit of the order that rests; it stops at its own limit, and what is left rests
/// behind its equals. So nobody trades beyond their limit, whoever waits is paid for by whoever hurries, and the only
/// ways ahead of another order are a better price and an earlier arrival.
///
/// Orders of one owner do not trade with each other: a household would pay itself, and a trade that moves no energy
/// between households would still show the neighbourhood a price. The older order is cancelled when the younger one
/// reaches it, and the report says so. An owner gains no place in a queue by it, since the older place is given up and
/// the younger order goes where any order of its time goes. Own orders the younger one does not reach stay.
///
/// Deterministic: the same calls give the same answers, handles included. After a refusal the book and the report are
/// as before. Adding takes constant time and constant time per order it meets; cancelling and finding take constant
/// time. The book allocates when it is made; afterwards only the report may grow (and the book by one place whenever
/// 2^31 orders have rested in the same one: no handle is ever given out twice).
class OrderBook {
 public:
  /// An empty book. The band is valid, orders_max lies in [1, book_orders_max].
  OrderBook(const PriceBand& band, std::uint32_t orders_max);

  /// Trades what can be traded and lets the rest wait. A full book still takes an order that meets another one.
  Result<Placed, BookReject> add(const NewOrder& order, BookReport& report);

  /// Takes an order out and says how much of it was still open.
  Result<Energy, BookReject> cancel(OrderHandle handle);

  /// Changes an order in one step. At the same limit with no more quantity than is open it keeps its handle and its
  /// place in the queue. Otherwise it arrives anew: it may trade, and what is left rests behind its equals under the
  /// handle that is returned. Owner, tag and side stay. Never book_full: the order brings its room along.
  Result<Placed, BookReject> replace(OrderHandle handle, const OrderTerms& terms, BookReport& report);

  [[nodiscard]] std::optional<RestingOrder> find(OrderHandle handle) const;
  [[nodiscard]] std::optional<Price> best_bid() const;
  [[nodiscard]] std::optional<Price> best_ask() const;
  /// How many orders rest.
  [[nodiscard]] std::uint32_t size() const { return size_; }

 private:
  using SlotIndex = std::uint32_t;

  /// A place for one resting order. Links are slot indices; a quantity fits 32 bits.
  struct alignas(32) Slot {
    SlotIndex older = 0;  ///< towards the head of the queue
    SlotIndex newer = 0;  ///< towards its tail; in a free slot, the next free one
    std::uint32_t open = 0;
    std::uint32_t owner = 0;
    std::uint32_t tag = 0;
    std::uint32_t generation = 0;
    LevelIndex level = 0;
    Side side = Side::buy;
  };
  static_assert(sizeof(Slot) == 32);
  static_assert(order_energy_max.count <= std::numeric_limits<std::uint32_t>::max());

  /// The slot no order rests in. It ends a queue and the list of free slots; writing to it does no harm, which spares a
  /// branch nobody can foresee wherever an order may or may not have a neighbour.
  static constexpr SlotIndex nobody = 0;

  /// The orders of one price, linked from the oldest to the newest.
  struct Queue {
    SlotIndex oldest = nobody;
    SlotIndex newest = nobody;
  };

  [[nodiscard]] bool rests(OrderHandle handle) const;
  [[nodiscard]] LevelIndex level_of(Price limit) const;
  [[nodiscard]] std::optional<BookReject> terms_fault(const OrderTerms& terms, LevelIndex level) const;
  [[nodiscard]] Price price_of(LevelIndex level) const;
  [[nodiscard]] bool meets_another(Side side, LevelIndex level) const;
  std::uint32_t trade_at_best(const NewOrder& order, std::uint32_t open, BookReport& report);
  OrderHandle rest(const NewOrder& order, LevelIndex level, std::uint32_t open);
  SlotIndex take_slot();
  void take_out(SlotIndex index);
  void leave_level(LevelIndex level);
  void free_slot(SlotIndex index);

  PriceBand band_;
  LevelIndex levels_ = 0;
  std::uint64_t tick_inverse_ = 0;
  std::array<LevelIndex, 2> best_{};  ///< per side; -1 without bids, `levels_` without asks; the bid below the ask
  std::uint32_t orders_max_ = 0;
  std::uint32_t size_ = 0;
  SlotIndex free_ = nobody;  ///< the slot freed last: it is the one most likely still in the cache
  // Bids lie below asks, so one queue per price and one set of prices serve both sides.
  LevelSet occupied_;
  std::vector<Queue> queues_;
  std::vector<Slot> slots_;
};

}  // namespace commonwatt
