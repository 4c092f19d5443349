#include <limits>

#include <doctest/doctest.h>

#include "core/wide.hpp"

namespace commonwatt {
namespace {

TEST_CASE("a wide integer is written in decimal digits") {
  CHECK(to_text(Wide{0}) == "0");
  CHECK(to_text(Wide{-7}) == "-7");
  CHECK(to_text(wide(std::numeric_limits<std::int64_t>::max())) == "9223372036854775807");
  CHECK(to_text(wide(std::numeric_limits<std::int64_t>::min()) * 10) == "-92233720368547758080");
  const Wide largest = (((Wide{1} << 126) - 1) << 1) + 1;
  CHECK(to_text(largest) == "170141183460469231731687303715884105727");
  CHECK(to_text(-largest - 1) == "-170141183460469231731687303715884105728");
}

TEST_CASE("a floor division rounds towards minus infinity") {
  CHECK(floor_divide(7, 2) == 3);
  CHECK(floor_divide(-7, 2) == -4);
  CHECK(floor_divide(-8, 2) == -4);
  CHECK(floor_divide(0, 3) == 0);
}

TEST_CASE("a division half to even goes to the nearest, and half way to the even neighbour") {
  CHECK(half_even_divide(1'499, 1'000) == 1);
  CHECK(half_even_divide(1'500, 1'000) == 2);
  CHECK(half_even_divide(2'500, 1'000) == 2);
  CHECK(half_even_divide(2'501, 1'000) == 3);
  CHECK(half_even_divide(-1'500, 1'000) == -2);
  CHECK(half_even_divide(-2'500, 1'000) == -2);
  CHECK(half_even_divide(-2'501, 1'000) == -3);
  CHECK(half_even_divide(1, 3) == 0);
  CHECK(half_even_divide(2, 3) == 1);
  for (std::int64_t i = -50; i <= 50; ++i) CHECK(half_even_divide(-i, 8) == -half_even_divide(i, 8));
}

TEST_CASE("energy at a price beyond 63 bits is exact") {
  const WideMoney amount = wide_product(Energy{4'000'000'000'000'000'000}, Price{-3'000'000'000});
  CHECK(to_text(amount) == "-12000000000000000000000000000");
}

}  // namespace
}  // namespace commonwatt
