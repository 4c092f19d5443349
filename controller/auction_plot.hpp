// A picture of an auction: the bids and asks of one zone as staircases, and where they were cleared.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "market/explanation_text.hpp"
#include "market/mechanism.hpp"

namespace commonwatt {

/// What is drawn. With a marked order the picture is of its zone, else of the root.
struct AuctionPicture {
  Mechanism mechanism = Mechanism::uniform;
  std::span<const LimitOrder> orders;
  const ZoneTree& tree;
  const AuctionResult& result;
  std::optional<std::size_t> marked;
};

/// The picture as SVG: text, no scripts, no fonts, light or dark as the viewer prefers.
std::string auction_svg(const AuctionPicture& picture, const OrderNames& names);

}  // namespace commonwatt
