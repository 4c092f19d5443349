// campaign-rewards: coalitions that try to earn rewards with energy nobody needed, against the defaults and against
// controls without protection; and the region in which they would. tools/campaign-rewards starts it.
#include <cstdio>
#include <fstream>
#include <string>

#include <CLI/CLI.hpp>

#include "core/wide.hpp"
#include "tests/market/reward_attacks.hpp"
#include "tests/market/reward_region.hpp"

namespace commonwatt::test {
namespace {

struct AttackFigures {
  std::uint64_t paid_off = 0;          ///< against the defaults
  std::uint64_t paid_off_guarded = 0;  ///< against the one protection made for it
  std::uint64_t failed_controls = 0;   ///< with that protection off, and yet without profit
  Money best;                          ///< the highest profit against the defaults
  Wide rewards = 0;
  Wide cost = 0;
};

double units(Wide money) {
  return static_cast<double>(money) / 1e9;
}

AttackFigures try_seeds(RewardAttack attack, std::uint64_t first, std::uint64_t seeds) {
  AttackFigures figures;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const AttackResult result = try_attack(attack, seed, default_defence(seed));
    const auto complain = [&](const char* what, Money profit) {
      std::printf("seed %llu: %s %s, %lld nano-currency\n", static_cast<unsigned long long>(seed), to_text(attack),
                  what, static_cast<long long>(profit.count));
    };
    figures.rewards += result.rewards.count;
    figures.cost += result.stolen.count - result.settlement.count;
    figures.best = seed == first ? result.profit() : std::max(figures.best, result.profit());
    if (result.profit() > Money{0}) {
      ++figures.paid_off;
      complain("pays", result.profit());
    }
    const Money guarded = try_attack(attack, seed, with_one_protection(attack, seed)).profit();
    if (guarded > Money{0}) {
      ++figures.paid_off_guarded;
      complain("pays in spite of its protection", guarded);
    }
    const Money control = try_attack(attack, seed, without_protection(attack, seed)).profit();
    if (control <= Money{0}) {
      ++figures.failed_controls;
      complain("does not even pay unprotected", control);
    }
  }
  return figures;
}

bool try_all(std::uint64_t first, std::uint64_t seeds) {
  std::uint64_t faults = 0;
  std::printf("%-18s %8s %10s %10s %14s %14s %14s\n", "attack", "pays", "pays with", "no profit", "rewards", "cost",
              "best profit");
  std::printf("%-18s %8s %10s %10s %14s %14s %14s\n", "", "", "its guard", "without", "mean", "mean", "nano");
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(enum_last(RewardAttack{})); ++i) {
    const auto attack = static_cast<RewardAttack>(i);
    const AttackFigures figures = try_seeds(attack, first, seeds);
    const auto count = static_cast<double>(seeds);
    std::printf("%-18s %8llu %10llu %10llu %14.6f %14.6f %14lld\n", to_text(attack),
                static_cast<unsigned long long>(figures.paid_off),
                static_cast<unsigned long long>(figures.paid_off_guarded),
                static_cast<unsigned long long>(figures.failed_controls), units(figures.rewards) / count,
                units(figures.cost) / count, static_cast<long long>(figures.best.count));
    faults += figures.paid_off + figures.paid_off_guarded + figures.failed_controls;
  }
  std::printf("%llu faults\n", static_cast<unsigned long long>(faults));
  return faults == 0;
}

bool write_file(const std::string& path, const std::string& text) {
  if (path.empty()) return true;
  if (path == "-") return std::fputs(text.c_str(), stdout) >= 0;
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (file.flush().good()) return true;
  std::fprintf(stderr, "%s: cannot be written\n", path.c_str());
  return false;
}

int run(int argc, char** argv) {
  CLI::App app("Coalitions that try to earn rewards with energy nobody needed", "campaign-rewards");
  std::uint64_t seeds = 1'000;
  std::uint64_t seed = 1;
  std::string csv;
  std::string svg;
  app.add_option("--seeds", seeds, "how many streets for each attack")->check(CLI::PositiveNumber);
  app.add_option("--seed", seed, "the first seed");
  app.add_option("--csv", csv, "where the region goes in which an attack pays; - for standard output");
  app.add_option("--svg", svg, "the same as a picture");
  CLI11_PARSE(app, argc, argv);
  const bool is_safe = try_all(seed, seeds);
  if (csv.empty() && svg.empty()) return is_safe ? 0 : 1;
  const std::vector<RegionPoint> region = scan_region(seed);
  const bool is_written = write_file(csv, region_csv(region)) && write_file(svg, region_svg(region));
  return is_safe && is_written ? 0 : 1;
}

}  // namespace
}  // namespace commonwatt::test

int main(int argc, char** argv) {
  return commonwatt::test::run(argc, argv);
}
