// What `commonwatt clear` says about an auction: to machines and to people.
#pragma once

#include <string>

#include "controller/auction_files.hpp"

namespace commonwatt {

/// One JSON object. Energy and prices are numbers; money is nano-currency in strings, since it may pass 2^53, and so is
/// energy where it does. `net_wh` is what a zone's own orders sell less what they buy; `flow_wh` runs towards the
/// parent.
std::string auction_json(Mechanism mechanism, const OrderTable& orders, const ZoneTable& zones,
                         const AuctionResult& result, const std::string& explanation);

/// The same for people: the market, then its zones.
std::string auction_text(Mechanism mechanism, const OrderTable& orders, const ZoneTable& zones,
                         const AuctionResult& result);

}  // namespace commonwatt
