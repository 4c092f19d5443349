#include "controller/verify.hpp"

#include <algorithm>
#include <fstream>
#include <span>
#include <sstream>

#include "controller/bill.hpp"
#include "controller/manifest.hpp"
#include "controller/replay.hpp"

namespace commonwatt {
namespace {

constexpr const char* entries_file = "entries.txt";
constexpr const char* checkpoints_file = "checkpoints.txt";

std::string read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::optional<std::int64_t> interval_of_batch(const Replay& replay, std::size_t index) {
  if (replay.batches.empty()) return std::nullopt;
  return replay.batches[std::min(index, replay.batches.size() - 1)].entry.interval.begin_seconds();
}

/// Which piece of the text differs first: the pieces, put together, are what the file should be.
std::optional<std::size_t> first_difference(const std::string& text, const std::vector<std::string>& pieces) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (text.compare(at, pieces[i].size(), pieces[i]) != 0) return i;
    at += pieces[i].size();
  }
  return at == text.size() ? std::nullopt : std::optional(pieces.size());
}

std::vector<std::string> entry_lines(const Replay& replay) {
  std::vector<std::string> lines;
  std::istringstream text(log_entries_text(replay));
  for (std::string line; std::getline(text, line);) lines.push_back(line + "\n");
  return lines;
}

std::vector<std::string> note_pieces(const Replay& replay) {
  std::vector<std::string> pieces;
  for (const std::string& note : log_notes(replay)) pieces.push_back(note + "\n");
  return pieces;
}

void verify_log_files(const std::filesystem::path& directory, const Replay& replay, VerifyReport& report) {
  for (const auto& [name, pieces] :
       {std::pair{entries_file, entry_lines(replay)}, std::pair{checkpoints_file, note_pieces(replay)}}) {
    const std::filesystem::path file = directory / name;
    if (!std::filesystem::exists(file)) continue;
    if (const std::optional<std::size_t> piece = first_difference(read_text(file), pieces)) {
      report.faults.push_back({.interval_begin = interval_of_batch(replay, *piece),
                               .where = file.string() + " item " + std::to_string(*piece + 1),
                               .what = "is not what the journal gives"});
    }
  }
}

/// A household's bill for a statement that is erased here must hold by its own proof, under a checkpoint of this log.
bool holds_by_itself(const Replay& replay, const Bill& bill) {
  const auto checkpoint = replay.checkpoints.find(bill.checkpoint.size);
  return checkpoint != replay.checkpoints.end() && checkpoint->second == bill.checkpoint &&
         !bill_fault(bill, replay.state.log_key);
}

/// What a kept bill must be: made again from the replay, under the checkpoint it names.
std::optional<std::string> expected_line(const Replay& replay, const Bill& bill) {
  const auto size = bill.checkpoint.size;
  const auto signature = replay.signatures.find(size);
  if (bill.log_index < 0 || bill.log_index >= static_cast<std::int64_t>(replay.batches.size()) ||
      signature == replay.signatures.end())
    return std::nullopt;
  if (replay.batches[static_cast<std::size_t>(bill.log_index)].batch.erased.contains(bill.statement.household))
    return holds_by_itself(replay, bill) ? std::optional(bill_line(bill)) : std::nullopt;
  const SignedLog log{
      .checkpoint = replay.checkpoints.at(size), .signature = signature->second, .leaves = replay.leaves};
  const std::optional<Bill> made =
      make_bill(replay.batches[static_cast<std::size_t>(bill.log_index)], bill.statement.household, log);
  return made ? std::optional(bill_line(*made)) : std::nullopt;
}

void verify_bills_of(const std::filesystem::path& file, const Replay& replay, VerifyReport& report) {
  const std::string text = read_text(file);
  std::istringstream lines(text);
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line); ++number) {
    const std::optional<Bill> bill = bill_from_line(line);
    const std::optional<std::string> expected = bill ? expected_line(replay, *bill) : std::nullopt;
    const bool own = bill && bill->statement.household.text() == file.stem().string() &&
                     bill->log_index == static_cast<std::int64_t>(number);
    if (!own || expected != line) {
      report.faults.push_back({.interval_begin = interval_of_batch(replay, number),
                               .where = file.string() + " line " + std::to_string(number + 1),
                               .what = bill ? "is not the bill that follows from the journal"
                                            : "is damaged: its figures and its proof do not fit together"});
      return;
    }
    ++report.bills;
  }
  // The last line's end may have been changed, or bills be missing.
  if (number != replay.batches.size() || (!text.empty() && text.back() != '\n')) {
    report.faults.push_back(
        {.interval_begin = interval_of_batch(
             replay,
             number == 0 ? 0 : std::min(number, replay.batches.size()) - (number >= replay.batches.size() ? 1 : 0)),
         .where = file.string(),
         .what = "holds " + std::to_string(number) + " bills where " + std::to_string(replay.batches.size()) +
                 " intervals are settled"});
  }
}

void verify_bills(const std::filesystem::path& directory, const Replay& replay, VerifyReport& report) {
  if (!std::filesystem::is_directory(directory)) return;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& file : files) verify_bills_of(file, replay, report);
}

