// The call auction of one zone against a pass over the same orders and against a clearing built on std::sort.
#pragma once

#include <cstdint>
#include <string>

namespace commonwatt::bench {

struct CallAuctionFigures {
  std::size_t orders = 0;
  std::string prices;             ///< ticks: 2201 of them; unique: hardly two alike; one: all alike
  double pass_ns = 0;             ///< per order, as all that follow: reading the orders once from memory
  double clear_ns = 0;            ///< CallAuction, fills and shares at the margin included
  double sort_ns = 0;             ///< the same by std::sort
  double bare_sort_ns = 0;        ///< std::sort of price and quantity alone, without any clearing
  std::uint64_t allocations = 0;  ///< of CallAuction after its first book
};

/// Medians over `rounds` rounds with fresh random books each; stops the program when the two clearings differ.
CallAuctionFigures measure_call_auction(std::size_t orders, const std::string& prices, int rounds);

}  // namespace commonwatt::bench
