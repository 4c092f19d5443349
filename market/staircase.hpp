// The net-supply staircase of a zone (RULEBOOK section 4): how much it exports (above zero) or imports (below zero) at
// each price, and how its parent sees it over the edge.
#pragma once

#include <optional>
#include <vector>

#include "market/clearing.hpp"
#include "market/zone_tree.hpp"

namespace commonwatt {

/// Energy at one price, asks and bids apart. On the way up a staircase an ask's watt-hour begins to be sold and a bid's
/// watt-hour ceases to be bought; at one price asks go first.
struct Stairs {
  Energy asks;
  Energy bids;

  friend bool operator==(const Stairs&, const Stairs&) = default;
  friend Stairs operator+(const Stairs& a, const Stairs& b) { return {a.asks + b.asks, a.bids + b.bids}; }
  friend Stairs operator-(const Stairs& a, const Stairs& b) { return {a.asks - b.asks, a.bids - b.bids}; }
};

struct Level {
  Price price;
  Stairs stairs;  ///< not both zero
};
/// Strictly rising in price.
using Levels = std::vector<Level>;

/// A place on a staircase: everything cheaper is behind it, and so much of what stands at `price`.
struct Place {
  Price price;
  Stairs behind;
};

/// The prices at which a staircase stands at a place: nothing where no step bounds them.
struct PriceRange {
  std::optional<Price> low;
  std::optional<Price> high;
};
/// The k-weighted point; the one end of a range open to one side; nothing for one open to both.
std::optional<Price> k_point(const PriceRange& range, const ClearingRule& rule);

struct Cut {
  Place place;
  PriceRange prices;
};

/// What a zone keeps of its staircase once its parent has taken it over.
struct ZoneCuts {
  Cut import_end;  ///< where the flow is as far below zero as orders and limit let it be
  Cut zero;        ///< where nothing flows over the edge
  Cut export_end;  ///< where the flow is as far above zero as orders and limit let it be
  Energy import;   ///< the flow at import_end, without its sign
};

/// Sorts by price and joins what stands at one price.
void sort_levels(Levels& levels);

/// All levels of all staircases as one. Linear in the levels, times the logarithm of the number of staircases.
Levels merge(std::vector<Levels> staircases);

/// Cuts a zone's staircase to the limits of its edge and turns it into what the parent sees: the part that imports one
/// fee cheaper, the part that exports one fee dearer. `demand` is how far below zero the staircase begins.
ZoneCuts carry_over_edge(const Zone& zone, Energy demand, Levels& levels);

/// What of a level lies between two places: `level` is all that stands at `price`.
Stairs between(const Place& begin, const Place& end, Price price, const Stairs& level);
/// The place after taking `taken` of what lies between two places at `price`.
Place advance(const Place& begin, const Place& end, Price price, const Stairs& taken);

}  // namespace commonwatt
