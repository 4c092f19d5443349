#include <algorithm>

#include <doctest/doctest.h>

#include "market/weighted_quantile.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

using Steps = std::vector<PricedEnergy>;

Price slow_quantile(Steps steps, Energy target) {
  std::stable_sort(steps.begin(), steps.end(), [](const auto& a, const auto& b) { return a.price < b.price; });
  Energy sum;
  for (const PricedEnergy& step : steps) {
    sum += step.quantity;
    if (sum >= target) return step.price;
  }
  return Price{-1};
}

void check_everywhere(const Steps& steps) {
  Energy total;
  for (const PricedEnergy& step : steps) total += step.quantity;
  const std::int64_t stride = std::max<std::int64_t>(1, total.count / 50);
  for (std::int64_t target = 1; target <= total.count; target += stride) {
    Steps used = steps;
    REQUIRE(weighted_quantile(used, Energy{target}) == slow_quantile(steps, Energy{target}));
  }
  Steps used = steps;
  REQUIRE(weighted_quantile(used, total) == slow_quantile(steps, total));
}

TEST_CASE("the quantile of three steps changes where one step ends and the next begins") {
  const Steps steps{{Price{30}, Energy{2}}, {Price{-10}, Energy{3}}, {Price{20}, Energy{1}}};
  const std::vector<std::int64_t> expected{-10, -10, -10, 20, 30, 30};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    Steps used = steps;
    CHECK(weighted_quantile(used, Energy{static_cast<std::int64_t>(i) + 1}) == Price{expected[i]});
  }
}

TEST_CASE("random steps, with ties and without, have the quantile a sort finds") {
  MESSAGE("seed 5");
  test::Random random(5);
  for (int round = 0; round < 400; ++round) {
    Steps steps;
    const std::int64_t prices = round % 2 == 0 ? 5 : 1'000'000;
    for (std::int64_t i = test::between(random, 1, 700); i > 0; --i) {
      steps.push_back({Price{test::between(random, -prices, prices)}, Energy{test::between(random, 1, 1'000)}});
    }
    check_everywhere(steps);
  }
}

TEST_CASE("prices laid out against every pivot still have their quantile") {
  // Each pivot is the median of places at the ends and in the middle: prices small exactly there make every round keep
  // nearly everything.
  Steps steps(3'000, {Price{0}, Energy{1}});
  std::vector<std::size_t> places(steps.size());
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
  std::int64_t next = 0;
  while (!places.empty()) {
    for (std::size_t eighths = 0; eighths <= 8 && !places.empty(); ++eighths) {
      const std::size_t at = eighths * (places.size() - 1) / 8;
      steps[places[at]].price = Price{next++};
      places.erase(places.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  check_everywhere(steps);
}

}  // namespace
}  // namespace commonwatt
