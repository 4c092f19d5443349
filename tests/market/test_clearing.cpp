#include <doctest/doctest.h>

#include "core/sha256.hpp"
#include "market/clearing.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

using test::ask;
using test::bid;
using Book = std::vector<BookOrder>;

constexpr ClearingRule middle{.k_permille = 500};

std::vector<std::int64_t> fills_of(const Clearing& clearing) {
  std::vector<std::int64_t> counts;
  for (const Energy fill : clearing.fills) counts.push_back(fill.count);
  return counts;
}

std::int64_t price_with(const Book& book, std::int64_t k_permille) {
  return clear(book, ClearingRule{k_permille}, Hash32{}).price.value().count;
}

TEST_CASE("an empty book, a book of bids and a book of asks clear to nothing") {
  for (const Book& book : {Book{}, Book{bid(1, 10, 5), bid(2, 10, 9)}, Book{ask(1, 10, 5), ask(2, 10, -9)}}) {
    const Clearing clearing = clear(book, middle, Hash32{});
    CHECK_FALSE(clearing.price.has_value());
    CHECK(clearing.volume == Energy{0});
    CHECK(fills_of(clearing) == std::vector<std::int64_t>(book.size()));
  }
}

TEST_CASE("a bid below the only ask does not trade") {
  const Clearing clearing = clear(Book{bid(1, 100, 199'999), ask(2, 100, 200'000)}, middle, Hash32{});
  CHECK_FALSE(clearing.price.has_value());
  CHECK(clearing.volume == Energy{0});
}

