#include "controller/reward_report.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "controller/csv_rows.hpp"

namespace commonwatt {
namespace {

using Json = nlohmann::ordered_json;

/// What a posting puts on the account `fees`; below zero it takes.
Money on_fees(const Posting& posting) {
  Money amount;
  if (posting.credit.kind == AccountKind::fees) amount += posting.amount;
  if (posting.debit.kind == AccountKind::fees) amount -= posting.amount;
  return amount;
}

/// What every household paid into the fees, for every interval of the epoch.
using FeeTable = std::map<std::pair<Interval, HouseholdId>, Money>;

FeeTable fees_of(const JournalEpoch& epoch) {
  FeeTable fees;
  for (const JournalEpoch::SettledRun& run : epoch.runs) {
    if (run.interval.begin() < epoch.begin) continue;
    for (const Posting& posting : run.postings) {
      const std::optional<HouseholdId>& household =
          posting.debit.household ? posting.debit.household : posting.credit.household;
      if (household) fees[{run.interval, *household}] += on_fees(posting);
    }
  }
  return fees;
}

ZoneCheck check_of(const ZoneChecks& checks, const Interval& interval, const std::string& zone) {
  for (const std::string& name : {zone, std::string()}) {
    const auto found = checks.find({interval.begin_seconds(), name});
    if (found != checks.end()) return found->second;
  }
  return ZoneCheck::not_judged;
}

RewardInterval reward_interval(const JournalEpoch& epoch, const JournalEpoch::SettledRun& run, const FeeTable& fees,
                               const ZoneChecks& checks) {
  RewardInterval result{.interval = run.interval, .members = {}};
  for (const Statement& statement : run.statements) {
    const auto fee = fees.find({run.interval, statement.household});
    RewardMember& member = result.members.emplace_back();
    member.household = member.owner = statement.household;
    member.contract = statement.contract;
    member.delivered = statement.delivered();
    member.quality = statement.quality;
    member.fee = fee == fees.end() ? Money{0} : fee->second;
    const auto record = epoch.households.find(statement.household);
    if (record == epoch.households.end()) continue;
    member.owner = record->second.owner;
    member.zone = check_of(checks, run.interval, record->second.zone.text());
    constexpr std::int64_t hour_seconds = 3'600;
    const Power most = record->second.nameplate + record->second.storage;
    member.export_max = Energy{most.count * run.interval.length_seconds() / hour_seconds};
  }
  return result;
}

std::string padded(const std::string& text, std::size_t width) {
  return text.size() >= width ? " " + text : std::string(width - text.size(), ' ') + text;
}

std::string number_text(std::int64_t number) {
  return std::to_string(number);
}

std::string unpaid_text(const HouseholdReward& household) {
  std::string text;
  for (std::size_t i = 0; i < reward_reasons; ++i) {
    if (household.unpaid[i] == Energy{0}) continue;
    text += std::string(text.empty() ? "" : ", ") + to_text(static_cast<RewardReason>(i)) + " " +
            number_text(household.unpaid[i].count);
  }
  return text;
}

/// What the journal lacks, so that nothing of it is taken for zero by chance.
std::string lacks_text(const RewardReport& report) {
  std::string text;
  if (!report.has_checks) {
    text += "No head meter's balance was given (--balance): no energy is verified.\n";
  }
  if (report.burned == Money{0}) {
    text += "The ledger's account `fees` received nothing in this epoch: no buyer paid a fee, so nothing was burned.\n";
  }
  if (report.final_intervals < report.intervals) {
    text += number_text(report.intervals - report.final_intervals) + " of " + number_text(report.intervals) +
            " intervals are not final: readings that come late can still change this. Mint nothing before.\n";
  }
  return text;
}

std::string budget_text(const RewardReport& report) {
  const EpochBudget& budget = report.rewards.budget;
  const RewardParameters& rule = report.parameters;
  return "base " + number_text(budget.base.count) + ", " +
         (budget.cap
              ? "cap by what was burned per epoch of the last " + number_text(rule.window_epochs) + ": " +
                    number_text(budget.cap->count)
              : "no cap by what was burned: one of the first " + number_text(rule.bootstrap_epochs) + " epochs") +
         (rule.limit ? "; limit of the contract " + number_text(rule.limit->count) : "") + "; budget " +
         number_text(budget.budget.count) + " base units\n";
}

}  // namespace

Result<ZoneChecks, std::string> read_zone_checks(const std::string& name, std::string text) {
  ZoneChecks checks;
  const std::array<const char*, 8> columns{"interval_start", "zone",    "in_tolerance", "head_wh",
                                           "metered_wh",     "loss_wh", "residual_wh",  "unmetered_permille"};
  const std::optional<std::string> fault = for_rows<8>(name, text, columns, [&](const auto& fields, auto) {
    constexpr std::int64_t time_max = 9'000'000'000;
    const std::int64_t begin = whole_number(columns[0], fields[0], 0, time_max);
    const std::string zone = fields[1];
    if (!zone.empty() && !is_name(zone)) {
      throw RowError{"zone " + quoted(fields[1]) + " is no name: 1 to 32 characters of a-z, 0-9, '-' and '_'"};
    }
    const std::string verdict = fields[2];
    const auto check = verdict == "yes"  ? ZoneCheck::balanced
                       : verdict == "no" ? ZoneCheck::out_of_tolerance
                                         : ZoneCheck::not_judged;
    if (check == ZoneCheck::not_judged && verdict != "not_judged") {
      throw RowError{"in_tolerance " + quoted(fields[2]) + " is none of yes, no and not_judged"};
    }
    if (!checks.emplace(std::pair(begin, zone), check).second) throw RowError{"the interval and zone come twice"};
  });
  if (fault) return Fail{*fault};
  return checks;
}

Result<RewardReport, std::string> make_reward_report(const JournalEpoch& epoch, std::int64_t number,
                                                     std::int64_t epoch_seconds, const ZoneChecks& checks,
                                                     const RewardParameters& parameters) {
  RewardReport report{.epoch = number,
                      .begin = epoch.begin,
                      .end = epoch.begin + std::chrono::seconds(epoch_seconds),
                      .currency = epoch.currency,
                      .origin = epoch.origin,
                      .parameters = parameters,
                      .rewards = {},
                      .burned = {},
                      .window = {},
                      .has_checks = !checks.empty(),
                      .accounts = {}};
  for (const auto& [household, key] : epoch.account_keys) {
    if (const std::optional<EvmAddress> account = address_of_order_key(key)) report.accounts[household] = *account;
  }
  std::vector<Money> burned(static_cast<std::size_t>(number + 1));
  std::map<Interval, const JournalEpoch::SettledRun*> in_force;
  for (const JournalEpoch::SettledRun& run : epoch.runs) {
    const std::int64_t back = epoch.begin.seconds() / epoch_seconds - run.interval.begin_seconds() / epoch_seconds;
    for (const Posting& posting : run.postings) burned[static_cast<std::size_t>(number - back)] += on_fees(posting);
    if (back == 0) in_force[run.interval] = &run;
  }
  report.burned = burned.back();
  burned.pop_back();
  const FeeTable fees = fees_of(epoch);
  std::vector<RewardInterval> intervals;
  for (const auto& [interval, run] : in_force) {
    intervals.push_back(reward_interval(epoch, *run, fees, checks));
    ++report.intervals;
    if (run->run == Run::final) ++report.final_intervals;
  }
  Result<EpochRewards, RewardFault> rewards = reward_epoch(intervals, number, burned, parameters);
  if (!rewards) return Fail{std::string(explain(rewards.error()))};
  report.rewards = std::move(*rewards);
  const std::size_t counted = std::min(burned.size(), static_cast<std::size_t>(parameters.window_epochs));
  report.window.assign(burned.end() - static_cast<std::ptrdiff_t>(counted), burned.end());
  return report;
}

std::string reward_table(const RewardReport& report) {
  const RewardParameters& rule = report.parameters;
  std::string text = "Epoch " + number_text(report.epoch) + ", " + to_text(report.begin) + " to " +
                     to_text(report.end) + ", " + number_text(report.intervals) + " intervals settled\n" +
                     budget_text(report) + "A kWh earns at most " + number_text(rule.reward_to_fee_permille) +
                     " permille of the fee of " + number_text(rule.fee.count) + " micro-" + report.currency +
                     "; in this epoch fees of " + number_text(report.burned.count) + " nano-" + report.currency +
                     " were burned\n" + lacks_text(report) + "\n";
  constexpr std::size_t name_width = 16;
  constexpr std::size_t width = 14;
  const auto row = [&](const std::string& name, const std::vector<std::string>& cells) {
    text += name + (name.size() < name_width ? std::string(name_width - name.size(), ' ') : "");
    for (const std::string& cell : cells) text += padded(cell, width);
  };
  row("household", {"sold Wh", "verified Wh", "quality", "reward"});
  text += "  Wh that earned nothing\n";
  for (const HouseholdReward& one : report.rewards.households) {
    row(one.household.text(), {number_text(one.sold.count), number_text(one.verified.count),
                               number_text(one.quality_permille), number_text(one.reward.count)});
    text += "  " + unpaid_text(one) + "\n";
  }
  row("all", {"", "", "", number_text(report.rewards.minted.count)});
  return text + "\n";
}

std::optional<std::string> explain_reward(const RewardReport& report, const HouseholdId& household) {
  const auto found = std::find_if(report.rewards.households.begin(), report.rewards.households.end(),
                                  [&](const HouseholdReward& one) { return one.household == household; });
  if (found == report.rewards.households.end()) return std::nullopt;
  const RewardParameters& rule = report.parameters;
  std::string text = "From " + to_text(report.begin) + " to " + to_text(report.end) + " " + household.text() +
                     " sold " + number_text(found->sold.count) + " Wh to neighbours. " +
                     number_text(found->verified.count) +
                     " Wh of it were delivered and used by households of other owners, as meters confirm.\n";
  for (std::size_t i = 0; i < reward_reasons; ++i) {
    if (found->unpaid[i] == Energy{0}) continue;
    text +=
        number_text(found->unpaid[i].count) + " Wh earned nothing: it " + explain(static_cast<RewardReason>(i)) + ".\n";
  }
  text += "Its meter was read in " + number_text(found->quality_permille) + " of 1000 intervals.\n";
  text += number_text(found->verified.count) + " Wh x " + number_text(rule.fee.count) + " nano-" + report.currency +
          " of fee per Wh x " + number_text(rule.reward_to_fee_permille) + "/1000 x " +
          number_text(found->quality_permille) + "/1000 are " + number_text(found->full.count) + " base units.\n";
  if (found->reward < found->full) {
    text += "The budget of the epoch, " + number_text(report.rewards.budget.budget.count) +
            " base units, does not pay all; everybody gets the same part.\n";
  }
  return text + "Reward: " + number_text(found->reward.count) + " base units.\n" + lacks_text(report);
}

std::string reward_json(const RewardReport& report) {
  const RewardParameters& rule = report.parameters;
  const EpochBudget& budget = report.rewards.budget;
  Json window = Json::array();
  for (const Money fees : report.window) window.push_back(fees.count);
  Json households = Json::array();
  for (const HouseholdReward& one : report.rewards.households) {
    Json unpaid = Json::object();
    for (std::size_t i = 0; i < reward_reasons; ++i)
      unpaid[to_text(static_cast<RewardReason>(i))] = one.unpaid[i].count;
    households.push_back({{"household", one.household.text()},
                          {"sold_wh", one.sold.count},
                          {"verified_wh", one.verified.count},
                          {"quality_permille", one.quality_permille},
                          {"full_base_units", one.full.count},
                          {"reward_base_units", one.reward.count},
                          {"unpaid_wh", std::move(unpaid)}});
  }
  const Json json{{"epoch", report.epoch},
                  {"begin", to_text(report.begin)},
                  {"end", to_text(report.end)},
                  {"intervals", report.intervals},
                  {"final_intervals", report.final_intervals},
                  {"has_head_meters", report.has_checks},
                  {"fee_micro_per_kwh", rule.fee.count},
                  {"reward_to_fee_permille", rule.reward_to_fee_permille},
                  {"base_base_units", budget.base.count},
                  {"cap_base_units", budget.cap ? Json(budget.cap->count) : Json()},
                  {"limit_base_units", rule.limit ? Json(rule.limit->count) : Json()},
                  {"budget_base_units", budget.budget.count},
                  {"burned_nano", report.burned.count},
                  {"burned_window_nano", std::move(window)},
                  {"minted_base_units", report.rewards.minted.count},
                  {"households", std::move(households)}};
  return json.dump(2) + "\n";
}

}  // namespace commonwatt