void note_damage(const std::filesystem::path& directory, VerifyReport& report) {
  const ManifestFinding finding = check_manifest(directory);
  if (finding.fault)
    report.faults.push_back({.interval_begin = std::nullopt, .where = manifest_file, .what = *finding.fault});
  for (const DamagedPage& page : finding.damaged) {
    report.faults.push_back({.interval_begin = page.interval_begin,
                             .where = std::string(journal_file) + " page " + std::to_string(page.page),
                             .what = "its bytes are not the sealed ones"});
  }
}

void take_figures(const Replay& replay, VerifyReport& report) {
  report.intervals_cleared = replay.state.totals.intervals_cleared;
  report.batches = static_cast<std::int64_t>(replay.batches.size());
  for (const StoreBatch& store : replay.batches)
    report.statements += static_cast<std::int64_t>(store.batch.statements.size());
  for (const auto& [size, cosignatures] : replay.cosignatures)
    report.cosignatures += static_cast<std::int64_t>(cosignatures.size());
  report.signatures = replay.signatures_held;
  report.erased_entries = replay.erased_entries;
  report.erased_statements = replay.erased_statements;
  report.erased_intervals = replay.erased_intervals;
  report.replay_begin = replay.replay_begin;
  report.ledger_sum = replay.state.ledger.sum().count;
  report.log_root = replay.state.log.root();
}

/// A checkpoint that enough members cosigned must cover the log, or all but its newest entries.
void check_witnesses(const Replay& replay, VerifyReport& report) {
  if (replay.state.log.size() == 0 || replay.state.witnessed_size == replay.state.log.size()) return;
  report.faults.push_back(
      {.interval_begin = interval_of_batch(replay, static_cast<std::size_t>(replay.state.witnessed_size)),
       .where = journal_file,
       .what = "from here on fewer than " + std::to_string(replay.state.rules.witnesses_required) +
               " members have cosigned the log"});
}

}  // namespace

std::optional<std::int64_t> VerifyReport::first_bad_interval() const {
  std::optional<std::int64_t> first;
  for (const VerifyFault& fault : faults) {
    if (fault.interval_begin && (!first || *fault.interval_begin < *first)) first = fault.interval_begin;
  }
  return first;
}

VerifyReport verify_directory(const std::filesystem::path& directory) {
  VerifyReport report;
  const std::filesystem::path below = directory / "controller";
  const std::filesystem::path home = std::filesystem::exists(below / journal_file) ? below : directory;
  note_damage(home, report);
  const Result<JournalContent, std::string> content = read_journal(home / journal_file);
  if (!content) {
    report.faults.push_back({.interval_begin = std::nullopt, .where = journal_file, .what = content.error()});
    return report;
  }
  report.events = static_cast<std::int64_t>(content->entries.size());
  for (const OpenFault& missing : content->missing_keys)
    report.faults.push_back({.interval_begin = std::nullopt, .where = data_key_file, .what = missing.what});
  const Replay replay = replay_journal(*content);
  report.faults.insert(report.faults.end(), replay.faults.begin(), replay.faults.end());
  take_figures(replay, report);
  if (!replay.faults.empty()) return report;  // What follows rests on the replay.
  check_witnesses(replay, report);
  verify_log_files(directory / "log", replay, report);
  verify_bills(directory / "bills", replay, report);
  return report;
}

Result<std::int64_t, VerifyFault> verify_bill_file(const std::filesystem::path& file, ByteView log_key) {
  std::ifstream in(file);
  if (!in) return Fail{VerifyFault{.interval_begin = std::nullopt, .where = file.string(), .what = "cannot be read"}};
  std::int64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const std::optional<Bill> bill = bill_from_line(line);
    const std::optional<std::string> fault =
        bill ? bill_fault(*bill, log_key) : "is damaged: its figures and its proof do not fit together";
    if (!fault) continue;
    return Fail{
        VerifyFault{.interval_begin = bill ? std::optional(bill->statement.interval.begin_seconds()) : std::nullopt,
                    .where = file.string() + " line " + std::to_string(number),
                    .what = *fault}};
  }
  if (number == 0)
    return Fail{VerifyFault{.interval_begin = std::nullopt, .where = file.string(), .what = "holds no bill"}};
  return number;
}

Result<Done, std::string> write_log_files(const std::filesystem::path& journal_directory,
                                          const std::filesystem::path& log_directory) {
  const Result<JournalContent, std::string> content = read_journal(journal_directory / journal_file);
  if (!content) return Fail{content.error()};
  const Replay replay = replay_journal(*content);
  if (!replay.faults.empty()) return Fail{replay.faults.front().where + ": " + replay.faults.front().what};
  std::error_code error;
  std::filesystem::create_directories(log_directory, error);
  std::ofstream entries(log_directory / entries_file, std::ios::binary);
  entries << log_entries_text(replay);
  std::ofstream notes(log_directory / checkpoints_file, std::ios::binary);
  for (const std::string& piece : note_pieces(replay)) notes << piece;
  entries.close();
  notes.close();
  if (!entries || !notes) return Fail{log_directory.string() + ": cannot be written"};
  return Done{};
}

}  // namespace commonwatt
