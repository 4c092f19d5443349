// One run of `commonwatt settle`: from the rows of its files to the rows it will write. Pure; nothing is written before
// every sum of the ledger has been checked.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "controller/settle_balance.hpp"
#include "controller/settle_files.hpp"

namespace commonwatt {

/// What the directory holds. The numbers of the households are places in `households`.
struct SettleInput {
  SettleRules rules;
  NameTable households;
  std::vector<ContractRow> contracts;
  SettleRegisters registers;
  std::vector<StatementRow> statements;  ///< as the run before left them
  std::vector<PostingRow> postings;      ///< of all runs before
  std::vector<RunRow> runs;
  std::vector<CommunityRow> community_rows;  ///< as the run before left them
  std::vector<IslandSpan> islanded;
  std::string contracts_name = "contracts.csv";  ///< as errors call it
};

using AccountSums = std::array<Wide, static_cast<std::size_t>(enum_last(AccountKind{})) + 1>;

/// What the run comes to. The numbers of the households are places in `households`, which are in alphabetical order.
struct SettleOutcome {
  NameTable households;
  std::vector<StatementRow> statements;      ///< now in force, by interval and household
  std::vector<PostingRow> postings;          ///< new ones, to be appended
  std::vector<RunRow> runs;                  ///< new ones, to be appended
  std::vector<BalanceRow> balance;           ///< by head meter and interval; empty without head meters
  std::vector<SettleFlag> flags;             ///< by interval, household and meter
  std::vector<CommunityRow> community_rows;  ///< now in force; empty where communities have no names
  std::vector<Community> communities;        ///< as they were settled, with the reduction of the network fee
  std::size_t islanded_count = 0;            ///< intervals of the files that are islanded
  AccountSums balances{};                    ///< of every kind of account after the run, all households together
};

/// Settles every interval from the first to the last that contracts or registers speak of, and posts what differs from
/// what is posted. An interval that was settled for good, or in an `initial` run one that was settled at all, keeps its
/// figures; what would have changed is flagged. So does, silently, an interval the files no longer speak of. The error
/// is a line for people.
Result<SettleOutcome, std::string> run_settlement(SettleInput input, Run run);

/// Meters times intervals of one run; more would not fit in the memory of a small machine.
inline constexpr std::size_t settle_cells_max = 10'000'000;

}  // namespace commonwatt
