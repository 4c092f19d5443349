#include "controller/journal.hpp"

#include <algorithm>
#include <limits>

#include "controller/sqlite.hpp"
#include "controller/step.hpp"
#include "core/sha256.hpp"

namespace commonwatt {
namespace {

constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS journal(sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, event BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS batch(log_index INTEGER PRIMARY KEY, interval_begin INTEGER NOT NULL, batch BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS batch_interval ON batch(interval_begin);
CREATE TABLE IF NOT EXISTS snapshot(sequence INTEGER PRIMARY KEY, state BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS payment(number INTEGER PRIMARY KEY, household TEXT NOT NULL, amount INTEGER NOT NULL, time INTEGER NOT NULL, reference TEXT NOT NULL) STRICT;
)";

std::array<std::uint8_t, 8> big_endian(std::int64_t value) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (56U - 8U * i));
  }
  return bytes;
}

/// What the table `batch` keeps of a StoreBatch; the entry follows from it.
struct BatchRow {
  Batch batch;
  std::vector<Posting> postings;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.batch, self.postings);
  }
};

/// What a snapshot is kept with: a damaged one, or one of another journal, is passed over.
Hash32 snapshot_hash(const Hash32& entry_hash, ByteView state) {
  return sha256({entry_hash, state});
}

bool equal(const Hash32& hash, ByteView bytes) {
  return std::equal(hash.begin(), hash.end(), bytes.begin(), bytes.end());
}

StoreBatch stored(std::int64_t log_index, BatchRow row) {
  const ClearingRecord& record = row.batch.record;
  const LogEntry entry{.interval = record.interval, .run = record.run, .batch_root = batch_root(row.batch)};
  return {.log_index = log_index, .entry = entry, .batch = std::move(row.batch), .postings = std::move(row.postings)};
}

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

