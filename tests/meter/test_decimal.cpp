#include <limits>

#include <doctest/doctest.h>

#include "meter/decimal.hpp"

namespace commonwatt {

TEST_CASE("a number is read with all its decimals") {
  CHECK(decimal_from_text("001581.123") == Decimal{1581123, -3});
  CHECK(decimal_from_text("-0.50") == Decimal{-50, -2});
  CHECK(decimal_from_text("7") == Decimal{7, 0});
  CHECK(decimal_from_text("999999999999999999") == Decimal{999'999'999'999'999'999, 0});
}

TEST_CASE("what is not just a number is none") {
  for (const char* const text :
       {"", "-", ".", "1.", ".5", "1.2.3", "1,5", "+1", " 1", "1 ", "1e3", "0x1", "--1", "-.1"}) {
    CHECK_FALSE(decimal_from_text(text));
  }
  CHECK_FALSE(decimal_from_text("1000000000000000000"));  // 19 digits
}

TEST_CASE("energy is exact, and a fraction of a Wh is rounded down") {
  CHECK(energy_from_wh({325495061662, -4}) == Energy{32549506});
  CHECK(energy_from_wh({9, -1}) == Energy{0});
  CHECK(energy_from_wh({2043, 3}) == Energy{2'043'000});
  // A double could not tell these two from each other.
  CHECK(energy_from_wh({9'007'199'254'740'993, 0}) == Energy{9'007'199'254'740'993});
  CHECK_FALSE(energy_from_wh({-1, 0}));
  CHECK_FALSE(energy_from_wh({10, 18}));
}

TEST_CASE("a sum is as fine as the finer of the two, and exact or absent") {
  CHECK(sum({15, -1}, {25, -2}) == Decimal{175, -2});
  CHECK(sum({1, 2}, {-1, 0}) == Decimal{99, 0});
  CHECK(sum({0, 18}, {7, -18}) == Decimal{7, -18});
  CHECK_FALSE(sum({1, 18}, {1, -18}));
  CHECK_FALSE(sum({std::numeric_limits<std::int64_t>::max(), 0}, {1, 0}));
}

TEST_CASE("as a double it is the one a compiler would read") {
  CHECK(Decimal{2347, -1}.as_double() == 234.7);
  CHECK(Decimal{-29912, -2}.as_double() == -299.12);
  CHECK(Decimal{7, 3}.as_double() == 7000);
  CHECK(Decimal{48, -2}.step() == 0.01);
}

}  // namespace commonwatt
