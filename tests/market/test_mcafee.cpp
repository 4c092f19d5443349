// The trade reduction: worked examples, a slow reference unit by unit, and a search for a limit better than the true
// one.
#include <algorithm>
#include <functional>

#include <doctest/doctest.h>

#include "market/mcafee.hpp"
#include "tests/market/limit_books.hpp"

namespace commonwatt {
namespace {

using test::buy;
using test::LimitBook;
using test::sell;

constexpr std::uint64_t first_seed = 19'920'401;

McAfee clear_book(const LimitBook& book) {
  return clear_mcafee(book.orders, book.households, book.tie_key());
}

std::vector<Energy> energies(const std::vector<std::int64_t>& counts) {
  std::vector<Energy> energies;
  for (const std::int64_t count : counts) energies.push_back(Energy{count});
  return energies;
}

Energy total(const LimitBook& book, Side side, const std::vector<Energy>& quantities) {
  Energy sum;
  for (std::size_t i = 0; i < book.orders.size(); ++i) {
    if (book.orders[i].side == side) sum += quantities[i];
  }
  return sum;
}

TEST_CASE("the marginal bid and ask set the prices and stay out, the longer side is rationed") {
  // 30 Wh would trade: the bid at 30 to the last watt-hour, the ask at 25 in part. Before them stand bids of 20 Wh and
  // asks of 14 Wh.
  const LimitBook book =
      LimitBook::of_singles({buy(10, 50), sell(8, 10), buy(10, 40), sell(20, 25), buy(10, 30), sell(6, 20)});
  const McAfee result = clear_book(book);
  CHECK(result.fills == energies({7, 8, 7, 0, 0, 6}));
  CHECK(result.volume == Energy{14});
  CHECK(result.buyers_price == Price{30});
  CHECK(result.sellers_price == Price{25});
}

TEST_CASE("where both sides balance, everybody trades halfway between the best orders left over") {
  const std::vector<LimitOrder> bids{buy(10, 50), buy(10, 40), buy(5, 20)};
  const auto clear_with = [&](const LimitOrder& marginal_ask, std::uint32_t household_of_bid_left) {
    LimitBook book = LimitBook::of_singles(bids);
    for (const LimitOrder& ask : {sell(12, 10), marginal_ask, sell(9, 35)}) {
      book.add(ask, static_cast<std::uint32_t>(book.orders.size()));
    }
    book.households[2] = household_of_bid_left;
    return clear_book(book);
  };
  const McAfee all = clear_with(sell(8, 25), 2);
  CHECK(all.fills == energies({10, 10, 0, 12, 8, 0}));
  CHECK(all.buyers_price == Price{27});
  CHECK(all.sellers_price == Price{27});

  const McAfee reduced = {
      .fills = energies({10, 0, 0, 10, 0, 0}), .volume = Energy{10}, .buyers_price = Price{40}, .sellers_price = {}};
  SUBCASE("but not at a price below the marginal ask") {
    McAfee expected = reduced;
    expected.sellers_price = Price{30};
    CHECK(clear_with(sell(8, 30), 2) == expected);
  }
  SUBCASE("but not at a price set by a household that trades") {
    McAfee expected = reduced;
    expected.sellers_price = Price{25};
    CHECK(clear_with(sell(8, 25), 0) == expected);
  }
  SUBCASE("but not where a marginal order would be served in part") {
    McAfee expected = reduced;
    expected.sellers_price = Price{25};
    CHECK(clear_with(sell(9, 25), 2) == expected);
  }
}

TEST_CASE("half a unit of price below zero is rounded down") {
  const McAfee result = clear_book(LimitBook::of_singles({buy(5, 0), sell(5, -9), buy(5, -5), sell(5, 2)}));
  CHECK(result.buyers_price == Price{-2});
  CHECK(result.volume == Energy{5});
}

TEST_CASE("all orders of the household behind a marginal order stay out") {
  LimitBook book = LimitBook::of_singles({buy(10, 50), buy(10, 40), buy(10, 30), sell(25, 10), sell(30, 20)});
  CHECK(clear_book(book).fills == energies({10, 10, 0, 20, 0}));
  book.households[0] = book.households[2];
  const McAfee result = clear_book(book);
  CHECK(result.fills == energies({0, 10, 0, 10, 0}));
  CHECK(result.buyers_price == Price{30});
}

TEST_CASE("equal limits stand in order of their tie keys") {
  // The keys of places 0 and 1 begin with 13 and 180: place 1 is the marginal bid, whoever stands there.
  const McAfee result = clear_book(LimitBook::of_singles({buy(3, 20), buy(4, 20), sell(3, 10), sell(9, 12)}));
  CHECK(result.fills == energies({3, 0, 3, 0}));
}

TEST_CASE("without two bids and two asks that cross nobody trades") {
  const std::vector<std::vector<LimitOrder>> books{
      {},
      {buy(5, 10)},
      {sell(5, 10)},
      {buy(5, 9), sell(5, 10)},
      {buy(5, 10), sell(5, 9)},
      {buy(5, 10), buy(5, 10), sell(20, 9)},
  };
  for (const std::vector<LimitOrder>& orders : books) {
    const McAfee result = clear_book(LimitBook::of_singles(orders));
    CHECK(result.fills == std::vector<Energy>(orders.size()));
    CHECK(result.volume == Energy{0});
    CHECK(!result.buyers_price);
    CHECK(!result.sellers_price);
  }
}

TEST_CASE("the largest quantities and prices clear without an overflow") {
  const std::int64_t energy = auction_energy_max.count / 8;
  const std::int64_t price = auction_price_magnitude_max.count;
  const McAfee result = clear_book(LimitBook::of_singles(
      {buy(2 * energy, price), buy(energy, price), sell(energy, -price), sell(energy, -price), sell(energy, -price)}));
  CHECK(result.volume == Energy{2 * energy});
  CHECK(result.buyers_price == Price{price});
  CHECK(result.sellers_price == Price{-price});
}

/// One watt-hour of an order.
struct Unit {
  std::size_t index = 0;
  Price limit;
};

std::vector<Unit> units_of(const LimitBook& book, Side side) {
  const TieKey key = book.tie_key();
  std::vector<Unit> units;
  for (std::size_t i = 0; i < book.orders.size(); ++i) {
    const LimitOrder& order = book.orders[i];
    if (order.side != side) continue;
    units.insert(units.end(), static_cast<std::size_t>(order.quantity.count), Unit{i, order.limit});
  }
  std::stable_sort(units.begin(), units.end(), [&](const Unit& a, const Unit& b) {
    if (a.limit != b.limit) return side == Side::buy ? a.limit > b.limit : a.limit < b.limit;
    return key(a.index) < key(b.index);
  });
  return units;
}

/// Pairs watt-hour with watt-hour. Nothing in common with the walk over orders.
McAfee slow_clear(const LimitBook& book) {
  McAfee result;
  result.fills.resize(book.orders.size());
  const std::vector<Unit> bids = units_of(book, Side::buy);
  const std::vector<Unit> asks = units_of(book, Side::sell);
  std::size_t pairs = 0;
  while (pairs < bids.size() && pairs < asks.size() && bids[pairs].limit >= asks[pairs].limit) ++pairs;
  if (pairs == 0) return result;
  const std::size_t bid = bids[pairs - 1].index;
  const std::size_t ask = asks[pairs - 1].index;
  std::vector<bool> trades(book.orders.size());
  for (std::size_t i = 0; i < pairs; ++i) trades[bids[i].index] = trades[asks[i].index] = true;
  std::optional<Price> common;
  if (pairs < bids.size() && pairs < asks.size() && bids[pairs].index != bid && asks[pairs].index != ask) {
    const std::int64_t sum = (bids[pairs].limit + asks[pairs].limit).count;
    const Price middle{(sum - (sum % 2 == 0 ? 0 : 1) * (sum < 0 ? 1 : 0)) / 2};
    if (middle >= book.orders[ask].limit && middle <= book.orders[bid].limit) common = middle;
    for (std::size_t i = 0; i < trades.size(); ++i) {
      const std::uint32_t household = book.households[i];
      const bool sets_price =
          household == book.households[bids[pairs].index] || household == book.households[asks[pairs].index];
      if (trades[i] && sets_price) common.reset();
    }
  }
  for (std::size_t i = 0; i < trades.size() && !common; ++i) {
    const std::uint32_t household = book.households[i];
    if (household == book.households[bid] || household == book.households[ask]) trades[i] = false;
  }
  std::vector<Claim> buyers;
  std::vector<Claim> sellers;
  Energy demand;
  Energy supply;
  for (std::size_t i = 0; i < trades.size(); ++i) {
    const bool buys = book.orders[i].side == Side::buy;
    if (!trades[i]) continue;
    (buys ? buyers : sellers)
        .push_back({.index = i, .quantity = book.orders[i].quantity, .share = {}, .remainder = {}});
    (buys ? demand : supply) += book.orders[i].quantity;
  }
  result.volume = std::min(demand, supply);
  if (result.volume == Energy{0}) return result;
  share_pro_rata(buyers, result.volume, book.tie_key());
  share_pro_rata(sellers, result.volume, book.tie_key());
  for (const Claim& claim : buyers) result.fills[claim.index] = claim.share;
  for (const Claim& claim : sellers) result.fills[claim.index] = claim.share;
  result.buyers_price = common.value_or(book.orders[bid].limit);
  result.sellers_price = common.value_or(book.orders[ask].limit);
  return result;
}

constexpr test::BookShape several_orders_each{
    .orders_max = 20, .households_max = 12, .limit_min = {-4}, .limit_max = {8}, .quantity_max = {6}};
constexpr test::BookShape one_order_each{
    .orders_max = 20, .households_max = 0, .limit_min = {-4}, .limit_max = {30}, .quantity_max = {40}};

TEST_CASE("random books clear as the slow reference clears them") {
  constexpr int books = 10'000;
  MESSAGE("seed " << first_seed << ", " << books << " books");
  int traded = 0;
  int at_one_price = 0;
  for (std::uint64_t number = 0; number < books; ++number) {
    test::Random random(first_seed + number);
    const LimitBook book = test::random_limit_book(random, several_orders_each);
    const McAfee result = clear_book(book);
    CAPTURE(number);
    REQUIRE(result == slow_clear(book));
    if (result.buyers_price) ++traded;
    if (result.buyers_price && result.buyers_price == result.sellers_price) ++at_one_price;
  }
  MESSAGE(traded << " traded, " << at_one_price << " at one price");
  CHECK(traded > books / 4);
  CHECK(at_one_price > books / 100);
}

TEST_CASE("in random books energy balances, nobody is beyond its limit, and the spread is never below zero") {
  MESSAGE("seed " << first_seed);
  for (std::uint64_t number = 0; number < 10'000; ++number) {
    test::Random random(first_seed + number);
    const LimitBook book = test::random_limit_book(random, number % 2 == 0 ? several_orders_each : one_order_each);
    const McAfee result = clear_book(book);
    CAPTURE(number);
    REQUIRE(total(book, Side::buy, result.fills) == result.volume);
    REQUIRE(total(book, Side::sell, result.fills) == result.volume);
    REQUIRE(result.buyers_price.has_value() == (result.volume > Energy{0}));
    REQUIRE(result.sellers_price.has_value() == (result.volume > Energy{0}));
    if (result.volume == Energy{0}) continue;
    REQUIRE(*result.buyers_price >= *result.sellers_price);
    for (std::size_t i = 0; i < book.orders.size(); ++i) {
      const LimitOrder& order = book.orders[i];
      REQUIRE((result.fills[i] >= Energy{0} && result.fills[i] <= order.quantity));
      if (result.fills[i] == Energy{0}) continue;
      REQUIRE((order.side == Side::buy ? order.limit >= *result.buyers_price : order.limit <= *result.sellers_price));
    }
  }
}

TEST_CASE("the order of arrival changes nothing") {
  MESSAGE("seed " << first_seed);
  for (std::uint64_t number = 0; number < 5'000; ++number) {
    test::Random random(first_seed + number);
    const LimitBook book = test::random_limit_book(random, several_orders_each);
    const std::vector<std::size_t> sequence = test::random_sequence(random, book.orders.size());
    McAfee expected = clear_book(book);
    const std::vector<Energy> fills = expected.fills;
    for (std::size_t i = 0; i < sequence.size(); ++i) expected.fills[i] = fills[sequence[i]];
    CAPTURE(number);
    REQUIRE(clear_book(book.in_sequence(sequence)) == expected);
  }
}

TEST_CASE("the welfare lost is no more than the header says") {
  MESSAGE("seed " << first_seed);
  int reduced = 0;
  for (std::uint64_t number = 0; number < 10'000; ++number) {
    test::Random random(first_seed + number);
    const LimitBook book = test::random_limit_book(random, one_order_each);
    const McAfee result = clear_book(book);
    const Clearing efficient = test::clear_uniform(book.orders);
    const WideMoney welfare = test::welfare_of(book.orders, result.fills);
    const WideMoney welfare_max = test::welfare_of(book.orders, efficient.fills);
    CAPTURE(number);
    REQUIRE(welfare <= welfare_max);
    if (result.volume == Energy{0}) continue;

    Energy bids_trading;
    Energy asks_trading;
    WideMoney rounding = 0;  // one watt-hour of every trader, at what it gains on one
    for (std::size_t i = 0; i < book.orders.size(); ++i) {
      const LimitOrder& order = book.orders[i];
      const bool buys = order.side == Side::buy;
      if (result.fills[i] == Energy{0}) continue;
      (buys ? bids_trading : asks_trading) += order.quantity;
      rounding += buys ? (order.limit - *result.buyers_price).count : (*result.sellers_price - order.limit).count;
    }
    const WideMoney volume = result.volume.count;
    const WideMoney volume_max = efficient.volume.count;
    REQUIRE((welfare + rounding) * volume_max * volume_max >= welfare_max * volume * volume);
    if (result.buyers_price == result.sellers_price || bids_trading != asks_trading) continue;
    // Where nobody is rationed, the trades of the two marginal orders with one another are all that is lost.
    ++reduced;
    REQUIRE(welfare_max - welfare == (volume_max - volume) * (*result.buyers_price - *result.sellers_price).count);
  }
  CHECK(reduced > 100);
}

/// What a household gains by these fills and payments, by its true limit.
using Gain = std::function<std::int64_t(const LimitBook& stated, std::size_t index, const LimitOrder& truth)>;

std::int64_t gain_at(const LimitOrder& truth, Energy fill, Price price) {
  return fill.count * (truth.side == Side::buy ? truth.limit - price : price - truth.limit).count;
}

std::int64_t mcafee_gain(const LimitBook& stated, std::size_t index, const LimitOrder& truth) {
  const McAfee result = clear_book(stated);
  const std::optional<Price> price = truth.side == Side::buy ? result.buyers_price : result.sellers_price;
  return price ? gain_at(truth, result.fills[index], *price) : 0;
}

std::int64_t uniform_gain(const LimitBook& stated, std::size_t index, const LimitOrder& truth) {
  const Clearing result = test::clear_uniform(stated.orders);
  return result.price ? gain_at(truth, result.fills[index], *result.price) : 0;
}

/// How many households with one order gain by some limit other than the true one, the others' orders being as they
/// are. `limit_min` and `limit_max` enclose all limits of the book, and the search goes one beyond.
int count_gaining_by_a_lie(const LimitBook& book, Price limit_min, Price limit_max, const Gain& gain) {
  int gaining = 0;
  for (std::size_t i = 0; i < book.orders.size(); ++i) {
    if (book.orders_of(book.households[i]) > 1) continue;
    const LimitOrder& truth = book.orders[i];
    const std::int64_t honest = gain(book, i, truth);
    LimitBook stated = book;
    for (Price limit = limit_min - Price{1}; limit <= limit_max + Price{1}; limit += Price{1}) {
      stated.orders[i].limit = limit;
      if (gain(stated, i, truth) <= honest) continue;
      ++gaining;
      break;
    }
  }
  return gaining;
}

TEST_CASE("no limit is better than the true one, in any book of two bids and two asks") {
  constexpr std::size_t limits = 4;
  constexpr std::size_t quantities = 3;
  constexpr std::size_t orders = limits * quantities;
  int gaining = 0;
  int gaining_uniform = 0;
  for (std::size_t number = 0; number < orders * orders * orders * orders; ++number) {
    LimitBook book;
    std::size_t rest = number;
    for (std::uint32_t household = 0; household < 4; ++household, rest /= orders) {
      const auto limit = static_cast<std::int64_t>(rest % limits);
      const auto quantity = static_cast<std::int64_t>(rest % orders / limits + 1);
      book.add(household % 2 == 0 ? buy(quantity, limit) : sell(quantity, limit), household);
    }
    gaining += count_gaining_by_a_lie(book, Price{0}, Price{limits - 1}, mcafee_gain);
    if (number % 100 == 0) gaining_uniform += count_gaining_by_a_lie(book, Price{0}, Price{limits - 1}, uniform_gain);
  }
  CHECK(gaining == 0);
  MESSAGE(gaining_uniform << " gain in the uniform auction");
  CHECK(gaining_uniform > 0);
}

TEST_CASE("no limit is better than the true one in random books, and the search finds one in the uniform auction") {
  MESSAGE("seed " << first_seed);
  int gaining = 0;
  int gaining_uniform = 0;
  for (std::uint64_t number = 0; number < 3'000; ++number) {
    test::Random random(first_seed + number);
    test::BookShape shape{.orders_max = 12,
                          .households_max = number % 2 == 0 ? 0 : 16,
                          .limit_min = Price{-test::between(random, 0, 2)},
                          .limit_max = Price{test::between(random, 1, 8)},
                          .quantity_max = Energy{test::between(random, 1, 9)}};
    const LimitBook book = test::random_limit_book(random, shape);
    const int liars = count_gaining_by_a_lie(book, shape.limit_min, shape.limit_max, mcafee_gain);
    CAPTURE(number);
    CHECK(liars == 0);
    gaining += liars;
    if (number % 20 == 0) {
      gaining_uniform += count_gaining_by_a_lie(book, shape.limit_min, shape.limit_max, uniform_gain);
    }
  }
  CHECK(gaining == 0);
  MESSAGE(gaining_uniform << " gain in the uniform auction, of the books it was searched in");
  CHECK(gaining_uniform > 50);
}

}  // namespace
}  // namespace commonwatt
