#include "controller/erase_command.hpp"

#include <algorithm>
#include <limits>
#include <ostream>

#include "controller/journal.hpp"
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

/// Why the journal cannot be worked on; nothing when it can, and then its write-ahead log is folded in.
std::optional<std::string> journal_refusal(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / journal_file;
  if (!std::filesystem::exists(file)) return file.string() + ": there is no journal";
  const ManifestFinding finding = check_manifest(directory);
  if (finding.fault || !finding.damaged.empty())
    return file.string() + ": is not as it was sealed; run 'commonwatt verify' on the directory first";
  try {
    // SQLite lets nobody leave write-ahead mode while another has the file open.
    SqliteDatabase(file, OpenMode::read_write, "").execute("PRAGMA journal_mode=DELETE");
  } catch (const SqliteError& error) {
    return file.string() + ": is in use; stop the controller first (" + error.what() + ")";
  }
  return std::nullopt;
}

/// What the journal knows of a household.
enum class Trace : std::uint8_t { none, erased, kept };
Result<Trace, std::string> trace_of(const std::filesystem::path& directory, const HouseholdId& household) {
  const Result<JournalContent, std::string> content = read_journal(directory / journal_file);
  if (!content) return Fail{content.error()};
  const bool has_key = std::any_of(content->keys.begin(), content->keys.end(),
                                   [&](const auto& entry) { return entry.second.household == household; });
  if (has_key) return Trace::kept;
  Trace trace = Trace::none;
  for (const JournalEntry& entry : content->entries) {
    const Result<Event, OpenFault> event = open_event(entry.event, entry.sequence, {});
    const auto* erased = event ? std::get_if<DataErased>(&*event) : nullptr;
    if (erased != nullptr && erased->household == household) trace = Trace::erased;
  }
  return trace;
}

/// The state without the household, or why there is none.
Result<State, std::string> erase(const EraseOptions& options, const HouseholdId& household, UtcTime now,
                                 const SigningKey& log_key) {
  const Result<std::unique_ptr<Journal>, std::string> journal = Journal::open(options.directory);
  if (!journal) return Fail{journal.error()};
  const Result<State, std::string> state = (*journal)->restore();
  if (!state) return Fail{state.error()};
  if (state->log_key != log_key.public_key()) {
    return Fail{key_file(key_directory(options), KeyKind::log).string() +
                ": is not the key this journal is signed with"};
  }
  if (const std::optional<std::string> refusal = erasure_refusal(*state, household)) return Fail{*refusal};
  unseal_journal(options.directory);
  return (*journal)->erase({.household = household,
                            .before_month = std::numeric_limits<std::int64_t>::max(),
                            .bookings = {},
                            .state = {},
                            .signature = {}},
                           std::max(now, (*journal)->last_time()), *state, log_key);
}

int complain(std::ostream& errors, const std::string& what) {
  errors << "commonwatt: " << what << "\n";
  return 1;
}

}  // namespace

int run_erase(const EraseOptions& options, UtcTime now, std::ostream& out, std::ostream& errors) {
  const std::optional<HouseholdId> household = HouseholdId::from(options.household);
  if (!household) return complain(errors, "'" + options.household + "' is no household's id");
  if (const std::optional<std::string> refusal = journal_refusal(options.directory)) return complain(errors, *refusal);
  const Result<Trace, std::string> trace = trace_of(options.directory, *household);
  if (!trace) return complain(errors, trace.error());
  if (*trace == Trace::none) return complain(errors, "the journal knows no household " + household->text());
  if (*trace == Trace::erased) {
    out << "the data of " << household->text() << " is erased already; nothing is left to do\n";
    return 0;
  }
  const Result<SigningKey, std::string> log_key =
      SigningKey::load(KeyKind::log, key_file(key_directory(options), KeyKind::log));
  if (!log_key) return complain(errors, log_key.error());
  const Result<State, std::string> erased = erase(options, *household, now, *log_key);
  if (!erased) return complain(errors, erased.error());
  const Result<Done, std::string> sealed = seal_journal(options.directory, *log_key);
  if (!sealed) return complain(errors, "the data is erased, but the journal could not be sealed: " + sealed.error());
  const Money balance = erased->ledger.balance({.kind = AccountKind::household, .household = *household});
  out << "erased: the readings, orders, name and quarter-hours of " << household->text()
      << "\nkept: its account, with postings summed by month and a balance of " << balance.count
      << " nano-currency\nStill to do: delete older backups of " << (options.directory / data_key_file).string()
      << "\n";
  return 0;
}

}  // namespace commonwatt
