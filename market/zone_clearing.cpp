#include "market/zone_clearing.hpp"

#include <algorithm>
#include <cassert>

#include "market/staircase.hpp"

namespace commonwatt {
namespace {

/// The orders of each zone, by index, one zone after the other.
class OrdersByZone {
 public:
  OrdersByZone(std::span<const LimitOrder> orders, std::size_t zones) : first_(zones + 1), indices_(orders.size()) {
    for (const LimitOrder& order : orders) {
      assert(order.zone < zones);
      ++first_[order.zone + 1];
    }
    for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
    std::vector<std::size_t> next(first_.begin(), first_.end() - 1);
    for (std::size_t i = 0; i < orders.size(); ++i) indices_[next[orders[i].zone]++] = static_cast<std::uint32_t>(i);
  }
  [[nodiscard]] std::span<const std::uint32_t> of(ZoneIndex zone) const {
    return std::span(indices_).subspan(first_[zone], first_[zone + 1] - first_[zone]);
  }

 private:
  std::vector<std::size_t> first_;
  std::vector<std::uint32_t> indices_;
};

Stairs stairs_of(const LimitOrder& order) {
  if (order.side == Side::buy) return {.asks = {}, .bids = order.quantity};
  return {.asks = order.quantity, .bids = {}};
}

/// One clearing of a tree. Up: every zone joins its own orders and its children's staircases, and notes where its edge
/// cuts them. Down: every zone is told a place on its staircase, fills its own orders up to it and tells its children.
/// Merged staircases are not kept: what stands at one price is asked again of the few zones that reach it.
class TreeAuction {
 public:
  TreeAuction(std::span<const LimitOrder> orders, const ZoneTree& tree, const ClearingRule& rule,
              const ZoneTieKeys& tie_keys)
      : orders_(orders),
        tree_(tree),
        rule_(rule),
        by_zone_(orders, tree.size()),
        own_(tree.size()),
        cuts_(tree.size()) {
    // Zones that share a step are told apart from orders by an index beyond all orders.
    tie_key_ = [this, &tie_keys](std::size_t index) {
      return index < orders_.size() ? tie_keys.order(index) : tie_keys.zone(index - orders_.size());
    };
  }

  TreeClearing clear() {
    climb();
    TreeClearing result{.volume = {}, .fills = std::vector<Energy>(orders_.size()), .zones = {}};
    result.zones.resize(tree_.size());
    descend(result.fills);
    add_flows(orders_, tree_, result.fills, result.zones);
    for (std::size_t i = 0; i < orders_.size(); ++i) {
      if (orders_[i].side == Side::buy) result.volume += result.fills[i];
    }
    if (result.volume > Energy{0}) set_prices(result.zones);
    return result;
  }

 private:
  void climb();
  void descend(std::vector<Energy>& fills);
  void fill_zone(ZoneIndex zone, const Place& place, std::vector<Energy>& fills);
  void set_prices(std::vector<ZoneClearing>& zones) const;
  [[nodiscard]] std::optional<Price> price_below(ZoneIndex zone, Energy flow, Price parent) const;
  [[nodiscard]] Stairs stairs_at(ZoneIndex zone, Price price) const;
  [[nodiscard]] Stairs carried_at(ZoneIndex zone, Price price) const;
  [[nodiscard]] Place place_of(ZoneIndex zone, Price price, const Stairs& taken) const;

