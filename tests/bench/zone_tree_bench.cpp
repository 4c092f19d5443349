#include "tests/bench/zone_tree_bench.hpp"

#include <cmath>
#include <cstdlib>
#include <iostream>

#include "core/wide.hpp"
#include "market/certificate.hpp"
#include "market/zone_clearing.hpp"
#include "tests/bench/measure.hpp"
#include "tests/market/welfare_lp.hpp"

namespace commonwatt::bench {
namespace {

struct Network {
  ZoneTree tree = ZoneTree::single();
  std::vector<LimitOrder> orders;
};

/// Transformers at the bottom, `depth` edges down; above them so many zones on every level that they thin out evenly.
Network make_network(std::size_t households, std::size_t depth, Random& random) {
  constexpr std::size_t households_per_transformer = 200;
  const std::size_t transformers = std::max<std::size_t>(1, households / households_per_transformer);
  std::vector<Zone> zones(1);
  std::vector<ZoneIndex> above{0};
  for (std::size_t level = 1; level <= depth; ++level) {
    const double share = static_cast<double>(level) / static_cast<double>(depth);
    const auto count = static_cast<std::size_t>(std::round(std::pow(static_cast<double>(transformers), share)));
    std::vector<ZoneIndex> here;
    // What a transformer's households could want at most, and what lies below an edge, say where a limit binds.
    const auto below = static_cast<std::int64_t>(households / std::max<std::size_t>(1, count));
    for (std::size_t i = 0; i < std::max<std::size_t>(1, count); ++i) {
      Zone zone;
      zone.parent = above[i * above.size() / std::max<std::size_t>(1, count)];
      zone.fee = Price{random.between(0, 20) * 500};
      if (random() % 3 != 0) zone.export_limit = Energy{random.between(0, below * 150)};
      if (random() % 3 != 0) zone.import_limit = Energy{random.between(0, below * 150)};
      here.push_back(static_cast<ZoneIndex>(zones.size()));
      zones.push_back(zone);
    }
    above = std::move(here);
  }
  Network network{.tree = *ZoneTree::from(std::move(zones)), .orders = {}};
  // Each transformer has sun or thirst of its own, so that energy wants to travel.
  std::vector<std::int64_t> sell_permille;
  for (std::size_t i = 0; i < above.size(); ++i) sell_permille.push_back(random.between(100, 900));
  for (std::size_t i = 0; i < households; ++i) {
    const std::size_t at = i * above.size() / households;
    network.orders.push_back({.limit = Price{80'000 + random.between(0, 2'200) * 100},
                              .quantity = Energy{random.between(1, 2'000)},
                              .zone = above[at],
                              .side = random.between(0, 999) < sell_permille[at] ? Side::sell : Side::buy});
  }
  return network;
}

double welfare_of(const Network& network, const TreeClearing& clearing) {
  WideMoney welfare = 0;
  for (std::size_t i = 0; i < network.orders.size(); ++i) {
    const bool buys = network.orders[i].side == Side::buy;
    welfare += wide_product(buys ? clearing.fills[i] : -clearing.fills[i], network.orders[i].limit);
  }
  for (ZoneIndex zone = 0; zone < network.tree.size(); ++zone) {
    const Energy flow = clearing.zones[zone].flow;
    welfare -= wide_product(flow < Energy{0} ? -flow : flow, network.tree[zone].fee);
  }
  return static_cast<double>(welfare);
}

[[noreturn]] void give_up(const char* what) {
  std::cerr << "bench-clearing: " << what << "\n";
  std::exit(1);
}

Hash32 key_of(std::size_t index) {
  Hash32 key{};
  for (std::size_t i = 0; i < 8; ++i) key[i] = static_cast<std::uint8_t>(index >> (8U * i));
  return key;
}

}  // namespace

ZoneTreeFigures measure_zone_tree(std::size_t households, std::size_t depth, int rounds, bool with_clp) {
  Random random(households + depth);
  const ZoneTieKeys tie_keys{.order = key_of, .zone = key_of};
  ZoneTreeFigures figures{.households = households, .zones = 0, .depth = depth, .limits_binding = 0};
  std::vector<double> clear;
  std::vector<double> clp;
  for (int round = 0; round < rounds; ++round) {
    const Network network = make_network(households, depth, random);
    TreeClearing clearing;
    clear.push_back(
        seconds_of([&] { clearing = clear_zones(network.orders, network.tree, ClearingRule{}, tie_keys); }));
    if (const auto fault = clearing_fault(network.orders, network.tree, clearing)) give_up(fault->what.c_str());
    figures.zones = network.tree.size();
    figures.limits_binding = 0;
    for (ZoneIndex zone = 0; zone < network.tree.size(); ++zone) {
      const Energy flow = clearing.zones[zone].flow;
      const Zone& edge = network.tree[zone];
      if (flow != Energy{0} && (flow == edge.export_limit || -flow == edge.import_limit)) ++figures.limits_binding;
    }
    if (!with_clp) continue;
    const test::LpResult dual = test::best_welfare(network.orders, network.tree, test::Simplex::dual);
    const test::LpResult primal = test::best_welfare(network.orders, network.tree, test::Simplex::primal);
    const double best = welfare_of(network, clearing);
    if (!dual.solved || std::abs(dual.welfare - best) > 1e-7 * best) give_up("CLP finds another welfare");
    clp.push_back(std::min(dual.solve_seconds, primal.solve_seconds));
  }
  figures.clear_seconds = median(clear);
  if (with_clp) figures.clp_seconds = median(clp);
  return figures;
}

}  // namespace commonwatt::bench
