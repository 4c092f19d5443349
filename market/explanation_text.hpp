// An explanation in the words of a household.
#pragma once

#include <functional>
#include <string>

#include "market/explanation.hpp"

namespace commonwatt {

/// How orders and zones are called where people read of them, by index.
struct OrderNames {
  std::function<std::string(std::size_t)> order;
  std::function<std::string(ZoneIndex)> zone;
};

/// "5,000 Wh".
std::string energy_text(Energy energy);
/// In currency units, and as it is written in orders: "0.2847 per kWh (284700)".
std::string price_text(Price price);
/// In currency units, exactly; at least two decimals: "1.4235".
std::string money_text(WideMoney money);

/// The explanation in a few plain sentences.
std::string to_text(const Explanation& explanation, const OrderNames& names);

}  // namespace commonwatt
