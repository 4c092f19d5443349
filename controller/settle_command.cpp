#include "controller/settle_command.hpp"

#include <array>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "controller/command_output.hpp"
#include "controller/csv_rows.hpp"
#include "controller/exchange_file.hpp"
#include "controller/settle_report.hpp"
#include "controller/settle_run.hpp"

namespace commonwatt {
namespace {

/// The text of a file that an earlier run may have left; its header where it is not there.
Result<std::string, std::string> read_or_begin(const std::filesystem::path& file, const char* header) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return std::string(header);
  Result<std::string, std::string> text = read_text(file.string());
  if (!text) return text;
  // Rows are appended to it as this program writes them: its columns must be in their sequence.
  if (!text->starts_with(header)) return Fail{file.string() + ":1: the header is not " + header};
  if (text->back() != '\n') *text += '\n';
  return text;
}

/// Reads a file with one of the readers into its place in the input. The error says what is wrong with it.
template <class Value, class Reader>
std::optional<std::string> read_into(Value& value, Result<std::string, std::string> text, Reader reader) {
  if (!text) return text.error();
  Result<Value, std::string> rows = reader(std::move(*text));
  if (!rows) return rows.error();
  value = std::move(*rows);
  return std::nullopt;
}

/// What the directory holds, and the texts that are appended to.
struct Directory {
  SettleInput input;
  std::string postings;
  std::string runs;
};

/// islanded.csv, where settlement.toml has prices for it.
std::optional<std::string> read_islanded(const std::string& name, SettleInput& input) {
  std::error_code ignored;
  const bool is_there = std::filesystem::exists(name, ignored);
  if (!input.rules.islanded) {
    if (!is_there) return std::nullopt;
    return name + ": settlement.toml has no prices for it; state them in [islanded], or take the file away";
  }
  return read_into(input.islanded, read_text(name),
                   [&](std::string text) { return read_island_spans(name, std::move(text)); });
}

/// exchanges.csv, where there is one.
std::optional<std::string> read_exchanged(const std::string& name, SettleInput& input) {
  std::error_code ignored;
  if (!std::filesystem::exists(name, ignored)) return std::nullopt;
  Result<std::string, std::string> text = read_text(name);
  if (!text) return text.error();
  return read_exchanges(name, std::move(*text), input.rules, input.registers);
}

std::optional<std::string> read_files(const std::filesystem::path& directory, Directory& found) {
  const auto name = [&](const char* file) { return (directory / file).string(); };
  SettleInput& input = found.input;
  SettleRules& rules = input.rules;
  NameTable& households = input.households;
  std::optional<std::string> fault;
  if (rules.method == SettlementMethod::auction) {
    input.contracts_name = name("contracts.csv");
    fault = read_into(input.contracts, read_text(name("contracts.csv")), [&](std::string text) {
      return read_contracts(name("contracts.csv"), std::move(text), rules, households);
    });
    if (fault) return fault;
  }
  fault = read_into(input.registers, read_text(name("registers.csv")), [&](std::string text) {
    return read_registers(name("registers.csv"), std::move(text), rules, households);
  });
  if (!fault) fault = read_exchanged(name("exchanges.csv"), input);
  if (fault) return fault;
  fault = read_into(input.statements, read_or_begin(name("statements.csv"), statements_header), [&](std::string text) {
    return read_statements(name("statements.csv"), std::move(text), rules, households);
  });
  if (fault) return fault;
  fault = read_into(input.postings, read_or_begin(name("postings.csv"), postings_header), [&](std::string text) {
    found.postings = text;
    return read_postings(name("postings.csv"), std::move(text), rules, households);
  });
  if (fault) return fault;
  fault = read_islanded(name("islanded.csv"), input);
  if (fault) return fault;
  if (rules.communities.are_named()) {
    fault = read_into(input.community_rows, read_or_begin(name("communities.csv"), communities_header),
                      [&](std::string text) {
                        return read_community_rows(name("communities.csv"), std::move(text), rules, households);
                      });
    if (fault) return fault;
  }
  return read_into(input.runs, read_or_begin(name("runs.csv"), runs_header), [&](std::string text) {
    found.runs = text;
    return read_runs(name("runs.csv"), std::move(text), rules);
  });
}

/// A file to be written: first beside its place, then into it.
struct Draft {
  std::filesystem::path file;
  std::string text;

  [[nodiscard]] std::filesystem::path beside() const { return file.string() + ".new"; }
  [[nodiscard]] bool write() const {
    std::ofstream out(beside(), std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    return out.good();
  }
};

/// The path of the file that could not be written; nothing when all are. The one that says a run is over comes last.
std::optional<std::string> write_all(const std::vector<Draft>& drafts) {
  std::error_code failed;
  std::optional<std::string> fault;
  for (const Draft& draft : drafts) {
    if (!fault && !draft.write()) fault = draft.beside().string();
  }
  for (const Draft& draft : drafts) {
    if (!fault) std::filesystem::rename(draft.beside(), draft.file, failed);
    if (!fault && failed) fault = draft.file.string();
  }
  for (const Draft& draft : drafts) {
    std::error_code ignored;
    if (fault) std::filesystem::remove(draft.beside(), ignored);
  }
  return fault;
}

}  // namespace

int run_settle(const SettleOptions& options, std::ostream& out, std::ostream& errors) {
  const std::filesystem::path& directory = options.directory;
  Result<SettleRules, std::vector<std::string>> rules = read_settle_rules(directory / "settlement.toml");
  if (!rules) {
    for (const std::string& fault : rules.error()) complain(errors, fault, status_data);
    return status_data;
  }
  Directory found;
  found.input.rules = std::move(*rules);
  if (const std::optional<std::string> fault = read_files(directory, found))
    return complain(errors, *fault, status_data);
  const std::vector<std::string> zone_names = found.input.rules.zone_names;
  const bool has_head_meter = !found.input.rules.head_meters.empty();
  const std::size_t postings_before = found.input.postings.size();
  const bool are_named = found.input.rules.communities.are_named();
  const Result<SettleOutcome, std::string> outcome = run_settlement(std::move(found.input), options.run);
  if (!outcome) return complain(errors, outcome.error(), status_data);

  std::vector<Draft> drafts{
      {directory / "statements.csv", statements_header + statements_csv(outcome->statements, outcome->households)},
      {directory / "flags.csv", flags_header + flags_csv(outcome->flags)}};
  if (has_head_meter)
    drafts.push_back({directory / "balance.csv", balance_header + balance_csv(outcome->balance, zone_names)});
  if (are_named) {
    drafts.push_back({directory / "communities.csv",
                      communities_header + communities_csv(outcome->community_rows, outcome->households)});
  }
  drafts.push_back({directory / "postings.csv", found.postings + postings_csv(outcome->postings, outcome->households)});
  drafts.push_back({directory / "runs.csv", found.runs + runs_csv(outcome->runs)});
  const std::optional<std::string> unwritten = write_all(drafts);
  if (unwritten) return complain(errors, *unwritten + ": cannot be written", 1);
  const SettleSummary summary{.run = options.run, .postings_before = postings_before, .outcome = *outcome};
  out << (options.json ? settle_json(summary) + "\n" : settle_text(summary));
  return out.flush().good() ? 0 : complain(errors, "standard output cannot be written", 1);
}

}  // namespace commonwatt
