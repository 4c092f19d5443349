// The auction against a second, slow one written from the rulebook alone, over random books from a printed seed.
#include <algorithm>
#include <numeric>

#include <doctest/doctest.h>

#include "core/sha256.hpp"
#include "market/certificate.hpp"
#include "market/clearing.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

using Book = std::vector<BookOrder>;
__extension__ using Wide = __int128;

constexpr std::uint64_t first_seed = 20'260'621;
constexpr int books = 20'000;

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
  for (const BookOrder& order : book) {
    const Energy volume = std::min(at_least(book, Side::buy, order.limit), at_least(book, Side::sell, order.limit));
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

TEST_CASE("random books clear as the slow reference clears them, with a certificate") {
  MESSAGE("seed " << first_seed << ", " << books << " books");
  int traded = 0;
  for (std::uint64_t number = 0; number < books; ++number) {
    test::Random random(first_seed + number);
    const Book book = test::random_book(random);
    const ClearingRule rule = random_rule(random);
    Hash32 seed{};
    seed[0] = static_cast<std::uint8_t>(random());
    const Clearing clearing = clear(book, rule, seed);
    const Clearing expected = slow_clear(book, rule, seed);
    const bool equal = clearing == expected;
    const auto fault = clearing_fault(book, clearing);
    if (!equal || fault) {
      CAPTURE(number);
      CHECK(clearing.volume == expected.volume);
      CHECK(clearing.price == expected.price);
      CHECK(clearing.fills == expected.fills);
      REQUIRE(fault.value_or("optimal") == "optimal");
    }
    if (clearing.volume > Energy{0}) ++traded;
  }
  CHECK(traded > books / 2);
}

TEST_CASE("the order of arrival changes nothing") {
  MESSAGE("seed " << first_seed);
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    test::Random random(first_seed + number);
    const Book book = test::random_book(random);
    const ClearingRule rule = random_rule(random);
    const Clearing clearing = clear(book, rule, Hash32{});
    std::vector<std::size_t> sequence(book.size());
    std::iota(sequence.begin(), sequence.end(), std::size_t{0});
    for (std::size_t i = sequence.size(); i > 1; --i) {
      std::swap(sequence[i - 1], sequence[static_cast<std::size_t>(random() % i)]);
    }
    Book shuffled;
    Clearing expected{.price = clearing.price, .volume = clearing.volume, .fills = {}};
    for (const std::size_t i : sequence) {
      shuffled.push_back(book[i]);
      expected.fills.push_back(clearing.fills[i]);
    }
    CAPTURE(number);
    REQUIRE(encode(clear(shuffled, rule, Hash32{})) == encode(expected));
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
