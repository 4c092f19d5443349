#include <algorithm>
#include <numeric>

#include <doctest/doctest.h>

#include "market/interval_settlement.hpp"
#include "tests/core/stops.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

constexpr Tariff tariff{.retail = Price{300'000}, .feed_in = Price{80'000}};
const std::vector<std::int64_t> no_losses{0, 0, 0, 0};

Hash32 key_of(std::size_t place) {
  return test::numbered_id(static_cast<std::uint32_t>(place));
}

SettlementMember member(std::uint32_t household, std::int64_t contract, std::int64_t price, std::int64_t delivered,
                        ZoneIndex zone = 0) {
  return {.household = household,
          .zone = zone,
          .contract = Energy{contract},
          .contract_amount = Energy{contract} * Price{price},
          .delivered = Energy{delivered}};
}

Tax tax_on_everything(std::int64_t permille) {
  return {.name = "VAT",
          .permille = permille,
          .on_utility_energy = true,
          .on_neighbour_energy = true,
          .on_fees = true,
          .on_levies = true};
}

Result<SettledInterval, IntervalFault> settled(const std::vector<SettlementMember>& members,
                                               const ZoneTree& zones = ZoneTree::single(),
                                               const std::vector<std::int64_t>& losses = no_losses,
                                               std::int64_t tax_permille = 0) {
  const std::vector<Tax> taxes{tax_on_everything(tax_permille)};
  return settle_interval(members, zones,
                         {.tariff = tariff,
                          .imbalance = dual_prices(tariff),
                          .loss_permille = std::span(losses).first(zones.size()),
                          .taxes = taxes},
                         key_of);
}

/// What an account of the market ends with.
std::int64_t balance(const SettledInterval& interval, AccountKind kind) {
  std::int64_t sum = 0;
  for (const Transfer& transfer : interval.transfers) {
    if (transfer.from.kind == kind) sum -= transfer.amount.count;
    if (transfer.to.kind == kind) sum += transfer.amount.count;
  }
  return sum;
}

