// The uniform-price call auction of one zone (RULEBOOK section 4).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "market/order.hpp"

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

/// Clears one interval: the largest volume any single price can execute, at the k-weighted point of the prices that
/// execute it. Orders strictly better than the price are filled whole; those exactly at it share what remains pro
/// rata, the last watt-hours going by largest remainder, then by the smaller SHA-256(seed || id).
/// Pure; linear time on average, without a sort; the same orders in any sequence get the same price and fills.
/// Quantities lie in (0, order_energy_max], ids are distinct.
Clearing clear(std::span<const BookOrder> book, const ClearingRule& rule, const Hash32& seed);

/// The seed that breaks ties of an interval. It is fixed only when the gate has closed: nobody can choose an id that
/// wins. `book` is in rising order of id.
Hash32 clearing_seed(const Interval& interval, const Hash32& last_batch_root, std::span<const BookOrder> book);

}  // namespace commonwatt
