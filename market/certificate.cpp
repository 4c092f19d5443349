#include "market/certificate.hpp"

#include <algorithm>
#include <limits>

#include "core/wide.hpp"

namespace commonwatt {
namespace {

using Fault = std::optional<ClearingFault>;

Fault about_order(std::size_t order, const char* what) {
  return ClearingFault{.what = what, .order = order, .zone = std::nullopt};
}
Fault about_zone(ZoneIndex zone, const char* what) {
  return ClearingFault{.what = what, .order = std::nullopt, .zone = zone};
}
Fault about_all(std::string what) {
  return ClearingFault{.what = std::move(what), .order = std::nullopt, .zone = std::nullopt};
}

/// The prices that would suit everybody looked at so far: those who trade would not rather stop, and those who do not
/// would not rather trade. Where there is one for every zone, nobody can gain, and the clearing is optimal. The prices
/// that were published are looked at apart: a zone that no order reaches has none, and its children's then need not
/// suit each other.
struct Prices {
  Wide low = std::numeric_limits<Wide>::min() / 2;
  Wide high = std::numeric_limits<Wide>::max() / 2;

  void at_least(Wide price) { low = std::max(low, price); }
  void at_most(Wide price) { high = std::min(high, price); }
};

/// What of a zone's orders is left unfilled: a bid and an ask at one price would be volume thrown away.
struct Left {
  std::optional<Price> best_bid;
  std::optional<Price> best_ask;
};

class Certificate {
 public:
  Certificate(std::span<const LimitOrder> orders, const ZoneTree& tree, const TreeClearing& clearing)
      : orders_(orders), tree_(tree), clearing_(clearing), prices_(tree.size()), left_(tree.size()) {}

  Fault fault() {
    if (clearing_.fills.size() != orders_.size()) return about_all("the clearing does not have one fill per order");
    if (clearing_.zones.size() != tree_.size()) return about_all("the clearing does not have one result per zone");
    for (std::size_t i = 0; i < orders_.size(); ++i) {
      if (Fault found = order_fault(i)) return found;
    }
    if (Fault found = volume_fault()) return found;
    if (Fault found = flow_fault()) return found;
    for (std::size_t i = tree_.size(); i-- > 0;) {
      if (Fault found = zone_fault(tree_.top_down()[i])) return found;
    }
    return std::nullopt;
  }

 private:
  /// Sums what the order does and narrows the prices its zone could have.
  Fault order_fault(std::size_t index) {
    const LimitOrder& order = orders_[index];
    const Energy fill = clearing_.fills[index];
    const std::optional<Price>& price = clearing_.zones[order.zone].price;
    const bool buys = order.side == Side::buy;
    if (fill < Energy{0} || fill > order.quantity) return about_order(index, "filled outside [0, quantity]");
    if (!price && fill > Energy{0}) return about_order(index, "filled without a price");
    if (price && fill > Energy{0} && (buys ? order.limit < *price : order.limit > *price)) {
      return about_order(index, "filled beyond its limit");
    }
    (buys ? bought_ : sold_) += fill.count;
    if (fill > Energy{0}) {
      if (buys) {
        prices_[order.zone].at_most(order.limit.count);
      } else {
        prices_[order.zone].at_least(order.limit.count);
      }
    }
    if (fill == order.quantity) return std::nullopt;
    if (price && (buys ? order.limit > *price : order.limit < *price)) {
      return about_order(index, "better than the price and not filled whole");
    }
    Left& left = left_[order.zone];
    if (buys) {
      prices_[order.zone].at_least(order.limit.count);
      if (!left.best_bid || order.limit > *left.best_bid) left.best_bid = order.limit;
    } else {
      prices_[order.zone].at_most(order.limit.count);
      if (!left.best_ask || order.limit < *left.best_ask) left.best_ask = order.limit;
    }
    return std::nullopt;
  }

  Fault volume_fault() const {
    if (bought_ != sold_) {
      return about_all("buyers get " + to_text(bought_) + " Wh, sellers give " + to_text(sold_));
    }
    if (bought_ != clearing_.volume.count) return about_all("the volume is not the sum of the fills");
    const bool priced = std::any_of(clearing_.zones.begin(), clearing_.zones.end(),
                                    [](const ZoneClearing& zone) { return zone.price.has_value(); });
    if (priced != (bought_ > 0)) return about_all("a price without volume, or volume without a price");
    return std::nullopt;
  }

