#include "meter/decimal.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace commonwatt {
namespace {

constexpr auto powers_of_ten = [] {
  std::array<std::int64_t, decimal_exponent_max + 1> powers{};
  std::int64_t power = 1;
  for (std::size_t i = 0; i < powers.size(); ++i) {
    powers[i] = power;
    if (i + 1 < powers.size()) power *= 10;
  }
  return powers;
}();

std::int64_t power_of_ten(int exponent) {
  assert(exponent >= 0 && exponent <= decimal_exponent_max);
  return powers_of_ten[static_cast<std::size_t>(exponent)];
}

/// `value` in units of 10^exponent, which is at most its own exponent.
std::optional<std::int64_t> digits_at(const Decimal& value, int exponent) {
  const int shift = value.exponent - exponent;
  if (value.digits == 0) return 0;
  if (shift > decimal_exponent_max) return std::nullopt;
  std::int64_t digits = 0;
  if (__builtin_mul_overflow(value.digits, power_of_ten(shift), &digits)) return std::nullopt;
  return digits;
}

}  // namespace

double Decimal::as_double() const {
  const auto whole = static_cast<double>(digits);
  // One operation on two exact numbers, so that 2347 x 10^-1 is the double that 234.7 is.
  return exponent < 0 ? whole / static_cast<double>(power_of_ten(-exponent))
                      : whole * static_cast<double>(power_of_ten(exponent));
}

double Decimal::step() const {
  return Decimal{1, exponent}.as_double();
}

std::optional<Decimal> decimal_from_text(std::string_view text) {
  constexpr std::size_t digits_max = 18;  // 10^18 - 1 fits into 63 bits
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  Decimal value;
  std::size_t count = 0;
  bool in_fraction = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.' && !in_fraction && i > 0 && i + 1 < text.size()) {
      in_fraction = true;
      continue;
    }
    if (text[i] < '0' || text[i] > '9' || ++count > digits_max) return std::nullopt;
    value.digits = value.digits * 10 + (text[i] - '0');
    if (in_fraction) --value.exponent;
  }
  if (count == 0) return std::nullopt;
  if (negative) value.digits = -value.digits;
  return value;
}

std::optional<Decimal> sum(const Decimal& a, const Decimal& b) {
  const int exponent = std::min(a.exponent, b.exponent);
  const std::optional<std::int64_t> left = digits_at(a, exponent);
  const std::optional<std::int64_t> right = digits_at(b, exponent);
  std::int64_t digits = 0;
  if (!left || !right || __builtin_add_overflow(*left, *right, &digits)) return std::nullopt;
  return Decimal{digits, exponent};
}

std::optional<Energy> energy_from_wh(const Decimal& wh) {
  if (wh.digits < 0) return std::nullopt;
  if (wh.exponent < 0) return Energy{wh.digits / power_of_ten(-wh.exponent)};
  const std::optional<std::int64_t> count = digits_at(wh, 0);
  return count ? std::optional(Energy{*count}) : std::nullopt;
}

}  // namespace commonwatt
