#include <doctest/doctest.h>

#include "market/market_run.hpp"
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

RunBasis basis(std::optional<Price> at) {
  return {.interval = interval, .run = Run::initial, .price = at, .terms = {.tariff = tariff, .charges = {}}};
}

Statement settled(std::int64_t contract, std::int64_t import, std::int64_t exported) {
  return statement_of(position("hh01", contract, import, exported), basis(price));
}

TEST_CASE("a household that uses what it bought pays the clearing price and nothing else") {
  const Statement statement = settled(500, 500, 0);
  CHECK(statement.energy_amount == Money{100'000'000});  // 500 Wh x 0.20 = 0.10
  CHECK(statement.imbalance_amount == Money{0});
  CHECK(statement.total == Money{100'000'000});
  CHECK(statement.without_market == Money{150'000'000});  // 500 Wh x 0.30
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
  CHECK(statement.without_market == Money{-28'000'000});
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
  const Statement statement = statement_of(position("hh01", 0, 700, 0), basis(std::nullopt));
  CHECK_FALSE(statement.price.has_value());
  CHECK(statement.energy_amount == Money{0});
  CHECK(statement.total == Money{210'000'000});
  CHECK(statement.saved() == Money{0});
  CHECK(stops([] { statement_of(position("hh01", 1, 700, 0), basis(std::nullopt)); }));
}

