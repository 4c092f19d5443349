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

/// The quotient rounded to the nearest whole number, and half way between two to the even one. The divisor is above
/// zero and below 2^126.
constexpr Wide half_even_divide(Wide dividend, Wide divisor) {
  const Wide below = floor_divide(dividend, divisor);
  const Wide twice_rest = (dividend - below * divisor) * 2;
  const bool is_up = twice_rest > divisor || (twice_rest == divisor && below % 2 != 0);
  return is_up ? below + 1 : below;
}

}  // namespace commonwatt
