#include "controller/journal_epoch.hpp"

#include "controller/journal_reader.hpp"
#include "controller/sqlite.hpp"

namespace commonwatt {

Result<JournalEpoch, std::string> read_epoch(const std::filesystem::path& file, const EpochChoice& choice) {
  try {
    JournalEpoch content;
    SqliteDatabase database(file, OpenMode::read_only, "");
    SqlStatement first = database.prepare("SELECT interval_begin FROM batch ORDER BY interval_begin LIMIT 1");
    if (!first.row()) return Fail{file.string() + ": nothing is settled yet"};
    const std::int64_t start = choice.start.value_or(first.integer(0));
    const std::int64_t begin = (start / choice.seconds + choice.number) * choice.seconds;
    content.begin = UtcTime::from_seconds(begin);
    SqlStatement begins = database.prepare(
        "SELECT DISTINCT interval_begin FROM batch WHERE interval_begin>=? AND interval_begin<? ORDER BY "
        "interval_begin");
    begins.with(begin - choice.window * choice.seconds, begin + choice.seconds);
    while (begins.row()) {
      constexpr std::int64_t any_length = 300;  // Every length is a multiple of it, and only the begin is asked for.
      std::vector<StoreBatch> batches = read_batches(file, Interval(begins.integer(0), any_length));
      if (batches.empty()) return Fail{file.string() + ": a batch is damaged; run 'commonwatt verify'"};
      for (StoreBatch& store : batches) {
        JournalEpoch::SettledRun& run = content.runs.emplace_back();
        run.interval = store.entry.interval;
        run.run = store.entry.run;
        run.postings = std::move(store.postings);
        if (run.interval.begin() >= content.begin) run.statements = std::move(store.batch.statements);
      }
    }
    const Result<JournalBooks, std::string> books = read_books(file, std::nullopt);
    if (!books) return Fail{books.error()};
    for (const auto& [id, member] : books->state.members) content.households.emplace(id, member.record);
    content.account_keys = books->state.account_keys;
    content.currency = books->state.rules.currency;
    content.origin = books->state.origin;
    return content;
  } catch (const std::exception& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

}  // namespace commonwatt
