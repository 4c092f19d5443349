// McAfee's trade reduction for one zone: a call auction in which stating one's true limit is best (RULEBOOK section 4).
//
// Bids stand from the highest limit down, asks from the lowest up. The marginal bid K and the marginal ask L are the
// last that have a part in the efficient volume. They set the prices and pay for it by not trading: the bids before K
// buy at K's limit, the asks before L sell at L's, and the side with the larger sum is rationed pro rata.
//
// Who bears what: the households behind K and L lose their trades, the rationed side a part of its own; buyers pay at
// least what sellers get, and the difference goes to the account `spread`.
//
// Properties:
// - Nobody buys above or sells below its limit, and the market never needs money.
// - Truthful in price for a household with one order: whatever limit it states, it trades all of one share at one
//   price that others set, or nothing, and at its true limit exactly when that pays. Rounding is no exception: the
//   limits of those who trade have no part in the shares.
// - Not truthful in quantity: on a rationed side a larger order gets a larger share.
// - No household's order sets a price at which it trades: all orders of the households behind K and L stay out.
//   A household with several orders may still gain by withholding one of them.
// - Not efficient. Where each household has one order, the welfare is at least (volume / efficient volume)^2 of the
//   efficient one, but for the watt-hour to which each share is rounded.
//
// Where the efficient volume serves bids and asks alike to the last watt-hour, nobody need be left out: everybody up to
// and including K and L trades at p0, halfway between the best bid and the best ask left over, provided that p0 suits K
// and L and that neither of the two left over belongs to a household that trades. p0 is refused where K or L would be
// served in part: whoever is served in part gains by a better limit, which puts another in its place.
//
// Sources: McAfee, "A dominant strategy double auction", Journal of Economic Theory 56 (1992); for orders of several
// units Huang, Scheller-Wolf and Sycara, "Design of a multi-unit double auction e-market", Computational Intelligence
// 18 (2002). There the rationed side gives up equal amounts; here it is rationed as everywhere in the rulebook.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "market/order.hpp"
#include "market/pro_rata.hpp"

namespace commonwatt {

struct McAfee {
  std::vector<Energy> fills;  ///< one per order, in the sequence of the orders
  Energy volume;
  std::optional<Price> buyers_price;   ///< nothing when nothing trades
  std::optional<Price> sellers_price;  ///< at most the buyers' price; nothing when nothing trades

  friend bool operator==(const McAfee&, const McAfee&) = default;
};

/// Clears one interval of one zone; the orders' zones are ignored. `households` names the household of each order by
/// any number. Equal limits stand in order of their tie keys, which differ from order to order and must not depend on
/// limits. Pure; O(n log n); the same orders in any sequence get the same prices and fills.
McAfee clear_mcafee(std::span<const LimitOrder> orders, std::span<const std::uint32_t> households,
                    const TieKey& tie_key);

}  // namespace commonwatt
