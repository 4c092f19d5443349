// bench-settle: what settling one interval of many households costs once it is in memory, as a multiple of one pass
// over their figures.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "market/community_allocation.hpp"
#include "tests/bench/measure.hpp"

namespace commonwatt::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr Tariff tariff{.retail = Price{300'000}, .feed_in = Price{80'000}};

struct Street {
  std::vector<SettlementMember> members;
  std::vector<Membership> memberships;
  std::vector<HouseholdId> names;
  ZoneTree zones = ZoneTree::single();
  std::vector<std::int64_t> loss_permille;
};

/// Households on feeders of a hundred, ten feeders a substation, below one root.
Street random_street(std::size_t households, Random& random) {
  Street street;
  std::vector<Zone> zones{Zone{}};
  const auto add_zone = [&](ZoneIndex parent) {
    zones.push_back(
        {.parent = parent, .fee = Price{random.between(1, 20'000)}, .export_limit = {}, .import_limit = {}});
    return static_cast<ZoneIndex>(zones.size() - 1);
  };
  ZoneIndex substation = 0;
  ZoneIndex feeder = 0;
  for (std::size_t i = 0; i < households; ++i) {
    if (i % 1'000 == 0) substation = add_zone(0);
    if (i % 100 == 0) feeder = add_zone(substation);
    street.members.push_back({.household = static_cast<std::uint32_t>(i),
                              .zone = feeder,
                              .contract = {},
                              .contract_amount = {},
                              .delivered = Energy{random.between(-1'000, 1'000)}});
    street.memberships.push_back({.member = i, .share = {.permille = 0, .tier = random.between(0, 3)}});
    street.names.push_back(*HouseholdId::from("household-" + std::to_string(i)));
  }
  street.loss_permille.assign(zones.size(), 30);
  street.zones = *ZoneTree::from(std::move(zones));
  return street;
}

struct Figures {
  double pass_ms = 0;
  double allocate_ms = 0;
  double settle_ms = 0;
  double post_ms = 0;  ///< netting, the difference to a run before, and the sums that are checked
};

Figures measure(std::size_t households, AllocationKey key, int rounds) {
  Random random(7);
  std::vector<double> pass;
  std::vector<double> allocating;
  std::vector<double> settling;
  std::vector<double> posting;
  std::vector<Transfer> before;
  std::int64_t seen = 0;
  for (int round = 0; round < rounds; ++round) {
    Street street = random_street(households, random);
    const TieKey tie_key = [&](std::size_t place) { return allocation_tie_key(street.names[place]); };
    pass.push_back(seconds_of([&] {
      for (const SettlementMember& member : street.members) seen += member.delivered.count;
    }));
    const std::vector<Tax> taxes{
        {.name = "VAT", .permille = 190, .on_utility_energy = true, .on_neighbour_energy = true, .on_fees = true}};
    const AllocationTerms terms{.key = key, .internal_price = {.rule = InternalPriceRule::mid_market}};
    allocating.push_back(seconds_of([&] {
      if (!allocate_contracts(street.members, street.memberships, terms, tariff, tie_key)) std::abort();
    }));
    SettledInterval settled;
    settling.push_back(seconds_of([&] {
      settled = *settle_interval(
          street.members, street.zones,
          {.tariff = tariff, .imbalance = dual_prices(tariff), .loss_permille = street.loss_permille, .taxes = taxes},
          tie_key);
    }));
    posting.push_back(seconds_of([&] {
      const std::vector<Transfer> netted_transfers = *netted(settled.transfers, transfer_max);
      seen += static_cast<std::int64_t>(differences(before, netted_transfers).size());
      const TransferSums found = sums(netted_transfers, households);
      if (found.all != 0 || found.escrow != 0) std::abort();
    }));
    before = std::move(settled.transfers);
  }
  if (seen == 0) std::abort();
  return {median(pass) * 1e3, median(allocating) * 1e3, median(settling) * 1e3, median(posting) * 1e3};
}

int run(int argc, char** argv) {
  CLI::App app("What settling one interval of many households costs", "bench-settle");
  bool json = false;
  bool quick = false;
  app.add_flag("--json", json, "prints one JSON object");
  app.add_flag("--quick", quick, "small sizes only, to see that the benchmark works");
  CLI11_PARSE(app, argc, argv);
  Json report = Json::array();
  if (!json) std::puts("households  key          pass ms  allocate ms  settle ms   post ms    all ms  all/pass");
  for (std::size_t households = 1'000; households <= (quick ? 1'000U : 1'000'000U); households *= 10) {
    for (const AllocationKey key : {AllocationKey::dynamic, AllocationKey::priority}) {
      const Figures figures = measure(households, key, households > 100'000 ? 5 : 21);
      const double all = figures.allocate_ms + figures.settle_ms + figures.post_ms;
      report.push_back({{"households", households},
                        {"key", to_text(key)},
                        {"pass_ms", figures.pass_ms},
                        {"allocate_ms", figures.allocate_ms},
                        {"settle_ms", figures.settle_ms},
                        {"post_ms", figures.post_ms},
                        {"all_per_pass", all / figures.pass_ms}});
      if (json) continue;
      std::printf("%10zu  %-10s  %8.3f  %11.2f  %9.2f  %8.2f  %8.2f  %8.0f\n", households, to_text(key),
                  figures.pass_ms, figures.allocate_ms, figures.settle_ms, figures.post_ms, all, all / figures.pass_ms);
    }
  }
  if (json) std::cout << report.dump() << "\n";
  return 0;
}

}  // namespace
}  // namespace commonwatt::bench

int main(int argc, char** argv) {
  return commonwatt::bench::run(argc, argv);
}
