// campaign-settlement: random communities through a year of settlement runs each, with everything checked after every
// posting. tools/campaign-settlement starts it.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "tests/market/settlement_years.hpp"

namespace commonwatt::test {
namespace {

class Campaign {
 public:
  Campaign(std::uint64_t first_seed, std::uint64_t seeds, std::int64_t days)
      : next_(first_seed), end_(first_seed + seeds), days_(days) {}

  void work() {
    for (std::uint64_t seed = next_++; seed < end_; seed = next_++) {
      const YearResult result = live_through(draw_year(seed, days_));
      const std::lock_guard lock(mutex_);
      figures_ += result.figures;
      ++years_;
      if (!result.fault) continue;
      ++faults_;
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), result.fault->c_str());
      std::fflush(stdout);
    }
  }

  int report(double seconds) const {
    std::printf(
        "%zu years in %.0f s (%.0f an hour): %zu faults\n"
        "intervals %zu, statements %zu, postings %zu, posted again by a later run %zu\n"
        "readings held %zu, meter intervals estimated %zu, intervals changed too late to be posted %zu\n"
        "intervals beside the slow settlement %zu, days of 23 hours %zu, of 25 hours %zu\n",
        years_, seconds, static_cast<double>(years_) * 3'600 / seconds, faults_, figures_.intervals,
        figures_.statements, figures_.postings, figures_.revised, figures_.held, figures_.estimated,
        figures_.after_final, figures_.beside_oracle, figures_.short_days, figures_.long_days);
    return faults_ == 0 ? 0 : 1;
  }

 private:
  std::atomic<std::uint64_t> next_;
  std::uint64_t end_;
  std::int64_t days_;
  std::mutex mutex_;
  YearFigures figures_;
  std::size_t years_ = 0;
  std::size_t faults_ = 0;
};

int run(int argc, char** argv) {
  CLI::App app("Random communities through a year of settlement runs each", "campaign-settlement");
  std::uint64_t seeds = 1'000;
  std::uint64_t seed = 1;
  std::int64_t days = 365;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  app.add_option("--seeds", seeds, "how many communities")->check(CLI::PositiveNumber);
  app.add_option("--seed", seed, "the first seed");
  app.add_option("--days", days, "of each community")->check(CLI::Range(1, 400));
  app.add_option("--jobs", jobs, "communities at a time")->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  Campaign campaign(seed, seeds, days);
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < jobs; ++i) threads.emplace_back([&campaign] { campaign.work(); });
  threads.clear();
  return campaign.report(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

}  // namespace
}  // namespace commonwatt::test

int main(int argc, char** argv) {
  return commonwatt::test::run(argc, argv);
}
