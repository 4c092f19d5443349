#include <doctest/doctest.h>

#include "market/staircase.hpp"

namespace commonwatt {
namespace {

Level level(std::int64_t price, std::int64_t asks, std::int64_t bids) {
  return {Price{price}, {Energy{asks}, Energy{bids}}};
}
bool same(const Levels& a, const Levels& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Level& x, const Level& y) { return x.price == y.price && x.stairs == y.stairs; });
}
Zone edge(std::int64_t fee, std::optional<Energy> export_limit, std::optional<Energy> import_limit) {
  return {.parent = 0, .fee = Price{fee}, .export_limit = export_limit, .import_limit = import_limit};
}

TEST_CASE("levels are sorted and what stands at one price is joined") {
  Levels levels{level(5, 1, 0), level(-3, 0, 2), level(5, 0, 4), level(-3, 7, 0)};
  sort_levels(levels);
  CHECK(same(levels, {level(-3, 7, 2), level(5, 1, 4)}));
  Levels none;
  sort_levels(none);
  CHECK(none.empty());
}

TEST_CASE("any number of staircases becomes one") {
  CHECK(merge({}).empty());
  CHECK(same(merge({{level(1, 1, 0)}, {level(1, 0, 2), level(3, 3, 0)}, {level(2, 4, 0)}, {}, {level(3, 1, 1)}}),
             {level(1, 1, 2), level(2, 4, 0), level(3, 4, 1)}));
}

TEST_CASE("the part that imports goes up a fee cheaper, the part that exports a fee dearer") {
  // 30 Wh of bids at 10 are let go first, then 20 Wh of asks at 20 come: zero lies between them.
  Levels levels{level(10, 0, 30), level(20, 20, 0)};
  const ZoneCuts cuts = carry_over_edge(edge(3, {}, {}), Energy{30}, levels);
  CHECK(same(levels, {level(7, 0, 30), level(23, 20, 0)}));
  CHECK(cuts.import == Energy{30});
  CHECK(cuts.zero.prices.low == Price{10});
  CHECK(cuts.zero.prices.high == Price{20});
  CHECK_FALSE(cuts.import_end.prices.low.has_value());
  CHECK_FALSE(cuts.export_end.prices.high.has_value());
}

TEST_CASE("a step across zero is parted, asks before bids, and limits cut both ends") {
  Levels levels{level(10, 20, 30)};  // from -30 to 20
  const ZoneCuts cuts = carry_over_edge(edge(1, Energy{15}, Energy{25}), Energy{30}, levels);
  // 5 asks lie below the import limit; 15 asks and 10 bids carry on to zero; 15 of 20 bids to the export limit.
  CHECK(same(levels, {level(9, 15, 10), level(11, 0, 15)}));
  CHECK(cuts.import == Energy{25});
  CHECK(cuts.zero.place.behind == Stairs{Energy{20}, Energy{10}});
  CHECK(cuts.zero.prices.low == Price{10});
  CHECK(cuts.zero.prices.high == Price{10});
}

TEST_CASE("without a fee both parts stay one step") {
  Levels levels{level(10, 20, 30)};
  carry_over_edge(edge(0, {}, {}), Energy{30}, levels);
  CHECK(same(levels, {level(10, 20, 30)}));
}

TEST_CASE("an edge that carries nothing hands on nothing") {
  Levels levels{level(10, 0, 30), level(20, 20, 0)};
  const ZoneCuts cuts = carry_over_edge(edge(3, Energy{0}, Energy{0}), Energy{30}, levels);
  CHECK(levels.empty());
  CHECK(cuts.zero.prices.low == Price{10});
  CHECK(cuts.zero.prices.high == Price{20});
}

TEST_CASE("the k-point of a range open to one side is its other end") {
  const ClearingRule rule{.k_permille = 250};
  CHECK(k_point({Price{10}, Price{20}}, rule) == Price{12});
  CHECK(k_point({Price{-20}, Price{-10}}, rule) == Price{-18});
  CHECK(k_point({Price{10}, {}}, rule) == Price{10});
  CHECK(k_point({{}, Price{20}}, rule) == Price{20});
  CHECK_FALSE(k_point({}, rule).has_value());
}

}  // namespace
}  // namespace commonwatt
