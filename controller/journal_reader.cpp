#include "controller/journal_reader.hpp"

#include <algorithm>
#include <limits>

#include "controller/journal_anchors.hpp"
#include "controller/journal_restore.hpp"
#include "controller/sqlite.hpp"

namespace commonwatt {
namespace {

std::vector<StorePayment> stored_payments(SqliteDatabase& database) {
  std::vector<StorePayment> payments;
  SqlStatement all = database.prepare("SELECT number, household, amount, time, reference FROM payment ORDER BY number");
  while (all.row()) {
    payments.push_back({.number = all.integer(0),
                        .payment = {.household = HouseholdId::from(all.text(1)).value_or(HouseholdId()),
                                    .amount = Money{all.integer(2)},
                                    .time = UtcTime{all.integer(3)},
                                    .reference = all.text(4)}});
  }
  return payments;
}

std::optional<JournalContent::StoredSnapshot> read_base(SqliteDatabase& database) {
  SqlStatement query = database.prepare("SELECT sequence, state FROM base ORDER BY sequence DESC LIMIT 1");
  if (!query.row()) return std::nullopt;
  return JournalContent::StoredSnapshot{query.integer(0), Bytes(query.blob(1).begin(), query.blob(1).end())};
}

}  // namespace

std::vector<StoreBatch> read_batches(const std::filesystem::path& file, const Interval& interval) {
  std::vector<StoreBatch> batches;
  try {
    SqliteDatabase database(file, OpenMode::read_only, "");
    SqlStatement query =
        database.prepare("SELECT log_index, batch FROM batch WHERE interval_begin=? ORDER BY log_index");
    const DataKeys keys = read_data_keys(file.parent_path());
    query.with(interval.begin_seconds());
    while (query.row()) {
      Result<StoreBatch, OpenFault> store = open_batch(query.blob(1), query.integer(0), keys);
      if (!store) return {};
      batches.push_back(std::move(*store));
    }
  } catch (const SqliteError&) {
    return {};
  }
  return batches;
}

Result<JournalContent, std::string> read_journal(const std::filesystem::path& file) {
  try {
    JournalContent content;
    SqliteDatabase database(file, OpenMode::read_only, "");
    content.keys = read_data_keys(file.parent_path());
    content.missing_keys = missing_keys(database, content.keys);
    content.base = read_base(database);
    SqlStatement entries = database.prepare("SELECT sequence, time, event, hash FROM journal ORDER BY sequence");
    while (entries.row()) {
      JournalEntry& entry = content.entries.emplace_back();
      entry.sequence = entries.integer(0);
      entry.time = UtcTime{entries.integer(1)};
      const ByteView event = entries.blob(2);
      entry.event.assign(event.begin(), event.end());
      entry.hash = stored_hash(entries.blob(3));
    }
    SqlStatement batches = database.prepare("SELECT log_index, interval_begin, batch FROM batch ORDER BY log_index");
    while (batches.row()) {
      const ByteView batch = batches.blob(2);
      content.batches.push_back({batches.integer(0), batches.integer(1), Bytes(batch.begin(), batch.end())});
    }
    SqlStatement snapshots = database.prepare("SELECT sequence, state FROM snapshot ORDER BY sequence");
    while (snapshots.row()) {
      const ByteView state = snapshots.blob(1);
      content.snapshots.push_back({snapshots.integer(0), Bytes(state.begin(), state.end())});
    }
    content.payments = stored_payments(database);
    content.epochs = stored_epochs(database);
    return content;
  } catch (const std::exception& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

Result<JournalPostings, std::string> read_postings(const std::filesystem::path& file) {
  try {
    JournalPostings content;
    SqliteDatabase database(file, OpenMode::read_only, "");
    const DataKeys keys = read_data_keys(file.parent_path());
    const std::vector<OpenFault> missing = missing_keys(database, keys);
    if (!missing.empty()) return Fail{file.string() + ": " + missing.front().what};
    SqlStatement batches = database.prepare("SELECT log_index, batch FROM batch ORDER BY log_index");
    while (batches.row()) {
      Result<StoreBatch, OpenFault> store = open_batch(batches.blob(1), batches.integer(0), keys);
      if (!store) return Fail{file.string() + ": a batch is damaged: " + store.error().what};
      content.batches.push_back(
          {.interval = store->entry.interval, .run = store->entry.run, .postings = std::move(store->postings)});
    }
    content.payments = stored_payments(database);
    SqlStatement events = database.prepare("SELECT sequence, event FROM journal ORDER BY sequence");
    while (events.row()) {
      const Result<Event, OpenFault> event = open_event(events.blob(1), events.integer(0), keys);
      if (!event && event.error().key_missing) continue;  // Erased, and no configuration.
      if (!event) return Fail{file.string() + ": an event is damaged: " + event.error().what};
      if (const auto* configured = std::get_if<MarketConfigured>(&*event))
        content.currency = configured->rules.currency;
      if (const auto* erased = std::get_if<DataErased>(&*event)) {
        for (const ErasedBooking& booking : erased->bookings)
          content.batches.push_back({.interval = booking.first, .run = Run::final, .postings = {booking.sum}});
      }
    }
    return content;
  } catch (const std::exception& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

Result<JournalBooks, std::string> read_books(const std::filesystem::path& file, std::optional<UtcTime> until) {
  try {
    SqliteDatabase database(file, OpenMode::read_only, "");
    database.execute("BEGIN");  // All that is read is of one moment, whatever the controller writes meanwhile.
    const DataKeys keys = read_data_keys(file.parent_path());
    Result<RestoredState, std::string> restored = restore_state(database, keys, file);
    if (!restored) return Fail{restored.error()};
    JournalBooks books{
        .state = std::move(restored->state), .sequence = restored->sequence, .time = restored->time, .late = {}};
    const auto is_late = [&](const Interval& interval) {
      return books.state.provisional.contains(interval) || (until && interval.end() > *until);
    };
    std::int64_t first = std::numeric_limits<std::int64_t>::max();
    if (!books.state.provisional.empty()) first = books.state.provisional.begin()->first.begin_seconds();
    if (until) first = std::min(first, until->seconds() - books.state.rules.interval_seconds);
    SqlStatement batches =
        database.prepare("SELECT log_index, batch FROM batch WHERE interval_begin>=? ORDER BY log_index");
    batches.with(first);
    while (batches.row()) {
      Result<StoreBatch, OpenFault> store = open_batch(batches.blob(1), batches.integer(0), keys);
      if (!store) return Fail{file.string() + ": a batch is damaged: " + store.error().what};
      const LogEntry& entry = store->entry;
      if (!is_late(entry.interval)) continue;
      books.late.push_back({.interval = entry.interval, .run = entry.run, .postings = std::move(store->postings)});
    }
    return books;
  } catch (const std::exception& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

}  // namespace commonwatt
