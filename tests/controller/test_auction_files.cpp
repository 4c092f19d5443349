#include <sstream>

#include <doctest/doctest.h>

#include "controller/auction_files.hpp"

namespace commonwatt {
namespace {

const std::string zones_header = "zone,parent,fee,export_limit_wh,import_limit_wh\n";
const std::string orders_header = "order_id,household,zone,side,quantity_wh,limit_price\n";

ZoneTable two_zones() {
  return *read_zones("zones.csv", zones_header + "street,substation,5000,1000,\nsubstation,,,,\n");
}

std::string zones_error(const std::string& rows) {
  const auto zones = read_zones("zones.csv", zones_header + rows);
  return zones ? "no error" : zones.error();
}
std::string orders_error(const std::string& rows, const ZoneTable& zones = {}) {
  const auto orders = read_orders("orders.csv", orders_header + rows, zones);
  return orders ? "no error" : orders.error();
}

TEST_CASE("zones are read in their sequence, parents may come later") {
  const ZoneTable zones = two_zones();
  CHECK(zones.names == std::vector<std::string>{"street", "substation"});
  CHECK(zones.tree.root() == 1);
  CHECK(zones.tree[0] == Zone{.parent = 1, .fee = Price{5'000}, .export_limit = Energy{1'000}, .import_limit = {}});
}

TEST_CASE("orders are read with their households numbered, an empty zone is the root") {
  const auto orders = read_orders(
      "orders.csv", orders_header + "a,hh2,street,buy,500,200000\nb,hh1,,sell,7,-3\n\"c,\"\"\",hh2,substation,sell,1,0",
      two_zones());
  REQUIRE(orders.ok());
  CHECK(orders->order_ids == std::vector<std::string>{"a", "b", "c,\""});
  CHECK(orders->households == std::vector<std::uint32_t>{0, 1, 0});
  CHECK(orders->household_names == std::vector<std::string>{"hh2", "hh1"});
  CHECK(orders->orders[0] ==
        LimitOrder{.limit = Price{200'000}, .quantity = Energy{500}, .zone = 0, .side = Side::buy});
  CHECK(orders->orders[1] == LimitOrder{.limit = Price{-3}, .quantity = Energy{7}, .zone = 1, .side = Side::sell});
}

TEST_CASE("line ends of Windows and a byte order mark are no part of any field") {
  const auto orders = read_orders(
      "orders.csv", "\xEF\xBB\xBForder_id,household,zone,side,quantity_wh,limit_price\r\na,h,,buy,1,2\r\n", {});
  REQUIRE(orders.ok());
  CHECK(orders->orders[0].limit == Price{2});
}

TEST_CASE("a file of a header alone holds nothing") {
  CHECK(read_orders("orders.csv", orders_header, {})->orders.empty());
}

TEST_CASE("a bad row of orders is an error with its line and what is expected") {
  const std::string good = "a,h,,buy,1,2\n";
  CHECK(orders_error(good + "b,h,,bid,1,2\n") == "orders.csv:3: side 'bid' is neither buy nor sell");
  CHECK(
      orders_error(good + "b,h,,buy,0,2\n").rfind("orders.csv:3: quantity_wh '0' is not a whole number from 1 to", 0) ==
      0);
  CHECK(orders_error("b,h,,buy,1.5,2\n").rfind("orders.csv:2: quantity_wh '1.5' is not", 0) == 0);
  CHECK(orders_error("b,h,,buy, 1,2\n").rfind("orders.csv:2: quantity_wh ' 1' is not", 0) == 0);
  CHECK(orders_error("b,h,,buy,99999999999999999999,2\n")
            .rfind("orders.csv:2: quantity_wh '99999999999999999999' is", 0) == 0);
  CHECK(orders_error("b,h,,buy,1,\n").rfind("orders.csv:2: limit_price '' is not", 0) == 0);
  CHECK(orders_error("b,h,,buy,1,1000000000000001\n").rfind("orders.csv:2: limit_price '1000000000000001' is not", 0) ==
        0);
  CHECK(orders_error(good + "a,h,,buy,1,2\n") == "orders.csv:3: order_id 'a' is already on line 2");
  CHECK(orders_error(",h,,buy,1,2\n") == "orders.csv:2: the order has no id");
  CHECK(orders_error("a,,,buy,1,2\n") == "orders.csv:2: the order has no household");
  CHECK(orders_error("a,h,street,buy,1,2\n") == "orders.csv:2: zone 'street' is not among the zones (--zones)");
  CHECK(orders_error("a,h,road,buy,1,2\n", two_zones()) ==
        "orders.csv:2: zone 'road' is not among the zones (--zones)");
  CHECK(orders_error("a,h,,buy,1\n") == "orders.csv:2: fewer than 6 columns");
  CHECK(orders_error("a,h,,buy,1,2,3\n") == "orders.csv:2: more than 6 columns");
  CHECK(orders_error(good + "\n" + "b,h,,buy,1,2\n") == "orders.csv:3: fewer than 6 columns");
  CHECK(orders_error("\"a,h,,buy,1,2\n") == "orders.csv:2: a quote is not closed on its line");
  CHECK(orders_error(good + std::string("b\0,h,,buy,1,2\n", 14)) ==
        "orders.csv:3: a zero byte; this is not a text file");
  CHECK(orders_error("a,h,,buy,600000000000000000,2\nb,h,,buy,600000000000000000,2\n") ==
        "orders.csv:3: with it the orders sum to more than 1000000000000000000 Wh");
}

TEST_CASE("another header is an error that shows the right one") {
  const auto orders = read_orders("orders.csv", "id,household,zone,side,quantity_wh,limit_price\n", {});
  CHECK(orders.error() == "orders.csv:1: the header is not order_id,household,zone,side,quantity_wh,limit_price");
  CHECK_FALSE(read_orders("orders.csv", "", {}).ok());
  CHECK_FALSE(read_zones("zones.csv", "zone,parent\n").ok());
}

TEST_CASE("zones that are no tree are an error with a line") {
  CHECK(zones_error("a,,,,\nb,,,,\n").rfind("zones.csv:3: a second zone without a parent", 0) == 0);
  CHECK(zones_error("a,,,,\nb,c,1,,\n") == "zones.csv:3: parent 'c' is not among the zones");
  CHECK(zones_error("a,,,,\nb,c,1,,\nc,b,1,,\n").rfind("zones.csv:3: its parents lead back", 0) == 0);
  CHECK(zones_error("a,,,,\na,a,1,,\n") == "zones.csv:3: zone 'a' is already on line 2");
  CHECK(zones_error("a,,,,\n,a,1,,\n") == "zones.csv:3: the zone has no name");
  CHECK(zones_error("a,,5,,\n") == "zones.csv:2: the root has no edge: its fee and limits must be empty");
  CHECK(zones_error("a,,,,\nb,a,-1,,\n").rfind("zones.csv:3: fee '-1' is not a whole number", 0) == 0);
  CHECK(zones_error("a,,,,\nb,a,1,x,\n").rfind("zones.csv:3: export_limit_wh 'x' is not", 0) == 0);
  CHECK(zones_error("").rfind("zones.csv: no zone is the root", 0) == 0);
}

TEST_CASE("households that would trade with themselves are counted and a few of them named") {
  const auto orders = read_orders(
      "orders.csv",
      orders_header + "a,h1,,buy,1,5\nb,h1,,sell,1,5\nc,h2,,buy,1,4\nd,h2,,sell,1,5\ne,h3,,buy,1,9\nf,h3,,sell,1,1\n",
      {});
  const SelfCrossing found = self_crossing(*orders, 1);
  CHECK(found.households == 2);
  CHECK(found.examples == std::vector<std::string>{"h1"});
}

TEST_CASE("fills are a row per order in their sequence, with the price where one applies") {
  const auto orders =
      read_orders("orders.csv", orders_header + "a,h1,,buy,100,30\n\"b,c\",h2,,sell,100,10\nd,h3,,buy,5,1\n", {});
  const ZoneTree tree = ZoneTree::single();
  const ZoneTieKeys tie_keys{.order = [](std::size_t) { return Hash32{}; },
                             .zone = [](std::size_t) { return Hash32{}; }};
  const auto fills_of = [&](Mechanism mechanism) {
    const auto result = run_auction(
        mechanism,
        {.orders = orders->orders, .households = orders->households, .tree = tree, .rule = {}, .tie_keys = tie_keys});
    std::ostringstream out;
    write_fills(out, mechanism, *orders, *result);
    return out.str();
  };
  CHECK(fills_of(Mechanism::uniform) == "order_id,filled_wh,price\na,100,20\n\"b,c\",100,20\nd,0,20\n");
  CHECK(fills_of(Mechanism::pay_as_bid) == "order_id,filled_wh,price\na,100,30\n\"b,c\",100,10\nd,0,\n");
}

}  // namespace
}  // namespace commonwatt
