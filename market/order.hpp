// What a household offers for one interval (RULEBOOK section 3).
#pragma once

#include <tuple>

#include "core/bytes.hpp"
#include "core/cbor.hpp"
#include "core/id.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace commonwatt {

enum class Side : std::uint8_t { buy, sell };
constexpr Side enum_last(Side) {
  return Side::sell;
}
const char* to_text(Side side);

/// SHA-256 of an order's canonical encoding.
using OrderId = Hash32;

struct Order {
  HouseholdId household;
  Interval interval;
  Side side = Side::buy;
  Energy quantity;            ///< above zero
  Price limit;                ///< the worst price the household accepts
  std::int64_t sequence = 0;  ///< strictly rising per household
  Salt16 salt{};              ///< random, so that the published id cannot be guessed back to a household

  friend bool operator==(const Order&, const Order&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.household, self.interval, self.side, self.quantity, self.limit, self.sequence, self.salt);
  }
};

OrderId order_id(const Order& order);

/// An order as the published book shows it: what everyone needs to clear again, and nobody's name.
struct BookOrder {
  OrderId id{};
  Side side = Side::buy;
  Energy quantity;
  Price limit;

  friend bool operator==(const BookOrder&, const BookOrder&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.id, self.side, self.quantity, self.limit);
  }
};

BookOrder book_order(const Order& order);

}  // namespace commonwatt
