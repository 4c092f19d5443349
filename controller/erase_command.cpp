#include "controller/erase_command.hpp"

#include <algorithm>
#include <limits>
#include <ostream>

#include "controller/command_output.hpp"
#include "controller/journal_reader.hpp"
#include "controller/keyring.hpp"
#include "controller/manifest.hpp"
#include "controller/step.hpp"

namespace commonwatt {
namespace {

std::filesystem::path key_directory(const EraseOptions& options) {
  if (!options.keys.empty()) return options.keys;
  const std::filesystem::path below = options.directory / "keys";
  return std::filesystem::exists(below) ? below : options.directory.parent_path() / "keys";
}

/// What the journal knows of a household, read without writing.
struct Trace {
  bool is_kept = false;    ///< something of it can be read
  bool is_erased = false;  ///< something of it was erased
  Bytes log_key;           ///< of the journal
};

/// What there is to erase, or why the journal cannot be worked on.
Result<Trace, std::string> trace_of(const std::filesystem::path& directory, const HouseholdId& household) {
  const std::filesystem::path file = directory / journal_file;
  if (!std::filesystem::exists(file)) return Fail{file.string() + ": there is no journal"};
  const ManifestFinding finding = check_manifest(directory);
  if (finding.fault || !finding.damaged.empty())
    return Fail{file.string() + ": is not as it was sealed; run 'commonwatt verify' on the directory first"};
  const Result<JournalContent, std::string> content = read_journal(file);
  if (!content) return Fail{content.error()};
  Trace trace;
  trace.is_kept = std::any_of(content->keys.begin(), content->keys.end(),
                              [&](const auto& entry) { return entry.second.household == household; });
  for (const JournalEntry& entry : content->entries) {
    const Result<Event, OpenFault> event = open_event(entry.event, entry.sequence, {});
    if (!event) continue;
    if (const auto* erased = std::get_if<DataErased>(&*event); erased != nullptr && erased->household == household)
      trace.is_erased = true;
    if (const auto* configured = std::get_if<MarketConfigured>(&*event)) trace.log_key = configured->log_key;
  }
  return trace;
}

/// Folds the write-ahead log in. Refused while a controller has the journal open.
Result<Done, std::string> take_over(const std::filesystem::path& file) {
  try {
    // SQLite lets nobody leave write-ahead mode while another has the file open.
    SqliteDatabase(file, OpenMode::read_write, "").execute("PRAGMA journal_mode=DELETE");
    return Done{};
  } catch (const SqliteError& error) {
    return Fail{file.string() + ": is in use; stop the controller first (" + error.what() + ")"};
  }
}

/// The state without the household, or why there is none.
Result<State, std::string> erase(const EraseOptions& options, const HouseholdId& household, UtcTime now,
                                 const SigningKey& log_key) {
  const Result<std::unique_ptr<Journal>, std::string> journal = Journal::open(options.directory);
  if (!journal) return Fail{journal.error()};
  const Result<State, std::string> state = (*journal)->restore();
  if (!state) return Fail{state.error()};
  if (const std::optional<std::string> refusal = erasure_refusal(*state, household)) return Fail{*refusal};
  return (*journal)->erase({.household = household,
                            .before_month = std::numeric_limits<std::int64_t>::max(),
                            .bookings = {},
                            .state = {},
                            .signature = {}},
                           std::max(now, (*journal)->last_time()), *state, log_key);
}

}  // namespace

int run_erase(const EraseOptions& options, UtcTime now, std::ostream& out, std::ostream& errors) {
  const auto refuse = [&errors](const std::string& why) { return complain(errors, why, 1); };
  const std::optional<HouseholdId> household = HouseholdId::from(options.household);
  if (!household) return refuse("'" + options.household + "' is no household's id");
  const Result<Trace, std::string> trace = trace_of(options.directory, *household);
  if (!trace) return refuse(trace.error());
  if (!trace->is_kept && trace->is_erased) {
    out << "the data of " << household->text() << " is erased already; nothing is left to do\n";
    return 0;
  }
  if (!trace->is_kept) return refuse("the journal knows no household " + household->text());
  const std::filesystem::path key = key_file(key_directory(options), KeyKind::log);
  const Result<SigningKey, std::string> log_key = SigningKey::load(KeyKind::log, key);
  if (!log_key) return refuse(log_key.error());
  if (log_key->public_key() != trace->log_key)
    return refuse(key.string() + ": is not the key this journal is signed with");
  const Result<Done, std::string> taken = take_over(options.directory / journal_file);
  if (!taken) return refuse(taken.error());
  unseal_journal(options.directory);
  const Result<State, std::string> erased = erase(options, *household, now, *log_key);
  // Whatever came of it, the journal was written to: it is sealed as it is now.
  const Result<Done, std::string> sealed = seal_journal(options.directory, *log_key);
  if (!erased) return refuse(erased.error());
  if (!sealed) return refuse("the data is erased, but the journal could not be sealed: " + sealed.error());
  const Money balance = erased->ledger.balance({.kind = AccountKind::household, .household = *household});
  out << "erased: the readings, orders, name and quarter-hours of " << household->text()
      << "\nkept: its account, with postings summed by month and a balance of " << balance.count
      << " nano-currency\nStill to do: delete older backups of " << (options.directory / data_key_file).string()
      << "\n";
  return 0;
}

}  // namespace commonwatt
