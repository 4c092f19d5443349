#include "market/zone_tree.hpp"

#include <cassert>

namespace commonwatt {
namespace {

bool is_fee(Price fee) {
  return fee >= Price{0} && fee <= auction_price_magnitude_max;
}

bool is_limit(const std::optional<Energy>& limit) {
  return !limit || *limit >= Energy{0};
}

/// The first fault of a zone by itself, and the roots so far.
std::optional<ZoneFault> fault_of(const Zone& zone, std::size_t zones, std::size_t& roots) {
  if (!zone.parent && ++roots > 1) return ZoneFault::second_root;
  if (zone.parent && *zone.parent >= zones) return ZoneFault::unknown_parent;
  if (!is_fee(zone.fee)) return ZoneFault::bad_fee;
  if (!is_limit(zone.export_limit) || !is_limit(zone.import_limit)) return ZoneFault::bad_limit;
  return std::nullopt;
}

}  // namespace

static_assert(ZoneTree::depth_max < 8'000);  // times auction_price_magnitude_max: below 2^63

const char* explain(ZoneFault fault) {
  switch (fault) {
    case ZoneFault::no_root:
      return "no zone is the root; leave the parent of one zone empty";
    case ZoneFault::second_root:
      return "a second zone without a parent; an island is a zone whose export and import limit are 0";
    case ZoneFault::unknown_parent:
      return "the parent is not among the zones";
    case ZoneFault::circle:
      return "its parents lead back to itself and never to the root";
    case ZoneFault::too_deep:
      return "more than 1000 edges lie between it and the root";
    case ZoneFault::bad_fee:
      return "the fee is not between 0 and 10^15 micro-currency per kWh";
    case ZoneFault::bad_limit:
      return "a limit is below 0; leave it empty for no limit";
  }
  return "";
}

/// Sorts the zones by parent, by counting.
void ZoneTree::list_children() {
  first_child_.assign(zones_.size() + 1, 0);
  for (const Zone& zone : zones_) {
    if (zone.parent) ++first_child_[*zone.parent + 1];
  }
  for (std::size_t i = 1; i < first_child_.size(); ++i) first_child_[i] += first_child_[i - 1];
  children_.resize(first_child_.back());
  std::vector<std::size_t> next(first_child_.begin(), first_child_.end() - 1);
  for (ZoneIndex zone = 0; zone < zones_.size(); ++zone) {
    if (zones_[zone].parent) children_[next[*zones_[zone].parent]++] = zone;
  }
}

Result<ZoneTree, ZoneError> ZoneTree::from(std::vector<Zone> zones) {
  std::size_t roots = 0;
  for (ZoneIndex zone = 0; zone < zones.size(); ++zone) {
    const std::optional<ZoneFault> fault = fault_of(zones[zone], zones.size(), roots);
    if (fault) return Fail{ZoneError{.fault = *fault, .zone = zone}};
  }
  if (roots == 0) return Fail{ZoneError{.fault = zones.empty() ? ZoneFault::no_root : ZoneFault::circle}};
  ZoneTree tree;
  tree.zones_ = std::move(zones);
  tree.list_children();
  std::vector<std::size_t> depth(tree.size(), depth_max + 1);
  for (ZoneIndex zone = 0; zone < tree.size(); ++zone) {
    if (!tree.zones_[zone].parent) tree.top_down_.push_back(zone);
  }
  depth[tree.root()] = 0;
  for (std::size_t i = 0; i < tree.top_down_.size(); ++i) {
    const ZoneIndex zone = tree.top_down_[i];
    for (const ZoneIndex child : tree.children(zone)) {
      depth[child] = depth[zone] + 1;
      if (depth[child] > depth_max) return Fail{ZoneError{.fault = ZoneFault::too_deep, .zone = child}};
      tree.top_down_.push_back(child);
    }
  }
  for (ZoneIndex zone = 0; zone < tree.size(); ++zone) {
    // Whom the root does not reach has itself among its ancestors, or hangs on one who has.
    if (depth[zone] > depth_max) return Fail{ZoneError{.fault = ZoneFault::circle, .zone = zone}};
  }
  return tree;
}

ZoneTree ZoneTree::single() {
  return *from({Zone{}});
}

}  // namespace commonwatt
