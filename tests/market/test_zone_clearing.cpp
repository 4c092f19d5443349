#include <numeric>

#include <doctest/doctest.h>

#include "core/wide.hpp"
#include "market/certificate.hpp"
#include "market/zone_clearing.hpp"
#include "tests/market/trees.hpp"

namespace commonwatt {
namespace {

constexpr std::uint64_t first_seed = 20261121;

LimitOrder bid(ZoneIndex zone, std::int64_t quantity, std::int64_t limit) {
  return {.limit = Price{limit}, .quantity = Energy{quantity}, .zone = zone, .side = Side::buy};
}
LimitOrder ask(ZoneIndex zone, std::int64_t quantity, std::int64_t limit) {
  return {.limit = Price{limit}, .quantity = Energy{quantity}, .zone = zone, .side = Side::sell};
}
Zone below(ZoneIndex parent, std::int64_t fee, std::optional<std::int64_t> export_limit = {},
           std::optional<std::int64_t> import_limit = {}) {
  Zone zone{.parent = parent, .fee = Price{fee}, .export_limit = {}, .import_limit = {}};
  if (export_limit) zone.export_limit = Energy{*export_limit};
  if (import_limit) zone.import_limit = Energy{*import_limit};
  return zone;
}

TreeClearing clear(const std::vector<Zone>& zones, const std::vector<LimitOrder>& orders) {
  const ZoneTree tree = *ZoneTree::from(zones);
  TreeClearing clearing = clear_zones(orders, tree, ClearingRule{}, test::tie_keys());
  const auto fault = clearing_fault(orders, tree, clearing);
  CAPTURE((fault ? fault->what : ""));
  CHECK_FALSE(fault.has_value());
  return clearing;
}
std::optional<Price> price(std::int64_t value) {
  return Price{value};
}

TEST_CASE("energy flows up one edge and down the next, each a fee dearer") {
  // Sun in zone 1 at 10, thirst in zone 2 at 30, fees 3 and 4 on the way over the root.
  const TreeClearing clearing = clear({Zone{}, below(0, 3), below(0, 4)}, {ask(1, 500, 10), bid(2, 200, 30)});
  CHECK(clearing.volume == Energy{200});
  CHECK(clearing.zones[1].price == price(10));  // the ask is left with quantity and sets the price
  CHECK(clearing.zones[0].price == price(13));
  CHECK(clearing.zones[2].price == price(17));
  CHECK(clearing.zones[1].flow == Energy{200});
  CHECK(clearing.zones[2].flow == Energy{-200});
  CHECK(clearing.zones[2].net == Energy{-200});
}

TEST_CASE("where the fees eat the gain nothing flows, and nothing has a price") {
  const TreeClearing clearing = clear({Zone{}, below(0, 10), below(0, 11)}, {ask(1, 500, 10), bid(2, 200, 30)});
  CHECK(clearing.volume == Energy{0});
  for (const ZoneClearing& zone : clearing.zones) CHECK_FALSE(zone.price.has_value());
}

TEST_CASE("a full edge parts the prices") {
  const TreeClearing clearing = clear({Zone{}, below(0, 1, 100)}, {ask(1, 500, 10), bid(0, 300, 40), ask(0, 400, 30)});
  CHECK(clearing.zones[1].flow == Energy{100});
  CHECK(clearing.zones[1].price == price(10));
  CHECK(clearing.zones[0].price == price(30));
  CHECK(clearing.fills == std::vector<Energy>{Energy{100}, Energy{300}, Energy{200}});
}

TEST_CASE("a zone cut off from its parent clears alone, and so does everything else") {
  const TreeClearing clearing =
      clear({Zone{}, below(0, 0, 0, 0)}, {ask(1, 100, 10), bid(1, 100, 20), ask(0, 50, 40), bid(0, 50, 60)});
  CHECK(clearing.volume == Energy{150});
  CHECK(clearing.zones[1].price == price(15));
  CHECK(clearing.zones[0].price == price(50));
}

TEST_CASE("a root that no order reaches has no price, its children are priced as roots") {
  const TreeClearing clearing =
      clear({Zone{}, below(0, 5, 0, 0), below(0, 5, 0, 0)}, {ask(1, 100, 10), bid(1, 100, 20)});
  CHECK_FALSE(clearing.zones[0].price.has_value());
  CHECK(clearing.zones[1].price == price(15));
  CHECK_FALSE(clearing.zones[2].price.has_value());
}

TEST_CASE("two zones under a parent that no order reaches have prices of their own, and nothing to trade") {
  // Zone 1 has only asks and may not export, zone 2 only a bid and may not import; zone 3 trades alone.
  const TreeClearing clearing = clear({Zone{}, below(0, 0, 0), below(0, 3, 3, 0), below(0, 0, 0, 0)},
                                      {ask(1, 10, 50), bid(2, 10, 10), ask(3, 5, 1), bid(3, 5, 3)});
  CHECK(clearing.volume == Energy{5});
  CHECK_FALSE(clearing.zones[0].price.has_value());
  CHECK(clearing.zones[1].price == price(50));
  CHECK(clearing.zones[2].price == price(10));
}

TEST_CASE("a trade left between two zones is found, also over a zone without a price") {
  const std::vector<LimitOrder> orders{ask(1, 10, 5), bid(2, 10, 50), ask(1, 1, 70), bid(1, 1, 80)};
  const ZoneTree tree = *ZoneTree::from({Zone{}, below(0, 1), below(0, 1)});
  TreeClearing clearing{.volume = Energy{1}, .fills = {Energy{0}, Energy{0}, Energy{1}, Energy{1}}, .zones = {}};
  clearing.zones.resize(3);
  clearing.zones[1].price = Price{75};
  const auto first = clearing_fault(orders, tree, clearing);
  REQUIRE(first.has_value());
  CHECK(first->what == "better than the price and not filled whole");
  // Prices under which nobody complains, but which no edge allows.
  clearing.fills = {Energy{1}, Energy{0}, Energy{0}, Energy{1}};
  clearing.zones[1].price = Price{5};
  clearing.zones[2].price = Price{50};
  CHECK(clearing_fault(orders, tree, clearing)->what == "a trade with its neighbours that would gain is left");
  const std::vector<LimitOrder> content{ask(1, 10, 5), bid(1, 10, 5), bid(2, 10, 5)};
  clearing = {.volume = Energy{10}, .fills = {Energy{10}, Energy{10}, Energy{0}}, .zones = {}};
  clearing.zones.resize(3);
  clearing.zones[0].price = clearing.zones[1].price = Price{5};
  clearing.zones[2].price = Price{7};
  CHECK(clearing_fault(content, tree, clearing)->what == "its price does not fit its parent's");
  clearing.zones[2].price = Price{6};
  CHECK_FALSE(clearing_fault(content, tree, clearing).has_value());
}

TEST_CASE("without flow a zone's own price is kept within a fee of its parent's") {
  const std::vector<LimitOrder> orders{ask(0, 100, 10), bid(0, 100, 20), ask(1, 100, 15), bid(1, 100, 25)};
  CHECK(clear({Zone{}, below(0, 5)}, orders).zones[1].price == price(20));         // 20 is within 15 +- 5
  CHECK(clear({Zone{}, below(0, 2, {}, 0)}, orders).zones[1].price == price(20));  // no import: no upper bound
}

TEST_CASE("children share a step pro rata, and pass their share on to their own orders") {
  // 90 Wh are wanted; 60 of them are offered in zone 1 by two, 120 in zone 2 by one, all at one price and no fee.
  const TreeClearing clearing =
      clear({Zone{}, below(0, 0), below(0, 0)}, {bid(0, 90, 50), ask(1, 20, 10), ask(1, 40, 10), ask(2, 120, 10)});
  CHECK(clearing.fills == std::vector<Energy>{Energy{90}, Energy{10}, Energy{20}, Energy{60}});
}

TEST_CASE("energy that passes through the root between two children's zero-fee edges meets at one price") {
  const TreeClearing clearing = clear({Zone{}, below(0, 0), below(1, 0), below(0, 0)}, {ask(2, 10, 5), bid(3, 10, 9)});
  for (const ZoneClearing& zone : clearing.zones) CHECK(zone.price == price(7));
}

TEST_CASE("a tree of the root alone clears as the one-zone auction does") {
  MESSAGE("seed " << first_seed);
  for (std::uint64_t number = 0; number < 3'000; ++number) {
    test::Random random(first_seed + number);
    std::vector<LimitOrder> orders;
    for (const BookOrder& order : test::random_book(random)) orders.push_back(limit_order(order));
    const ClearingRule rule{.k_permille = test::between(random, 0, 1'000)};
    Clearing expected;
    CallAuction().clear(orders, rule, test::tie_keys().order, expected);
    const TreeClearing clearing = clear_zones(orders, ZoneTree::single(), rule, test::tie_keys());
    CAPTURE(number);
    REQUIRE(clearing.fills == expected.fills);
    REQUIRE(clearing.volume == expected.volume);
    REQUIRE(clearing.zones[0].price == expected.price);
    REQUIRE(clearing.zones[0].net == Energy{0});
  }
}

TEST_CASE("every random tree's clearing has its certificate, and its money adds up to fees and rent") {
  MESSAGE("seed " << first_seed);
  int congested = 0;
  for (std::uint64_t number = 0; number < 20'000; ++number) {
    test::Random random(first_seed + number);
    const test::Neighbourhood made = test::random_neighbourhood(random);
    const ClearingRule rule{.k_permille = test::between(random, 0, 1'000)};
    const TreeClearing clearing = clear_zones(made.orders, made.tree, rule, test::tie_keys());
    const auto fault = clearing_fault(made.orders, made.tree, clearing);
    CAPTURE(number);
    CAPTURE((fault ? fault->what : ""));
    REQUIRE_FALSE(fault.has_value());
    Wide paid_less_got = 0;
    for (std::size_t i = 0; i < made.orders.size(); ++i) {
      if (clearing.fills[i] == Energy{0}) continue;
      const Wide amount = wide_product(clearing.fills[i], *clearing.zones[made.orders[i].zone].price);
      paid_less_got += made.orders[i].side == Side::buy ? amount : -amount;
    }
    Wide fees_and_rent = 0;
    for (ZoneIndex zone = 0; zone < made.tree.size(); ++zone) {
      const Energy flow = clearing.zones[zone].flow;
      if (flow == Energy{0}) continue;
      const Price step = *clearing.zones[*made.tree[zone].parent].price - *clearing.zones[zone].price;
      const Wide fee = wide_product(flow < Energy{0} ? -flow : flow, made.tree[zone].fee);
      REQUIRE(wide_product(flow, step) >= fee);
      if (wide_product(flow, step) > fee) ++congested;
      fees_and_rent += wide_product(flow, step);
    }
    REQUIRE(paid_less_got == fees_and_rent);
  }
  CHECK(congested > 500);
}

TEST_CASE("the sequence of orders changes nothing in a tree") {
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    test::Random random(first_seed + number);
    const test::Neighbourhood made = test::random_neighbourhood(random);
    std::vector<std::size_t> sequence(made.orders.size());
    std::iota(sequence.begin(), sequence.end(), std::size_t{0});
    for (std::size_t i = sequence.size(); i > 1; --i)
      std::swap(sequence[i - 1], sequence[static_cast<std::size_t>(random() % i)]);
    const TreeClearing clearing = clear_zones(made.orders, made.tree, ClearingRule{}, test::tie_keys());
    std::vector<LimitOrder> shuffled;
    std::vector<Energy> expected;
    for (const std::size_t i : sequence) {
      shuffled.push_back(made.orders[i]);
      expected.push_back(clearing.fills[i]);
    }
    const ZoneTieKeys keys{.order = [&](std::size_t i) { return test::key_of(0, sequence[i]); },
                           .zone = test::tie_keys().zone};
    const TreeClearing again = clear_zones(shuffled, made.tree, ClearingRule{}, keys);
    CAPTURE(number);
    REQUIRE(again.fills == expected);
    REQUIRE(again.zones == clearing.zones);
  }
}

}  // namespace
}  // namespace commonwatt
