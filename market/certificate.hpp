// The certificate of optimality of a clearing (RULEBOOK section 4), checked in one pass without knowing how the
// clearing was found.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "market/zone_clearing.hpp"

namespace commonwatt {

/// What is wrong with a clearing, and where.
struct ClearingFault {
  std::string what;
  std::optional<std::size_t> order;
  std::optional<ZoneIndex> zone;
};

/// The first fault of a clearing of these orders over this tree; nothing when it is optimal, conserving and, within
/// each zone, of the largest volume. Nothing about `clearing` is taken for granted; every order's zone is one of the
/// tree.
std::optional<ClearingFault> clearing_fault(std::span<const LimitOrder> orders, const ZoneTree& tree,
                                            const TreeClearing& clearing);

/// The same for the clearing of a published book of one zone, in words.
std::optional<std::string> clearing_fault(std::span<const BookOrder> book, const Clearing& clearing);

}  // namespace commonwatt
