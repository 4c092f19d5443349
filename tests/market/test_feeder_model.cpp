#include <doctest/doctest.h>

#include "market/feeder_model.hpp"
#include "sim/random.hpp"
#include "tests/campaign.hpp"

namespace commonwatt {
namespace {

using Days = std::vector<std::optional<FeederDay>>;

/// A hundredth of what is fed in and three of what is drawn flow past the meters, give or take the noise.
FeederDay day_of(std::int64_t fed_in, std::int64_t drawn, std::int64_t noise = 0) {
  return {.residual = Energy{fed_in / 100 + drawn * 3 / 100 + noise},
          .flow = Energy{fed_in + drawn / 2},
          .fed_in = Energy{fed_in},
          .drawn = Energy{drawn}};
}

Days usual_days(std::size_t count) {
  Draw draw{test::seed(5)};
  Days days;
  for (std::size_t i = 0; i < count; ++i)
    days.emplace_back(day_of(draw.whole(100'000, 900'000), draw.whole(480'000, 520'000), draw.whole(-2'000, 2'000)));
  return days;
}

TEST_CASE("a residual that follows feed-in and use is usual however much of either there is") {
  const auto model = FeederModel::learn(usual_days(20));
  REQUIRE(model);
  CHECK(model->degrees_of_freedom() == 18);
  CHECK(model->spread_ppm() > 1'000);
  CHECK(model->spread_ppm() < 4'000);
  for (const std::int64_t fed_in : {150'000, 500'000, 850'000}) {
    CHECK(*model->score(day_of(fed_in, 500'000)) < 2'500);
    CHECK(*model->score(day_of(fed_in, 500'000)) > -2'500);
    CHECK(*model->score(day_of(fed_in, 500'000, fed_in / 10)) > 8'000);  // all of them say a tenth more
  }
}

TEST_CASE("days that hardly scatter are taken to scatter by the least there is") {
  const Days days(20, day_of(500'000, 500'000));
  const auto model = FeederModel::learn(days);
  REQUIRE(model);
  CHECK(model->spread_ppm() == 500);
  const std::int64_t usual = *model->score(*days[0]);
  CHECK(usual < 20);
  CHECK(usual > -20);
  CHECK(*model->score(day_of(500'000, 500'000, 750)) - usual == 2'000);  // 750 Wh of 750 kWh are two spreads
}

TEST_CASE("a baseline day that went wrong is left out") {
  Days days = usual_days(20);
  const auto before = FeederModel::learn(days);
  days[7]->residual += Energy{200'000};
  const auto model = FeederModel::learn(days);
  REQUIRE(model);
  CHECK(model->degrees_of_freedom() == 17);
  CHECK(model->spread_ppm() < before->spread_ppm() * 5 / 4);
}

TEST_CASE("feed-in or use may be missing, and days may all be the same") {
  for (const FeederDay& day : {day_of(500'000, 500'000), day_of(0, 500'000)}) {
    const auto model = FeederModel::learn(Days(20, day));
    REQUIRE(model);
    CHECK(*model->score(day) < 100);
  }
  const auto no_use = FeederModel::learn(Days(20, day_of(500'000, 0)));
  REQUIRE(no_use);
  CHECK(*no_use->score(day_of(500'000, 0, 100'000)) > 10'000);
}

TEST_CASE("a summer is expected from a winter's days") {
  Days winter;
  Draw draw{test::seed(6)};
  for (int i = 0; i < 20; ++i)
    winter.emplace_back(day_of(draw.whole(10'000, 60'000), draw.whole(480'000, 520'000), draw.whole(-2'000, 2'000)));
  const auto model = FeederModel::learn(winter);
  REQUIRE(model);
  CHECK(*model->score(day_of(900'000, 500'000)) < 4'000);
}

TEST_CASE("too few days teach nothing, and a day without a flow has no score") {
  CHECK_FALSE(FeederModel::learn(usual_days(feeder_days_min - 1)));
  Days days = usual_days(20);
  for (std::size_t i = 0; i < 6; ++i) days[i].reset();
  CHECK_FALSE(FeederModel::learn(days));
  CHECK_FALSE(FeederModel::learn(usual_days(20))->score({}));
}

}  // namespace
}  // namespace commonwatt
