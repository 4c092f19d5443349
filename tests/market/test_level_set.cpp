#include <iterator>
#include <set>

#include <doctest/doctest.h>

#include "market/level_set.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

constexpr std::uint64_t first_seed = 20'260'704;

TEST_CASE("an empty set has no neighbours") {
  for (const LevelIndex size : {1, 64, 65, 2'201, LevelSet::size_max}) {
    const LevelSet set(size);
    CHECK(set.above(0) == size);
    CHECK(set.below(size - 1) == -1);
  }
}

TEST_CASE("a level is no neighbour of itself") {
  LevelSet set(100);
  set.insert(63);
  CHECK(set.above(63) == 100);
  CHECK(set.below(63) == -1);
  CHECK(set.above(62) == 63);
  CHECK(set.below(64) == 63);
}

TEST_CASE("the ends of the largest set see each other") {
  LevelSet set(LevelSet::size_max);
  set.insert(0);
  set.insert(LevelSet::size_max - 1);
  CHECK(set.above(0) == LevelSet::size_max - 1);
  CHECK(set.below(LevelSet::size_max - 1) == 0);
  set.erase(0);
  CHECK(set.below(LevelSet::size_max - 1) == -1);
}

TEST_CASE("neighbours are those of an ordered set, at every size of the layers") {
  MESSAGE("seed " << first_seed);
  std::uint64_t seed = first_seed;
  for (const LevelIndex size : {1, 2, 63, 64, 65, 2'201, 4'096, 4'097, 262'144, 262'145, 1'000'000}) {
    test::Random random(seed++);
    LevelSet set(size);
    std::set<LevelIndex> expected;
    bool equal = true;
    for (int i = 0; i < 20'000; ++i) {
      // Now and then the members thin out, so that neighbours are far and whole words empty.
      const auto level = static_cast<LevelIndex>(test::between(random, 0, size - 1));
      if (test::between(random, 0, 2) < (i / 2'000 % 2 == 0 ? 2 : 0)) {
        set.insert(level);
        expected.insert(level);
      } else if (!expected.empty()) {
        const auto near = expected.lower_bound(level);
        const LevelIndex gone = near == expected.end() ? *expected.begin() : *near;
        set.erase(gone);
        expected.erase(gone);
      }
      const auto at = static_cast<LevelIndex>(test::between(random, 0, size - 1));
      const auto above = expected.upper_bound(at);
      const auto below = expected.lower_bound(at);
      equal = equal && set.above(at) == (above == expected.end() ? size : *above) &&
              set.below(at) == (below == expected.begin() ? -1 : *std::prev(below));
    }
    CAPTURE(size);
    CHECK(equal);
  }
}

}  // namespace
}  // namespace commonwatt