ZoneTree east_and_west() {
  return *ZoneTree::from({Zone{},
                          {.parent = 0, .fee = Price{10'000}, .export_limit = {}, .import_limit = {}},
                          {.parent = 0, .fee = Price{20'000}, .export_limit = {}, .import_limit = {}}});
}

TEST_CASE("a run over many households says what the controller says of each") {
  MESSAGE("seed 47");
  test::Random random(47);
  for (int round = 0; round < 500; ++round) {
    const std::int64_t price = test::between(random, -100'000, 300'000);
    std::vector<SettlementMember> members;
    std::int64_t open = 0;
    for (std::uint32_t i = 0; i < 5; ++i) {
      const std::int64_t contract = i == 4 ? -open : test::between(random, -900, 900);
      open += contract;
      members.push_back(member(i, contract, price, test::between(random, -2'000, 2'000)));
    }
    const SettledInterval found = *settled(members);
    for (std::size_t i = 0; i < members.size(); ++i) {
      const Money energy_amount = members[i].contract * Price{price};
      const Money imbalance =
          imbalance_amount(members[i].delivered - members[i].contract, {Price{300'000}, Price{80'000}});
      REQUIRE(found.members[i].energy_amount == energy_amount);
      REQUIRE(found.members[i].imbalance_amount == imbalance);
      REQUIRE(found.members[i].total() == energy_amount + imbalance);
    }
  }
}

TEST_CASE("a single imbalance price settles both directions alike") {
  const auto found = settle_interval(
      std::vector{member(0, 0, 0, 100), member(1, 0, 0, -100)}, ZoneTree::single(),
      {.tariff = tariff, .imbalance = {Price{200'000}, Price{200'000}}, .loss_permille = std::span(no_losses).first(1)},
      key_of);
  CHECK(found->members[0].total() == Money{20'000'000});
  CHECK(found->members[1].total() == Money{-20'000'000});
  CHECK(balance(*found, AccountKind::utility) == 0);
}

TEST_CASE("edges are paid by those who sell out of a zone and those who buy into one") {
  // 500 Wh leave the east, 400 Wh of them come into the west; who trades inside the east passes no edge.
  const std::vector members{member(0, -600, 200'000, -600, 1), member(1, 100, 200'000, 100, 1),
                            member(2, 300, 200'000, 300, 2), member(3, 100, 200'000, 100, 2),
                            member(4, 100, 200'000, 100, 0)};
  const SettledInterval found = *settled(members, east_and_west());
  CHECK(found.members[0].fee_amount == Money{5'000'000});
  CHECK(found.members[1].fee_amount == Money{0});
  CHECK(found.members[2].fee_amount == Money{6'000'000});
  CHECK(found.members[3].fee_amount == Money{2'000'000});
  CHECK(found.members[4].fee_amount == Money{0});
  CHECK(balance(found, AccountKind::fees) == 13'000'000);
}

TEST_CASE("prices that differ by the fees hold them, and what else they hold is congestion rent") {
  const std::vector members{member(0, -500, 190'000, -500, 1), member(1, 500, 250'000, 500, 2)};
  const SettledInterval found = *settled(members, east_and_west());
  CHECK(found.members[1].total() == Money{125'000'000});
  CHECK(balance(found, AccountKind::fees) == 15'000'000);
  CHECK(balance(found, AccountKind::congestion) == 15'000'000);
  CHECK(balance(found, AccountKind::escrow) == 0);
}

TEST_CASE("households pay the fees as far as prices do not hold them") {
  const auto at = [](std::int64_t price) {
    return *settled({member(0, -500, 190'000, -500, 1), member(1, 500, price, 500, 2)}, east_and_west());
  };
  for (const std::int64_t price : {180'000, 190'000, 205'000, 219'999, 220'000})
    CHECK(balance(at(price), AccountKind::fees) == 15'000'000);
  CHECK(at(190'000).members[0].fee_amount == Money{5'000'000});
  CHECK(at(190'000).members[1].fee_amount == Money{10'000'000});
  CHECK(at(205'000).members[0].fee_amount == Money{2'500'000});  // half of the 0.03 is in the price
  CHECK(at(205'000).members[1].fee_amount == Money{5'000'000});
  CHECK(at(219'999).members[0].fee_amount == Money{167});  // 500 left: a third and two thirds
  CHECK(at(219'999).members[1].fee_amount == Money{333});
  CHECK(at(220'000).members[1].fee_amount == Money{0});
  CHECK(balance(at(220'000), AccountKind::congestion) == 0);
  CHECK(at(180'000).members[1].fee_amount == Money{10'000'000});
  CHECK(balance(at(180'000), AccountKind::spread) == -5'000'000);
}

TEST_CASE("without zones what buyers pay beyond what sellers get is the spread's, and so is a shortage") {
  CHECK(balance(*settled({member(0, -500, 190'000, -500), member(1, 500, 200'000, 500)}), AccountKind::spread) ==
        5'000'000);
  CHECK(balance(*settled({member(0, -500, 200'000, -500), member(1, 500, 190'000, 500)}), AccountKind::spread) ==
        -5'000'000);
}

TEST_CASE("percentages are rounded half to even for each, and the residue is kept") {
  // 1 Wh at retail is 300,000; 5 permille of the 300,100 and 300,300 that two of them pay are 1500.5 and 1501.5.
  const std::vector members{member(0, 0, 0, 1), member(1, 0, 0, 1)};
  const std::vector<Tax> taxes{tax_on_everything(5)};
  const auto taxed = [&](std::int64_t price) {
    const SettlementTerms terms{.tariff = {.retail = Price{price}, .feed_in = Price{0}},
                                .imbalance = {Price{price}, Price{0}},
                                .loss_permille = std::span(no_losses).first(1),
                                .taxes = taxes};
    return *settle_interval(members, ZoneTree::single(), terms, key_of);
  };
  CHECK(taxed(300'100).members[0].tax_amount == Money{1'500});
  CHECK(taxed(300'300).members[0].tax_amount == Money{1'502});
  CHECK(balance(taxed(300'100), AccountKind::rounding) == -1);
  CHECK(balance(taxed(300'300), AccountKind::rounding) == 1);
  CHECK(balance(taxed(300'300), AccountKind::utility) == 2 * 300'300 + 3'003);
}

TEST_CASE("losses are a share of the energy bought, at retail; who is paid for energy is taxed on its fees alone") {
  const SettledInterval found =
      *settled({member(0, -500, 200'000, -500, 1), member(1, 500, 200'000, 500, 2)}, east_and_west(), {0, 30, 20}, 100);
  CHECK(found.members[0].loss_amount == Money{0});
  CHECK(found.members[0].fee_amount == Money{5'000'000});
  CHECK(found.members[0].tax_amount == Money{500'000});
  CHECK(found.members[1].loss_amount == Money{3'000'000});
  CHECK(found.members[1].tax_amount == Money{11'300'000});
  CHECK(balance(found, AccountKind::losses) == 3'000'000);
}

TEST_CASE("levies are on energy bought, and taxed where the tax says so") {
  const std::vector<Levy> levies{
      {.name = "renewables", .price = Price{20'000}, .on_utility_energy = true, .on_neighbour_energy = false},
      {.name = "community", .price = Price{1'000}, .on_utility_energy = false, .on_neighbour_energy = true}};
  Tax tax = tax_on_everything(100);
  const auto amount = [&](const Tax& of) {
    const std::vector<Tax> taxes{of};
    const SettlementTerms terms{.tariff = tariff,
                                .imbalance = dual_prices(tariff),
                                .loss_permille = std::span(no_losses).first(1),
                                .levies = levies,
                                .taxes = taxes};
    // Buys 500 Wh from a neighbour at 200,000 and 100 Wh from the utility at 300,000.
    const std::vector members{member(0, -500, 200'000, -500), member(1, 500, 200'000, 600)};
    const SettledInterval found = *settle_interval(members, ZoneTree::single(), terms, key_of);
    CHECK(found.members[0].tax_amount == Money{0});
    return found.members[1].tax_amount;
  };
  CHECK(amount(tax) == Money{2'500'000 + (100'000'000 + 30'000'000 + 2'500'000) / 10});
  tax.on_levies = false;
  tax.on_neighbour_energy = false;
  CHECK(amount(tax) == Money{2'500'000 + 30'000'000 / 10});
}

TEST_CASE("contracts that do not balance settle all the same, and the spread bears the difference") {
  const SettledInterval found = *settled({member(0, -500, 200'000, -500), member(1, 499, 200'000, 499)});
  CHECK(found.members[0].energy_amount == Money{-100'000'000});
  CHECK(found.members[1].energy_amount == Money{99'800'000});
  CHECK(balance(found, AccountKind::spread) == -200'000);
  CHECK(balance(found, AccountKind::escrow) == 0);
}

TEST_CASE("money beyond all measure is refused, and members out of turn stop the program") {
  CHECK(settled({member(0, 0, 1, 4'000'000'000'000)}).error() == IntervalFault::too_much_money);
  CHECK(std::string(explain(IntervalFault::too_much_money)).find("10^17") != std::string::npos);
  CHECK(stops([] { static_cast<void>(settled({member(1, 0, 0, 0), member(0, 0, 0, 0)})); }));
}

TEST_CASE("the network fee is on all energy drawn, less the relief, and its residue is kept") {
  // Half of the fee of 3 per Wh falls away for 1 Wh of each: 4.5, rounded to the even 4, and 9 in all.
  std::vector members{member(0, -2, 0, -2), member(1, 1, 0, 2), member(2, 1, 0, 2)};
  members[1].fee_relief = 500;
  members[2].fee_relief = 500;
  const SettledInterval found = *settle_interval(members, ZoneTree::single(),
                                                 {.tariff = tariff,
                                                  .imbalance = dual_prices(tariff),
                                                  .loss_permille = std::span(no_losses).first(1),
                                                  .network_fee = Price{3}},
                                                 key_of);
  CHECK(found.members[0].fee_amount == Money{0});
  CHECK(found.members[1].fee_amount == Money{4});
  CHECK(balance(found, AccountKind::fees) == 9);
  CHECK(balance(found, AccountKind::rounding) == -1);
  CHECK(netted(found.transfers, transfer_max) == found.transfers);
}

TEST_CASE("on an island deviations settle with the spread, and are energy of neighbours for taxes and levies") {
  const std::vector<Levy> levies{
      {.name = "grid", .price = Price{20'000}, .on_utility_energy = true, .on_neighbour_energy = false},
      {.name = "community", .price = Price{1'000}, .on_utility_energy = false, .on_neighbour_energy = true}};
  const SettledInterval found =
      *settle_interval(std::vector{member(0, -500, 200'000, -450), member(1, 500, 200'000, 450)}, ZoneTree::single(),
                       {.tariff = tariff,
                        .imbalance = {.shortfall = Price{400'000}, .surplus = Price{50'000}},
                        .loss_permille = std::span(no_losses).first(1),
                        .levies = levies,
                        .grid = GridState::islanded},
                       key_of);
  CHECK(found.members[0].imbalance_amount == Money{20'000'000});
  CHECK(found.members[1].imbalance_amount == Money{-2'500'000});
  CHECK(found.members[0].tax_amount == Money{50'000});
  CHECK(balance(found, AccountKind::spread) == 17'500'000);
  CHECK(balance(found, AccountKind::utility) == 50'000 + 500'000);
  CHECK(netted(found.transfers, transfer_max) == found.transfers);
}

TEST_CASE("whatever is settled, escrow is empty, all balances sum to zero, and postings are what statements say") {
  MESSAGE("seed 53");
  test::Random random(53);
  const ZoneTree zones = *ZoneTree::from({Zone{},
                                          {.parent = 0, .fee = Price{7'000}, .export_limit = {}, .import_limit = {}},
                                          {.parent = 1, .fee = Price{0}, .export_limit = {}, .import_limit = {}},
                                          {.parent = 1, .fee = Price{333}, .export_limit = {}, .import_limit = {}}});
  for (int round = 0; round < 3'000; ++round) {
    std::vector<SettlementMember> members;
    std::int64_t open = 0;
    const std::int64_t count = test::between(random, 1, 8);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t contract = i == count - 1 ? -open : test::between(random, -999, 999);
      open += contract;
      members.push_back(member(static_cast<std::uint32_t>(2 * i), contract, test::between(random, -50, 300'000),
                               test::between(random, -2'000, 2'000),
                               static_cast<ZoneIndex>(test::between(random, 0, 3))));
    }
    const SettledInterval found = *settled(members, zones, {0, 11, 7, 999}, test::between(random, 0, 1'000));
    REQUIRE(netted(found.transfers, transfer_max) == found.transfers);
    const TransferSums sum = sums(found.transfers, 20);
    REQUIRE((sum.escrow == 0));
    REQUIRE((sum.all == 0));
    for (const SettledMember& each : found.members) REQUIRE((sum.paid[each.household] == each.total().count));
    REQUIRE(balance(found, AccountKind::fees) >= 0);
    REQUIRE(std::abs(balance(found, AccountKind::rounding)) <= 2 * static_cast<std::int64_t>(members.size()));
  }
}

}  // namespace
}  // namespace commonwatt
