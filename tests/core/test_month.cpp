#include <doctest/doctest.h>

#include "core/month.hpp"

namespace commonwatt {
namespace {

TEST_CASE("a month begins with its first instant and ends before the next one's") {
  for (std::int64_t month = 12 * 1970; month < 12 * 2261; ++month) {
    const UtcTime begin = month_begin(month);
    REQUIRE(month_of(begin) == month);
    REQUIRE(month_of(begin - Duration{1}) == month - 1);
  }
}

TEST_CASE("the months of known days") {
  CHECK(month_of(UtcTime{}) == 12 * 1970);
  CHECK(month_of(UtcTime{-1}) == 12 * 1969 + 11);
  CHECK(month_of(*time_from_text("2024-02-29T23:59:59Z")) == 12 * 2024 + 1);
  CHECK(to_text(month_begin(12 * 2026 + 11)) == "2026-12-01T00:00:00Z");
}

}  // namespace
}  // namespace commonwatt
