// Why an order got what it got: the reason, and the figures that prove it. explanation_text.hpp puts it into words.
#pragma once

#include <cstdint>
#include <optional>

#include "market/mechanism.hpp"

namespace commonwatt {

/// The reason. "Better" is higher for a bid and lower for an ask; "the price" is the one in Explanation::price.
enum class Outcome : std::uint8_t {
  better_than_price,     ///< filled whole: its limit is strictly better than the price
  at_price_whole,        ///< filled whole, as all of its side exactly at the price
  at_price_shared,       ///< its side wants more exactly at the price than is available: pro rata
  at_price_unserved,     ///< nothing is available exactly at the price
  worse_than_price,      ///< not filled: its limit is strictly worse than the price
  no_buyers,             ///< an ask that no bid can reach
  no_sellers,            ///< a bid that no ask can reach
  best_apart,            ///< nothing trades: all that could reach its zone asks more than anybody there bids
  marginal,              ///< mcafee: the last of its side that matches, which sets a price and stays out
  household_marginal,    ///< mcafee: a marginal order is of the same household
  behind_marginal,       ///< mcafee: it stands behind the last of its side that matches
  left_without_partner,  ///< mcafee: the other side of all matches is of the households that stay out
  rationed,              ///< mcafee: its side offers more than the other takes: pro rata
  traded_whole,          ///< continuous: all of it
  traded_in_part,        ///< continuous: some of it
  untraded,              ///< continuous: none of it
};
constexpr Outcome enum_last(Outcome) {
  return Outcome::untraded;
}

/// The last watt-hours of a pro-rata split go one each by largest remainder, then by tie key.
enum class LastWattHour : std::uint8_t {
  none_left,
  got_by_remainder,
  got_by_tie_key,
  missed_by_remainder,
  missed_by_tie_key
};

/// How a side's orders share what is available.
struct Sharing {
  Energy wanted;     ///< by all who share, in this zone
  Energy available;  ///< what they got together
  /// floor(quantity x available / wanted), and who got the rest. Nothing where the zone's children have a part in the
  /// split: it is not theirs alone then.
  std::optional<Energy> floor_share;
  LastWattHour last = LastWattHour::none_left;

  friend bool operator==(const Sharing&, const Sharing&) = default;
};

/// The best order of the other side that can reach an order's zone, fees counted.
struct Counterpart {
  Price limit;
  Price fees;  ///< of all edges on the way
  ZoneIndex zone = 0;

  friend bool operator==(const Counterpart&, const Counterpart&) = default;
};

/// The least the limit would have had to move, everything else as it was: at `limit` and any better one the order is
/// filled whole, one micro-currency worse it is not.
struct WholeLimit {
  Price limit;
  Price price;  ///< its zone's, had it stated exactly that limit

  friend bool operator==(const WholeLimit&, const WholeLimit&) = default;
};

/// What carries between a zone and its parent, seen from the zone.
enum class EdgeState : std::uint8_t {
  exports,
  imports,
  exports_to_limit,
  imports_to_limit,
  idle,
  cut_off,
  parent_unpriced,  ///< no order reaches the parent
};
struct EdgeReason {
  EdgeState state = EdgeState::idle;
  ZoneIndex parent = 0;
  std::optional<Price> parent_price;
  Price fee;
  Energy flow;  ///< without its sign

  friend bool operator==(const EdgeReason&, const EdgeReason&) = default;
};

/// McAfee: the last bid and the last ask that match when the best are matched with the best.
struct Margin {
  Price bid;
  Price ask;
  Energy volume;  ///< what matches

  friend bool operator==(const Margin&, const Margin&) = default;
};

/// VCG: what all others gain against their limits, and what they would gain had the household placed no orders. The
/// household pays the difference.
struct Externality {
  WideMoney others_with = 0;
  WideMoney others_without = 0;
  WideMoney household_payment = 0;
  std::size_t household_orders = 0;

  friend bool operator==(const Externality&, const Externality&) = default;
};

struct Explanation {
  Mechanism mechanism = Mechanism::uniform;
  Outcome outcome = Outcome::untraded;
  std::size_t order = 0;
  LimitOrder stated;
  std::size_t zones = 1;  ///< of the tree
  Energy fill;
  WideMoney payment = 0;  ///< above zero: its household pays it
  WideMoney gain = 0;     ///< against trading the same fill at its limit

  std::optional<Price> price;              ///< its zone's; in mcafee its side's; in continuous nothing
  std::optional<Sharing> sharing;          ///< of at_price_shared, at_price_unserved and rationed
  std::optional<Price> best_own_side;      ///< of best_apart: the best limit of its side in its zone
  std::optional<Counterpart> counterpart;  ///< of best_apart
  /// Of an order not filled whole under uniform, pay_as_bid and vcg; nothing when no limit fills it whole.
  std::optional<WholeLimit> whole_limit;
  std::optional<EdgeReason> edge;          ///< of a zone that has a price and a parent
  std::optional<Margin> margin;            ///< of mcafee, where anything matches
  std::optional<Externality> externality;  ///< of vcg
  /// Of continuous: an order of the same household that came later could have met it, which takes it off the book.
  bool met_own_order = false;
};

/// Explains what `result`, which is what run_auction makes of `input`, holds for one order. What the result does not
/// say is computed from the orders and the fills, or by clearing again: nothing is guessed. Pure. Costs a few
/// clearings where an order is not filled whole.
Explanation explain_order(Mechanism mechanism, const AuctionInput& input, const AuctionResult& result,
                          std::size_t order);

}  // namespace commonwatt
