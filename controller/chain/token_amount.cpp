#include "controller/chain/token_amount.hpp"

#include <algorithm>
#include <cassert>

namespace commonwatt {
namespace {

constexpr int net_decimals = 9;         // nano-currency
constexpr std::size_t digits_max = 29;  // of 2^96
constexpr Money money_max{1'000'000'000'000'000'000};

Int256 power_of_ten(int exponent) {
  Int256 power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

Money money_of(const Int256& nano) {
  return nano > money_max.count ? money_max : Money{static_cast<std::int64_t>(nano)};
}

}  // namespace

std::optional<Uint256> token_amount_from_text(std::string_view text, int decimals) {
  assert(decimals >= 0 && decimals <= token_decimals_max);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
  const auto are_digits = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (whole.empty() || whole.size() > digits_max || !are_digits(whole) || !are_digits(fraction)) return std::nullopt;
  if ((point != std::string_view::npos && fraction.empty()) || fraction.size() > static_cast<std::size_t>(decimals))
    return std::nullopt;
  Uint256 amount = 0;
  for (const char digit : whole) amount = amount * 10 + static_cast<unsigned>(digit - '0');
  for (const char digit : fraction) amount = amount * 10 + static_cast<unsigned>(digit - '0');
  for (auto missing = static_cast<std::size_t>(decimals) - fraction.size(); missing > 0; --missing) amount *= 10;
  if (amount >= Uint256(1) << 96U) return std::nullopt;
  return amount;
}

std::string token_amount_text(const Int256& amount, int decimals) {
  assert(decimals >= 0 && decimals <= token_decimals_max);
  const bool is_negative = amount < 0;
  std::string digits = Int256(is_negative ? -amount : amount).str();
  const auto places = static_cast<std::size_t>(decimals);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  std::string text = (is_negative ? "-" : "") + digits.substr(0, digits.size() - places);
  std::string fraction = digits.substr(digits.size() - places);
  while (fraction.size() > 2 && fraction.back() == '0') fraction.pop_back();
  return fraction.empty() ? text : text + "." + fraction;
}

Int256 token_amount_of(Money net, int decimals) {
  if (decimals >= net_decimals) return Int256(net.count) * power_of_ten(decimals - net_decimals);
  const Int256 divisor = power_of_ten(net_decimals - decimals);
  const Int256 amount = net.count;
  return (amount < 0 ? Int256(amount - divisor + 1) : amount) / divisor;
}

Money money_below(const Uint256& amount, int decimals) {
  if (decimals <= net_decimals) return money_of(Int256(amount) * power_of_ten(net_decimals - decimals));
  return money_of(Int256(amount) / power_of_ten(decimals - net_decimals));
}

Money money_above(const Uint256& amount, int decimals) {
  if (decimals <= net_decimals) return money_below(amount, decimals);
  const Int256 divisor = power_of_ten(decimals - net_decimals);
  return money_of((Int256(amount) + divisor - 1) / divisor);
}

}  // namespace commonwatt
