// The auction against a second, slow one written from the rulebook alone, over random books from a printed seed.
#include <algorithm>
#include <numeric>
#include <set>

#include <doctest/doctest.h>

#include "core/sha256.hpp"
#include "core/wide.hpp"
#include "market/certificate.hpp"
#include "market/clearing.hpp"
#include "tests/campaign.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

using Book = std::vector<BookOrder>;

constexpr std::uint64_t first_seed = 20'260'621;

Energy at_least(const Book& book, Side side, Price price) {
  Energy sum;
  for (const BookOrder& order : book) {
    const bool willing = side == Side::buy ? order.limit >= price : order.limit <= price;
    if (order.side == side && willing) sum += order.quantity;
  }
  return sum;
}

/// The fills of one side when `volume` is dealt out from the best limit on, group by group of equal limits.
void deal(const Book& book, Side side, Energy volume, const Hash32& seed, std::vector<Energy>& fills) {
  std::vector<std::size_t> order(book.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  order.erase(std::remove_if(order.begin(), order.end(), [&](std::size_t i) { return book[i].side != side; }),
              order.end());
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return side == Side::buy ? book[a].limit > book[b].limit : book[a].limit < book[b].limit;
  });
  for (std::size_t first = 0; first < order.size() && volume > Energy{0};) {
    std::size_t last = first;
    Energy group;
    while (last < order.size() && book[order[last]].limit == book[order[first]].limit) {
      group += book[order[last++]].quantity;
    }
    const Energy available = std::min(volume, group);
    Energy left = available;
    for (std::size_t i = first; i < last; ++i) {
      const Wide product = static_cast<Wide>(book[order[i]].quantity.count) * available.count;
      fills[order[i]] = Energy{static_cast<std::int64_t>(product / group.count)};
      left -= fills[order[i]];
    }
    std::sort(order.begin() + static_cast<std::ptrdiff_t>(first), order.begin() + static_cast<std::ptrdiff_t>(last),
              [&](std::size_t a, std::size_t b) {
                const Wide rest_a = static_cast<Wide>(book[a].quantity.count) * available.count % group.count;
                const Wide rest_b = static_cast<Wide>(book[b].quantity.count) * available.count % group.count;
                if (rest_a != rest_b) return rest_a > rest_b;
                return sha256({seed, book[a].id}) < sha256({seed, book[b].id});
              });
    for (std::size_t i = first; left > Energy{0}; ++i, left -= Energy{1}) fills[order[i]] += Energy{1};
    volume -= available;
    first = last;
  }
}

/// Tries every limit as a price: O(n^2), and nothing in common with the quantile.
Clearing slow_clear(const Book& book, const ClearingRule& rule, const Hash32& seed) {
  Clearing result{.price = std::nullopt, .volume = {}, .fills = std::vector<Energy>(book.size())};
  std::set<Price> prices;
  for (const BookOrder& order : book) prices.insert(order.limit);
  for (const Price price : prices) {
    const Energy volume = std::min(at_least(book, Side::buy, price), at_least(book, Side::sell, price));
    result.volume = std::max(result.volume, volume);
  }
  if (result.volume == Energy{0}) return result;
  deal(book, Side::buy, result.volume, seed, result.fills);
  deal(book, Side::sell, result.volume, seed, result.fills);
  std::vector<Price> at_or_above;  // the price is none of these or higher
  std::vector<Price> at_or_below;
  for (std::size_t i = 0; i < book.size(); ++i) {
    const bool buys = book[i].side == Side::buy;
    if (result.fills[i] > Energy{0}) (buys ? at_or_below : at_or_above).push_back(book[i].limit);
    if (result.fills[i] < book[i].quantity) (buys ? at_or_above : at_or_below).push_back(book[i].limit);
  }
  const Price low = *std::max_element(at_or_above.begin(), at_or_above.end());
  const Price high = *std::min_element(at_or_below.begin(), at_or_below.end());
  result.price = low + Price{(high - low).count * rule.k_permille / 1000};
  return result;
}

ClearingRule random_rule(test::Random& random) {
  const std::array<std::int64_t, 4> choices{0, 500, 1000, test::between(random, 0, 1000)};
  return {.k_permille = choices[static_cast<std::size_t>(test::between(random, 0, 3))]};
}

std::vector<std::size_t> random_sequence(test::Random& random, std::size_t size) {
  std::vector<std::size_t> sequence(size);
  std::iota(sequence.begin(), sequence.end(), std::size_t{0});
  for (std::size_t i = sequence.size(); i > 1; --i) {
    std::swap(sequence[i - 1], sequence[static_cast<std::size_t>(random() % i)]);
  }
  return sequence;
}

