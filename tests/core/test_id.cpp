#include <string>
#include <type_traits>

#include <doctest/doctest.h>

#include "core/id.hpp"

namespace commonwatt {
namespace {

template <class A, class B>
concept Comparable = requires(const A& a, const B& b) {
  a == b;
};

static_assert(Comparable<HouseholdId, HouseholdId>);
static_assert(!Comparable<HouseholdId, MeterId>, "a household's name must not compare with a meter's");
static_assert(!std::is_convertible_v<std::string, HouseholdId>, "an unchecked text must not become an id");
static_assert(!std::is_constructible_v<HouseholdId, std::string>);

TEST_CASE("a name of small letters, digits, dashes and underscores becomes an id") {
  for (const char* name : {"a", "7", "hh01", "solar-roof_2", "0-", "abcdefghijklmnopqrstuvwxyz012345"}) {
    CAPTURE(name);
    const auto id = HouseholdId::from(name);
    REQUIRE(id);
    CHECK(id->text() == name);
  }
}

TEST_CASE("a name that could escape a topic, a path or a certificate is refused") {
  for (const char* name :
       {"", "-a", "_a", "A", "a b", "a/b", "..", "a.b", "a+", "#", "a\n", "\xC3\xA9", "a=b", "a'b"}) {
    CAPTURE(name);
    CHECK_FALSE(HouseholdId::from(name));
  }
  CHECK_FALSE(HouseholdId::from(std::string_view("a\0b", 3)));
}

TEST_CASE("a name has 32 characters at most") {
  CHECK(MeterId::from(std::string(32, 'm')));
  CHECK_FALSE(MeterId::from(std::string(33, 'm')));
}

TEST_CASE("ids order by their text and a default-made one is empty") {
  CHECK(*ZoneId::from("a") < *ZoneId::from("b"));
  CHECK(*ZoneId::from("a1") < *ZoneId::from("a2"));
  CHECK(*ZoneId::from("z10") < *ZoneId::from("z9"));
  CHECK(ZoneId{}.text().empty());
}

}  // namespace
}  // namespace commonwatt
