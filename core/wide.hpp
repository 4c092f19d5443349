// Integers of 128 bits, for products and sums that pass 63: sums of money over a book, shares pro rata.
#pragma once

#include <cstdint>
#include <string>

#include "core/units.hpp"

namespace commonwatt {

__extension__ using Wide = __int128;

/// Nano-currency summed over many orders. Exact: no book the door lets in comes near 127 bits.
using WideMoney = Wide;

constexpr Wide wide(std::int64_t value) {
  return value;
}
/// Energy at a price, exact whatever the two are.
constexpr WideMoney wide_product(Energy energy, Price price) {
  return wide(energy.count) * price.count;
}

/// In decimal digits, with a minus sign when below zero.
std::string to_text(Wide value);

/// The quotient rounded towards minus infinity. The divisor is above zero.
constexpr Wide floor_divide(Wide dividend, Wide divisor) {
  const Wide quotient = dividend / divisor;
  return dividend % divisor < 0 ? quotient - 1 : quotient;
}

}  // namespace commonwatt