/// Clears the book in another sequence and requires the same bytes, each fill with its order.
void require_same_in_any_sequence(test::Random& random, const Book& book, const ClearingRule& rule, const Hash32& seed,
                                  const Clearing& clearing) {
  Book shuffled;
  Clearing expected{.price = clearing.price, .volume = clearing.volume, .fills = {}};
  for (const std::size_t i : random_sequence(random, book.size())) {
    shuffled.push_back(book[i]);
    expected.fills.push_back(clearing.fills[i]);
  }
  REQUIRE(encode(clear(shuffled, rule, seed)) == encode(expected));
}

TEST_CASE("random books clear as the slow reference clears them, with a certificate, in any sequence") {
  const std::uint64_t first = test::seed(first_seed);
  const std::uint64_t books = test::cases(4'000);
  constexpr int sequences = 10;
  MESSAGE("seed " << first << ", " << books << " books");
  std::uint64_t traded = 0;
  for (std::uint64_t number = 0; number < books; ++number) {
    test::Random random(first + number);
    const Book book = test::random_book(random, 400);
    const ClearingRule rule = random_rule(random);
    Hash32 seed{};
    seed[0] = static_cast<std::uint8_t>(random());
    const Clearing clearing = clear(book, rule, seed);
    const Clearing expected = slow_clear(book, rule, seed);
    const bool equal = clearing == expected;
    const auto fault = clearing_fault(book, clearing);
    CAPTURE(number);
    if (!equal || fault) {
      CHECK(clearing.volume == expected.volume);
      CHECK(clearing.price == expected.price);
      CHECK(clearing.fills == expected.fills);
      REQUIRE(fault.value_or("optimal") == "optimal");
    }
    for (int i = 0; i < sequences; ++i) require_same_in_any_sequence(random, book, rule, seed, clearing);
    if (clearing.volume > Energy{0}) ++traded;
  }
  CHECK(traded > books / 2);
}

TEST_CASE("books so large that the price is guessed first clear as the slow reference clears them") {
  const std::uint64_t first = test::seed(first_seed);
  int lopsided = 0;
  for (std::uint64_t number = 0; number < test::cases(60); ++number) {
    test::Random random(first + number);
    Book book;
    // One sort of book after the other: plain, all bids dear and all asks cheap, a few orders that outweigh the rest
    // (so that a sample misleads), and prices in step with the places that are sampled.
    const std::int64_t orders = test::between(random, 1'000, 6'000);
    const std::uint64_t kind = number % 4;
    for (std::int64_t i = 0; i < orders; ++i) {
      const bool sells = random() % 2 == 0;
      const bool is_giant = kind == 2 && random() % 400 == 0;
      const std::int64_t quantity = is_giant ? 900'000'000 : test::between(random, 1, 2'000);
      std::int64_t limit = test::between(random, -300, 300);
      if (kind == 1) limit = sells ? -300 : 300 - i % 2;
      if (kind == 3) limit = i % 618;
      const auto number_of_order = static_cast<std::uint32_t>(i);
      book.push_back(sells ? test::ask(number_of_order, quantity, limit) : test::bid(number_of_order, quantity, limit));
      if (is_giant) ++lopsided;
    }
    const ClearingRule rule = random_rule(random);
    const Clearing clearing = clear(book, rule, Hash32{});
    CAPTURE(number);
    const bool equal = clearing == slow_clear(book, rule, Hash32{});
    REQUIRE(equal);
    REQUIRE_FALSE(clearing_fault(book, clearing).has_value());
  }
  CHECK(lopsided > 10);
}

TEST_CASE("one auction clears one book after the other as a new one would") {
  test::Random random(first_seed);
  CallAuction auction;
  Clearing clearing;
  for (int i = 0; i < 300; ++i) {
    const Book book = test::random_book(random, i % 3 == 0 ? 2'500 : 30);
    std::vector<LimitOrder> orders;
    for (const BookOrder& order : book) orders.push_back(limit_order(order));
    auction.clear(
        orders, ClearingRule{},
        [&](std::size_t order) {
          return sha256({Hash32{}, book[order].id});
        },
        clearing);
    REQUIRE(clearing == clear(book, ClearingRule{}, Hash32{}));
  }
}

TEST_CASE("splitting an order in two gains at most a watt-hour of rounding for each half") {
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    test::Random random(first_seed + number);
    Book book = test::random_book(random);
    if (book.empty() || book[0].quantity < Energy{2}) continue;
    const Clearing whole = clear(book, ClearingRule{}, Hash32{});
    BookOrder half = book[0];
    half.id = test::numbered_id(1'000);
    half.quantity = Energy{book[0].quantity.count / 2};
    book[0].quantity -= half.quantity;
    book.push_back(half);
    const Clearing split = clear(book, ClearingRule{}, Hash32{});
    CAPTURE(number);
    CHECK(split.volume == whole.volume);
    CHECK(split.price.has_value() == whole.price.has_value());
    CHECK(split.fills.front() + split.fills.back() <= whole.fills.front() + Energy{2});
  }
}

}  // namespace
}  // namespace commonwatt
