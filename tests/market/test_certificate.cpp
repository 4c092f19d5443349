#include <doctest/doctest.h>

#include "market/certificate.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

using test::ask;
using test::bid;
using Book = std::vector<BookOrder>;

// Asks 100 @ 10, 100 @ 20, 100 @ 40; bids 100 @ 50, 100 @ 30, 100 @ 5: two pairs trade at 25.
const Book book{ask(1, 100, 10), bid(2, 100, 5), ask(3, 100, 40), bid(4, 100, 50), ask(5, 100, 20), bid(6, 100, 30)};

Clearing right() {
  return clear(book, ClearingRule{}, Hash32{});
}

bool finds(const Clearing& clearing, const char* what) {
  const std::optional<std::string> fault = clearing_fault(book, clearing);
  CAPTURE(fault.value_or("no fault"));
  CHECK((fault && fault->find(what) != std::string::npos));
  return fault.has_value();
}

TEST_CASE("a right clearing has no fault, an empty one of an empty book neither") {
  CHECK(right().price == Price{25});
  CHECK_FALSE(clearing_fault(book, right()).has_value());
  CHECK_FALSE(clearing_fault({}, Clearing{}).has_value());
}

TEST_CASE("a fill too few or too many is found") {
  Clearing clearing = right();
  clearing.fills.pop_back();
  finds(clearing, "one fill per order");
  clearing = right();
  clearing.fills.push_back(Energy{0});
  finds(clearing, "one fill per order");
}

TEST_CASE("a fill outside its order's quantity is found") {
  Clearing clearing = right();
  clearing.fills[0] = Energy{101};
  finds(clearing, "filled outside [0, quantity]");
  clearing.fills[0] = Energy{-1};
  finds(clearing, "filled outside [0, quantity]");
}

TEST_CASE("an order filled beyond its limit is found, on either side") {
  Clearing clearing = right();
  clearing.price = Price{31};
  finds(clearing, "filled beyond its limit");  // the bid at 30
  clearing.price = Price{19};
  finds(clearing, "filled beyond its limit");  // the ask at 20
}

TEST_CASE("an order better than the price and not filled whole is found") {
  Clearing clearing = right();
  clearing.fills[0] = clearing.fills[5] = Energy{99};
  clearing.volume = Energy{199};
  finds(clearing, "better than the price and not filled whole");
}

TEST_CASE("energy that nobody gave is found") {
  const Book tied{bid(1, 100, 30), ask(2, 100, 30)};
  const Clearing clearing{.price = Price{30}, .volume = Energy{100}, .fills = {Energy{100}, Energy{99}}};
  CHECK(clearing_fault(tied, clearing) == "buyers get 100 Wh, sellers give 99");
}

TEST_CASE("a wrong volume is found") {
  Clearing clearing = right();
  clearing.volume = Energy{201};
  finds(clearing, "the volume is not the sum of the fills");
}

TEST_CASE("a price without volume and a volume without a price are found") {
  Clearing clearing = right();
  clearing.price.reset();
  finds(clearing, "filled without a price");
  const Book apart{bid(1, 100, 10), ask(2, 100, 20)};
  CHECK(clearing_fault(apart, {.price = Price{15}, .volume = {}, .fills = {Energy{0}, Energy{0}}}) ==
        "a price without volume, or volume without a price");
}

TEST_CASE("a clearing that trades less than it could is found") {
  const Book tied{bid(1, 100, 30), ask(2, 100, 30)};
  const Clearing nothing{.price = std::nullopt, .volume = {}, .fills = {Energy{0}, Energy{0}}};
  CHECK(clearing_fault(tied, nothing) == "a bid and an ask that could trade are left");
  const Clearing half{.price = Price{30}, .volume = Energy{50}, .fills = {Energy{50}, Energy{50}}};
  CHECK(clearing_fault(tied, half) == "a bid and an ask that could trade are left");
}

TEST_CASE("of random books, every clearing with one number changed is found or just as good") {
  constexpr std::uint64_t seed = 31;
  MESSAGE("seed " << seed);
  int found = 0;
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    test::Random random(seed + number);
    const Book random_book = test::random_book(random);
    const Clearing clearing = clear(random_book, ClearingRule{}, Hash32{});
    if (!clearing.price) continue;
    for (std::size_t i = 0; i < random_book.size(); ++i) {
      Clearing wrong = clearing;
      wrong.fills[i] += Energy{test::between(random, 0, 1) == 0 ? 1 : -1};
      CAPTURE(number);
      // One fill alone cannot change: what is bought would not be what is sold.
      REQUIRE(clearing_fault(random_book, wrong).has_value());
      ++found;
    }
    Clearing wrong = clearing;
    wrong.volume += Energy{1};
    REQUIRE(clearing_fault(random_book, wrong).has_value());
    wrong = clearing;
    wrong.price.reset();
    REQUIRE(clearing_fault(random_book, wrong).has_value());
  }
  CHECK(found > 10'000);
}

}  // namespace
}  // namespace commonwatt
