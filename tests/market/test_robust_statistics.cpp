#include <doctest/doctest.h>

#include "market/robust_statistics.hpp"

namespace commonwatt {
namespace {

TEST_CASE("the median is the middle figure, or the mean of the two rounded down") {
  CHECK(median({3, 1, 2}) == 2);
  CHECK(median({4, 1, 2, 3}) == 2);
  CHECK(median({-4, -1, -2, -3}) == -3);
  CHECK(median({7}) == 7);
}

TEST_CASE("location and spread are those of the figures, whatever a quarter of them say") {
  CHECK(robust_location({10}) == 10);
  CHECK(robust_location({10, 20}) == 15);
  CHECK(robust_location({1, 2, 3, 4, 5, 6, 7, 8'000'000}) == 4);
  CHECK(robust_spread({5, 5, 5}) == 0);
  CHECK(robust_spread({0, 1'000'000}) == 1'048'358);
  CHECK(robust_spread({1, 2, 3, 4, 5, 6, 7, 8'000'000}) < 5);
}

}  // namespace
}  // namespace commonwatt
