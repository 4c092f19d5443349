// Rewards: an epoch by hand, every reason once, and the laws that keep dealing with oneself from paying.
#include <set>

#include <doctest/doctest.h>

#include "core/wide.hpp"
#include "market/pro_rata.hpp"
#include "market/rewards.hpp"
#include "tests/campaign.hpp"
#include "tests/market/books.hpp"
#include "tests/market/reward_attacks.hpp"

namespace commonwatt {
namespace {

using test::between;
using test::Random;

constexpr std::int64_t quarter = 900;
constexpr Price fee{10'000};  // one hundredth of the currency per kWh

HouseholdId home(std::size_t number) {
  return *HouseholdId::from("h" + std::to_string(100 + number));
}

/// Delivers what it contracted, in a zone that balances, and pays the fee.
RewardMember member(std::size_t number, std::int64_t contract) {
  return {.household = home(number),
          .owner = home(number),
          .contract = Energy{contract},
          .delivered = Energy{contract},
          .zone = ZoneCheck::balanced,
          .export_max = Energy{5'000},
          .fee = std::max(Energy{contract}, Energy{0}) * fee};
}

RewardInterval interval_of(std::int64_t number, std::vector<RewardMember> members) {
  return {.interval = Interval(number * quarter, quarter), .members = std::move(members)};
}

RewardParameters parameters() {
  return {.fee = fee, .reward_to_fee_permille = 500};
}

EpochRewards rewarded(const std::vector<RewardInterval>& intervals, const RewardParameters& rule = parameters(),
                      const RewardRules& rules = {}) {
  return *reward_epoch(intervals, 0, {}, rule, rules);
}

/// The seller's part of an epoch of one interval.
HouseholdReward first_of(std::vector<RewardMember> members) {
  return rewarded({interval_of(0, std::move(members))}).households.front();
}

TEST_CASE("a seller earns half the fee of what neighbours of other owners used") {
  const EpochRewards epoch = rewarded({interval_of(0, {member(0, -1'000), member(1, 700), member(2, 300)})});
  // 1 kWh x 0.01 of the currency x 500 / 1000 = 5'000'000 base units.
  CHECK(epoch.households[0].reward == TokenAmount{5'000'000});
  CHECK(epoch.households[0].verified == Energy{1'000});
  CHECK(epoch.households[0].quality_permille == 1'000);
  CHECK(epoch.households[1].reward == TokenAmount{0});
  CHECK(epoch.minted == TokenAmount{5'000'000});
}

TEST_CASE("every reason why sold energy earns nothing") {
  std::vector<RewardMember> street{member(0, -1'000), member(1, 1'000)};
  SUBCASE("estimated") {
    street[0].quality = DeliveryQuality::estimated;
    CHECK(first_of(street).unpaid_for(RewardReason::estimated) == Energy{1'000});
    CHECK(first_of(street).quality_permille == 0);
  }
  SUBCASE("out of balance, and not judged") {
    street[0].zone = ZoneCheck::out_of_tolerance;
    CHECK(first_of(street).unpaid_for(RewardReason::not_balanced) == Energy{1'000});
    street[0].zone = ZoneCheck::not_judged;
    CHECK(first_of(street).unpaid_for(RewardReason::not_balanced) == Energy{1'000});
  }
  SUBCASE("not delivered") {
    street[0].delivered = Energy{-600};
    CHECK(first_of(street).unpaid_for(RewardReason::not_delivered) == Energy{400});
    CHECK(first_of(street).verified == Energy{600});
    street[0].delivered = Energy{600};
    CHECK(first_of(street).unpaid_for(RewardReason::not_delivered) == Energy{1'000});
  }
  SUBCASE("over nameplate") {
    street[0].export_max = Energy{900};
    CHECK(first_of(street).unpaid_for(RewardReason::over_nameplate) == Energy{100});
    street[0].export_max.reset();
    CHECK(first_of(street).verified == Energy{1'000});
  }
  SUBCASE("same owner, all that it bought, used or not") {
    street[1].owner = street[0].owner;
    street[1].delivered = Energy{0};
    street.push_back(member(2, 400));
    CHECK(first_of(street).unpaid_for(RewardReason::same_owner) == Energy{1'000});
  }
  SUBCASE("not used") {
    street[1].delivered = Energy{250};
    CHECK(first_of(street).unpaid_for(RewardReason::not_used) == Energy{750});
    street[1].quality = DeliveryQuality::estimated;
    CHECK(first_of(street).unpaid_for(RewardReason::not_used) == Energy{1'000});
  }
  SUBCASE("fee unpaid by one nano-currency, by anybody") {
    street.push_back(member(2, 1'000));
    CHECK(first_of(street).verified == Energy{1'000});
    street[2].fee -= Money{1};
    CHECK(first_of(street).unpaid_for(RewardReason::fee_unpaid) == Energy{1'000});
  }
  SUBCASE("budget") {
    RewardParameters rule = parameters();
    rule.base_budget = TokenAmount{1'250'000};
    const EpochRewards epoch = rewarded({interval_of(0, street)}, rule);
    CHECK(epoch.households[0].full == TokenAmount{5'000'000});
    CHECK(epoch.households[0].reward == TokenAmount{1'250'000});
    CHECK(epoch.households[0].unpaid_for(RewardReason::budget) == Energy{750});
    CHECK(epoch.households[0].verified == Energy{1'000});
  }
}

TEST_CASE("every reason and fault is told apart and explained") {
  std::set<std::string> names;
  for (std::uint8_t i = 0; i < reward_reasons; ++i) {
    const auto reason = static_cast<RewardReason>(i);
    names.insert(to_text(reason));
    CHECK(std::string(explain(reason)).size() > 20);
  }
  CHECK(names.size() == reward_reasons);
}

TEST_CASE("a meter that was read in three of four intervals earns three quarters on what it delivered in them") {
  std::vector<RewardInterval> intervals;
  for (std::int64_t i = 0; i < 4; ++i) intervals.push_back(interval_of(i, {member(0, -1'000), member(1, 1'000)}));
  intervals[2].members[0].quality = DeliveryQuality::estimated;
  const HouseholdReward seller = rewarded(intervals).households.front();
  CHECK(seller.quality_permille == 750);
  CHECK(seller.verified == Energy{3'000});
  CHECK(seller.reward == TokenAmount{3 * 5'000'000 * 3 / 4});
}

TEST_CASE("the budget halves, and after the bootstrap is capped by what the window burned") {
  RewardParameters rule = parameters();
  rule.base_budget = TokenAmount{1'000};
  rule.halving_epochs = 10;
  rule.bootstrap_epochs = 2;
  rule.window_epochs = 3;
  const std::vector<Money> burned{Money{90'000}, Money{300}, Money{600}, Money{1'200}};
  CHECK(epoch_budget(1, burned, rule).budget == TokenAmount{1'000});
  CHECK_FALSE(epoch_budget(1, burned, rule).cap.has_value());
  CHECK(epoch_budget(4, burned, rule).budget == TokenAmount{700});
  CHECK(epoch_budget(2, std::span(burned).first(0), rule).budget == TokenAmount{0});
  CHECK(epoch_budget(2, std::span(burned).last(1), rule).budget == TokenAmount{400});
  CHECK(epoch_budget(10, burned, rule).base == TokenAmount{500});
  CHECK(epoch_budget(99, burned, rule).base == TokenAmount{1});
  CHECK(epoch_budget(1'000'000, burned, rule).base == TokenAmount{0});
  // What a contract allows holds beside both, and cannot raise them.
  rule.limit = TokenAmount{650};
  CHECK(epoch_budget(1, burned, rule).budget == TokenAmount{650});
  CHECK(epoch_budget(4, burned, rule).budget == TokenAmount{650});
  CHECK(epoch_budget(10, burned, rule).budget == TokenAmount{500});
  CHECK(epoch_budget(2, std::span(burned).last(1), rule).budget == TokenAmount{400});
}

TEST_CASE("after the bootstrap all epochs together mint no more than was ever burned") {
  Random random(test::seed(71));
  for (std::uint64_t i = 0; i < test::cases(200); ++i) {
    RewardParameters rule = parameters();
    rule.bootstrap_epochs = 0;
    rule.window_epochs = between(random, 1, 9);
    std::vector<Money> burned;
    Wide all_burned = 0;
    Wide all_budgets = 0;
    for (std::int64_t epoch = 0; epoch < 40; ++epoch) {
      all_budgets += epoch_budget(epoch, burned, rule).budget.count;
      REQUIRE(all_budgets <= all_burned);
      burned.push_back(Money{between(random, 0, 1) * between(random, 0, 2'000'000'000)});
      all_burned += burned.back().count;
    }
  }
}

TEST_CASE("what is not as it must be is refused, each with its reason") {
  const std::vector<RewardInterval> street{interval_of(0, {member(0, -1'000), member(1, 1'000)})};
  const auto fault = [](const std::vector<RewardInterval>& intervals, const RewardParameters& rule) {
    const auto result = reward_epoch(intervals, 0, {}, rule);
    REQUIRE_FALSE(result.ok());
    CHECK(std::string(explain(result.error())).size() > 20);
    return result.error();
  };
  RewardParameters rule = parameters();
  rule.reward_to_fee_permille = 1'000;
  CHECK(fault(street, rule) == RewardFault::reward_not_below_fee);
  rule = parameters();
  rule.fee = Price{0};
  CHECK(fault(street, rule) == RewardFault::parameter_out_of_range);
  CHECK(fault({street[0], street[0]}, parameters()) == RewardFault::interval_repeated);
  std::vector<RewardInterval> twice = street;
  twice[0].members.push_back(member(1, 5));
  CHECK(fault(twice, parameters()) == RewardFault::household_repeated);
  std::vector<RewardInterval> huge = street;
  huge[0].members[0].delivered = Energy{std::numeric_limits<std::int64_t>::min()};
  CHECK(fault(huge, parameters()) == RewardFault::energy_out_of_range);
}

/// A street of random owners and trades; deliveries miss their contracts, some are estimated.
std::vector<RewardInterval> random_epoch(Random& random) {
  const auto homes = static_cast<std::size_t>(between(random, 2, 9));
  std::vector<std::size_t> owners;
  for (std::size_t i = 0; i < homes; ++i) {
    owners.push_back(between(random, 0, 3) == 0 ? static_cast<std::size_t>(between(random, 0, 3)) : i);
  }
  std::vector<RewardInterval> intervals;
  for (std::int64_t number = 0; number < 3; ++number) {
    std::vector<RewardMember> members;
    for (std::size_t i = 0; i < homes; ++i) {
      members.push_back(member(i, between(random, -2'000, 2'000)));
      members.back().owner = home(owners[i]);
      members.back().delivered += Energy{between(random, -300, 300)};
      members.back().fee = Money{1'000'000'000};
      if (between(random, 0, 19) == 0) members.back().quality = DeliveryQuality::estimated;
    }
    intervals.push_back(interval_of(number, std::move(members)));
  }
  return intervals;
}

RewardParameters random_parameters(Random& random) {
  RewardParameters rule = parameters();
  rule.fee = Price{between(random, 1, 20'000)};
  rule.reward_to_fee_permille = between(random, 1, 999);
  rule.base_budget = TokenAmount{between(random, 0, 1) == 0 ? between(random, 0, 40'000'000) : 1'000'000'000'000};
  return rule;
}

TEST_CASE(
    "every sold watt-hour is verified or has one reason, and no more is minted than the budget or below the fee") {
  Random random(test::seed(72));
  for (std::uint64_t i = 0; i < test::cases(2'000); ++i) {
    const RewardParameters rule = random_parameters(random);
    const EpochRewards epoch = rewarded(random_epoch(random), rule);
    TokenAmount minted;
    for (const HouseholdReward& one : epoch.households) {
      Energy told = one.verified;
      for (std::size_t reason = 0; reason < reward_reasons; ++reason) {
        REQUIRE(one.unpaid[reason] >= Energy{0});
        if (static_cast<RewardReason>(reason) != RewardReason::budget) told += one.unpaid[reason];
      }
      REQUIRE(told == one.sold);
      REQUIRE(one.unpaid_for(RewardReason::budget) <= one.verified);
      const bool is_below_fee =
          one.verified == Energy{0} ? one.reward == TokenAmount{0} : Money{one.reward.count} < one.verified * rule.fee;
      REQUIRE(is_below_fee);
      minted += one.reward;
    }
    REQUIRE(minted == epoch.minted);
    REQUIRE(minted <= epoch.budget.budget);
  }
}

std::int64_t earned(const EpochRewards& epoch, std::size_t first, std::size_t parts_begin) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < epoch.households.size(); ++i) {
    if (i == first || i >= parts_begin) sum += epoch.households[i].reward.count;
  }
  return sum;
}

/// Moves a part of what the first household trades to an account of its own in every interval.
std::vector<RewardInterval> split_first(std::vector<RewardInterval> intervals, Random& random, bool is_hidden) {
  for (RewardInterval& interval : intervals) {
    const std::size_t parts_begin = interval.members.size();
    for (std::size_t part = 0; part < 3; ++part) {
      RewardMember& whole = interval.members.front();
      RewardMember other = whole;
      other.household = home(parts_begin + part);
      if (is_hidden) other.owner = other.household;
      const std::int64_t permille = between(random, 0, 1'000);
      other.contract = Energy{whole.contract.count * permille / 1'000};
      other.delivered = Energy{whole.delivered.count * permille / 1'000};
      whole.contract -= other.contract;
      whole.delivered -= other.delivered;
      interval.members.push_back(other);
    }
  }
  return intervals;
}

TEST_CASE("an account that is split into several earns no more, whether or not they are known to be one owner's") {
  Random random(test::seed(73));
  for (std::uint64_t i = 0; i < test::cases(2'000); ++i) {
    CAPTURE(i);
    std::vector<RewardInterval> whole = random_epoch(random);
    const RewardParameters rule = random_parameters(random);
    // It sells alone: what relatives buy is another test's. Nobody has the export of all plants on one account.
    for (RewardInterval& interval : whole) {
      RewardMember& first = interval.members.front();
      first.owner = home(90);
      first.contract = -Energy{between(random, 0, 3'000)};
      first.delivered = -Energy{between(random, 0, 3'000)};
      first.export_max.reset();
    }
    const std::size_t parts_begin = whole.front().members.size();
    const bool is_hidden = i % 2 == 0;
    const std::vector<RewardInterval> parts = split_first(whole, random, is_hidden);
    REQUIRE(earned(rewarded(parts, rule), 0, parts_begin) <= earned(rewarded(whole, rule), 0, parts_begin));
  }
}

TEST_CASE("handed out by largest remainder, splitting would pay: why rewards are rounded down") {
  const TieKey tie_key = [](std::size_t index) {
    Hash32 key{};
    key[0] = static_cast<std::uint8_t>(index);
    return key;
  };
  const auto first_share = [&](const std::vector<std::int64_t>& weights, std::size_t accounts) {
    std::vector<Claim> claims;
    for (const std::int64_t weight : weights) claims.push_back({.index = claims.size(), .quantity = Energy{weight}});
    share_pro_rata(claims, Energy{2}, tie_key);
    Energy sum;
    for (const Claim& claim : claims) sum += claim.index < accounts ? claim.share : Energy{0};
    return sum;
  };
  CHECK(first_share({6, 5, 5}, 1) == Energy{1});
  CHECK(first_share({3, 3, 2, 2, 2, 2, 2}, 2) == Energy{2});
}

TEST_CASE("what one owner sells to itself earns it nothing") {
  Random random(test::seed(74));
  for (std::uint64_t i = 0; i < test::cases(2'000); ++i) {
    CAPTURE(i);
    std::vector<RewardInterval> epoch = random_epoch(random);
    const RewardParameters rule = random_parameters(random);
    for (RewardInterval& interval : epoch) {
      interval.members[1].owner = interval.members[0].owner;
      for (RewardMember& one : interval.members) one.export_max.reset();
      interval.members[0].contract = interval.members[0].delivered = -Energy{between(random, 0, 2'000)};
      interval.members[1].contract = interval.members[1].delivered = Energy{between(random, 0, 2'000)};
    }
    std::vector<RewardInterval> circled = epoch;
    for (RewardInterval& interval : circled) {
      const Energy energy{between(random, 1, 3'000)};
      for (Energy* figure : {&interval.members[0].contract, &interval.members[0].delivered}) *figure -= energy;
      for (Energy* figure : {&interval.members[1].contract, &interval.members[1].delivered}) *figure += energy;
      for (RewardMember& one : interval.members) one.quality = DeliveryQuality::good;
    }
    for (RewardInterval& interval : epoch) {
      for (RewardMember& one : interval.members) one.quality = DeliveryQuality::good;
    }
    // Of rounding, an owner's households can win less than a base unit each.
    const HouseholdId& owner = epoch.front().members.front().owner;
    const auto of_owner = [&](const std::vector<RewardInterval>& intervals) {
      const EpochRewards rewards = rewarded(intervals, rule);
      std::pair<Energy, TokenAmount> sums;
      for (std::size_t k = 0; k < rewards.households.size(); ++k) {
        if (intervals.front().members[k].owner != owner) continue;
        sums.first += rewards.households[k].verified;
        sums.second += rewards.households[k].reward;
      }
      return sums;
    };
    const auto before = of_owner(epoch);
    const auto after = of_owner(circled);
    REQUIRE(after.first <= before.first);
    REQUIRE(after.second < before.second + TokenAmount{static_cast<std::int64_t>(epoch.front().members.size())});
  }
}

TEST_CASE("no attack pays against the defaults or against the protection made for it, and each pays without") {
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(enum_last(test::RewardAttack{})); ++i) {
    const auto attack = static_cast<test::RewardAttack>(i);
    CAPTURE(test::to_text(attack));
    for (std::uint64_t seed = test::seed(1); seed < test::seed(1) + test::cases(10); ++seed) {
      CAPTURE(seed);
      CHECK(test::try_attack(attack, seed, test::default_defence(seed)).profit() <= Money{0});
      CHECK(test::try_attack(attack, seed, test::with_one_protection(attack, seed)).profit() <= Money{0});
      CHECK(test::try_attack(attack, seed, test::without_protection(attack, seed)).profit() > Money{0});
    }
  }
}

TEST_CASE("a lie the head meter cannot tell from noise earns less than the fee of what it claims") {
  bool has_earned = false;
  for (std::uint64_t seed = test::seed(1); seed < test::seed(1) + test::cases(30); ++seed) {
    CAPTURE(seed);
    test::RewardDefence defence = test::with_one_protection(test::RewardAttack::fake_production, seed);
    defence.fake_permille = 20;
    const test::AttackResult result = test::try_attack(test::RewardAttack::fake_production, seed, defence);
    REQUIRE(result.faked > Energy{0});
    CHECK(result.rewards <= Money{(result.faked * defence.parameters.fee).count / 2});
    has_earned = has_earned || result.rewards > Money{0};
  }
  CHECK(has_earned);
}

}  // namespace
}  // namespace commonwatt
