#include <algorithm>
#include <numeric>

#include <doctest/doctest.h>

#include "core/wide.hpp"
#include "market/pro_rata.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

Hash32 key_of(std::size_t index) {
  return test::numbered_id(static_cast<std::uint32_t>(index));
}

std::vector<std::int64_t> shares(const std::vector<std::int64_t>& quantities, std::int64_t available,
                                 const TieKey& key) {
  std::vector<Claim> claims;
  for (const std::int64_t quantity : quantities)
    claims.push_back({.index = claims.size(), .quantity = Energy{quantity}});
  share_pro_rata(claims, Energy{available}, key);
  std::vector<std::int64_t> found(quantities.size());
  for (const Claim& claim : claims) found[claim.index] = claim.share.count;
  return found;
}

/// The rule as the rulebook writes it, with a sort.
std::vector<std::int64_t> slow_shares(const std::vector<std::int64_t>& quantities, std::int64_t available) {
  const Wide total = std::accumulate(quantities.begin(), quantities.end(), Wide{0});
  std::vector<std::int64_t> found;
  std::vector<std::size_t> order(quantities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::int64_t left = available;
  for (const std::int64_t quantity : quantities) {
    found.push_back(static_cast<std::int64_t>(wide(quantity) * available / total));
    left -= found.back();
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const Wide rest_a = wide(quantities[a]) * available % total;
    const Wide rest_b = wide(quantities[b]) * available % total;
    return rest_a != rest_b ? rest_a > rest_b : key_of(a) < key_of(b);
  });
  for (std::int64_t i = 0; i < left; ++i) ++found[order[static_cast<std::size_t>(i)]];
  return found;
}

TEST_CASE("what is there goes to each by what it asks for, the last watt-hour to the largest remainder") {
  CHECK(shares({100, 200, 300}, 60, key_of) == std::vector<std::int64_t>{10, 20, 30});
  CHECK(shares({1, 1, 2}, 3, key_of) == slow_shares({1, 1, 2}, 3));
  CHECK(shares({5, 3}, 3, key_of) == std::vector<std::int64_t>{2, 1});  // 1.875 and 1.125
  CHECK(shares({7, 7}, 0, key_of) == std::vector<std::int64_t>{0, 0});
  CHECK(shares({7, 7}, 14, key_of) == std::vector<std::int64_t>{7, 7});
  CHECK(shares({}, 0, key_of).empty());
}

TEST_CASE("equal remainders go by the smaller tie key, and keys that begin alike are compared to their end") {
  const auto late = [](std::size_t index) {
    Hash32 key{};
    key.back() = static_cast<std::uint8_t>(10 - index);
    return key;
  };
  CHECK(shares({1, 1, 1, 1}, 2, late) == std::vector<std::int64_t>{0, 0, 1, 1});
}

TEST_CASE("no key is asked for where nothing is tied") {
  const auto nobody_asks = [](std::size_t) -> Hash32 {
    FAIL("a tie key was asked for");
    return {};
  };
  CHECK(shares({5, 3}, 3, nobody_asks) == std::vector<std::int64_t>{2, 1});
  CHECK(shares({100, 200}, 30, nobody_asks) == std::vector<std::int64_t>{10, 20});
}

TEST_CASE("random shares are those of the rulebook, also beyond 63 bits, and sum to what was there") {
  MESSAGE("seed 17");
  test::Random random(17);
  for (int round = 0; round < 3'000; ++round) {
    const std::array<std::int64_t, 3> largest{3, 1'000, 40'000'000'000'000'000};
    const std::int64_t quantity_max = largest[static_cast<std::size_t>(round % 3)];
    std::vector<std::int64_t> quantities(static_cast<std::size_t>(test::between(random, 1, 20)));
    for (std::int64_t& quantity : quantities) quantity = test::between(random, 1, quantity_max);
    const std::int64_t total = std::accumulate(quantities.begin(), quantities.end(), std::int64_t{0});
    const std::int64_t available = test::between(random, 0, total);
    const std::vector<std::int64_t> found = shares(quantities, available, key_of);
    REQUIRE(found == slow_shares(quantities, available));
    REQUIRE(std::accumulate(found.begin(), found.end(), std::int64_t{0}) == available);
  }
}

}  // namespace
}  // namespace commonwatt
