// The rewards of an epoch from a journal: counted again by hand, told in words, and never without what the rule needs.
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include <doctest/doctest.h>

#include "controller/reward_report.hpp"
#include "controller/rewards_command.hpp"
#include "controller/settle_balance.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::TemporaryDirectory;

constexpr std::int64_t hour = 3'600;
constexpr Price fee{10'000};

/// Eight intervals, which are two epochs of an hour, in which whoever draws energy pays that fee.
const Neighbourhood& street(Price paid = fee) {
  static std::map<Price, std::unique_ptr<Neighbourhood>> lived;
  std::unique_ptr<Neighbourhood>& made = lived[paid];
  if (made) return *made;
  MarketConfigured configured = test::street_configuration();
  configured.rules.network_fee = paid;
  made = std::make_unique<Neighbourhood>(configured);
  made->live(8);
  return *made;
}

void write_street(const Neighbourhood& street, const std::filesystem::path& directory) {
  const auto journal = std::move(Journal::open(directory)).value();
  State state;
  for (const Neighbourhood::Happened& happened : street.events) {
    std::vector<StoreBatch> batches;
    for (const Effect& effect : step(state, happened.event, happened.time)) {
      if (const auto* store = std::get_if<StoreBatch>(&effect)) batches.push_back(*store);
    }
    REQUIRE(journal->append({{happened.time, happened.event}}, batches).ok());
  }
}

std::string balance_text(const std::string& verdict) {
  std::string text = balance_header;
  for (std::int64_t i = 0; i < 8; ++i) {
    text += std::to_string(test::street_interval(i).begin_seconds()) + ",root,1,1,0,0,0," + verdict + "\n";
  }
  return text;
}

RewardReport report_of(const std::filesystem::path& directory, std::int64_t number, const std::string& verdict,
                       const RewardParameters& parameters = {}) {
  const auto epoch = read_epoch(directory / journal_file, {.number = number, .seconds = hour});
  REQUIRE(epoch.ok());
  ZoneChecks checks;
  if (!verdict.empty()) checks = *read_zone_checks("balance.csv", balance_text(verdict));
  return std::move(make_reward_report(*epoch, number, hour, checks, parameters)).value();
}

TEST_CASE("an epoch from a journal is what anyone counts from its statements") {
  const TemporaryDirectory directory;
  write_street(street(), directory.path());
  const RewardReport report = report_of(directory.path(), 1, "yes");
  Energy verified;
  for (std::size_t i = 4; i < 8; ++i) {
    Energy sold;
    Energy used;
    for (const Statement& statement : street().batches[i].batch.statements) {
      sold += std::min(std::max(-statement.contract, Energy{0}), std::max(-statement.delivered(), Energy{0}));
      used += std::min(std::max(statement.contract, Energy{0}), std::max(statement.delivered(), Energy{0}));
    }
    verified += std::min(sold, used);
  }
  Energy told;
  for (const HouseholdReward& one : report.rewards.households) {
    told += one.verified;
    CHECK(one.reward.count == one.verified.count * fee.count / 2);
  }
  REQUIRE(verified > Energy{0});
  // Each interval rounds down for each of the two sellers.
  CHECK(told <= verified);
  CHECK(told >= verified - Energy{8});
  CHECK(report.intervals == 4);
  CHECK(report.final_intervals == 0);
  CHECK(report.begin == test::street_interval(4).begin());
}

TEST_CASE("the epochs before cap the budget by what the ledger's fees received") {
  const TemporaryDirectory directory;
  write_street(street(), directory.path());
  RewardParameters rule;
  rule.bootstrap_epochs = 0;
  rule.window_epochs = 2;
  const RewardReport first = report_of(directory.path(), 0, "yes", rule);
  const RewardReport second = report_of(directory.path(), 1, "yes", rule);
  CHECK(first.burned > Money{0});
  CHECK(first.rewards.budget.cap == TokenAmount{0});
  CHECK(first.rewards.minted == TokenAmount{0});
  CHECK(second.rewards.budget.cap == TokenAmount{first.burned.count / 2});
  CHECK(second.window == std::vector<Money>{first.burned});
}

TEST_CASE("without a fee, without head meters or out of balance nothing is verified, and the report says why") {
  const TemporaryDirectory directory;
  SUBCASE("no fee") {
    write_street(street(Price{0}), directory.path());
    const RewardReport report = report_of(directory.path(), 0, "yes");
    CHECK(report.rewards.households[0].verified == Energy{0});
    CHECK(report.rewards.households[0].unpaid_for(RewardReason::fee_unpaid) > Energy{0});
    CHECK(reward_table(report).find("nothing was burned") != std::string::npos);
  }
  SUBCASE("no head meter, or one that disagrees") {
    write_street(street(), directory.path());
    for (const std::string verdict : {"", "no", "not_judged"}) {
      const RewardReport report = report_of(directory.path(), 0, verdict);
      CHECK(report.rewards.minted == TokenAmount{0});
      CHECK(report.rewards.households[0].unpaid_for(RewardReason::not_balanced) == report.rewards.households[0].sold);
      const bool says_so = reward_table(report).find("No head meter") != std::string::npos;
      CHECK(says_so == verdict.empty());
    }
  }
}

TEST_CASE("a household reads in words what it earned and why not more") {
  const TemporaryDirectory directory;
  write_street(street(), directory.path());
  const RewardReport report = report_of(directory.path(), 1, "yes");
  const HouseholdReward& first = report.rewards.households.front();
  const std::string words = explain_reward(report, first.household).value();
  CHECK(words.find("hh01 sold " + std::to_string(first.sold.count) + " Wh to neighbours") != std::string::npos);
  CHECK(words.find("Reward: " + std::to_string(first.reward.count) + " base units") != std::string::npos);
  CHECK(words.find("4 of 4 intervals are not final") != std::string::npos);
  CHECK_FALSE(explain_reward(report, *HouseholdId::from("hh99")).has_value());
  CHECK(reward_json(report).find("\"reward_base_units\": " + std::to_string(first.reward.count)) != std::string::npos);
}

TEST_CASE("a row of balances that cannot be right is refused with its line") {
  const auto error = [](const std::string& row) { return read_zone_checks("b.csv", balance_header + row).error(); };
  CHECK(error("x,root,1,1,0,0,0,yes\n").find("b.csv:2: interval_start") == 0);
  CHECK(error("900,Root,1,1,0,0,0,yes\n").find("b.csv:2: zone 'Root'") == 0);
  CHECK(error("900,root,1,1,0,0,0,true\n").find("b.csv:2: in_tolerance 'true'") == 0);
  CHECK(error("900,root,1,1,0,0,0,yes\n900,root,1,1,0,0,0,no\n").find("b.csv:3: the interval and zone come twice") ==
        0);
  CHECK(read_zone_checks("b.csv", std::string(balance_header) + "900,,1,1,0,0,0,no\n")->at({900, ""}) ==
        ZoneCheck::out_of_tolerance);
}

TEST_CASE("the command says what is wrong with its options and files") {
  const TemporaryDirectory directory;
  write_street(street(), directory.path());
  std::ofstream(directory / "balance.csv") << balance_text("yes");
  std::ostringstream out;
  std::ostringstream errors;
  RewardsOptions options;
  options.source.directory = directory.path();
  options.source.epoch_seconds = hour;
  options.source.balance = directory / "balance.csv";
  CHECK(run_rewards(options, out, errors) == 0);
  CHECK(out.str().find("hh01") != std::string::npos);
  CHECK(errors.str().empty());
  const auto status = [&](auto change) {
    RewardsOptions changed = options;
    change(changed);
    return run_rewards(changed, out, errors);
  };
  CHECK(status([](RewardsOptions& one) { one.source.epoch = -1; }) == 64);
  CHECK(status([](RewardsOptions& one) { one.source.epoch = 7; }) == 64);
  CHECK(status([](RewardsOptions& one) { one.source.epoch_seconds = 1'000; }) == 64);
  CHECK(status([](RewardsOptions& one) { one.explain = "hh99"; }) == 64);
  CHECK(status([](RewardsOptions& one) { one.explain = "No Name"; }) == 64);
  CHECK(status([](RewardsOptions& one) { one.source.parameters.reward_to_fee_permille = 1'000; }) == 64);
  CHECK(errors.str().find("is not below the fee") != std::string::npos);
  CHECK(status([](RewardsOptions& one) { one.source.balance = "/nowhere"; }) == 65);
  CHECK(status([](RewardsOptions& one) { one.source.directory = "/nowhere"; }) == 65);
  CHECK(status([](RewardsOptions& one) { one.is_json = true; }) == 0);
}

}  // namespace
}  // namespace commonwatt
