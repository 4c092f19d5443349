#include <algorithm>
#include <numeric>
#include <string>

#include <doctest/doctest.h>

#include "core/sha256.hpp"
#include "core/wide.hpp"
#include "market/allocation.hpp"
#include "tests/market/books.hpp"
#include "tests/market/slow_settlement.hpp"

namespace commonwatt {
namespace {

constexpr std::array all_keys{AllocationKey::dynamic, AllocationKey::static_shares, AllocationKey::percentage,
                              AllocationKey::priority};

HouseholdId house(std::size_t number) {
  return *HouseholdId::from("h" + std::to_string(number + 1));
}
Hash32 key_of(std::size_t index) {
  return allocation_tie_key(house(index));
}

std::vector<std::int64_t> counts(const std::vector<Energy>& energies) {
  std::vector<std::int64_t> found;
  for (const Energy& energy : energies) found.push_back(energy.count);
  return found;
}

std::vector<std::int64_t> allocated(AllocationKey key, const std::vector<AllocationMember>& members) {
  return counts(*allocate(key, members, key_of));
}

using Counts = std::vector<std::int64_t>;

TEST_CASE("dynamic: the surplus goes to the demand in proportion, and the rest stays with the utility") {
  // 600 Wh for a demand of 300 + 600: a third and two thirds.
  CHECK(allocated(AllocationKey::dynamic, {{Energy{300}}, {Energy{600}}, {Energy{-600}}}) == Counts{200, 400, -600});
  // 1000 Wh of surplus for 300 Wh of demand: the sellers share by what they fed in.
  CHECK(allocated(AllocationKey::dynamic, {{Energy{300}}, {Energy{-750}}, {Energy{-250}}}) == Counts{300, -225, -75});
  CHECK(allocated(AllocationKey::dynamic, {{Energy{300}}, {Energy{600}}}) == Counts{0, 0});
  CHECK(allocated(AllocationKey::dynamic, {}).empty());
}

const std::vector<AllocationMember> fixed_shares{{.delivered = Energy{500}, .share_permille = 600},
                                                 {.delivered = Energy{900}, .share_permille = 300},
                                                 {.delivered = Energy{200}},
                                                 {.delivered = Energy{-1'001}}};

TEST_CASE("static: each has its share of the surplus, at most its demand, and no more") {
  // 1001 x 600 / 1000 = 600.6 Wh, but h1 only used 500; 300.3 Wh for h2; nothing for h3, who has no share.
  CHECK(allocated(AllocationKey::static_shares, fixed_shares) == Counts{500, 300, 0, -800});
}

TEST_CASE("percentage: what the shares leave goes to the demand left in proportion") {
  // 201 Wh are left for 600 Wh and 200 Wh: 150.75 and 50.25, the last watt-hour to the larger remainder.
  CHECK(allocated(AllocationKey::percentage, fixed_shares) == Counts{500, 451, 50, -1'001});
}

TEST_CASE("priority: the first tier is served before the second, in proportion within a tier") {
  const std::vector<AllocationMember> members{{.delivered = Energy{300}, .tier = 2},
                                              {.delivered = Energy{100}, .tier = 1},
                                              {.delivered = Energy{100}, .tier = 2},
                                              {.delivered = Energy{-200}, .tier = 1}};
  CHECK(allocated(AllocationKey::priority, members) == Counts{75, 100, 25, -200});
}

TEST_CASE("an odd watt-hour goes to the household with the smaller hash, whatever its place") {
  const bool first = allocation_tie_key(house(0)) < allocation_tie_key(house(1));
  CHECK(allocated(AllocationKey::dynamic, {{Energy{10}}, {Energy{10}}, {Energy{-5}}}) ==
        (first ? Counts{3, 2, -5} : Counts{2, 3, -5}));
  Bytes text(32);
  text.insert(text.end(), {'h', '1'});
  CHECK(allocation_tie_key(house(0)) == sha256(text));
}

TEST_CASE("shares that are no shares are refused") {
  const auto fault = [](std::int64_t a, std::int64_t b) {
    const std::vector<AllocationMember> members{{.delivered = Energy{1}, .share_permille = a},
                                                {.delivered = Energy{1}, .share_permille = b}};
    const auto result = allocate(AllocationKey::static_shares, members, key_of);
    return result ? std::string("none") : std::string(explain(result.error()));
  };
  CHECK(fault(500, 500) == "none");
  CHECK(fault(-1, 0) == explain(AllocationFault::share_out_of_range));
  CHECK(fault(0, 1'001) == explain(AllocationFault::share_out_of_range));
  CHECK(fault(500, 501) == explain(AllocationFault::shares_above_whole));
}

TEST_CASE("keys have names") {
  for (const AllocationKey key : all_keys) CHECK(allocation_key_from_text(to_text(key)) == key);
  CHECK_FALSE(allocation_key_from_text("equal").has_value());
}

TEST_CASE("shared energy costs what is fixed, the middle of the tariff, or less the more of it there is") {
  const Tariff tariff{.retail = Price{300'000}, .feed_in = Price{80'001}};
  const auto price = [&](InternalPriceRule rule, std::int64_t surplus, std::int64_t demand) {
    return internal_price({.rule = rule, .fixed = Price{7}}, tariff, Energy{surplus}, Energy{demand}).count;
  };
  CHECK(price(InternalPriceRule::fixed, 1, 2) == 7);
  CHECK(price(InternalPriceRule::mid_market, 1, 2) == 190'000);
  CHECK(price(InternalPriceRule::supply_demand_ratio, 0, 10) == 300'000);
  CHECK(price(InternalPriceRule::supply_demand_ratio, 10, 10) == 80'001);
  CHECK(price(InternalPriceRule::supply_demand_ratio, 30, 10) == 80'001);
  CHECK(price(InternalPriceRule::supply_demand_ratio, 5, 10) == 126'317);  // 80001 x 300000 / (219999 / 2 + 80001)
  const Tariff negative{.retail = Price{100}, .feed_in = Price{-50}};
  CHECK(internal_price({.rule = InternalPriceRule::mid_market}, {Price{-1}, Price{-2}}, {}, {}) == Price{-2});
  const InternalPrice ratio{.rule = InternalPriceRule::supply_demand_ratio};
  CHECK(internal_price(ratio, negative, Energy{1}, Energy{4}) == Price{62});  // 100 - 37.5
  CHECK(internal_price(ratio, negative, Energy{4}, Energy{4}) == Price{-50});
}

TEST_CASE(
    "the price from the supply/demand ratio lies in the tariff and falls as supply rises, also for huge figures") {
  MESSAGE("seed 23");
  test::Random random(23);
  const InternalPrice ratio{.rule = InternalPriceRule::supply_demand_ratio};
  for (int round = 0; round < 2'000; ++round) {
    const std::int64_t feed_in = test::between(random, -price_magnitude_max.count, price_magnitude_max.count);
    const Tariff tariff{.retail = Price{test::between(random, feed_in, price_magnitude_max.count)},
                        .feed_in = Price{feed_in}};
    const Energy demand{test::between(random, 1, 1'000'000'000'000'000'000)};
    Price before = tariff.retail;
    for (std::int64_t part = 0; part <= 4; ++part) {
      const Price price = internal_price(ratio, tariff, Energy{demand.count / 4 * part}, demand);
      REQUIRE(price <= before);
      REQUIRE(price >= tariff.feed_in);
      before = price;
    }
  }
}

Counts oracle(AllocationKey key, const std::vector<AllocationMember>& members) {
  test::SlowHouseholds households;
  for (std::size_t i = 0; i < members.size(); ++i) {
    households[house(i).text()] = {
        .delivered = members[i].delivered.count, .share_permille = members[i].share_permille, .tier = members[i].tier};
  }
  const std::map<std::string, Wide> slow = test::slow_allocation(to_text(key), households);
  Counts bought;
  for (std::size_t i = 0; i < members.size(); ++i)
    bought.push_back(static_cast<std::int64_t>(slow.at(house(i).text())));
  return bought;
}

std::vector<AllocationMember> random_members(test::Random& random) {
  const std::array<std::int64_t, 4> largest{3, 50, 5'000, 1'000'000'000'000};
  const std::int64_t most = largest[static_cast<std::size_t>(test::between(random, 0, 3))];
  std::vector<AllocationMember> members(static_cast<std::size_t>(test::between(random, 0, 12)));
  std::int64_t shares = 1'000;
  for (AllocationMember& member : members) {
    member.delivered = Energy{test::between(random, -most, most)};
    member.share_permille = test::between(random, 0, shares);
    shares -= member.share_permille;
    member.tier = test::between(random, 0, 3);
  }
  return members;
}

TEST_CASE("10,000 random intervals are allocated as the oracle does, sum to zero and respect every cap") {
  MESSAGE("seed 31");
  test::Random random(31);
  for (int round = 0; round < 10'000; ++round) {
    const std::vector<AllocationMember> members = random_members(random);
    const AllocationKey key = all_keys[static_cast<std::size_t>(round % 4)];
    const Counts found = allocated(key, members);
    REQUIRE(found == oracle(key, members));
    REQUIRE(std::accumulate(found.begin(), found.end(), std::int64_t{0}) == 0);
    std::int64_t surplus = 0;
    std::int64_t demand = 0;
    std::int64_t shared = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const std::int64_t delivered = members[i].delivered.count;
      REQUIRE(found[i] >= std::min<std::int64_t>(0, delivered));
      REQUIRE(found[i] <= std::max<std::int64_t>(0, delivered));
      (delivered > 0 ? demand : surplus) += std::abs(delivered);
      shared += std::max<std::int64_t>(0, found[i]);
    }
    REQUIRE(shared <= std::min(surplus, demand));
    if (key != AllocationKey::static_shares) REQUIRE(shared == std::min(surplus, demand));
  }
}

TEST_CASE("the sequence of the members changes nobody's energy") {
  MESSAGE("seed 37");
  test::Random random(37);
  for (int round = 0; round < 2'000; ++round) {
    const std::vector<AllocationMember> members = random_members(random);
    std::vector<std::size_t> order(members.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), random);
    std::vector<AllocationMember> shuffled;
    for (const std::size_t place : order) shuffled.push_back(members[place]);
    const AllocationKey key = all_keys[static_cast<std::size_t>(round % 4)];
    const Counts found = allocated(key, members);
    const Counts again = counts(*allocate(key, shuffled, [&](std::size_t index) { return key_of(order[index]); }));
    for (std::size_t i = 0; i < order.size(); ++i) REQUIRE(again[i] == found[order[i]]);
  }
}

}  // namespace
}  // namespace commonwatt
