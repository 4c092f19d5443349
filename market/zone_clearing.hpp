// The uniform-price call auction over a zone tree (RULEBOOK section 4, several zones).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "market/clearing.hpp"
#include "market/zone_tree.hpp"

namespace commonwatt {

struct ZoneClearing {
  std::optional<Price> price;  ///< all trades of the zone settle at it; nothing when nothing trades anywhere
  Energy net;                  ///< net position: sold less bought by the zone's own orders
  Energy flow;                 ///< over the edge to the parent: exports above zero, imports below; zero for the root

  friend bool operator==(const ZoneClearing&, const ZoneClearing&) = default;
};

struct TreeClearing {
  Energy volume;                    ///< bought, which is what is sold
  std::vector<Energy> fills;        ///< one per order, in their sequence
  std::vector<ZoneClearing> zones;  ///< one per zone of the tree

  friend bool operator==(const TreeClearing&, const TreeClearing&) = default;
};

/// How ties are broken where a step of several orders and children is taken in part.
struct ZoneTieKeys {
  TieKey order;  ///< SHA-256(seed || order id)
  TieKey zone;   ///< SHA-256(seed || zone name)
};

/// Maximises the value of the bids filled less the cost of the asks filled less the fees on the flows, within the
/// limits of the edges. Every order's zone is one of the tree; quantities are above zero and sum to auction_energy_max
/// at most, limits are within auction_price_magnitude_max. The same orders in any sequence get the same result. With a
/// root alone this is CallAuction's result. O(n log n) for the sort, then linear in n for every level of the tree.
TreeClearing clear_zones(std::span<const LimitOrder> orders, const ZoneTree& tree, const ClearingRule& rule,
                         const ZoneTieKeys& tie_keys);

/// The net positions and the flows on all edges that follow from the fills.
void add_flows(std::span<const LimitOrder> orders, const ZoneTree& tree, std::span<const Energy> fills,
               std::span<ZoneClearing> zones);

}  // namespace commonwatt
