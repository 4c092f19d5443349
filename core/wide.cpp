#include "core/wide.hpp"

#include <algorithm>

namespace commonwatt {

std::string to_text(Wide value) {
  if (value == 0) return "0";
  std::string digits;
  // Digit by digit from the end, without ever negating: the most negative value has no positive twin.
  for (Wide rest = value; rest != 0; rest /= 10) {
    const auto digit = static_cast<int>(rest % 10);
    digits.push_back(static_cast<char>('0' + (digit < 0 ? -digit : digit)));
  }
  if (value < 0) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace commonwatt
