#include <numeric>

#include <doctest/doctest.h>

#include "tests/campaign.hpp"
#include "tests/market/books.hpp"
#include "tests/market/settlement_case.hpp"
#include "tests/market/slow_settlement.hpp"

namespace commonwatt::test {
namespace {

TEST_CASE("the slow settlement says what the document's example says") {
  const SlowTerms terms{
      .retail = 300'000, .feed_in = 80'000, .shortfall = 300'000, .surplus = 80'000, .levies = {}, .taxes = {}};
  const SlowInterval found =
      slow_settlement({{"h1", {.zone = "z", .contract = -500, .contract_amount = -100'000'000, .delivered = -350}},
                       {"h2", {.zone = "z", .contract = 500, .contract_amount = 100'000'000, .delivered = 600}}},
                      {{"z", {}}}, terms);
  CHECK((found.postings == SlowPostings{{{"household:h1", "utility", "imbalance"}, 45'000'000},
                                        {{"household:h1", "escrow", "energy"}, -100'000'000},
                                        {{"household:h2", "utility", "imbalance"}, 30'000'000},
                                        {{"household:h2", "escrow", "energy"}, 100'000'000}}));
}

TEST_CASE("the slow allocation says what the document's example says") {
  const SlowHouseholds households{{"h1", {.delivered = 300, .share_permille = 600, .tier = 1}},
                                  {"h2", {.delivered = 600, .share_permille = 400, .tier = 2}},
                                  {"h3", {.delivered = -600}}};
  const auto got = [&](const char* key) { return slow_allocation(key, households); };
  CHECK((got("dynamic") == std::map<std::string, Wide>{{"h1", 200}, {"h2", 400}, {"h3", -600}}));
  CHECK((got("static") == std::map<std::string, Wide>{{"h1", 300}, {"h2", 240}, {"h3", -540}}));
  CHECK((got("percentage") == std::map<std::string, Wide>{{"h1", 300}, {"h2", 300}, {"h3", -600}}));
  CHECK((got("priority") == std::map<std::string, Wide>{{"h1", 300}, {"h2", 300}, {"h3", -600}}));
}

/// What a random interval needs to live somewhere.
struct RandomInterval {
  std::vector<HouseholdId> names;
  ZoneTree zones = ZoneTree::single();
  std::vector<std::int64_t> loss_permille;
  std::vector<Levy> levies;
  std::vector<Tax> taxes;
  SettlementCase work;
};

bool coin(Random& random) {
  return between(random, 0, 1) == 1;
}

void draw_zones(Random& random, RandomInterval& interval) {
  std::vector<Zone> zones{Zone{}};
  for (std::int64_t more = between(random, 0, 2) == 0 ? 0 : between(random, 1, 6); more > 0; --more) {
    const auto parent = static_cast<ZoneIndex>(between(random, 0, static_cast<std::int64_t>(zones.size()) - 1));
    const Price fee{coin(random) ? between(random, 0, 9) : between(random, 0, 30'000)};
    zones.push_back({.parent = parent, .fee = fee, .export_limit = {}, .import_limit = {}});
  }
  for (std::size_t i = 0; i < zones.size(); ++i)
    interval.loss_permille.push_back(coin(random) ? 0 : between(random, 0, 999));
  interval.zones = *ZoneTree::from(std::move(zones));
}

void draw_charges(Random& random, RandomInterval& interval) {
  for (std::int64_t more = between(random, 0, 3); more > 0; --more) {
    interval.levies.push_back({.name = "levy",
                               .price = Price{between(random, -5'000, 40'000)},
                               .on_utility_energy = coin(random),
                               .on_neighbour_energy = coin(random)});
  }
  for (std::int64_t more = between(random, 0, 3); more > 0; --more) {
    interval.taxes.push_back({.name = "tax",
                              .permille = between(random, 0, 333),
                              .on_utility_energy = coin(random),
                              .on_neighbour_energy = coin(random),
                              .on_fees = coin(random),
                              .on_levies = coin(random)});
  }
}

/// Balanced most of the time, at one price, at prices with fees in them, or at any price.
void draw_contracts(Random& random, std::vector<SettlementMember>& members) {
  const std::int64_t price = between(random, -50'000, 300'000);
  const std::int64_t scatter = coin(random) ? 0 : between(random, 0, 60'000);
  const bool is_balanced = between(random, 0, 9) > 0;
  Energy open;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const bool is_last = i + 1 == members.size();
    const Energy drawn{coin(random) ? between(random, -3, 3) : between(random, -1'400, 1'400)};
    members[i].contract = is_last && is_balanced ? -open : drawn;
    open += members[i].contract;
    const std::int64_t margin = members[i].contract > Energy{0} ? scatter : between(random, -scatter, 0);
    members[i].contract_amount = members[i].contract * Price{price + margin};
  }
}

void draw_terms(Random& random, RandomInterval& interval) {
  SettlementTerms& terms = interval.work.terms;
  const std::int64_t feed_in = between(random, -80'000, 150'000);
  terms.tariff = {.retail = Price{feed_in + between(random, 0, 300'000)}, .feed_in = Price{feed_in}};
  terms.imbalance = dual_prices(terms.tariff);
  if (between(random, 0, 3) == 0) terms.imbalance.shortfall = Price{between(random, -9'999, 999'999)};
  if (between(random, 0, 3) == 0) terms.imbalance.surplus = terms.imbalance.shortfall;
  terms.loss_permille = interval.loss_permille;
  terms.levies = interval.levies;
  terms.taxes = interval.taxes;
}

/// Into place, since the case points into it.
void draw(Random& random, RandomInterval& interval) {
  draw_zones(random, interval);
  draw_charges(random, interval);
  draw_terms(random, interval);
  SettlementCase& work = interval.work;
  const std::int64_t most = coin(random) ? 5 : 3'000;
  const std::int64_t count = between(random, 1, 9);
  for (std::int64_t i = 0; i < count; ++i) {
    interval.names.push_back(*HouseholdId::from("h" + std::to_string(i)));
    work.members.push_back(
        {.household = static_cast<std::uint32_t>(i),
         .zone = static_cast<ZoneIndex>(between(random, 0, static_cast<std::int64_t>(interval.zones.size()) - 1)),
         .contract = {},
         .contract_amount = {},
         .delivered = Energy{between(random, -most, most)}});
  }
  work.names = interval.names;
  work.zones = &interval.zones;
  if (coin(random)) return draw_contracts(random, work.members);
  work.allocation = {.key = static_cast<AllocationKey>(between(random, 0, 3)),
                     .internal_price = {.rule = static_cast<InternalPriceRule>(between(random, 0, 2)),
                                        .fixed = Price{between(random, -9'999, 250'000)}}};
  std::int64_t left = 1'000;
  for (std::size_t i = 0; i < work.members.size(); ++i) {
    work.shares.push_back({.permille = between(random, 0, left), .tier = between(random, 0, 3)});
    left -= work.shares.back().permille;
  }
}

TEST_CASE("10,000 random intervals are settled as the document says, by two programs, in every field and posting") {
  const std::uint64_t from = seed(59);
  MESSAGE("seed ", from);
  Random random(from);
  std::size_t shared = 0;
  std::size_t with_fees = 0;
  std::size_t rounded = 0;
  for (std::uint64_t round = 0; round < cases(10'000); ++round) {
    RandomInterval interval;
    draw(random, interval);
    const SettledInterval found = settle_case(interval.work);
    const SlowInterval slow = settle_slowly(interval.work);
    REQUIRE_MESSAGE(first_difference(interval.names, found.members, found.transfers, slow).empty(), "round ", round);
    for (const auto& [key, amount] : slow.postings) {
      with_fees += std::get<2>(key) == "fee" ? 1U : 0U;
      rounded += std::get<2>(key) == "rounding" ? 1U : 0U;
      shared += std::get<2>(key) == "energy" && interval.work.allocation ? 1U : 0U;
    }
  }
  // The cases reach what they are about.
  CHECK(shared > 1'000);
  CHECK(with_fees > 1'000);
  CHECK(rounded > 1'000);
}

TEST_CASE("two settlements that differ in one unit are told apart") {
  Random random(61);
  RandomInterval interval;
  while (interval.work.members.size() < 2 || interval.work.allocation) {
    interval = RandomInterval{};
    draw(random, interval);
  }
  const SettledInterval found = settle_case(interval.work);
  const SlowInterval slow = settle_slowly(interval.work);
  const auto differs = [&](const SettledInterval& changed) {
    return !first_difference(interval.names, changed.members, changed.transfers, slow).empty();
  };
  CHECK_FALSE(differs(found));
  SettledInterval changed = found;
  changed.members[0].tax_amount += Money{1};
  CHECK(differs(changed));
  changed = found;
  changed.transfers.back().amount += Money{1};
  CHECK(differs(changed));
  changed = found;
  changed.transfers.pop_back();
  CHECK(differs(changed));
}

}  // namespace
}  // namespace commonwatt::test
