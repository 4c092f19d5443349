// Vickrey-Clarke-Groves payments: worked examples, a slow reference that clears again without each household, and a
// search for a statement better than the truth.
#include <algorithm>

#include <doctest/doctest.h>

#include "market/vcg.hpp"
#include "tests/market/limit_books.hpp"

namespace commonwatt {
namespace {

using test::buy;
using test::LimitBook;
using test::sell;

constexpr std::uint64_t first_seed = 19'610'301;

Vcg pay(const LimitBook& book, const std::vector<Energy>& fills) {
  return vcg_payments(book.orders, book.households, fills, book.tie_key());
}

Vcg pay(const LimitBook& book) {
  return pay(book, test::clear_uniform(book.orders).fills);
}

std::vector<WideMoney> amounts(const std::vector<std::int64_t>& counts) {
  return {counts.begin(), counts.end()};
}

TEST_CASE("each household pays what its presence costs the others") {
  // All 20 Wh trade for a welfare of 500 + 400 - 100 - 300 = 500.
  // Without the first buyer 400 - 100 = 300 remain: it pays 300 - (500 - 500). Without the second 500 - 100 = 400: it
  // pays 400 - (500 - 400) = 300. Without the first seller 500 - 300 = 200: it pays 200 - (500 + 100) = -400. Without
  // the second 400: it pays 400 - (500 + 300) = -400.
  const Vcg vcg = pay(LimitBook::of_singles({buy(10, 50), sell(10, 10), buy(10, 40), sell(10, 30)}));
  CHECK(vcg.payments == amounts({300, -400, 300, -400}));
  CHECK(vcg.order_payments == vcg.payments);
  CHECK(vcg.buyers_pay == 600);
  CHECK(vcg.sellers_get == 800);
  CHECK(vcg.deficit == 200);
}

TEST_CASE("a household with several orders pays as one, each order by its own limit") {
  LimitBook book;
  book.add(buy(2, 50), 1);
  book.add(buy(1, 40), 1);
  book.add(buy(3, 20), 0);
  book.add(sell(3, 10), 2);
  // Without household 1 the welfare is 30 instead of 110: it gains 80 and pays 140 - 80. That is a gain of 26 for each
  // of three watt-hours, and of the two nano left over 4/3 would go to the first order and 2/3 to the second: rounded
  // down 1 and 0, and the remainder of the second is the larger. Without the seller there is no welfare at all.
  const Vcg vcg = pay(book);
  CHECK(vcg.payments == amounts({0, 60, -140}));
  CHECK(vcg.order_payments == amounts({2 * 50 - 53, 40 - 27, 0, -140}));
  CHECK(vcg.deficit == 80);
}

TEST_CASE("the nano-currency nobody has a larger claim to goes to the smaller tie key") {
  LimitBook book;
  book.add(buy(1, 50), 0);
  book.add(buy(1, 45), 0);
  book.add(sell(2, 10), 1);
  // Household 0 gains 75: 37 for each watt-hour, and one for the order whose key begins with 13 instead of 180.
  CHECK(pay(book).order_payments == amounts({50 - 38, 45 - 37, -95}));
  std::swap(book.names[0], book.names[1]);
  CHECK(pay(book).order_payments == amounts({50 - 37, 45 - 38, -95}));
}

TEST_CASE("who does not trade pays nothing") {
  const Vcg none = pay(LimitBook{});
  CHECK(none.payments.empty());
  CHECK(none.deficit == 0);
  CHECK(pay(LimitBook::of_singles({buy(5, 10)})).payments == amounts({0}));
  CHECK(pay(LimitBook::of_singles({sell(5, 10), buy(5, 9)})).payments == amounts({0, 0}));
  LimitBook gap;
  gap.add(buy(5, 10), 3);
  gap.add(sell(5, 8), 1);
  CHECK(pay(gap).payments == amounts({0, -50, 0, 40}));
}

TEST_CASE("the largest quantities and prices are exact") {
  const std::int64_t energy = auction_energy_max.count / 2;
  const std::int64_t price = auction_price_magnitude_max.count;
  const LimitBook book = LimitBook::of_singles({buy(energy, price), sell(energy, -price)});
  const Vcg vcg = pay(book, {Energy{energy}, Energy{energy}});
  CHECK(to_text(vcg.buyers_pay) == "0");
  CHECK(to_text(vcg.payments[0]) == "-500000000000000000000000000000000");
  CHECK(vcg.payments[1] == vcg.payments[0]);
  CHECK(to_text(vcg.deficit) == "1000000000000000000000000000000000");
}

/// The payment of a household by the definition: the book is cleared again without it.
WideMoney slow_payment(const LimitBook& book, const std::vector<Energy>& fills, std::uint32_t household) {
  std::vector<LimitOrder> others;
  WideMoney welfare_of_others = 0;
  for (std::size_t i = 0; i < book.orders.size(); ++i) {
    if (book.households[i] == household) continue;
    others.push_back(book.orders[i]);
    welfare_of_others += test::welfare_of({book.orders[i]}, {fills[i]});
  }
  return test::welfare_of(others, test::clear_uniform(others).fills) - welfare_of_others;
}

test::BookShape random_shape(test::Random& random) {
  const std::int64_t limit_min = test::between(random, -6, 3);
  return {.orders_max = 20,
          .households_max = test::between(random, 0, 12),
          .limit_min = Price{limit_min},
          .limit_max = Price{limit_min + test::between(random, 1, 40)},
          .quantity_max = Energy{test::between(random, 0, 1) == 0 ? 5 : 100'000}};
}

TEST_CASE("in random books payments are those of clearing again without each household") {
  constexpr int books = 5'000;
  MESSAGE("seed " << first_seed << ", " << books << " books");
  int in_deficit = 0;
  for (std::uint64_t number = 0; number < books; ++number) {
    test::Random random(first_seed + number);
    const LimitBook book = test::random_limit_book(random, random_shape(random));
    const Clearing efficient = test::clear_uniform(book.orders);
    const Vcg vcg = pay(book, efficient.fills);
    CAPTURE(number);
    WideMoney sum = 0;
    for (std::uint32_t household = 0; household < vcg.payments.size(); ++household) {
      REQUIRE(vcg.payments[household] == slow_payment(book, efficient.fills, household));
      sum += vcg.payments[household];
    }
    REQUIRE(vcg.deficit == -sum);
    REQUIRE(vcg.deficit == vcg.sellers_get - vcg.buyers_pay);
    REQUIRE((vcg.deficit >= 0 && vcg.buyers_pay >= 0));
    if (vcg.deficit > 0) ++in_deficit;
  }
  CHECK(in_deficit > books / 4);
}

TEST_CASE("in random books no order is beyond its limit and no household pays more than at the uniform price") {
  MESSAGE("seed " << first_seed);
  for (std::uint64_t number = 0; number < 5'000; ++number) {
    test::Random random(first_seed + number);
    const LimitBook book = test::random_limit_book(random, random_shape(random));
    const Clearing efficient = test::clear_uniform(book.orders);
    const Vcg vcg = pay(book, efficient.fills);
    std::vector<WideMoney> by_household(vcg.payments.size());
    std::vector<WideMoney> at_uniform_price(vcg.payments.size());
    CAPTURE(number);
    for (std::size_t i = 0; i < book.orders.size(); ++i) {
      const WideMoney worth = test::welfare_of({book.orders[i]}, {efficient.fills[i]});
      const Price price = efficient.price.value_or(Price{});
      const WideMoney at_price = wide_product(efficient.fills[i], price);
      REQUIRE(vcg.order_payments[i] <= worth);
      by_household[book.households[i]] += vcg.order_payments[i];
      at_uniform_price[book.households[i]] += book.orders[i].side == Side::buy ? at_price : -at_price;
    }
    REQUIRE(by_household == vcg.payments);
    for (std::size_t i = 0; i < by_household.size(); ++i) REQUIRE(by_household[i] <= at_uniform_price[i]);
  }
}

TEST_CASE("the order of arrival changes no payment") {
  MESSAGE("seed " << first_seed);
  for (std::uint64_t number = 0; number < 3'000; ++number) {
    test::Random random(first_seed + number);
    const LimitBook book = test::random_limit_book(random, random_shape(random));
    const std::vector<Energy> fills = test::clear_uniform(book.orders).fills;
    const std::vector<std::size_t> sequence = test::random_sequence(random, book.orders.size());
    Vcg expected = pay(book, fills);
    const std::vector<WideMoney> order_payments = expected.order_payments;
    std::vector<Energy> shuffled_fills;
    for (std::size_t i = 0; i < sequence.size(); ++i) {
      shuffled_fills.push_back(fills[sequence[i]]);
      expected.order_payments[i] = order_payments[sequence[i]];
    }
    CAPTURE(number);
    REQUIRE(pay(book.in_sequence(sequence), shuffled_fills) == expected);
  }
}

/// What a fill is worth to the household behind `truth`: up to its true quantity the limit a watt-hour, beyond it a
/// loss that no price in these books makes good.
WideMoney true_worth(const LimitOrder& truth, Energy fill) {
  constexpr std::int64_t loss_beyond = 1'000;
  const Energy within = std::min(fill, truth.quantity);
  const WideMoney worth = wide_product(within, truth.limit);
  return (truth.side == Side::buy ? worth : -worth) - wide((fill - within).count) * loss_beyond;
}

WideMoney vcg_gain(const LimitBook& stated, std::size_t index, const LimitOrder& truth) {
  const Clearing clearing = test::clear_uniform(stated.orders);
  return true_worth(truth, clearing.fills[index]) - pay(stated, clearing.fills).order_payments[index];
}

WideMoney uniform_gain(const LimitBook& stated, std::size_t index, const LimitOrder& truth) {
  const Clearing clearing = test::clear_uniform(stated.orders);
  const WideMoney payment = wide_product(clearing.fills[index], clearing.price.value_or(Price{}));
  return true_worth(truth, clearing.fills[index]) - (truth.side == Side::buy ? payment : -payment);
}

/// Whether the household of this order gains by any limit and quantity other than the true ones.
template <class Gain>
bool gains_by_a_lie(const LimitBook& book, std::size_t index, const test::BookShape& shape, const Gain& gain) {
  const LimitOrder& truth = book.orders[index];
  const WideMoney honest = gain(book, index, truth);
  LimitBook stated = book;
  for (Price limit = shape.limit_min - Price{1}; limit <= shape.limit_max + Price{1}; limit += Price{1}) {
    for (Energy quantity{1}; quantity <= shape.quantity_max + Energy{1}; quantity += Energy{1}) {
      stated.orders[index].limit = limit;
      stated.orders[index].quantity = quantity;
      if (gain(stated, index, truth) > honest) return true;
    }
  }
  return false;
}

TEST_CASE("no limit and no quantity is better than the true one, and the search finds one in the uniform auction") {
  MESSAGE("seed " << first_seed);
  int gaining_uniform = 0;
  for (std::uint64_t number = 0; number < 300; ++number) {
    test::Random random(first_seed + number);
    const test::BookShape shape{.orders_max = 8,
                                .households_max = number % 2 == 0 ? 0 : 10,
                                .limit_min = Price{-2},
                                .limit_max = Price{5},
                                .quantity_max = Energy{4}};
    const LimitBook book = test::random_limit_book(random, shape);
    CAPTURE(number);
    for (std::size_t i = 0; i < book.orders.size(); ++i) {
      if (book.orders_of(book.households[i]) > 1) continue;
      CHECK(!gains_by_a_lie(book, i, shape, vcg_gain));
      if (number % 4 == 0 && gains_by_a_lie(book, i, shape, uniform_gain)) ++gaining_uniform;
    }
  }
  MESSAGE(gaining_uniform << " gain in the uniform auction, of the books it was searched in");
  CHECK(gaining_uniform > 20);
}

/// What a household with orders at places 0 and 1 gains, `truth` being its true orders.
WideMoney gain_of_two(const LimitBook& stated, const LimitBook& truth) {
  const Clearing clearing = test::clear_uniform(stated.orders);
  // What it is given on the two together serves the better of its true orders first.
  const Energy fill = clearing.fills[0] + clearing.fills[1];
  const bool first_is_better = (truth.orders[0].limit > truth.orders[1].limit) == (truth.orders[0].side == Side::buy);
  const LimitOrder& better = truth.orders[first_is_better ? 0 : 1];
  const LimitOrder& worse = truth.orders[first_is_better ? 1 : 0];
  const Energy served = std::min(fill, better.quantity);
  return true_worth(better, served) + true_worth(worse, fill - served) -
         pay(stated, clearing.fills).payments[stated.households[0]];
}

TEST_CASE("no two limits are better than the true ones of a household with two orders") {
  MESSAGE("seed " << first_seed);
  for (std::uint64_t number = 0; number < 150; ++number) {
    test::Random random(first_seed + number);
    const test::BookShape others{
        .orders_max = 6, .households_max = 0, .limit_min = Price{-2}, .limit_max = Price{5}, .quantity_max = Energy{4}};
    LimitBook truth = test::random_limit_book(random, others);
    if (truth.orders.size() < 2) continue;
    truth.households[1] = truth.households[0];
    truth.orders[1].side = truth.orders[0].side;
    const WideMoney honest = gain_of_two(truth, truth);
    LimitBook stated = truth;
    WideMoney best = honest;
    for (Price first = others.limit_min; first <= others.limit_max; first += Price{1}) {
      for (Price second = others.limit_min; second <= others.limit_max; second += Price{1}) {
        stated.orders[0].limit = first;
        stated.orders[1].limit = second;
        best = std::max(best, gain_of_two(stated, truth));
      }
    }
    CAPTURE(number);
    CHECK(to_text(best) == to_text(honest));
  }
}

}  // namespace
}  // namespace commonwatt
