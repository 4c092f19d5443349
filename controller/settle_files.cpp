#include "controller/settle_files.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "controller/calendar_text.hpp"
#include "controller/csv_rows.hpp"
#include "controller/settle_fields.hpp"
#include "core/time.hpp"

namespace commonwatt {
namespace {

constexpr std::array contract_columns{"interval_start", "household", "zone", "side", "quantity_wh", "price"};
constexpr std::array register_columns{"time", "meter", "household", "import_wh", "export_wh", "quality"};
constexpr std::array statement_columns{
    "interval_start",   "household",  "contract_wh", "delivered_wh", "deviation_wh", "energy_amount",
    "imbalance_amount", "fee_amount", "loss_amount", "tax_amount",   "total"};
constexpr std::array posting_columns{"interval_start", "run", "debit", "credit", "amount", "kind", "household"};
constexpr std::array run_columns{"interval_start", "run"};
constexpr std::array community_columns{"interval_start", "community", "household", "contract_wh", "energy_amount"};
constexpr std::array island_columns{"begin", "end"};
constexpr std::array unread_qualities{"estimated", "substituted", "suspect", "invalid", "held", "stale", "missing"};

std::int64_t interval_of(const char* text, const SettleRules& rules) {
  const std::int64_t begin = seconds_of("interval_start", text);
  if (begin % rules.interval_seconds == 0) return begin;
  throw RowError{"interval_start " + quoted(text) + " is not a multiple of " + std::to_string(rules.interval_seconds) +
                 " seconds"};
}

Money amount_of(const char* column, const char* text, Money most) {
  return Money{whole_number(column, text, -most.count, most.count)};
}

Energy energy_of(const char* column, const char* text) {
  return Energy{whole_number(column, text, -interval_money_max.count, interval_money_max.count)};
}

Run run_of(const char* text) {
  if (const std::optional<Run> run = run_from_text(text)) return *run;
  throw RowError{"run " + quoted(text) + " is none of initial, revised, final"};
}

ContractRow contract_of(const std::array<char*, 6>& fields, SettleRules& rules, NameTable& households) {
  ContractRow row;
  row.interval = interval_of(fields[0], rules);
  const std::string household = name_of("household", fields[1]);
  if (*fields[2] != '\0') {
    const std::optional<ZoneIndex> zone = rules.zone_of(fields[2]);
    if (!zone) throw RowError{"zone " + quoted(fields[2]) + " is not among the zones of settlement.toml"};
    const auto [known, is_new] = rules.household_zones.try_emplace(household, *zone);
    if (known->second != *zone)
      throw RowError{"zone " + quoted(fields[2]) + " is not that of household " + quoted(fields[1]) + " elsewhere"};
  }
  const bool sells = std::strcmp(fields[3], "sell") == 0;
  if (!sells && std::strcmp(fields[3], "buy") != 0)
    throw RowError{"side " + quoted(fields[3]) + " is neither buy nor sell"};
  const Energy quantity{whole_number("quantity_wh", fields[4], 1, order_energy_max.count)};
  constexpr std::int64_t price_max = price_magnitude_max.count;
  row.quantity = sells ? -quantity : quantity;
  row.amount = row.quantity * Price{whole_number("price", fields[5], -price_max, price_max)};
  row.household = households.number_of(household);
  return row;
}

/// Of a reading that was not good nothing may be stated.
Energy reading_of(const char* column, const char* text, bool read) {
  if (!read && *text == '\0') return {};
  return register_of(column, text);
}

bool is_read(const char* quality) {
  if (std::strcmp(quality, "good") == 0) return true;
  std::string known = "good";
  for (const char* name : unread_qualities) {
    if (std::strcmp(quality, name) == 0) return false;
    known += std::string(", ") + name;
  }
  throw RowError{"quality " + quoted(quality) + " is none of " + known};
}

Party party_of(const char* column, const char* text, NameTable& households) {
  const std::optional<Account> account = account_from_text(text);
  if (!account || account->kind == AccountKind::bank)  // What is paid in and out is the controller's.
    throw RowError{std::string(column) + " " + quoted(text) + " is no account"};
  return {.kind = account->kind,
          .household = account->household ? households.number_of(account->household->text()) : 0};
}

PostingRow posting_of(const std::array<char*, 7>& fields, const SettleRules& rules, NameTable& households) {
  const std::optional<PostingKind> kind = posting_kind_from_text(fields[5]);
  if (!kind) throw RowError{"kind " + quoted(fields[5]) + " is no kind of posting"};
  const Party debit = party_of("debit", fields[2], households);
  const Party credit = party_of("credit", fields[3], households);
  if (debit == credit) throw RowError{"debit and credit are the same account"};
  const Money amount{whole_number("amount", fields[4], 1, 2 * transfer_max.count)};
  PostingRow row{.interval = interval_of(fields[0], rules),
                 .run = run_of(fields[1]),
                 .transfer = transfer_of(debit, credit, *kind, amount)};
  const Party& from = row.transfer.from;
  const bool of_household = from.kind == AccountKind::household;
  if (row.transfer.to.kind == AccountKind::household)
    throw RowError{"households pay each other through escrow, never directly"};
  if (fields[6] != (of_household ? households[from.household] : std::string()))
    throw RowError{"household " + quoted(fields[6]) + " is not that of the accounts"};
  return row;
}

StatementRow statement_of(const std::array<char*, 11>& fields, const SettleRules& rules, NameTable& households) {
  StatementRow row{.interval = interval_of(fields[0], rules), .member = {}};
  SettledMember& member = row.member;
  member.household = households.number_of(name_of("household", fields[1]));
  member.contract = energy_of(statement_columns[2], fields[2]);
  member.delivered = energy_of(statement_columns[3], fields[3]);
  const Energy deviation = energy_of(statement_columns[4], fields[4]);
  const std::array<Money*, 5> amounts{&member.energy_amount, &member.imbalance_amount, &member.fee_amount,
                                      &member.loss_amount, &member.tax_amount};
  Wide total = 0;
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    const bool is_tax = amounts[i] == &member.tax_amount;
    *amounts[i] = amount_of(statement_columns[5 + i], fields[5 + i], is_tax ? transfer_max : interval_money_max);
    total += amounts[i]->count;
  }
  if (deviation != member.deviation()) throw RowError{"deviation_wh is not delivered_wh less contract_wh"};
  if (total != amount_of("total", fields[10], Money{2 * transfer_max.count}).count)
    throw RowError{"total is not the sum of the amounts"};
  return row;
}

std::string number(std::int64_t value) {
  return std::to_string(value);
}

}  // namespace

