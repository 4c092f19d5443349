#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <string>

#include <doctest/doctest.h>

#include "meter/estimation.hpp"
#include "sim/random.hpp"
#include "tests/campaign.hpp"

using namespace commonwatt;

namespace {

constexpr std::int64_t noon = 1'782'043'200;
constexpr std::int64_t day = 86'400;

UtcTime after(std::int64_t seconds) {
  return UtcTime::from_seconds(noon + seconds);
}
std::vector<Energy> energies(std::initializer_list<std::int64_t> counts) {
  std::vector<Energy> result;
  for (const std::int64_t count : counts) result.push_back({count});
  return result;
}

}  // namespace

TEST_CASE("a boundary between two near neighbours lies on the line between them, rounded down") {
  const RegisterPoint before{after(-10), Energy{1000}};
  const RegisterPoint later{after(20), Energy{1010}};
  CHECK(register_at(after(0), before, later, std::chrono::seconds{30}) == Energy{1003});
  CHECK(register_at(after(20), before, later, std::chrono::seconds{30}) == Energy{1010});
  CHECK(register_at(after(20), std::nullopt, later, std::chrono::seconds{30}) == Energy{1010});
}

TEST_CASE("a boundary is not invented: each neighbour must lie within the reading period") {
  const RegisterPoint before{after(-31), Energy{1000}};
  const RegisterPoint near{after(-30), Energy{1000}};
  const RegisterPoint later{after(30), Energy{1010}};
  CHECK_FALSE(register_at(after(0), before, later, std::chrono::seconds{30}));
  CHECK(register_at(after(0), near, later, std::chrono::seconds{30}));
  CHECK_FALSE(register_at(after(0), near, {after(31), Energy{1010}}, std::chrono::seconds{30}));
  CHECK_FALSE(register_at(after(0), std::nullopt, later, std::chrono::seconds{30}));
  CHECK_FALSE(register_at(after(0), later, {after(40), Energy{1010}}, std::chrono::seconds{60}));
}

TEST_CASE("what is shared out goes by weight, the remainder to the largest fraction, ties to the earlier") {
  CHECK(share_out(Energy{100}, energies({1, 2, 1})) == energies({25, 50, 25}));
  CHECK(share_out(Energy{10}, energies({1, 1, 1})) == energies({4, 3, 3}));
  CHECK(share_out(Energy{10}, energies({2, 5, 0})) == energies({3, 7, 0}));  // 2.86, 7.14
  CHECK(share_out(Energy{5}, energies({0, 0})) == energies({3, 2}));
  CHECK(share_out(Energy{0}, energies({7, 9})) == energies({0, 0}));
}

TEST_CASE("whatever is shared out sums to what there was, and no part is a watt-hour from its share") {
  const std::uint64_t seed = test::seed(7);
  CAPTURE(seed);
  Draw draw({seed});
  for (std::uint64_t run = 0; run < test::cases(2000); ++run) {
    const Energy total{draw.whole(0, draw.chance(0.1) ? 1'000'000'000'000 : 5000)};
    std::vector<Energy> weights;
    for (std::int64_t i = draw.whole(1, 100); i > 0; --i)
      weights.push_back({draw.chance(0.3) ? 0 : draw.whole(0, 9000)});
    const Energy sum = std::accumulate(weights.begin(), weights.end(), Energy{0});
    const std::vector<Energy> parts = share_out(total, weights);
    REQUIRE(std::accumulate(parts.begin(), parts.end(), Energy{0}) == total);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      REQUIRE(parts[i] >= Energy{0});
      const double share = sum.count == 0 ? static_cast<double>(total.count) / static_cast<double>(parts.size())
                                          : static_cast<double>(total.count) * static_cast<double>(weights[i].count) /
                                                static_cast<double>(sum.count);
      REQUIRE(std::abs(static_cast<double>(parts[i].count) - share) <= 1.001);
    }
  }
}

TEST_CASE("a short gap is a straight line, a long one has the weekday's shape") {
  EnergyHistory history;
  for (std::int64_t i = 0; i < 4; ++i) history[noon - 7 * day + i * 900] = Energy{10 * (i + 1)};
  const std::optional<GapEstimate> brief = estimate_gap({Interval{noon, 900}, 2, Energy{31}}, history);
  REQUIRE(brief);
  CHECK(brief->method == EstimateMethod::linear);
  CHECK(brief->energies == energies({16, 15}));
  const std::optional<GapEstimate> full = estimate_gap({Interval{noon, 900}, 4, Energy{200}}, history);
  REQUIRE(full);
  CHECK(full->method == EstimateMethod::profile);
  CHECK(full->energies == energies({20, 40, 60, 80}));
}

TEST_CASE("while the end of a gap is not known the profile itself is expected, and without one nothing is") {
  EnergyHistory history{{noon - 14 * day, Energy{40}}};
  const std::optional<GapEstimate> estimate = estimate_gap({.first = Interval{noon, 900}}, history);
  REQUIRE(estimate);
  CHECK(estimate->method == EstimateMethod::expected);
  CHECK(estimate->energies == energies({40}));
  CHECK_FALSE(estimate_gap({.first = Interval{noon, 900}, .intervals = 2}, history));
  history[noon - day + 900] = Energy{7};  // the day before, where no same weekday is known
  CHECK(estimate_gap({.first = Interval{noon, 900}, .intervals = 2}, history)->energies == energies({40, 7}));
  history[noon - 7 * day] = Energy{50};  // the latest same weekday
  CHECK(estimate_gap({.first = Interval{noon, 900}, .intervals = 2}, history)->energies == energies({50, 7}));
}

TEST_CASE("a long gap without a profile shares its total evenly") {
  const std::optional<GapEstimate> estimate = estimate_gap({Interval{noon, 900}, 3, Energy{10}}, {});
  REQUIRE(estimate);
  CHECK(estimate->method == EstimateMethod::linear);
  CHECK(estimate->energies == energies({4, 3, 3}));
}

TEST_CASE("every method of estimation has a name") {
  for (int i = 0; i <= static_cast<int>(enum_last(EstimateMethod{})); ++i) {
    CHECK(std::string(to_text(static_cast<EstimateMethod>(i))).size() > 3);
  }
}
