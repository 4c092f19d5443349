#include <doctest/doctest.h>

#include "market/settlement.hpp"
#include "tests/core/stops.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

constexpr Interval interval(1'782'000'000, 900);
constexpr Tariff tariff{.retail = Price{300'000}, .feed_in = Price{80'000}};
constexpr Price price{200'000};

Position position(const char* household, std::int64_t contract, std::int64_t import, std::int64_t exported) {
  return {.household = *HouseholdId::from(household),
          .contract = Energy{contract},
          .grid = {Energy{import}, Energy{exported}},
          .produced = std::nullopt,
          .quality = DeliveryQuality::good};
}

Statement settled(std::int64_t contract, std::int64_t import, std::int64_t exported) {
  return settle(position("hh01", contract, import, exported), {interval, Run::initial, price, tariff});
}

TEST_CASE("a household that uses what it bought pays the clearing price and nothing else") {
  const Statement statement = settled(500, 500, 0);
  CHECK(statement.energy_amount == Money{100'000'000});  // 500 Wh x 0.20 = 0.10
  CHECK(statement.imbalance_amount == Money{0});
  CHECK(statement.total == Money{100'000'000});
  CHECK(statement.without_market() == Money{150'000'000});  // 500 Wh x 0.30
  CHECK(statement.saved() == Money{50'000'000});
}

TEST_CASE("a buyer that uses more buys the rest at retail") {
  const Statement statement = settled(500, 600, 0);
  CHECK(statement.deviation() == Energy{100});
  CHECK(statement.imbalance_amount == Money{30'000'000});
  CHECK(statement.total == Money{130'000'000});
}

TEST_CASE("a buyer that uses less sells the rest at feed-in") {
  const Statement statement = settled(500, 400, 0);
  CHECK(statement.imbalance_amount == Money{-8'000'000});
  CHECK(statement.total == Money{92'000'000});
}

TEST_CASE("a household that under-delivers pays the shortfall at the grid price") {
  // 500 Wh sold, 350 Wh delivered: it gets 0.10 from the neighbour and buys 150 Wh at 0.30.
  const Statement statement = settled(-500, 0, 350);
  CHECK(statement.energy_amount == Money{-100'000'000});
  CHECK(statement.deviation() == Energy{150});
  CHECK(statement.imbalance_amount == Money{45'000'000});
  CHECK(statement.total == Money{-55'000'000});
  CHECK(statement.without_market() == Money{-28'000'000});
  CHECK(statement.saved() == Money{27'000'000});
}

TEST_CASE("a seller that over-delivers gets feed-in for the surplus") {
  const Statement statement = settled(-500, 0, 650);
  CHECK(statement.imbalance_amount == Money{-12'000'000});
  CHECK(statement.total == Money{-112'000'000});
}

TEST_CASE("a seller that draws from the grid instead buys the contract and its own use back") {
  const Statement statement = settled(-500, 200, 0);
  CHECK(statement.deviation() == Energy{700});
  CHECK(statement.total == Money{-100'000'000 + 210'000'000});
  CHECK(statement.saved() == Money{-50'000'000});
}

TEST_CASE("import and export within one interval are settled as their difference") {
  CHECK(settled(0, 700, 200).total == Money{150'000'000});
  CHECK(settled(0, 200, 700).total == Money{-40'000'000});
  CHECK(settled(0, 200, 200).total == Money{0});
}

TEST_CASE("without a price there is no contract, and the utility settles everything") {
  const Statement statement = settle(position("hh01", 0, 700, 0), {interval, Run::initial, std::nullopt, tariff});
  CHECK_FALSE(statement.price.has_value());
  CHECK(statement.energy_amount == Money{0});
  CHECK(statement.total == Money{210'000'000});
  CHECK(statement.saved() == Money{0});
  CHECK(stops([] { settle(position("hh01", 1, 700, 0), {interval, Run::initial, std::nullopt, tariff}); }));
}

TEST_CASE("use is production plus import minus export") {
  Position with_plant = position("hh01", 0, 100, 700);
  with_plant.produced = Energy{1'500};
  const Statement statement = settle(with_plant, {interval, Run::initial, price, tariff});
  CHECK(statement.used() == Energy{900});
  CHECK(statement.delivered() == Energy{-600});
}

TEST_CASE("a statement carries what it was computed from") {
  Position estimated = position("hh07", 500, 400, 0);
  estimated.quality = DeliveryQuality::estimated;
  const Statement statement = settle(estimated, {interval, Run::initial, price, tariff});
  CHECK(statement.household.text() == "hh07");
  CHECK(statement.interval == interval);
  CHECK(statement.run == Run::initial);
  CHECK(statement.price == price);
  CHECK(statement.tariff == tariff);
  CHECK(statement.quality == DeliveryQuality::estimated);
  CHECK(std::string(to_text(statement.run)) == "initial");
  CHECK(std::string(to_text(statement.quality)) == "estimated");
}

TEST_CASE("runs have names") {
  for (const Run run : {Run::initial, Run::revised, Run::final}) CHECK(run_from_text(to_text(run)) == run);
  CHECK_FALSE(run_from_text("last").has_value());
}

TEST_CASE("contracts are posted against escrow and deviations against the utility, nothing for nothing") {
  const std::array statements{settle(position("hh01", 500, 600, 0), {interval, Run::initial, price, tariff}),
                              settle(position("hh02", -500, 0, 500), {interval, Run::initial, price, tariff}),
                              settle(position("hh03", 0, 0, 50), {interval, Run::initial, price, tariff})};
  const Account escrow{.kind = AccountKind::escrow, .household = {}};
  const Account utility{.kind = AccountKind::utility, .household = {}};
  const auto account = [](const char* name) {
    return Account{.kind = AccountKind::household, .household = HouseholdId::from(name)};
  };
  const std::vector<Posting> expected{{account("hh01"), escrow, Money{100'000'000}, PostingKind::energy},
                                      {account("hh01"), utility, Money{30'000'000}, PostingKind::imbalance},
                                      {escrow, account("hh02"), Money{100'000'000}, PostingKind::energy},
                                      {utility, account("hh03"), Money{4'000'000}, PostingKind::imbalance}};
  CHECK(postings(statements) == expected);
}

TEST_CASE("the postings of balanced contracts leave the ledger at zero, and its accounts at the statements' totals") {
  constexpr std::uint64_t seed = 11;
  MESSAGE("seed " << seed);
  test::Random random(seed);
  for (int round = 0; round < 500; ++round) {
    std::vector<Statement> statements;
    Energy open;
    const Price random_price{test::between(random, -300'000, 300'000)};
    for (int i = 0; i < 6; ++i) {
      const Energy contract = i == 5 ? -open : Energy{test::between(random, -3'000, 3'000)};
      open += contract;
      const std::string name = "hh0" + std::to_string(i);
      statements.push_back(settle(
          position(name.c_str(), contract.count, test::between(random, 0, 4'000), test::between(random, 0, 4'000)),
          {interval, Run::initial, random_price, tariff}));
    }
    Ledger ledger;
    ledger.post(postings(statements));
    REQUIRE(ledger.sum() == Money{0});
    for (const Statement& statement : statements) {
      const Account account{.kind = AccountKind::household, .household = statement.household};
      REQUIRE(ledger.balance(account) == -statement.total);
    }
  }
}

}  // namespace
}  // namespace commonwatt
