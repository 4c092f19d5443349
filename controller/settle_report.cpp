#include "controller/settle_report.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <nlohmann/json.hpp>

namespace commonwatt {
namespace {

using Json = nlohmann::ordered_json;

struct Figures {
  std::size_t intervals = 0;
  std::size_t households = 0;
  Wide bought = 0;
  Wide sold = 0;
  std::map<std::string, std::size_t> flags;
  Wide sum = 0;
};

Figures figures_of(const SettleOutcome& outcome) {
  Figures figures;
  std::vector<bool> seen(outcome.households.size());
  const StatementRow* before = nullptr;
  for (const StatementRow& row : outcome.statements) {
    if (before == nullptr || before->interval != row.interval) ++figures.intervals;
    if (!seen[row.member.household]) ++figures.households;
    seen[row.member.household] = true;
    (row.member.contract > Energy{0} ? figures.bought : figures.sold) += row.member.contract.count;
    before = &row;
  }
  figures.sold = -figures.sold;
  for (const SettleFlag& flag : outcome.flags) ++figures.flags[flag.flag];
  for (const Wide balance : outcome.balances) figures.sum += balance;
  return figures;
}

Json number(Wide value) {
  constexpr std::int64_t exact_max = std::int64_t{1} << 53;
  if (value > exact_max || value < -exact_max) return to_text(value);
  return static_cast<std::int64_t>(value);
}

/// Nano-currency as currency, all nine decimals: nothing is hidden by rounding.
std::string currency(Wide nano) {
  const Wide magnitude = nano < 0 ? -nano : nano;
  std::string decimals = to_text(magnitude % 1'000'000'000);
  decimals.insert(0, 9 - decimals.size(), '0');
  return (nano < 0 ? "-" : "") + to_text(magnitude / 1'000'000'000) + "." + decimals;
}

std::string line(const std::string& what, const std::string& value) {
  constexpr std::size_t column = 22;
  std::string text = what;
  text.resize(std::max(column, what.size() + 1), ' ');
  return text + value + "\n";
}

template <class Each>
void for_accounts(const SettleOutcome& outcome, Each each) {
  for (std::size_t i = 0; i < outcome.balances.size(); ++i) {
    const auto kind = static_cast<AccountKind>(i);
    if (kind == AccountKind::bank) continue;  // No settlement posts to it.
    each(kind == AccountKind::household ? "households" : to_text(kind), outcome.balances[i]);
  }
}

/// What presets decided, so that nobody takes it for the operator's word.
Json presets_json(const std::vector<Community>& communities) {
  Json list = Json::array();
  for (const Community& community : communities) {
    if (community.preset == nullptr) continue;
    Json& preset = list.emplace_back(Json::object());
    if (!community.name.empty()) preset["community"] = community.name;
    preset["preset"] = community.preset->name;
    preset["law"] = community.preset->law;
    preset["implied"] = Json::object();
    for (const auto& [key, value] : community.implied) preset["implied"][key] = value;
    if (community.is_reduced_by_transformers) preset["fee_reduction_permille"] = community.terms.fee_reduction_permille;
  }
  return list;
}

std::string presets_text(const std::vector<Community>& communities) {
  std::string text;
  for (const Community& community : communities) {
    if (community.preset == nullptr) continue;
    std::string words;
    for (const auto& [key, value] : community.implied) words += (words.empty() ? "" : "; ") + key + " " + value;
    if (community.is_reduced_by_transformers) {
      words +=
          "; the network fee is reduced by " + std::to_string(community.terms.fee_reduction_permille) + " permille";
    }
    const std::string of = community.name.empty() ? "" : " of " + community.name;
    text += line("preset" + of, std::string(community.preset->name) + " (" + community.preset->law + ")");
    text += line("  implies", words);
  }
  return text;
}

}  // namespace

std::string settle_json(const SettleSummary& summary) {
  const SettleOutcome& outcome = summary.outcome;
  const Figures figures = figures_of(outcome);
  Json json;
  json["run"] = to_text(summary.run);
  if (Json presets = presets_json(outcome.communities); !presets.empty()) json["presets"] = std::move(presets);
  json["intervals"] = figures.intervals;
  if (outcome.islanded_count > 0) json["islanded_intervals"] = outcome.islanded_count;
  json["households"] = figures.households;
  json["statements"] = outcome.statements.size();
  json["postings"] = {{"new", outcome.postings.size()}, {"total", summary.postings_before + outcome.postings.size()}};
  json["flags"] = Json::object();
  for (const auto& [flag, count] : figures.flags) json["flags"][flag] = count;
  json["energy"] = {{"bought_wh", number(figures.bought)}, {"sold_wh", number(figures.sold)}};
  json["money"] = Json::object();
  for_accounts(outcome, [&](const char* account, Wide balance) { json["money"][account] = number(balance); });
  json["sum"] = number(figures.sum);
  json["balanced"] = figures.sum == 0 && figures.bought == figures.sold;
  return json.dump();
}

std::string settle_text(const SettleSummary& summary) {
  const SettleOutcome& outcome = summary.outcome;
  const Figures figures = figures_of(outcome);
  std::string text = line("run", to_text(summary.run));
  text += presets_text(outcome.communities);
  text += line("intervals", std::to_string(figures.intervals));
  if (outcome.islanded_count > 0) text += line("  islanded", std::to_string(outcome.islanded_count));
  text += line("households", std::to_string(figures.households));
  text += line("statements", std::to_string(outcome.statements.size()));
  text += line("postings", std::to_string(summary.postings_before + outcome.postings.size()) + " (" +
                               std::to_string(outcome.postings.size()) + " new)");
  text += line("bought, sold", to_text(figures.bought) + " Wh, " + to_text(figures.sold) + " Wh");
  for_accounts(outcome, [&](const char* account, Wide balance) {
    if (balance != 0) text += line(std::string("balance ") + account, currency(balance));
  });
  text += line("sum of all balances", currency(figures.sum));
  for (const auto& [flag, count] : figures.flags) text += line("flag " + flag, std::to_string(count));
  return text;
}

}  // namespace commonwatt