std::uint32_t NameTable::number_of(const std::string& name) {
  const auto [entry, is_new] = numbers_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
  if (is_new) names_.push_back(name);
  return entry->second;
}

std::optional<std::uint32_t> NameTable::find(const std::string& name) const {
  const auto entry = numbers_.find(name);
  if (entry == numbers_.end()) return std::nullopt;
  return entry->second;
}

std::vector<std::uint32_t> NameTable::sort() {
  std::vector<std::uint32_t> renamed(names_.size());
  std::uint32_t place = 0;
  for (auto& [name, number] : numbers_) {
    renamed[number] = place;
    number = place++;
  }
  for (const auto& [name, number] : numbers_) names_[number] = name;
  return renamed;
}

Result<std::vector<ContractRow>, std::string> read_contracts(const std::string& name, std::string text,
                                                             SettleRules& rules, NameTable& households) {
  std::vector<ContractRow> rows;
  const auto error = for_rows<6>(name, text, contract_columns, [&](const std::array<char*, 6>& fields, unsigned line) {
    rows.push_back(contract_of(fields, rules, households));
    rows.back().line = line;
  });
  if (error) return Fail{*error};
  return rows;
}

Result<SettleRegisters, std::string> read_registers(const std::string& name, std::string text, const SettleRules& rules,
                                                    NameTable& households) {
  SettleRegisters table;
  const auto error = for_rows<6>(name, text, register_columns, [&](const std::array<char*, 6>& fields, unsigned) {
    RegisterRow row;
    row.time = seconds_of("time", fields[0]);
    const std::string meter = name_of("meter", fields[1]);
    const std::optional<std::uint32_t> head = head_meter_of(meter, rules);
    if (head && *fields[2] != '\0') {
      throw RowError{"meter " + quoted(fields[1]) + " is a head meter in settlement.toml; leave its household empty"};
    }
    const std::uint32_t household = head ? 0 : households.number_of(name_of("household", fields[2]));
    row.meter = head ? *head : table.meters.number_of(meter);
    if (!head && row.meter == table.households.size()) table.households.push_back(household);
    if (!head && table.households[row.meter] != household) {
      throw RowError{"meter " + quoted(fields[1]) + " was " + households[table.households[row.meter]] +
                     "'s above; a meter is of one household"};
    }
    row.read = is_read(fields[5]);
    row.registers = {reading_of("import_wh", fields[3], row.read), reading_of("export_wh", fields[4], row.read)};
    (head ? table.head_rows : table.rows).push_back(row);
  });
  if (error) return Fail{*error};
  return table;
}

Result<std::vector<StatementRow>, std::string> read_statements(const std::string& name, std::string text,
                                                               const SettleRules& rules, NameTable& households) {
  std::vector<StatementRow> rows;
  const auto error = for_rows<11>(name, text, statement_columns, [&](const std::array<char*, 11>& fields, unsigned) {
    rows.push_back(statement_of(fields, rules, households));
  });
  if (error) return Fail{*error};
  return rows;
}

Result<std::vector<PostingRow>, std::string> read_postings(const std::string& name, std::string text,
                                                           const SettleRules& rules, NameTable& households) {
  std::vector<PostingRow> rows;
  const auto error = for_rows<7>(name, text, posting_columns, [&](const std::array<char*, 7>& fields, unsigned) {
    rows.push_back(posting_of(fields, rules, households));
  });
  if (error) return Fail{*error};
  return rows;
}

