// Exact decimal numbers, as meters send them: a register in kWh becomes Wh without passing a double.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/units.hpp"

namespace commonwatt {

/// The greatest power of ten, up or down, that a Decimal may have.
inline constexpr int decimal_exponent_max = 18;

/// digits x 10^exponent, with an exponent of -18 to 18.
struct Decimal {
  std::int64_t digits = 0;
  int exponent = 0;

  friend bool operator==(const Decimal&, const Decimal&) = default;

  /// The nearest double. Always finite.
  [[nodiscard]] double as_double() const;
  /// The value of its last digit, 10^exponent: the finest step it can show.
  [[nodiscard]] double step() const;
};

/// The number of a text that is nothing but one: "-12.340" gives -12340 x 10^-3. Digits on both sides of the point, no
/// more than 18 of them in all.
std::optional<Decimal> decimal_from_text(std::string_view text);
/// The exact sum, as fine as the finer of the two. Absent when it does not fit.
std::optional<Decimal> sum(const Decimal& a, const Decimal& b);
/// A cumulative register in Wh, a fraction rounded down. Absent when it is negative or does not fit.
std::optional<Energy> energy_from_wh(const Decimal& wh);

}  // namespace commonwatt
