// How fast the order book is, beside the book most programs would write: a map of lists with a hash map of orders.
#pragma once

#include <cstdint>

namespace commonwatt::bench {

struct OrderBookFigures {
  std::uint64_t flows = 0;       ///< distinct random flows, each run several times through both books
  std::uint64_t operations = 0;  ///< of one flow: adds that rest and that trade, cancels, replaces
  std::uint64_t trades = 0;      ///< of all flows
  std::uint64_t resting = 0;     ///< orders in the book when a flow ends, on average
  bool same_trades = false;      ///< both books made the same trades in the same sequence, in every run
  double ours_ns = 0;            ///< per operation, the median of all runs
  double map_ns = 0;
  double orders_per_second = 0;  ///< what ours_ns says, the other way round
  double ratio = 0;              ///< map_ns / ours_ns
};

/// Takes some ten seconds, most of them for the other book. On one core, by the steady clock.
OrderBookFigures measure_order_book();

}  // namespace commonwatt::bench
