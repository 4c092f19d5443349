// The files an analyst hands to `commonwatt clear`: orders.csv, zones.csv and fills.csv. Checked here, once: what comes
// out satisfies everything an auction asks of its input.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "market/mechanism.hpp"

namespace commonwatt {

/// Header `zone,parent,fee,export_limit_wh,import_limit_wh`: fee in micro-currency per kWh, limits in Wh per interval,
/// empty for none; one zone, the root, has an empty parent, fee and limits.
struct ZoneTable {
  ZoneTree tree = ZoneTree::single();
  std::vector<std::string> names{std::string()};  ///< of each zone; the root of a table that was not given has none
};

/// Header `order_id,household,zone,side,quantity_wh,limit_price`: side is buy or sell, the limit in micro-currency per
/// kWh; an empty zone is the root.
struct OrderTable {
  std::vector<LimitOrder> orders;
  std::vector<std::string> order_ids;     ///< of each order; distinct
  std::vector<std::uint32_t> households;  ///< of each order: an index into household_names
  std::vector<std::string> household_names;
};

/// `name` stands in the errors, which say line, what is wrong and what is expected. Fields may be quoted as RFC 4180
/// has it, but hold no line end. The text is overwritten while it is read.
Result<ZoneTable, std::string> read_zones(const std::string& name, std::string text);
Result<OrderTable, std::string> read_orders(const std::string& name, std::string text, const ZoneTable& zones);

/// Households whose own bid and ask cross. The auction clears them, but in the field admission refuses such orders
/// (`self_crossing`), and an analyst should know. At most `count_max` are named.
struct SelfCrossing {
  std::size_t households = 0;
  std::vector<std::string> examples;
};
SelfCrossing self_crossing(const OrderTable& table, std::size_t count_max);

/// Header `order_id,filled_wh,price`, a row per order in the sequence of the orders. The price is what the order pays
/// or gets per kWh, rounded down where it is not a whole number; without a fill, that of its zone in a uniform auction,
/// else empty.
void write_fills(std::ostream& out, Mechanism mechanism, const OrderTable& table, const AuctionResult& result);

}  // namespace commonwatt
