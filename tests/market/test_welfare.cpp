#include <cmath>

#include <doctest/doctest.h>

#include "core/wide.hpp"
#include "market/certificate.hpp"
#include "tests/campaign.hpp"
#include "tests/market/trees.hpp"
#include "tests/market/welfare_lp.hpp"

namespace commonwatt {
namespace {

Wide welfare_of(const test::Neighbourhood& made, const TreeClearing& clearing) {
  Wide welfare = 0;
  for (std::size_t i = 0; i < made.orders.size(); ++i) {
    const Wide worth = wide_product(clearing.fills[i], made.orders[i].limit);
    welfare += made.orders[i].side == Side::buy ? worth : -worth;
  }
  for (ZoneIndex zone = 0; zone < made.tree.size(); ++zone) {
    const Energy flow = clearing.zones[zone].flow;
    welfare -= wide_product(flow < Energy{0} ? -flow : flow, made.tree[zone].fee);
  }
  return welfare;
}

/// CLP computes in doubles: it is right to a part of all that could be traded, not to the last nano-currency.
bool agree(const test::Neighbourhood& made, Wide ours, double best) {
  double worth = 1;
  for (const LimitOrder& order : made.orders) {
    worth += std::abs(static_cast<double>(order.quantity.count) * static_cast<double>(order.limit.count));
  }
  return std::abs(static_cast<double>(ours) - best) <= 1e-9 * worth;
}

struct Found {
  int limits_bind = 0;
  int islands = 0;
  int fees_paid = 0;
};

void look_at(const test::Neighbourhood& made, const TreeClearing& clearing, Found& found) {
  for (ZoneIndex zone = 0; zone < made.tree.size(); ++zone) {
    const Zone& edge = made.tree[zone];
    const Energy flow = clearing.zones[zone].flow;
    if (flow != Energy{0} && (flow == edge.export_limit || -flow == edge.import_limit)) ++found.limits_bind;
    if (edge.is_cut_off() && clearing.zones[zone].price) ++found.islands;
    if (flow != Energy{0} && edge.fee > Price{0}) ++found.fees_paid;
  }
}

TEST_CASE("the welfare of a random tree is the linear program's optimum") {
  const std::uint64_t seed = test::seed(20261122);
  const std::uint64_t trees = test::cases(10'000);
  MESSAGE("seed " << seed << ", " << trees << " trees");
  Found found;
  for (std::uint64_t number = 0; number < trees; ++number) {
    test::Random random(seed + number);
    const test::Neighbourhood made = test::random_neighbourhood(random, 30, 120);
    const TreeClearing clearing = clear_zones(made.orders, made.tree, ClearingRule{}, test::tie_keys());
    const test::LpResult best = test::best_welfare(made.orders, made.tree);
    const auto fault = clearing_fault(made.orders, made.tree, clearing);
    CAPTURE(number);
    CAPTURE((fault ? fault->what : ""));
    REQUIRE_FALSE(fault.has_value());
    REQUIRE(best.solved);
    CAPTURE(to_text(welfare_of(made, clearing)));
    CAPTURE(best.welfare);
    REQUIRE(agree(made, welfare_of(made, clearing), best.welfare));
    look_at(made, clearing, found);
  }
  MESSAGE("binding limits " << found.limits_bind << ", islands " << found.islands << ", fees paid " << found.fees_paid);
  CHECK(found.limits_bind > 1'000);
  CHECK(found.islands > 1'000);
  CHECK(found.fees_paid > 1'000);
}

TEST_CASE("the comparison notices a clearing that leaves one watt-hour of gain behind") {
  int noticed = 0;
  for (std::uint64_t number = 0; number < 200; ++number) {
    test::Random random(number);
    const test::Neighbourhood made = test::random_neighbourhood(random, 5, 20);
    TreeClearing clearing = clear_zones(made.orders, made.tree, ClearingRule{}, test::tie_keys());
    const double best = test::best_welfare(made.orders, made.tree).welfare;
    if (made.orders.empty() || made.orders[0].quantity > Energy{4'000}) continue;  // one Wh is below the tolerance
    for (std::size_t i = 0; i < made.orders.size(); ++i) {
      if (made.orders[i].side == Side::sell || clearing.fills[i] == Energy{0} || made.orders[i].limit <= Price{0})
        continue;
      clearing.fills[i] -= Energy{1};
      CHECK_FALSE(agree(made, welfare_of(made, clearing), best));
      ++noticed;
      break;
    }
  }
  CHECK(noticed > 10);
}

}  // namespace
}  // namespace commonwatt