  std::span<const LimitOrder> orders_;
  const ZoneTree& tree_;
  const ClearingRule& rule_;
  OrdersByZone by_zone_;
  std::vector<Levels> own_;     ///< of each zone, its own orders' staircase
  std::vector<ZoneCuts> cuts_;  ///< of each zone
  TieKey tie_key_;
  std::vector<Place> places_;   ///< of each zone: where its parent told it to stand
  std::vector<Stairs> behind_;  ///< of each zone: what of its parent's price is taken from it
  std::vector<Claim> asks_at_;
  std::vector<Claim> bids_at_;
};

void TreeAuction::climb() {
  std::vector<Levels> carried(tree_.size());
  for (std::size_t i = tree_.size(); i-- > 0;) {
    const ZoneIndex zone = tree_.top_down()[i];
    Energy demand;
    Levels& own = own_[zone];
    own.reserve(by_zone_.of(zone).size());
    for (const std::uint32_t index : by_zone_.of(zone)) {
      own.push_back({orders_[index].limit, stairs_of(orders_[index])});
      demand += own.back().stairs.bids;
    }
    sort_levels(own);
    std::vector<Levels> staircases{own};
    for (const ZoneIndex child : tree_.children(zone)) {
      demand += cuts_[child].import;
      staircases.push_back(std::move(carried[child]));
    }
    carried[zone] = merge(std::move(staircases));
    cuts_[zone] = carry_over_edge(tree_[zone], demand, carried[zone]);
  }
}

/// What stands at a price on a zone's merged staircase.
Stairs TreeAuction::stairs_at(ZoneIndex zone, Price price) const {
  const Levels& own = own_[zone];
  const auto level = std::lower_bound(own.begin(), own.end(), price,
                                      [](const Level& candidate, Price wanted) { return candidate.price < wanted; });
  Stairs stairs;
  if (level != own.end() && level->price == price) stairs = level->stairs;
  for (const ZoneIndex child : tree_.children(zone)) stairs = stairs + carried_at(child, price);
  return stairs;
}

/// What of a zone's staircase stands at a price of its parent.
Stairs TreeAuction::carried_at(ZoneIndex zone, Price price) const {
  const auto part = [&](const Cut& begin, const Cut& end, Price own_price) {
    if (own_price < begin.place.price || own_price > end.place.price) return Stairs{};
    return between(begin.place, end.place, own_price, stairs_at(zone, own_price));
  };
  const ZoneCuts& cuts = cuts_[zone];
  const Price fee = tree_[zone].fee;
  if (fee == Price{0}) return part(cuts.import_end, cuts.export_end, price);
  return part(cuts.import_end, cuts.zero, price + fee) + part(cuts.zero, cuts.export_end, price - fee);
}

/// Where a zone stands on its own staircase when `taken` of what it has at the parent's price is taken.
Place TreeAuction::place_of(ZoneIndex zone, Price price, const Stairs& taken) const {
  const ZoneCuts& cuts = cuts_[zone];
  const Price fee = tree_[zone].fee;
  const Place& zero = cuts.zero.place;
  if (fee == Price{0}) return advance(cuts.import_end.place, cuts.export_end.place, price, taken);
  if (price + fee <= zero.price) return advance(cuts.import_end.place, zero, price + fee, taken);
  return advance(zero, cuts.export_end.place, price - fee, taken);
}

void TreeAuction::descend(std::vector<Energy>& fills) {
  places_.resize(tree_.size());
  behind_.resize(tree_.size());
  places_[tree_.root()] = cuts_[tree_.root()].zero.place;
  for (const ZoneIndex zone : tree_.top_down()) fill_zone(zone, places_[zone], fills);
}

/// Fills the zone's own orders up to a place and finds the children's places. Those who stand at its price share it.
void TreeAuction::fill_zone(ZoneIndex zone, const Place& place, std::vector<Energy>& fills) {
  asks_at_.clear();
  bids_at_.clear();
  Energy bids;
  const auto claim = [&](std::size_t index, const Stairs& stairs) {
    if (stairs.asks > Energy{0}) asks_at_.push_back({.index = index, .quantity = stairs.asks});
    if (stairs.bids > Energy{0}) bids_at_.push_back({.index = index, .quantity = stairs.bids});
    bids += stairs.bids;
  };
  for (const std::uint32_t index : by_zone_.of(zone)) {
    const LimitOrder& order = orders_[index];
    if (order.limit == place.price) {
      claim(index, stairs_of(order));
    } else if ((order.side == Side::buy) == (order.limit > place.price)) {
      fills[index] = order.quantity;
    }
  }
  for (const ZoneIndex child : tree_.children(zone)) {
    behind_[child] = carried_at(child, place.price);
    claim(orders_.size() + child, behind_[child]);
  }
  share_pro_rata(asks_at_, place.behind.asks, tie_key_);
  share_pro_rata(bids_at_, bids - place.behind.bids, tie_key_);
  // From here everybody at this price knows its share: asks what they sell, bids what they buy.
  for (const Claim& ask : asks_at_) {
    (ask.index < orders_.size() ? fills[ask.index] : behind_[ask.index - orders_.size()].asks) = ask.share;
  }
  for (const Claim& bid : bids_at_) {
    if (bid.index < orders_.size()) {
      fills[bid.index] = bid.share;
    } else {
      behind_[bid.index - orders_.size()].bids -= bid.share;
    }
  }
  for (const ZoneIndex child : tree_.children(zone)) places_[child] = place_of(child, place.price, behind_[child]);
}

/// A zone's price under a parent that has one (RULEBOOK section 4, prices from the root down).
std::optional<Price> TreeAuction::price_below(ZoneIndex zone, Energy flow, Price parent) const {
  const Zone& edge = tree_[zone];
  const ZoneCuts& cuts = cuts_[zone];
  if (edge.is_cut_off()) return k_point(cuts.zero.prices, rule_);
  const Price low = parent - edge.fee;
  const Price high = parent + edge.fee;
  if (flow == Energy{0}) {
    Price price = k_point(cuts.zero.prices, rule_).value_or(parent);
    if (edge.export_limit != Energy{0}) price = std::max(price, low);
    if (edge.import_limit != Energy{0}) price = std::min(price, high);
    return price;
  }
  if (flow > Energy{0}) {
    if (flow != edge.export_limit) return low;
    return std::min(*k_point(cuts.export_end.prices, rule_), low);
  }
  if (-flow != edge.import_limit) return high;
  return std::max(*k_point(cuts.import_end.prices, rule_), high);
}

void TreeAuction::set_prices(std::vector<ZoneClearing>& zones) const {
  for (const ZoneIndex zone : tree_.top_down()) {
    const std::optional<ZoneIndex> parent = tree_[zone].parent;
    const std::optional<Price> above = parent ? zones[*parent].price : std::nullopt;
    zones[zone].price = above ? price_below(zone, zones[zone].flow, *above) : k_point(cuts_[zone].zero.prices, rule_);
  }
}

}  // namespace

void add_flows(std::span<const LimitOrder> orders, const ZoneTree& tree, std::span<const Energy> fills,
               std::span<ZoneClearing> zones) {
  for (std::size_t i = 0; i < orders.size(); ++i) {
    zones[orders[i].zone].net += orders[i].side == Side::buy ? -fills[i] : fills[i];
  }
  for (std::size_t i = tree.size(); i-- > 1;) {
    const ZoneIndex zone = tree.top_down()[i];
    zones[zone].flow += zones[zone].net;
    zones[*tree[zone].parent].flow += zones[zone].flow;
  }
  // The root has no edge: what its children and its own orders sum to is zero, and is not carried anywhere.
  zones[tree.root()].flow += zones[tree.root()].net;
}

TreeClearing clear_zones(std::span<const LimitOrder> orders, const ZoneTree& tree, const ClearingRule& rule,
                         const ZoneTieKeys& tie_keys) {
  return TreeAuction(orders, tree, rule, tie_keys).clear();
}

}  // namespace commonwatt
