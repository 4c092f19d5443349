#include <doctest/doctest.h>

#include "market/community_allocation.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

constexpr Tariff tariff{.retail = Price{300'000}, .feed_in = Price{80'000}};
constexpr AllocationTerms at_mid_market{.key = AllocationKey::dynamic,
                                        .internal_price = {.rule = InternalPriceRule::mid_market}};

Hash32 key_of(std::size_t place) {
  return test::numbered_id(static_cast<std::uint32_t>(place));
}

SettlementMember delivered(std::uint32_t household, std::int64_t energy) {
  return {.household = household, .contract = {}, .contract_amount = {}, .delivered = Energy{energy}};
}

TEST_CASE("an allocation is a contract at the internal price") {
  std::vector members{delivered(0, 300), delivered(1, 600), delivered(2, -600)};
  const std::vector<Membership> all{{.member = 0}, {.member = 1}, {.member = 2}};
  const auto found = allocate_contracts(members, all, at_mid_market, tariff, key_of);
  CHECK(found->price == Price{190'000});
  CHECK(members[1].contract == Energy{400});
  CHECK(members[1].contract_amount == Money{76'000'000});
  CHECK(found->contracts[1] == MemberContract{Energy{400}, Money{76'000'000}});
  CHECK((members[1].fee_relief == 0));
}

TEST_CASE("the participating part is rounded down, for demand and for surplus") {
  CHECK(participating(Energy{999}, 1) == Energy{0});
  CHECK(participating(Energy{1'999}, 500) == Energy{999});
  CHECK(participating(Energy{-1'999}, 500) == Energy{-999});
  CHECK(participating(Energy{-7}, 1'000) == Energy{-7});
}

TEST_CASE("two communities add up in a household's contract, each at its own price and reduction") {
  std::vector members{delivered(0, 1'000), delivered(1, -400), delivered(2, -900)};
  AllocationTerms first{.key = AllocationKey::dynamic,
                        .internal_price = {.rule = InternalPriceRule::fixed, .fixed = Price{100}},
                        .fee_reduction_permille = 400};
  const std::vector<Membership> one{{.member = 0, .participation_permille = 600}, {.member = 1}};
  const std::vector<Membership> two{{.member = 0, .participation_permille = 300}, {.member = 2}};
  REQUIRE(allocate_contracts(members, one, first, tariff, key_of).ok());
  first.internal_price.fixed = Price{200};
  first.fee_reduction_permille = 0;
  REQUIRE(allocate_contracts(members, two, first, tariff, key_of).ok());
  CHECK(members[0].contract == Energy{400 + 300});
  CHECK(members[0].contract_amount == Money{40'000 + 60'000});
  CHECK((members[0].fee_relief == 400 * 400));
  CHECK(members[2].contract == Energy{-300});
}

TEST_CASE("a fault leaves the members as they were") {
  std::vector members{delivered(0, 200'000'000'000'000'000), delivered(1, -5)};
  const std::vector<Membership> all{{.member = 0}, {.member = 1}};
  CHECK(allocate_contracts(members, all, at_mid_market, tariff, key_of).error() == IntervalFault::too_much_money);
  CHECK(members[1].contract == Energy{0});
}

TEST_CASE("whatever the participation, nobody trades beyond its energy and all contracts sum to zero") {
  MESSAGE("seed 59");
  test::Random random(59);
  for (int round = 0; round < 1'000; ++round) {
    std::vector<SettlementMember> members;
    const std::int64_t count = test::between(random, 1, 7);
    for (std::int64_t i = 0; i < count; ++i)
      members.push_back(delivered(static_cast<std::uint32_t>(i), test::between(random, -2'000, 2'000)));
    std::vector<std::int64_t> left(members.size(), 1'000);
    for (int community = 0; community < 5; ++community) {
      std::vector<Membership> memberships;
      for (std::size_t i = 0; i < members.size(); ++i) {
        memberships.push_back({.member = i, .participation_permille = test::between(random, 0, left[i])});
        left[i] -= memberships.back().participation_permille;
      }
      REQUIRE(allocate_contracts(members, memberships, at_mid_market, tariff, key_of).ok());
    }
    Energy sum;
    for (const SettlementMember& member : members) {
      sum += member.contract;
      const bool is_within = member.delivered > Energy{0}
                                 ? member.contract >= Energy{0} && member.contract <= member.delivered
                                 : member.contract <= Energy{0} && member.contract >= member.delivered;
      REQUIRE(is_within);
    }
    REQUIRE(sum == Energy{0});
  }
}

}  // namespace
}  // namespace commonwatt
