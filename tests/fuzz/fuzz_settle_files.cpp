// The CSV readers of `commonwatt settle` on arbitrary text: an error that names file and line, or rows that settle so
// that every sum is zero, and that are written and read back as the same.
#include <algorithm>
#include <array>
#include <cassert>

#include "controller/exchange_file.hpp"
#include "controller/settle_run.hpp"

namespace commonwatt {
namespace {

/// What a reader said must name its file.
template <class Rows>
bool is_read(const Result<Rows, std::string>& rows, const char* file) {
  assert(rows.ok() || rows.error().rfind(file, 0) == 0);
  return rows.ok();
}

/// What is read unsigned is read signed, as the same.
void read_exchanged(const std::string& text, SettleRules rules, SettleRegisters& registers) {
  static const SigningKey key = SigningKey::make(KeyKind::reading);
  SettleRegisters again = registers;
  const auto wrong = read_exchanges("exchanges.csv", text, rules, registers);
  assert(!wrong || wrong->rfind("exchanges.csv:", 0) == 0);
  rules.exchange_keys["k"] = key.public_key();
  const Result<std::string, std::string> vouched = sign_exchanges("exchanges.csv", text, key);
  assert(vouched.ok() || vouched.error().rfind("exchanges.csv:", 0) == 0);
  if (wrong) return;
  assert(vouched.ok());
  assert(!read_exchanges("exchanges.csv", *vouched, rules, again).has_value());
  assert(again.exchanges == registers.exchanges && again.head_exchanges == registers.head_exchanges);
}

SettleRules rules_with_zones() {
  SettleRules rules;
  TariffTerms terms = TariffSchedule::constant({.retail = Price{300'000}, .feed_in = Price{-80'001}}).terms();
  terms.versions[0].taxes = {
      {.name = "VAT", .permille = 190, .on_utility_energy = true, .on_neighbour_energy = true, .on_fees = true}};
  rules.tariff = *TariffSchedule::from(std::move(terms));
  Community community;
  community.terms = {.key = AllocationKey::percentage,
                     .internal_price = {.rule = InternalPriceRule::supply_demand_ratio},
                     .fee_reduction_permille = 333};
  community.shares["h1"] = {.permille = 333, .tier = 1};
  rules.communities = {.list = {community}, .network_fee = Price{95'001}};
  rules.islanded = {.shortfall = Price{400'000}, .surplus = Price{-7}};
  rules.fuses["h1"] = Power{10'000};
  rules.zones = *ZoneTree::from({Zone{}, {.parent = 0, .fee = Price{77}, .export_limit = {}, .import_limit = {}}});
  rules.zone_names = {"a", "b"};
  rules.loss_permille = {0, 25};
  rules.head_meters = {{.meter = "trafo", .zone = 0}};
  return rules;
}

/// The community in two: one for some, one for all with what they have left.
void split_community(SettleRules& rules) {
  Community& one = rules.communities.list.front();
  Community two = one;
  one.name = "one";
  one.participation = {{"h1", 999}, {"h2", 1}};
  two.name = "two";
  two.participation = {{"h1", 1}, {"h2", 999}, {"h3", 1'000}};
  rules.communities.list.push_back(two);
}

/// Few enough intervals to settle them all in a moment.
bool is_short(const SettleInput& input) {
  std::vector<std::int64_t> times;
  for (const ContractRow& row : input.contracts) times.push_back(row.interval);
  for (const RegisterRow& row : input.registers.rows) times.push_back(row.time);
  if (times.empty()) return true;
  const auto [first, last] = std::minmax_element(times.begin(), times.end());
  return *last - *first < 100 * input.rules.interval_seconds;
}

void require_balanced(const SettleOutcome& outcome) {
  Wide sum = 0;
  for (const Wide balance : outcome.balances) sum += balance;
  assert(sum == 0 && outcome.balances[static_cast<std::size_t>(AccountKind::escrow)] == 0);
}

void settle_twice(SettleInput input) {
  const Result<SettleOutcome, std::string> first = run_settlement(input, Run::initial);
  if (!first) return;
  require_balanced(*first);
  // Written, read back and settled again, nothing is left to post.
  NameTable& households = input.households;
  input.statements =
      *read_statements("statements.csv", statements_header + statements_csv(first->statements, first->households),
                       input.rules, households);
  input.postings = *read_postings("postings.csv", postings_header + postings_csv(first->postings, first->households),
                                  input.rules, households);
  input.community_rows = *read_community_rows(
      "communities.csv", communities_header + communities_csv(first->community_rows, first->households), input.rules,
      households);
  input.runs = *read_runs("runs.csv", runs_header + runs_csv(first->runs), input.rules);
  const Result<SettleOutcome, std::string> again = run_settlement(std::move(input), Run::revised);
  assert(again && again->postings.empty());
  require_balanced(*again);
}

/// Rows that a run before might have left, with all else empty: an error, or books that balance.
void take_over(const std::string& statements, const std::string& postings) {
  SettleInput input;
  input.rules = rules_with_zones();
  auto statement_rows = read_statements("statements.csv", statements, input.rules, input.households);
  auto posting_rows = read_postings("postings.csv", postings, input.rules, input.households);
  if (!is_read(statement_rows, "statements.csv:") || !is_read(posting_rows, "postings.csv:")) return;
  input.statements = std::move(*statement_rows);
  input.postings = std::move(*posting_rows);
  const Result<SettleOutcome, std::string> outcome = run_settlement(std::move(input), Run::revised);
  if (outcome) require_balanced(*outcome);
}

}  // namespace
}  // namespace commonwatt

/// The first byte says which files the text is, the second where it is parted in two.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  if (size < 2) return 0;
  const std::string text = as_text(ByteView(data + 2, size - 2));
  const std::size_t parting = text.size() * data[1] / 255;
  const std::string first = text.substr(0, parting);
  const std::string second = text.substr(parting);
  if (data[0] % 3 == 0) {
    take_over(first, second);
    return 0;
  }
  SettleInput input;
  input.rules = rules_with_zones();
  if (data[0] % 3 == 1) input.rules.method = SettlementMethod::allocation;
  if (data[0] % 2 == 1) split_community(input.rules);
  if (data[0] % 5 == 1) input.islanded = {{.begin = 900, .end = 901}, {.begin = 1'782'000'900, .end = 1'782'003'000}};
  auto contracts = read_contracts("contracts.csv", first, input.rules, input.households);
  auto registers = read_registers("registers.csv", second, input.rules, input.households);
  static_cast<void>(is_read(read_runs("runs.csv", first, input.rules), "runs.csv:"));
  static_cast<void>(is_read(read_island_spans("islanded.csv", first), "islanded.csv:"));
  if (registers) read_exchanged(first, input.rules, *registers);
  NameTable others;
  static_cast<void>(is_read(read_community_rows("communities.csv", first, input.rules, others), "communities.csv:"));
  if (!is_read(contracts, "contracts.csv:") || !is_read(registers, "registers.csv:")) return 0;
  input.contracts = std::move(*contracts);
  input.registers = std::move(*registers);
  if (is_short(input)) settle_twice(std::move(input));
  return 0;
}
