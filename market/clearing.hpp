// The uniform-price call auction of one zone (RULEBOOK section 4).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "market/order.hpp"
#include "market/pro_rata.hpp"
#include "market/weighted_quantile.hpp"

namespace commonwatt {

struct ClearingRule {
  /// Where in the range of prices that execute the volume the price lies, 0 (lowest) to 1000 (highest).
  std::int64_t k_permille = 500;

  friend bool operator==(const ClearingRule&, const ClearingRule&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.k_permille);
  }
};

/// The k-weighted point of [low, high].
Price price_between(Price low, Price high, const ClearingRule& rule);

struct Clearing {
  std::optional<Price> price;  ///< nothing when nothing trades
  Energy volume;
  std::vector<Energy> fills;  ///< one per order of the book, in the book's sequence

  friend bool operator==(const Clearing&, const Clearing&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.price, self.volume, self.fills);
  }
};

/// Clears books of one zone, one after the other, in memory it keeps: once it has seen the largest book it asks for no
/// more.
class CallAuction {
 public:
  /// Clears one interval: the largest volume any single price can execute, at the k-weighted point of the prices that
  /// execute it. Orders strictly better than the price are filled whole; those exactly at it share what remains pro
  /// rata, the last watt-hours going by largest remainder, then by the smaller tie key.
  /// The same orders in any sequence get the same price and fills. Linear time on average: one pass over the orders,
  /// and a selection among those near the price. `result` is overwritten; zones are not looked at.
  void clear(std::span<const LimitOrder> orders, const ClearingRule& rule, const TieKey& tie_key, Clearing& result);

 private:
  struct Bracket {
    Price low;
    Price high;
  };
  /// An order inside the bracket. A copy, for the orders lie too far apart to be visited again.
  struct NearOrder {
    Price limit;
    Energy quantity;
    std::uint32_t index = 0;
    Side side = Side::buy;
  };
  struct Split {
    Energy bids_over;   ///< bids above the bracket
    Energy asks_under;  ///< asks below it
  };
  [[nodiscard]] Bracket guess(std::span<const LimitOrder> orders);
  Split split(std::span<const LimitOrder> orders, const Bracket& bracket, std::span<Energy> fills);
  std::optional<Price> crossing(const Split& split);
  void settle_near(std::span<const LimitOrder> orders, Price crossing, const Split& split, const ClearingRule& rule,
                   const TieKey& tie_key, Clearing& result);

  std::vector<NearOrder> near_;
  std::vector<PricedEnergy> steps_;
  std::vector<PricedEnergy> copy_;
  std::vector<Claim> bids_at_;
  std::vector<Claim> asks_at_;
};

/// Clears a published book; ties are broken by SHA-256(seed || id). Quantities lie in (0, order_energy_max], ids are
/// distinct.
Clearing clear(std::span<const BookOrder> book, const ClearingRule& rule, const Hash32& seed);

/// The seed that breaks ties of an interval. It is fixed only when the gate has closed: nobody can choose an id that
/// wins. `book` is in rising order of id.
Hash32 clearing_seed(const Interval& interval, const Hash32& last_batch_root, std::span<const BookOrder> book);

}  // namespace commonwatt
