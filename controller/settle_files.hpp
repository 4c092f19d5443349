// The files of a directory that `commonwatt settle` works on, read and written. Checked here, once, each row by itself;
// what rows say together is settle_run's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "controller/settle_rules.hpp"
#include "core/result.hpp"
#include "market/delivery.hpp"
#include "market/interval_settlement.hpp"
#include "market/register_exchange.hpp"

namespace commonwatt {

/// Names and their numbers, in the sequence they come.
class NameTable {
 public:
  std::uint32_t number_of(const std::string& name);
  [[nodiscard]] std::optional<std::uint32_t> find(const std::string& name) const;
  [[nodiscard]] std::size_t size() const { return names_.size(); }
  [[nodiscard]] const std::string& operator[](std::uint32_t number) const { return names_[number]; }
  /// Numbers the names anew, in alphabetical order. Returns the new number of each old one.
  std::vector<std::uint32_t> sort();

 private:
  std::map<std::string, std::uint32_t> numbers_;
  std::vector<std::string> names_;
};

/// A contract of contracts.csv, header `interval_start,household,zone,side,quantity_wh,price`: side is buy or sell, the
/// price micro-currency per kWh; an empty zone is the household's.
struct ContractRow {
  std::int64_t interval = 0;  ///< its begin, in seconds
  std::uint32_t household = 0;
  Energy quantity;  ///< bought above zero, sold below
  Money amount;     ///< quantity x price
  unsigned line = 0;
};

/// A row of registers.csv, header `time,meter,household,import_wh,export_wh,quality`: cumulative registers. Of the
/// qualities good, estimated, substituted, suspect, invalid, held, stale and missing only good counts as read;
/// registers of the others may be empty.
struct RegisterRow {
  std::int64_t time = 0;  ///< seconds
  std::uint32_t meter = 0;
  Registers registers;
  bool read = false;
};

struct SettleRegisters {
  std::vector<RegisterRow> rows;  ///< in the sequence of the file
  NameTable meters;
  std::vector<std::uint32_t> households;  ///< of each meter
  std::vector<RegisterRow> head_rows;     ///< of head meters, whose `meter` is a place in the rules' head meters
  // By number of the meter, each in rising time; what the readings say of them is not looked at yet.
  std::map<std::uint32_t, std::vector<RegisterExchange>> exchanges;
  std::map<std::uint32_t, std::vector<RegisterExchange>> head_exchanges;
};

/// A row of statements.csv.
struct StatementRow {
  std::int64_t interval = 0;
  SettledMember member;
};

/// A row of communities.csv: what a household was allocated in one of several communities.
struct CommunityRow {
  std::int64_t interval = 0;
  std::string community;
  std::uint32_t household = 0;
  MemberContract contract;
};

/// [begin, end) in seconds, off the grid.
struct IslandSpan {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  friend bool operator==(const IslandSpan&, const IslandSpan&) = default;
};

/// A row of postings.csv. The amount of the transfer is not zero; above zero, `from` is the debited account.
struct PostingRow {
  std::int64_t interval = 0;
  Run run = Run::initial;
  Transfer transfer;
};

/// A row of runs.csv, header `interval_start,run`: that the interval was settled in such a run.
struct RunRow {
  std::int64_t interval = 0;
  Run run = Run::initial;

  friend auto operator<=>(const RunRow&, const RunRow&) = default;
};

/// A row of flags.csv. Household and meter may be empty where a flag is about none.
struct SettleFlag {
  std::int64_t interval = 0;
  std::string household;
  std::string meter;
  const char* flag = "";
  std::string words;
};

/// `name` stands in the errors, "NAME:LINE: what". Zones that the file gives to households are added to the rules; a
/// household is in one zone only. The text is overwritten while it is read.
Result<std::vector<ContractRow>, std::string> read_contracts(const std::string& name, std::string text,
                                                             SettleRules& rules, NameTable& households);
/// Rows of the rules' head meters have an empty household.
Result<SettleRegisters, std::string> read_registers(const std::string& name, std::string text, const SettleRules& rules,
                                                    NameTable& households);
Result<std::vector<StatementRow>, std::string> read_statements(const std::string& name, std::string text,
                                                               const SettleRules& rules, NameTable& households);
Result<std::vector<PostingRow>, std::string> read_postings(const std::string& name, std::string text,
                                                           const SettleRules& rules, NameTable& households);
Result<std::vector<RunRow>, std::string> read_runs(const std::string& name, std::string text, const SettleRules& rules);
Result<std::vector<CommunityRow>, std::string> read_community_rows(const std::string& name, std::string text,
                                                                   const SettleRules& rules, NameTable& households);
/// Header `begin,end`. Returned in rising time, those that meet or overlap made one.
Result<std::vector<IslandSpan>, std::string> read_island_spans(const std::string& name, std::string text);
/// Whether any part of the interval lies in a span; `spans` as read_island_spans gives them.
bool is_islanded(std::span<const IslandSpan> spans, const Interval& interval);

inline constexpr const char* statements_header =
    "interval_start,household,contract_wh,delivered_wh,deviation_wh,energy_amount,imbalance_amount,fee_amount,"
    "loss_amount,tax_amount,total\n";
inline constexpr const char* postings_header = "interval_start,run,debit,credit,amount,kind,household\n";
inline constexpr const char* flags_header = "interval_start,household,meter,flag,words\n";
inline constexpr const char* runs_header = "interval_start,run\n";
inline constexpr const char* communities_header = "interval_start,community,household,contract_wh,energy_amount\n";

/// Rows without their header. What is written is what the readers read.
std::string statements_csv(const std::vector<StatementRow>& rows, const NameTable& households);
std::string postings_csv(const std::vector<PostingRow>& rows, const NameTable& households);
std::string flags_csv(const std::vector<SettleFlag>& rows);
std::string runs_csv(const std::vector<RunRow>& rows);
std::string communities_csv(const std::vector<CommunityRow>& rows, const NameTable& households);

/// "household:h1", "utility".
std::string account_text(const Party& party, const NameTable& households);

}  // namespace commonwatt
