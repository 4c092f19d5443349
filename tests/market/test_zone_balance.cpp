#include <doctest/doctest.h>

#include "market/zone_balance.hpp"

namespace commonwatt {
namespace {

/// 10 kWh come in from above, households feed in 2 kWh and draw 11.5 kWh.
const ZoneEnergy street{
    .head = {Energy{10'000}, Energy{0}}, .households = {Energy{11'500}, Energy{2'000}}, .meters = 40};

TEST_CASE("what the head meter saw beyond the households and the losses is the residual") {
  CHECK(street.flow() == Energy{12'000});
  const ZoneResidual account = residual_of(street, 20);
  CHECK(account.head == Energy{10'000});
  CHECK(account.metered == Energy{9'500});
  CHECK(account.loss == Energy{240});
  CHECK(account.residual == Energy{260});
  CHECK(residual_ppm(street, account) == 21'667);
  CHECK_FALSE(residual_ppm({}, residual_of({}, 20)).has_value());
}

TEST_CASE("losses are rounded half to even") {
  const auto loss = [](std::int64_t flow) {
    return residual_of({.head = {Energy{flow}, {}}, .households = {}, .meters = 1}, 20).loss;
  };
  CHECK(loss(25) == Energy{0});
  CHECK(loss(75) == Energy{2});
}

TEST_CASE("the tolerance is both classes, the noise of what flows unmetered, and a watt-hour for each meter") {
  const UnmeteredShare unmetered{.share_ppm = 20'000, .spread_ppm = 5'000};
  CHECK(balance_tolerance(street, unmetered, {}) == Energy{50 + 135 + 180 + 41});
}

TEST_CASE("a residual is in tolerance about the unmetered share, on both sides") {
  const UnmeteredShare unmetered{.share_ppm = 20'000, .spread_ppm = 5'000};  // 240 Wh, give or take 406
  ZoneEnergy energy = street;
  const auto fits = [&](std::int64_t more) {
    ZoneResidual account = residual_of(energy, 20);
    account.residual = Energy{240 + more};
    return is_in_tolerance(energy, account, unmetered, {});
  };
  CHECK(fits(406));
  CHECK_FALSE(fits(407));
  CHECK(fits(-406));
  CHECK_FALSE(fits(-407));
}

TEST_CASE("the unmetered share is learnt from days, and one that went wrong hardly moves it") {
  CHECK(learn_unmetered({1, 2, 3, 4}).spread_ppm == 10'000);
  const std::vector<std::int64_t> days{20'000, 21'000, 19'000, 20'500, 19'500, 20'200, 19'800, 900'000};
  const UnmeteredShare unmetered = learn_unmetered(days);
  CHECK(unmetered.share_ppm > 19'500);
  CHECK(unmetered.share_ppm < 20'600);
  CHECK(unmetered.spread_ppm < 2'000);
  CHECK(residual_spread(20'000, days) == 741);
}

}  // namespace
}  // namespace commonwatt
