#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "core/result.hpp"
#include "tests/core/stops.hpp"

namespace commonwatt {
namespace {

enum class Reason { too_late, too_large };

Result<int, Reason> half(int number) {
  if (number > 100) return Fail{Reason::too_large};
  return number / 2;
}

TEST_CASE("a success holds its value and a failure its reason") {
  CHECK(half(42).ok());
  CHECK(half(42).value() == 21);
  CHECK_FALSE(half(101).ok());
  CHECK(half(101).error() == Reason::too_large);
}

TEST_CASE("a result reads as a condition and is followed like a pointer") {
  Result<std::string, Reason> result = std::string("meter");
  REQUIRE(result);
  CHECK(result->size() == 5);
  *result += "s";
  CHECK(*result == "meters");
}

TEST_CASE("the value of a result can be moved out") {
  Result<std::unique_ptr<int>, Reason> result = std::make_unique<int>(7);
  const std::unique_ptr<int> owned = std::move(result).value();
  CHECK(*owned == 7);
}

TEST_CASE("a value and a reason of the same type are not confused") {
  const Result<int, int> success = 1;
  const Result<int, int> failure = Fail{1};
  CHECK(success.ok());
  CHECK_FALSE(failure.ok());
}

TEST_CASE("reading the outcome that is not there stops the program") {
  CHECK(stops([] { static_cast<void>(half(101).value()); }));
  CHECK(stops([] { static_cast<void>(half(42).error()); }));
  CHECK_FALSE(stops([] { static_cast<void>(half(42).value()); }));
}

}  // namespace
}  // namespace commonwatt