TEST_CASE("use is production plus import minus export") {
  Position with_plant = position("hh01", 0, 100, 700);
  with_plant.produced = Energy{1'500};
  const Statement statement = statement_of(with_plant, basis(price));
  CHECK(statement.used() == Energy{900});
  CHECK(statement.delivered() == Energy{-600});
}

TEST_CASE("a statement carries what it was computed from") {
  Position estimated = position("hh07", 500, 400, 0);
  estimated.quality = DeliveryQuality::estimated;
  const Statement statement = statement_of(estimated, basis(price));
  CHECK(statement.household.text() == "hh07");
  CHECK(statement.interval == interval);
  CHECK(statement.run == Run::initial);
  CHECK(statement.price == price);
  CHECK(statement.tariff == tariff);
  CHECK(statement.quality == DeliveryQuality::estimated);
  CHECK(std::string(to_text(statement.run)) == "initial");
  CHECK(std::string(to_text(statement.quality)) == "estimated");
}

/// A levy of 0.02 on all energy bought, a fifth on everything, 30 permille lost on the way.
RunBasis taxed(std::optional<Price> at) {
  RunBasis taxed = basis(at);
  taxed.terms.charges = {
      .levies = {{.name = "levy", .price = Price{20'000}, .on_utility_energy = true, .on_neighbour_energy = true}},
      .taxes = {{.name = "tax",
                 .permille = 200,
                 .on_utility_energy = true,
                 .on_neighbour_energy = true,
                 .on_fees = true,
                 .on_levies = true}},
      .loss_permille = 30,
      .network_fee = {}};
  return taxed;
}

TEST_CASE("losses, levies and taxes come on top, and what the utility alone would have billed has them too") {
  const Statement statement = statement_of(position("hh01", 500, 600, 0), taxed(price));
  CHECK(statement.loss_amount == Money{4'500'000});  // 500 Wh x 0.30 x 3 %
  // 600 Wh x 0.02 in levies, and a fifth of 0.10 + 0.03 + 0.0045 + 0.012.
  CHECK(statement.tax_amount == Money{12'000'000 + 29'300'000});
  CHECK(statement.total == Money{100'000'000 + 30'000'000 + 4'500'000 + 41'300'000});
  CHECK(statement.without_market == Money{180'000'000 + 12'000'000 + 38'400'000});
}

TEST_CASE("the network fee is on all energy drawn, from neighbours and from the utility, and is taxed") {
  RunBasis fees = taxed(price);
  fees.terms.charges.network_fee = Price{10'000};
  const Statement buyer = statement_of(position("hh01", 500, 600, 0), fees);
  const Statement without = statement_of(position("hh01", 500, 600, 0), taxed(price));
  CHECK(buyer.fee_amount == Money{6'000'000});  // 600 Wh x 0.01
  CHECK(buyer.tax_amount == without.tax_amount + Money{1'200'000});
  CHECK(buyer.total == without.total + Money{7'200'000});
  CHECK(buyer.without_market == without.without_market + Money{7'200'000});
  CHECK(statement_of(position("hh02", -500, 0, 600), fees).fee_amount == Money{0});
  const MarketRun run = settle(std::vector{position("hh01", 500, 600, 0), position("hh02", -500, 0, 600)}, fees);
  Money on_fees;
  for (const Posting& posting : run.postings) {
    if (posting.credit.kind == AccountKind::fees) on_fees += posting.amount;
  }
  CHECK(on_fees == Money{6'000'000});
}

TEST_CASE("a later run posts the differences alone, and ends in the balances of a run that knew it all") {
  test::Random random(5);
  for (int round = 0; round < 300; ++round) {
    std::vector<Position> before;
    for (int i = 0; i < 5; ++i) {
      const std::int64_t contract = i < 4 ? 100 * (i - 1) : -200;
      before.push_back(position(("hh0" + std::to_string(i)).c_str(), contract, test::between(random, 0, 900),
                                test::between(random, 0, 900)));
    }
    std::vector<Position> after = before;
    Position& late = after[static_cast<std::size_t>(test::between(random, 0, 4))];
    late.grid.import += Energy{test::between(random, 0, 3)};
    Ledger twice;
    twice.post(settle(before, taxed(price)).postings);
    const MarketRun again = settle_again(after, before, taxed(price));
    twice.post(again.postings);
    Ledger once;
    once.post(settle(after, taxed(price)).postings);
    for (const auto& [account, money] : once.balances()) REQUIRE(twice.balance(account) == money);
    if (late.grid == before[static_cast<std::size_t>(&late - after.data())].grid) REQUIRE(again.postings.empty());
    REQUIRE(again.postings.size() <= 4);  // deviation, tax and their roundings
  }
}

TEST_CASE("contracts are posted against escrow and deviations against the utility, nothing for nothing") {
  const std::vector<Position> positions{position("hh01", 500, 600, 0), position("hh02", -500, 0, 500),
                                        position("hh03", 0, 0, 50)};
  const Account escrow{.kind = AccountKind::escrow, .household = {}};
  const Account utility{.kind = AccountKind::utility, .household = {}};
  const auto account = [](const char* name) {
    return Account{.kind = AccountKind::household, .household = HouseholdId::from(name)};
  };
  const std::vector<Posting> expected{{account("hh01"), utility, Money{30'000'000}, PostingKind::imbalance},
                                      {account("hh01"), escrow, Money{100'000'000}, PostingKind::energy},
                                      {escrow, account("hh02"), Money{100'000'000}, PostingKind::energy},
                                      {utility, account("hh03"), Money{4'000'000}, PostingKind::imbalance}};
  CHECK(settle(positions, basis(price)).postings == expected);
}

TEST_CASE("the postings of balanced contracts leave the ledger at zero, and its accounts at the statements' totals") {
  constexpr std::uint64_t seed = 11;
  MESSAGE("seed " << seed);
  test::Random random(seed);
  for (int round = 0; round < 500; ++round) {
    std::vector<Position> positions;
    Energy open;
    const Price random_price{test::between(random, -300'000, 300'000)};
    for (int i = 0; i < 6; ++i) {
      const Energy contract = i == 5 ? -open : Energy{test::between(random, -3'000, 3'000)};
      open += contract;
      const std::string name = "hh0" + std::to_string(i);
      positions.push_back(
          position(name.c_str(), contract.count, test::between(random, 0, 4'000), test::between(random, 0, 4'000)));
    }
    const RunBasis random_basis = test::between(random, 0, 1) == 0 ? basis(random_price) : taxed(random_price);
    const MarketRun run = settle(positions, random_basis);
    Ledger ledger;
    ledger.post(run.postings);
    REQUIRE(ledger.sum() == Money{0});
    for (const Statement& statement : run.statements) {
      const Account account{.kind = AccountKind::household, .household = statement.household};
      REQUIRE(ledger.balance(account) == -statement.total);
    }
  }
}

}  // namespace
}  // namespace commonwatt