Result<std::vector<RunRow>, std::string> read_runs(const std::string& name, std::string text,
                                                   const SettleRules& rules) {
  std::vector<RunRow> rows;
  const auto error = for_rows<2>(name, text, run_columns, [&](const std::array<char*, 2>& fields, unsigned) {
    rows.push_back({.interval = interval_of(fields[0], rules), .run = run_of(fields[1])});
  });
  if (error) return Fail{*error};
  return rows;
}

Result<std::vector<CommunityRow>, std::string> read_community_rows(const std::string& name, std::string text,
                                                                   const SettleRules& rules, NameTable& households) {
  std::vector<CommunityRow> rows;
  const auto error = for_rows<5>(name, text, community_columns, [&](const std::array<char*, 5>& fields, unsigned) {
    rows.push_back({.interval = interval_of(fields[0], rules),
                    .community = name_of("community", fields[1]),
                    .household = households.number_of(name_of("household", fields[2])),
                    .contract = {.energy = energy_of("contract_wh", fields[3]),
                                 .amount = amount_of("energy_amount", fields[4], interval_money_max)}});
  });
  if (error) return Fail{*error};
  return rows;
}

Result<std::vector<IslandSpan>, std::string> read_island_spans(const std::string& name, std::string text) {
  std::vector<IslandSpan> rows;
  const auto error = for_rows<2>(name, text, island_columns, [&](const std::array<char*, 2>& fields, unsigned) {
    const IslandSpan span{.begin = seconds_of("begin", fields[0]), .end = seconds_of("end", fields[1])};
    if (span.begin >= span.end) throw RowError{"end " + quoted(fields[1]) + " is not after begin"};
    rows.push_back(span);
  });
  if (error) return Fail{*error};
  std::sort(rows.begin(), rows.end(), [](const IslandSpan& a, const IslandSpan& b) { return a.begin < b.begin; });
  std::vector<IslandSpan> merged;
  for (const IslandSpan& span : rows) {
    if (merged.empty() || merged.back().end < span.begin) {
      merged.push_back(span);
    } else {
      merged.back().end = std::max(merged.back().end, span.end);
    }
  }
  return merged;
}

bool is_islanded(std::span<const IslandSpan> spans, const Interval& interval) {
  const std::int64_t begin = interval.begin_seconds();
  const auto later =
      std::partition_point(spans.begin(), spans.end(), [begin](const IslandSpan& span) { return span.end <= begin; });
  return later != spans.end() && later->begin < begin + interval.length_seconds();
}

std::string account_text(const Party& party, const NameTable& households) {
  Account account{.kind = party.kind, .household = {}};
  if (party.kind == AccountKind::household) account.household = HouseholdId::from(households[party.household]);
  return to_text(account);
}

std::string statements_csv(const std::vector<StatementRow>& rows, const NameTable& households) {
  std::string text;
  for (const StatementRow& row : rows) {
    const SettledMember& member = row.member;
    text += number(row.interval) + ',' + households[member.household];
    for (const Energy energy : {member.contract, member.delivered, member.deviation()})
      text += ',' + number(energy.count);
    for (const Money amount : {member.energy_amount, member.imbalance_amount, member.fee_amount, member.loss_amount,
                               member.tax_amount, member.total()}) {
      text += ',' + number(amount.count);
    }
    text += '\n';
  }
  return text;
}

std::string postings_csv(const std::vector<PostingRow>& rows, const NameTable& households) {
  std::string text;
  for (const PostingRow& row : rows) {
    const Transfer& transfer = row.transfer;
    const bool forth = transfer.amount > Money{0};
    const std::string from = account_text(transfer.from, households);
    const std::string to = account_text(transfer.to, households);
    const Money amount = forth ? transfer.amount : -transfer.amount;
    text += number(row.interval) + ',' + to_text(row.run) + ',' + (forth ? from : to) + ',' + (forth ? to : from) +
            ',' + number(amount.count) + ',' + to_text(transfer.kind) + ',';
    if (transfer.from.kind == AccountKind::household) text += households[transfer.from.household];
    text += '\n';
  }
  return text;
}

std::string flags_csv(const std::vector<SettleFlag>& rows) {
  std::string text;
  for (const SettleFlag& row : rows) {
    text += number(row.interval) + ',' + row.household + ',' + row.meter + ',' + row.flag + ',' + csv_field(row.words) +
            '\n';
  }
  return text;
}

std::string runs_csv(const std::vector<RunRow>& rows) {
  std::string text;
  for (const RunRow& row : rows) text += number(row.interval) + ',' + to_text(row.run) + '\n';
  return text;
}

std::string communities_csv(const std::vector<CommunityRow>& rows, const NameTable& households) {
  std::string text;
  for (const CommunityRow& row : rows) {
    text += number(row.interval) + ',' + row.community + ',' + households[row.household] + ',' +
            number(row.contract.energy.count) + ',' + number(row.contract.amount.count) + '\n';
  }
  return text;
}

}  // namespace commonwatt