  /// Flows follow from the fills: here they are summed again.
  Fault flow_fault() const {
    std::vector<ZoneClearing> again(tree_.size());
    add_flows(orders_, tree_, clearing_.fills, again);
    for (ZoneIndex zone = 0; zone < tree_.size(); ++zone) {
      const ZoneClearing& said = clearing_.zones[zone];
      if (said.net != again[zone].net) return about_zone(zone, "the net position is not what its orders sum to");
      if (said.flow != again[zone].flow) return about_zone(zone, "the flow is not what the fills sum to");
      const Zone& edge = tree_[zone];
      if (edge.export_limit && said.flow > *edge.export_limit) return about_zone(zone, "exports beyond its limit");
      if (edge.import_limit && -said.flow > *edge.import_limit) return about_zone(zone, "imports beyond its limit");
    }
    return std::nullopt;
  }

  /// Children come before their parent: each hands on what its edge demands of the parent's price.
  Fault zone_fault(ZoneIndex zone) {
    const Left& left = left_[zone];
    if (left.best_bid && left.best_ask && *left.best_bid >= *left.best_ask) {
      return about_zone(zone, "a bid and an ask that could trade are left");
    }
    const Prices& own = prices_[zone];
    if (own.low > own.high) return about_zone(zone, "a trade with its neighbours that would gain is left");
    const std::optional<ZoneIndex> parent = tree_[zone].parent;
    if (!parent) return std::nullopt;
    demand_of_parent(zone, own, prices_[*parent]);
    const std::optional<Price>& price = clearing_.zones[zone].price;
    const std::optional<Price>& above = clearing_.zones[*parent].price;
    if (!price || !above) return std::nullopt;
    Prices allowed;
    demand_of_parent(zone, {price->count, price->count}, allowed);
    if (above->count < allowed.low || above->count > allowed.high) {
      return about_zone(zone, "its price does not fit its parent's");
    }
    return std::nullopt;
  }

  /// What a zone of these prices leaves its parent over an edge with this flow: one more watt-hour up or down, where
  /// the edge carries it, must not pay, nor must turning back one that flows.
  void demand_of_parent(ZoneIndex zone, const Prices& own, Prices& parent) const {
    const Zone& edge = tree_[zone];
    const Energy flow = clearing_.zones[zone].flow;
    const Wide fee = edge.fee.count;
    if (flow >= Energy{0} && (!edge.export_limit || flow < *edge.export_limit)) parent.at_most(own.high + fee);
    if (flow > Energy{0}) parent.at_least(own.low + fee);
    if (flow <= Energy{0} && (!edge.import_limit || -flow < *edge.import_limit)) parent.at_least(own.low - fee);
    if (flow < Energy{0}) parent.at_most(own.high - fee);
  }

  std::span<const LimitOrder> orders_;
  const ZoneTree& tree_;
  const TreeClearing& clearing_;
  std::vector<Prices> prices_;
  std::vector<Left> left_;
  Wide bought_ = 0;
  Wide sold_ = 0;
};

}  // namespace

std::optional<ClearingFault> clearing_fault(std::span<const LimitOrder> orders, const ZoneTree& tree,
                                            const TreeClearing& clearing) {
  return Certificate(orders, tree, clearing).fault();
}

std::optional<std::string> clearing_fault(std::span<const BookOrder> book, const Clearing& clearing) {
  std::vector<LimitOrder> orders;
  orders.reserve(book.size());
  for (const BookOrder& order : book) orders.push_back(limit_order(order));
  TreeClearing tree{
      .volume = clearing.volume, .fills = clearing.fills, .zones = {ZoneClearing{clearing.price, {}, {}}}};
  // Nothing flows out of the root; whether its net position is zero, the sums of the fills say.
  const std::optional<ClearingFault> fault = clearing_fault(orders, ZoneTree::single(), tree);
  if (!fault) return std::nullopt;
  return fault->order ? "order " + to_hex(book[*fault->order].id) + ": " + fault->what : fault->what;
}

}  // namespace commonwatt
