// The radial network an auction clears over (RULEBOOK section 2): zones in a tree, each with an edge to its parent that
// costs a fee and carries so much.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/result.hpp"
#include "market/order.hpp"

namespace commonwatt {

struct Zone {
  std::optional<ZoneIndex> parent;     ///< nothing for the root, and for it alone
  Price fee;                           ///< per watt-hour carried over the edge to the parent, either way; at least zero
  std::optional<Energy> export_limit;  ///< Wh per interval towards the parent; nothing: no limit
  std::optional<Energy> import_limit;  ///< Wh per interval from the parent; nothing: no limit

  /// An edge that carries nothing either way: the zone is an island.
  [[nodiscard]] bool is_cut_off() const { return export_limit == Energy{0} && import_limit == Energy{0}; }

  friend bool operator==(const Zone&, const Zone&) = default;
};

/// Why zones are not a tree.
enum class ZoneFault : std::uint8_t {
  no_root,
  second_root,
  unknown_parent,
  circle,
  too_deep,
  bad_fee,
  bad_limit,
};
/// The fault as an operator would understand it, with what to do.
const char* explain(ZoneFault fault);

struct ZoneError {
  ZoneFault fault = ZoneFault::no_root;
  ZoneIndex zone = 0;  ///< where; meaningless when there is no root
};

/// Zones that are a tree. `from` is the only way to make one.
class ZoneTree {
 public:
  /// Edges between a zone and the root. Prices with all fees on the way stay within 63 bits.
  static constexpr std::size_t depth_max = 1'000;

  static Result<ZoneTree, ZoneError> from(std::vector<Zone> zones);
  /// A root and nothing else.
  static ZoneTree single();

  [[nodiscard]] std::size_t size() const { return zones_.size(); }
  [[nodiscard]] const Zone& operator[](ZoneIndex zone) const { return zones_[zone]; }
  [[nodiscard]] ZoneIndex root() const { return top_down_.front(); }
  /// All zones, every parent before its children.
  [[nodiscard]] std::span<const ZoneIndex> top_down() const { return top_down_; }
  [[nodiscard]] std::span<const ZoneIndex> children(ZoneIndex zone) const {
    return std::span(children_).subspan(first_child_[zone], first_child_[zone + 1] - first_child_[zone]);
  }

 private:
  ZoneTree() = default;
  void list_children();

  std::vector<Zone> zones_;
  std::vector<std::size_t> first_child_;  ///< of each zone in children_, and one end
  std::vector<ZoneIndex> children_;
  std::vector<ZoneIndex> top_down_;
};

}  // namespace commonwatt
