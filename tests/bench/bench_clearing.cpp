// bench-clearing: how fast the auctions are, as ratios against references measured in the same run. What the figures
// mean and how to take them: docs/benchmarks.md.
#include <cstdio>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tests/bench/call_auction_bench.hpp"
#include "tests/bench/measure.hpp"
#include "tests/bench/order_book_bench.hpp"
#include "tests/bench/zone_tree_bench.hpp"

namespace commonwatt::bench {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  bool json = false;
  bool quick = false;  ///< small sizes only: shows that the benchmark works, not how fast the auctions are
  std::size_t clp_households_max = 100'000;
};

/// Small enough to be done soon, often enough for a median.
int rounds_for(std::size_t orders) {
  return orders > 1'000'000 ? 5 : 31;
}

Json to_json(const CallAuctionFigures& figures) {
  return {{"orders", figures.orders},
          {"prices", figures.prices},
          {"pass_ns", figures.pass_ns},
          {"clear_ns", figures.clear_ns},
          {"sort_clearing_ns", figures.sort_ns},
          {"bare_sort_ns", figures.bare_sort_ns},
          {"clear_per_pass", figures.clear_ns / figures.pass_ns},
          {"sort_clearing_per_clear", figures.sort_ns / figures.clear_ns},
          {"bare_sort_per_clear", figures.bare_sort_ns / figures.clear_ns},
          {"allocations", figures.allocations}};
}

void print(const CallAuctionFigures& figures) {
  std::printf("%9zu  %-6s  %6.2f  %7.2f  %8.2f  %8.2f  %9.2f  %10.1f  %9.1f  %6llu\n", figures.orders,
              figures.prices.c_str(), figures.pass_ns, figures.clear_ns, figures.sort_ns, figures.bare_sort_ns,
              figures.clear_ns / figures.pass_ns, figures.sort_ns / figures.clear_ns,
              figures.bare_sort_ns / figures.clear_ns, static_cast<unsigned long long>(figures.allocations));
  std::fflush(stdout);
}

Json measure_call_auctions(const Options& options) {
  if (!options.json) {
    std::puts("One zone. Nanoseconds an order; the sorted clearing and the bare std::sort stand beside.");
    std::puts("   orders  prices    pass    clear    sorted      sort  clear/pass  sorted/clear  sort/clear  allocs");
  }
  Json all = Json::array();
  double at_1e5 = 0;
  for (std::size_t orders = 100; orders <= (options.quick ? 10'000U : 10'000'000U); orders *= 10) {
    for (const char* prices : {"ticks", "unique", "one"}) {
      if (std::string(prices) != "ticks" && orders != 1'000'000 && orders != 1'000) continue;
      const CallAuctionFigures figures = measure_call_auction(orders, prices, rounds_for(orders));
      if (!options.json) print(figures);
      all.push_back(to_json(figures));
      if (orders == 100'000) at_1e5 = figures.clear_ns;
      if (orders == 10'000'000 && !options.json)
        std::printf("an order costs %.2f times as much at 1e7 as at 1e5\n", figures.clear_ns / at_1e5);
    }
  }
  return all;
}

Json measure_zone_trees(const Options& options) {
  if (!options.json) {
    std::puts("\nZone trees, limits binding. CLP: the faster of its two simplex methods, from a cold start.");
    std::puts("households   zones  depth  binding     clear s       CLP s   CLP/clear");
  }
  Json all = Json::array();
  for (std::size_t households = 100; households <= (options.quick ? 1'000U : 1'000'000U); households *= 10) {
    for (const std::size_t depth : {4U, 64U}) {
      if (depth != 4 && households < 1'000'000) continue;
      const bool with_clp = households <= options.clp_households_max;
      const ZoneTreeFigures figures = measure_zone_tree(households, depth, households >= 100'000 ? 3 : 9, with_clp);
      Json row{{"households", households},
               {"zones", figures.zones},
               {"depth", depth},
               {"limits_binding", figures.limits_binding},
               {"clear_s", figures.clear_seconds},
               {"clp_s", with_clp ? Json(figures.clp_seconds) : Json(nullptr)},
               {"clp_per_clear", with_clp ? Json(figures.clp_seconds / figures.clear_seconds) : Json(nullptr)}};
      if (!options.json) {
        std::printf("%10zu  %6zu  %5zu  %7zu  %10.6f  %10.6f  %10.1f\n", households, figures.zones, depth,
                    figures.limits_binding, figures.clear_seconds, figures.clp_seconds,
                    figures.clp_seconds / figures.clear_seconds);
        std::fflush(stdout);
      }
      all.push_back(std::move(row));
    }
  }
  return all;
}

Json measure_continuous(const Options& options) {
  const OrderBookFigures figures = measure_order_book();
  if (!figures.same_trades) {
    std::cerr << "bench-clearing: the two order books made different trades\n";
    std::exit(1);
  }
  if (!options.json) {
    std::puts("Continuous trading: adds that rest, adds that trade, cancels and replaces, mixed.");
    std::printf(
        "%.1f ns an operation, %.1f million a second; a std::map of lists takes %.1f ns: %.1f times as long\n\n",
        figures.ours_ns, figures.orders_per_second / 1e6, figures.map_ns, figures.ratio);
  }
  return {{"operations", figures.operations},
          {"flows", figures.flows},
          {"trades", figures.trades},
          {"ns_per_operation", figures.ours_ns},
          {"operations_per_second", figures.orders_per_second},
          {"map_ns_per_operation", figures.map_ns},
          {"map_per_ours", figures.ratio}};
}

int run(int argc, char** argv) {
  CLI::App app("How fast the auctions are, as ratios against references measured in the same run", "bench-clearing");
  Options options;
  app.add_flag("--json", options.json, "prints one JSON object");
  app.add_flag("--quick", options.quick, "small sizes only, to see that the benchmark works");
  app.add_option("--clp-households-max", options.clp_households_max, "CLP takes part up to this size");
  CLI11_PARSE(app, argc, argv);
  Json report;
  // First, on a heap nobody has used: the map of lists lives on it.
  if (!options.quick) report["continuous"] = measure_continuous(options);
  report["call_auction"] = measure_call_auctions(options);
  report["zone_trees"] = measure_zone_trees(options);
  report["memory_peak_bytes"] = memory_peak();
  if (options.json) {
    std::cout << report.dump() << "\n";
  } else {
    std::printf("\nmemory peak %.0f MB\n", static_cast<double>(memory_peak()) / 1e6);
  }
  return 0;
}

}  // namespace
}  // namespace commonwatt::bench

int main(int argc, char** argv) {
  return commonwatt::bench::run(argc, argv);
}
