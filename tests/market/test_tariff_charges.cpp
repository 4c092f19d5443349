#include <limits>
#include <random>

#include <doctest/doctest.h>

#include "core/wide.hpp"
#include "market/tariff_charges.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

Purchase purchase_of(std::int64_t utility, std::int64_t neighbours, std::int64_t fees) {
  return {.utility_energy = Energy{300},
          .neighbour_energy = Energy{200},
          .utility_amount = Money{utility},
          .neighbour_amount = Money{neighbours},
          .fees = Money{fees}};
}

ZoneId zone(const char* name) {
  return *ZoneId::from(name);
}

TEST_CASE("a levy is due on the energy it applies to, exactly") {
  const Purchase purchase = purchase_of(0, 0, 0);
  Levy levy{.name = "renewables", .price = Price{23'000}};
  CHECK(levy_amount(levy, purchase) == Money{0});
  levy.on_utility_energy = true;
  CHECK(levy_amount(levy, purchase) == Money{300 * 23'000});
  levy.on_neighbour_energy = true;
  CHECK(levy_amount(levy, purchase) == Money{500 * 23'000});
  const std::array levies{levy, Levy{.name = "rebate", .price = Price{-1'000}, .on_neighbour_energy = true}};
  CHECK(levies_amount(levies, purchase) == Money{500 * 23'000 - 200 * 1'000});
}

TEST_CASE("value added tax of 8.1 per cent on a bill of three parts, rounded once") {
  const Purchase purchase = purchase_of(90'000'000, 40'000'000, 5'000'001);
  const Tax vat{.name = "VAT",
                .permille = 81,
                .on_utility_energy = true,
                .on_neighbour_energy = true,
                .on_fees = true,
                .on_levies = true};
  // 135 000 001 + 6 900 000 = 141 900 001; 81 permille of it is 11 493 900.081.
  CHECK(tax_amount(vat, purchase, Money{6'900'000}) == TaxAmount{.amount = Money{11'493'900}, .residue = 81});
}

TEST_CASE("a tax is on nothing but what it applies to") {
  const Purchase purchase = purchase_of(1'000, 20'000, 300'000);
  const Money levies{4'000'000};
  CHECK(tax_amount({.name = "", .permille = 1'000}, purchase, levies).amount == Money{0});
  CHECK(tax_amount({.name = "", .permille = 1'000, .on_utility_energy = true}, purchase, levies).amount ==
        Money{1'000});
  CHECK(tax_amount({.name = "", .permille = 1'000, .on_neighbour_energy = true}, purchase, levies).amount ==
        Money{20'000});
  CHECK(tax_amount({.name = "", .permille = 1'000, .on_fees = true}, purchase, levies).amount == Money{300'000});
  CHECK(tax_amount({.name = "", .permille = 1'000, .on_levies = true}, purchase, levies).amount == Money{4'000'000});
}

TEST_CASE("half a nano-currency of tax goes to the even neighbour, on both sides of zero") {
  const auto half = [](std::int64_t base) {
    return tax_amount({.name = "", .permille = 500, .on_utility_energy = true}, purchase_of(base, 0, 0), {});
  };
  CHECK(half(1) == TaxAmount{.amount = Money{0}, .residue = 500});
  CHECK(half(3) == TaxAmount{.amount = Money{2}, .residue = -500});
  CHECK(half(5) == TaxAmount{.amount = Money{2}, .residue = 500});
  CHECK(half(-1) == TaxAmount{.amount = Money{0}, .residue = -500});
  CHECK(half(-3) == TaxAmount{.amount = Money{-2}, .residue = 500});
}

TEST_CASE("amounts whose product passes 63 bits are taxed exactly") {
  const Tax tax{.name = "", .permille = 999, .on_utility_energy = true, .on_neighbour_energy = true};
  const Purchase purchase = purchase_of(largest, -largest / 1'000, 0);
  const TaxAmount amount = tax_amount(tax, purchase, {});
  const Wide base = wide(largest) - largest / 1'000;
  CHECK(base * 999 == wide(amount.amount.count) * 1'000 + amount.residue);
}

TEST_CASE("an amount of tax and its residue make up the exact tax, whatever is taxed") {
  const std::uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 10'000; ++i) {
    const auto draw = [&] { return static_cast<std::int64_t>(random()) >> (8 + random() % 50); };
    const Tax tax{.name = "",
                  .permille = static_cast<std::int64_t>(random() % 1'001),
                  .on_utility_energy = random() % 2 == 0,
                  .on_neighbour_energy = random() % 2 == 0,
                  .on_fees = random() % 2 == 0,
                  .on_levies = random() % 2 == 0};
    const Purchase purchase = purchase_of(draw(), draw(), draw());
    const Money levies{draw()};
    Wide base = 0;
    if (tax.on_utility_energy) base += purchase.utility_amount.count;
    if (tax.on_neighbour_energy) base += purchase.neighbour_amount.count;
    if (tax.on_fees) base += purchase.fees.count;
    if (tax.on_levies) base += levies.count;
    const TaxAmount amount = tax_amount(tax, purchase, levies);
    CHECK(base * tax.permille == wide(amount.amount.count) * 1'000 + amount.residue);
    CHECK(amount.residue >= -500);
    CHECK(amount.residue <= 500);
    if (amount.residue == 500 || amount.residue == -500) CHECK(amount.amount.count % 2 == 0);
  }
}

TEST_CASE("a community behind one transformer pays 60 per cent of the network fee, one behind two pays 80") {
  const ZoneId village = zone("village");
  const ZoneId hill = zone("hill");
  CHECK(community_fee_permille({}) == 1'000);
  CHECK(community_fee_permille(std::array{village}) == 600);
  CHECK(community_fee_permille(std::array{village, village, village}) == 600);
  CHECK(community_fee_permille(std::array{village, village, hill}) == 800);
  CHECK(community_fee_permille(std::array{hill, village, hill}) == 800);
  CHECK(reduced_fee(Price{95'000}, 600) == Price{57'000});
  CHECK(reduced_fee(Price{95'001}, 800) == Price{76'001});
  CHECK(reduced_fee(Price{1'003}, 500) == Price{502});
  CHECK(reduced_fee(Price{1'001}, 500) == Price{500});
}

}  // namespace
}  // namespace commonwatt