TEST_CASE("one bid and one ask of the same size trade half way between their limits") {
  const Book book{bid(1, 500, 300'000), ask(2, 500, 100'000)};
  const Clearing clearing = clear(book, middle, Hash32{});
  CHECK(clearing.price == Price{200'000});
  CHECK(clearing.volume == Energy{500});
  CHECK(fills_of(clearing) == std::vector<std::int64_t>{500, 500});
}

TEST_CASE("k places the price between the lowest and the highest that execute the volume, rounded down") {
  const Book book{bid(1, 500, 300'001), ask(2, 500, 100'000)};
  CHECK(price_with(book, 0) == 100'000);
  CHECK(price_with(book, 500) == 200'000);
  CHECK(price_with(book, 1000) == 300'001);
  CHECK(price_with(book, 1) == 100'200);
}

TEST_CASE("the side with quantity left sets the price") {
  // 300 Wh wanted, 1000 offered: the ask is left with 700, so no price above its limit executes it.
  CHECK(price_with({bid(1, 300, 300'000), ask(2, 1000, 100'000)}, 500) == 100'000);
  CHECK(price_with({bid(1, 1000, 300'000), ask(2, 300, 100'000)}, 500) == 300'000);
}

TEST_CASE("the best orders are filled and the price lies between the last filled and the first left") {
  // Asks 100 @ 10, 100 @ 20, 100 @ 40; bids 100 @ 50, 100 @ 30, 100 @ 5: two pairs trade, at a price in [20, 30].
  const Book book{ask(1, 100, 10), bid(2, 100, 5), ask(3, 100, 40), bid(4, 100, 50), ask(5, 100, 20), bid(6, 100, 30)};
  const Clearing clearing = clear(book, middle, Hash32{});
  CHECK(clearing.volume == Energy{200});
  CHECK(clearing.price == Price{25});
  CHECK(fills_of(clearing) == std::vector<std::int64_t>{100, 0, 0, 100, 100, 100});
  CHECK(price_with(book, 0) == 20);
  CHECK(price_with(book, 1000) == 30);
}

TEST_CASE("an order left outside the trade narrows the price") {
  // 100 Wh trade between 10 and 90; the bid left at 40 and the ask left at 60 keep the price in [40, 60].
  const Book book{ask(1, 100, 10), bid(2, 100, 90), bid(3, 100, 40), ask(4, 100, 60)};
  CHECK(price_with(book, 0) == 40);
  CHECK(price_with(book, 1000) == 60);
}

TEST_CASE("prices may be negative") {
  const Book book{ask(1, 100, -50'000), bid(2, 100, -10'001)};
  CHECK(price_with(book, 0) == -50'000);
  CHECK(price_with(book, 500) == -30'001);  // -50000 + floor(39999 / 2)
  CHECK(price_with(book, 1000) == -10'001);
}

TEST_CASE("orders tied at the margin share pro rata to quantity") {
  // 60 Wh for asks of 10, 20 and 30 at 100 would be all of them; 30 Wh are exactly half of each.
  const Clearing clearing = clear(Book{ask(1, 10, 100), ask(2, 20, 100), ask(3, 30, 100), bid(4, 30, 200)}, middle, {});
  CHECK(fills_of(clearing) == std::vector<std::int64_t>{5, 10, 15, 30});
  CHECK(clearing.price == Price{100});
}

TEST_CASE("the last watt-hours go by largest remainder") {
  // 10 Wh over 5, 4 and 3: 50/12 = 4 rest 2, 40/12 = 3 rest 4, 30/12 = 2 rest 6. The last watt-hour goes to the third.
  const Clearing clearing = clear(Book{bid(1, 5, 100), bid(2, 4, 100), bid(3, 3, 100), ask(4, 10, 50)}, middle, {});
  CHECK(fills_of(clearing) == std::vector<std::int64_t>{4, 3, 3, 10});
}

TEST_CASE("equal remainders go by the smaller SHA-256 of seed and id, which the seed alone decides") {
  const Book book{ask(1, 10, 100), ask(2, 10, 100), ask(3, 10, 100), bid(4, 10, 200)};
  std::array<int, 3> wins{};
  for (std::uint8_t number = 0; number < 32; ++number) {
    Hash32 seed{};
    seed[0] = number;
    std::size_t winner = 0;
    for (std::size_t i = 1; i < 3; ++i) {
      if (sha256({seed, book[i].id}) < sha256({seed, book[winner].id})) winner = i;
    }
    std::vector<std::int64_t> expected{3, 3, 3, 10};
    ++expected[winner];
    ++wins[winner];
    CHECK(fills_of(clear(book, middle, seed)) == expected);
  }
  for (const int count : wins) CHECK(count > 0);
}

TEST_CASE("both sides tied at one price trade the smaller side whole") {
  const Clearing clearing = clear(Book{bid(1, 30, 7), bid(2, 10, 7), ask(3, 20, 7)}, middle, Hash32{});
  CHECK(clearing.volume == Energy{20});
  CHECK(clearing.price == Price{7});
  CHECK(fills_of(clearing) == std::vector<std::int64_t>{15, 5, 20});
}

TEST_CASE("several orders of one household are its price-quantity curve") {
  // One buyer pays 300 for its first 100 Wh, 200 for the next, 100 for the last; 250 Wh are offered at 150.
  const Book book{bid(1, 100, 300), bid(2, 100, 200), bid(3, 100, 100), ask(4, 250, 150)};
  const Clearing clearing = clear(book, middle, Hash32{});
  CHECK(fills_of(clearing) == std::vector<std::int64_t>{100, 100, 0, 200});
  CHECK(clearing.price == Price{150});
}

TEST_CASE("the largest quantities and prices an order may have do not overflow") {
  Book book;
  for (std::uint32_t i = 0; i < 500; ++i) {
    book.push_back(bid(2 * i, order_energy_max.count, price_magnitude_max.count));
    book.push_back(ask(2 * i + 1, order_energy_max.count - 1, -price_magnitude_max.count));
  }
  const Clearing clearing = clear(book, middle, Hash32{});
  CHECK(clearing.volume == Energy{500 * (order_energy_max.count - 1)});
  CHECK(clearing.price == price_magnitude_max);  // The bids are left with a watt-hour each.
}

TEST_CASE("the seed follows from interval, last batch and all accepted ids") {
  const Interval interval(900, 900);
  Hash32 last{};
  last[0] = 9;
  const Book book{bid(1, 1, 1), ask(2, 1, 1)};
  const std::array<std::uint8_t, 8> begin{0, 0, 0, 0, 0, 0, 0x03, 0x84};
  CHECK(clearing_seed(interval, last, book) == sha256({begin, last, sha256({book[0].id, book[1].id})}));
  CHECK(clearing_seed(interval.next(), last, book) != clearing_seed(interval, last, book));
  CHECK(clearing_seed(interval, Hash32{}, book) != clearing_seed(interval, last, book));
  CHECK(clearing_seed(interval, last, Book{book[0]}) != clearing_seed(interval, last, book));
}

}  // namespace
}  // namespace commonwatt
