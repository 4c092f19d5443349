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

/// A node of the zone tree an auction clears: its place in the list of zones. The root alone is zone 0 of a list of
/// one.
using ZoneIndex = std::uint32_t;

/// What an auction computes with: an order without its name. Who breaks a tie by name gives the auction TieKeys.
struct LimitOrder {
  Price limit;
  Energy quantity;  ///< above zero; all of an auction together at most auction_energy_max
  ZoneIndex zone = 0;
  Side side = Side::buy;

  friend bool operator==(const LimitOrder&, const LimitOrder&) = default;
};
static_assert(sizeof(LimitOrder) == 24);

/// An order of a published book, which is of one zone.
LimitOrder limit_order(const BookOrder& order);

/// What all orders of one auction may sum to, and what a price or fee in it may be: sums over a tree stay in 63 bits.
inline constexpr Energy auction_energy_max{1'000'000'000'000'000'000};
inline constexpr Price auction_price_magnitude_max{1'000'000'000'000'000};

}  // namespace commonwatt