/// The state after every event, and what is known of the last one.
struct Restored {
  State state;
  std::int64_t sequence = 0;
  UtcTime time;
};
Result<Restored, std::string> restore_from(SqliteDatabase& database, const std::filesystem::path& file) {
  try {
    Restored restored;
    Hash32 tip{};
    SqlStatement newest = database.prepare(
        "SELECT snapshot.sequence, state, snapshot.hash, journal.hash, time FROM snapshot JOIN journal USING(sequence) "
        "ORDER BY sequence DESC");
    while (newest.row()) {
      Hash32 entry_hash{};
      if (newest.blob(3).size() != entry_hash.size()) continue;
      std::copy_n(newest.blob(3).begin(), entry_hash.size(), entry_hash.begin());
      if (!equal(snapshot_hash(entry_hash, newest.blob(1)), newest.blob(2)))
        continue;  // An older one will do, or none.
      Result<State, CborError> kept = decode<State>(newest.blob(1));
      if (!kept) continue;
      restored = {.state = std::move(*kept), .sequence = newest.integer(0), .time = UtcTime{newest.integer(4)}};
      tip = entry_hash;
      break;
    }
    newest.reset();
    SqlStatement rest =
        database.prepare("SELECT sequence, time, event, hash FROM journal WHERE sequence>? ORDER BY sequence");
    rest.with(restored.sequence);
    while (rest.row()) {
      restored.time = UtcTime{rest.integer(1)};
      tip = chain_hash(tip, ++restored.sequence, restored.time, rest.blob(2));
      const Result<Event, CborError> event = decode<Event>(rest.blob(2));
      const bool chained = rest.integer(0) == restored.sequence && equal(tip, rest.blob(3));
      if (!chained || !event) {
        return Fail{file.string() + ": entry " + std::to_string(rest.integer(0)) + ": " +
                    (event ? "it does not follow from the entry before it" : to_text(event.error())) +
                    "; restore a backup, or ask a member for the journal"};
      }
      step(restored.state, *event, restored.time);
    }
    return restored;
  } catch (const SqliteError& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

}  // namespace

Bytes encode_batch_row(const StoreBatch& store) {
  return encode(BatchRow{.batch = store.batch, .postings = store.postings});
}

Hash32 chain_hash(const Hash32& before, std::int64_t sequence, UtcTime time, ByteView event) {
  return sha256({before, big_endian(sequence), big_endian(time.nanoseconds), event});
}

struct Journal::Tables {
  explicit Tables(const std::filesystem::path& path)
      : file(path),
        database(path, OpenMode::read_write, schema),
        insert_event(database.prepare("INSERT INTO journal VALUES(?,?,?,?)")),
        insert_batch(database.prepare("INSERT INTO batch VALUES(?,?,?)")),
        insert_payment(database.prepare("INSERT INTO payment VALUES(?,?,?,?,?)")),
        first_batch(
            database.prepare("SELECT log_index, batch FROM batch WHERE interval_begin=? ORDER BY log_index LIMIT 1")),
        batch_in_force(database.prepare(
            "SELECT log_index, batch FROM batch WHERE interval_begin=? ORDER BY log_index DESC LIMIT 1")),
        batch_by_index(database.prepare("SELECT log_index, batch FROM batch WHERE log_index=?")) {
    SqlStatement last = database.prepare("SELECT sequence, hash, time FROM journal ORDER BY sequence DESC LIMIT 1");
    if (last.row()) {
      sequence = last.integer(0);
      const ByteView hash = last.blob(1);
      if (hash.size() != tip.size()) throw SqliteError("the last entry's hash is damaged");
      std::copy(hash.begin(), hash.end(), tip.begin());
      last_time = UtcTime{last.integer(2)};
    }
  }

  std::optional<StoreBatch> find(SqlStatement& query, std::int64_t key) {
    query.with(key);
    if (!query.row()) return std::nullopt;
    const std::int64_t index = query.integer(0);
    Result<BatchRow, CborError> row = decode<BatchRow>(query.blob(1));
    query.reset();
    if (!row) return std::nullopt;
    return stored(index, std::move(*row));
  }

  std::filesystem::path file;
  SqliteDatabase database;
  SqlStatement insert_event;
  SqlStatement insert_batch;
  SqlStatement insert_payment;
  SqlStatement first_batch;
  SqlStatement batch_in_force;
  SqlStatement batch_by_index;
  std::int64_t sequence = 0;
  Hash32 tip{};
  UtcTime last_time;
};

Journal::Journal(std::unique_ptr<Tables> tables) : tables_(std::move(tables)) {}
Journal::~Journal() = default;

Result<std::unique_ptr<Journal>, std::string> Journal::open(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / journal_file;
  try {
    std::filesystem::create_directories(directory);
    return std::unique_ptr<Journal>(new Journal(std::make_unique<Tables>(file)));
  } catch (const std::exception& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

Result<State, std::string> Journal::restore() {
  Result<Restored, std::string> restored = restore_from(tables_->database, tables_->file);
  if (!restored) return Fail{restored.error()};
  return std::move(restored->state);
}

Result<Done, std::string> Journal::append(const std::vector<TimedEvent>& events, const std::vector<StoreBatch>& batches,
                                          const std::vector<StorePayment>& payments) {
  try {
    std::int64_t sequence = tables_->sequence;
    Hash32 tip = tables_->tip;
    SqliteDatabase::Transaction transaction(tables_->database);
    for (const TimedEvent& timed : events) {
      const Bytes event = encode(timed.event);
      tip = chain_hash(tip, ++sequence, timed.time, event);
      tables_->insert_event.with(sequence, timed.time.nanoseconds, event, tip).run();
    }
    for (const StoreBatch& store : batches) {
      tables_->insert_batch.with(store.log_index, store.entry.interval.begin_seconds(), encode_batch_row(store)).run();
    }
    for (const auto& [number, payment] : payments) {
      tables_->insert_payment
          .with(number, payment.household.text(), payment.amount.count, payment.time.nanoseconds, payment.reference)
          .run();
    }
    transaction.commit();
    // From here it is on disk.
    tables_->sequence = sequence;
    tables_->tip = tip;
    if (!events.empty()) tables_->last_time = events.back().time;
    return Done{};
  } catch (const SqliteError& error) {
    return Fail{tables_->file.string() + ": " + error.what()};
  }
}

Result<Done, std::string> Journal::save_snapshot(const State& state) {
  try {
    SqliteDatabase::Transaction transaction(tables_->database);
    const Bytes bytes = encode(state);
    tables_->database.prepare("INSERT OR REPLACE INTO snapshot VALUES(?,?,?)")
        .with(tables_->sequence, bytes, snapshot_hash(tables_->tip, bytes))
        .run();
    tables_->database
        .prepare(
            "DELETE FROM snapshot WHERE sequence NOT IN (SELECT sequence FROM snapshot ORDER BY sequence DESC LIMIT 2)")
        .run();
    transaction.commit();
    return Done{};
  } catch (const SqliteError& error) {
    return Fail{tables_->file.string() + ": " + error.what()};
  }
}

std::optional<StoreBatch> Journal::first_batch_of(const Interval& interval) {
  return tables_->find(tables_->first_batch, interval.begin_seconds());
}

std::optional<StoreBatch> Journal::batch_in_force(const Interval& interval) {
  return tables_->find(tables_->batch_in_force, interval.begin_seconds());
}

std::optional<StoreBatch> Journal::batch_at(std::int64_t log_index) {
  return tables_->find(tables_->batch_by_index, log_index);
}

std::vector<Hash32> Journal::log_leaves() {
  std::vector<Hash32> leaves;
  SqlStatement all = tables_->database.prepare("SELECT log_index, batch FROM batch ORDER BY log_index");
  while (all.row()) {
    Result<BatchRow, CborError> row = decode<BatchRow>(all.blob(1));
    if (!row) throw SqliteError("batch " + std::to_string(all.integer(0)) + " is damaged");
    leaves.push_back(log_leaf(stored(all.integer(0), std::move(*row)).entry));
  }
  return leaves;
}

std::int64_t Journal::sequence() const {
  return tables_->sequence;
}

UtcTime Journal::last_time() const {
  return tables_->last_time;
}

Hash32 Journal::tip() const {
  return tables_->tip;
}

std::vector<StoreBatch> read_batches(const std::filesystem::path& file, const Interval& interval) {
  std::vector<StoreBatch> batches;
  try {
    SqliteDatabase database(file, OpenMode::read_only, "");
    SqlStatement query =
        database.prepare("SELECT log_index, batch FROM batch WHERE interval_begin=? ORDER BY log_index");
    query.with(interval.begin_seconds());
    while (query.row()) {
      Result<BatchRow, CborError> row = decode<BatchRow>(query.blob(1));
      if (!row) return {};
      batches.push_back(stored(query.integer(0), std::move(*row)));
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
    SqlStatement entries = database.prepare("SELECT sequence, time, event, hash FROM journal ORDER BY sequence");
    while (entries.row()) {
      JournalEntry& entry = content.entries.emplace_back();
      entry.sequence = entries.integer(0);
      entry.time = UtcTime{entries.integer(1)};
      const ByteView event = entries.blob(2);
      entry.event.assign(event.begin(), event.end());
      const ByteView hash = entries.blob(3);
      if (hash.size() == entry.hash.size()) std::copy(hash.begin(), hash.end(), entry.hash.begin());
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
    return content;
  } catch (const std::exception& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

Result<JournalPostings, std::string> read_postings(const std::filesystem::path& file) {
  try {
    JournalPostings content;
    SqliteDatabase database(file, OpenMode::read_only, "");
    SqlStatement batches = database.prepare("SELECT batch FROM batch ORDER BY log_index");
    while (batches.row()) {
      Result<BatchRow, CborError> row = decode<BatchRow>(batches.blob(0));
      if (!row) return Fail{file.string() + ": a batch is damaged: " + to_text(row.error())};
      const ClearingRecord& record = row->batch.record;
      content.batches.push_back({.interval = record.interval, .run = record.run, .postings = std::move(row->postings)});
    }
    content.payments = stored_payments(database);
    SqlStatement events = database.prepare("SELECT event FROM journal ORDER BY sequence");
    while (events.row()) {
      const Result<Event, CborError> event = decode<Event>(events.blob(0));
      if (!event) return Fail{file.string() + ": an event is damaged: " + to_text(event.error())};
      if (const auto* configured = std::get_if<MarketConfigured>(&*event))
        content.currency = configured->rules.currency;
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
    Result<Restored, std::string> restored = restore_from(database, file);
    if (!restored) return Fail{restored.error()};
    JournalBooks books{
        .state = std::move(restored->state), .sequence = restored->sequence, .time = restored->time, .late = {}};
    const auto is_late = [&](const Interval& interval) {
      return books.state.provisional.contains(interval) || (until && interval.end() > *until);
    };
    std::int64_t first = std::numeric_limits<std::int64_t>::max();
    if (!books.state.provisional.empty()) first = books.state.provisional.begin()->first.begin_seconds();
    if (until) first = std::min(first, until->seconds() - books.state.rules.interval_seconds);
    SqlStatement batches = database.prepare("SELECT batch FROM batch WHERE interval_begin>=? ORDER BY log_index");
    batches.with(first);
    while (batches.row()) {
      Result<BatchRow, CborError> row = decode<BatchRow>(batches.blob(0));
      if (!row) return Fail{file.string() + ": a batch is damaged: " + to_text(row.error())};
      const ClearingRecord& record = row->batch.record;
      if (!is_late(record.interval)) continue;
      books.late.push_back({.interval = record.interval, .run = record.run, .postings = std::move(row->postings)});
    }
    return books;
  } catch (const std::exception& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

}  // namespace commonwatt
