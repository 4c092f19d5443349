// Energy, price and money of the money path: integers with a unit, RULEBOOK section 1.
#pragma once

#include <cassert>
#include <compare>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>

namespace commonwatt {

/// A whole number of one unit. Sums stop the program on overflow: a silent wrap would be somebody's money.
template <class Unit>
struct Quantity {
  std::int64_t count = 0;

  friend constexpr auto operator<=>(const Quantity&, const Quantity&) = default;

  friend constexpr Quantity operator+(Quantity a, Quantity b) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a.count, b.count, &sum)) std::abort();
    return {sum};
  }
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(a.count, b.count, &difference)) std::abort();
    return {difference};
  }
  constexpr Quantity operator-() const { return Quantity{} - *this; }
  constexpr Quantity& operator+=(Quantity other) { return *this = *this + other; }
  constexpr Quantity& operator-=(Quantity other) { return *this = *this - other; }
};

/// Watt-hours. On a net figure, positive is consumption (import), negative is feed-in (export).
using Energy = Quantity<struct WattHour>;
/// Micro-currency per kilowatt-hour, numerically nano-currency per watt-hour. May be negative.
using Price = Quantity<struct MicroPerKilowattHour>;
/// Nano-currency (1e-9 of the currency unit). On a statement, positive is what the household pays.
using Money = Quantity<struct NanoCurrency>;
/// Watts, as nameplates and fuse ratings state them.
using Power = Quantity<struct Watt>;

/// Energy at a price: exact, nothing to round.
constexpr Money operator*(Energy energy, Price price) {
  std::int64_t amount = 0;
  if (__builtin_mul_overflow(energy.count, price.count, &amount)) std::abort();
  return {amount};
}
constexpr Money operator*(Price price, Energy energy) {
  return energy * price;
}

/// The bounds a quantity or price from outside must lie within. With them no product of one order overflows, and
/// a book of a million orders still sums within 63 bits.
inline constexpr Energy order_energy_max{1'000'000'000};    // 1 GWh in one order
inline constexpr Price price_magnitude_max{1'000'000'000};  // 1000 currency units per kWh
static_assert(order_energy_max.count <= std::numeric_limits<std::int64_t>::max() / price_magnitude_max.count);

}  // namespace commonwatt
