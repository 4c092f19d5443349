#include "controller/journal.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "controller/journal_anchors.hpp"
#include "controller/journal_extract.hpp"
#include "controller/journal_restore.hpp"
#include "controller/sqlite.hpp"
#include "controller/step.hpp"
#include "core/month.hpp"
#include "core/sha256.hpp"

namespace commonwatt {
namespace {

constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS journal(sequence INTEGER PRIMARY KEY, time INTEGER NOT NULL, event BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS batch(log_index INTEGER PRIMARY KEY, interval_begin INTEGER NOT NULL, batch BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS batch_interval ON batch(interval_begin);
CREATE TABLE IF NOT EXISTS snapshot(sequence INTEGER PRIMARY KEY, state BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS payment(number INTEGER PRIMARY KEY, household TEXT NOT NULL, amount INTEGER NOT NULL, time INTEGER NOT NULL, reference TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS base(sequence INTEGER PRIMARY KEY, state BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS data_key(name BLOB PRIMARY KEY, household TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS anchor(epoch INTEGER PRIMARY KEY, anchor BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS anchor_leaves(epoch INTEGER PRIMARY KEY, leaves BLOB NOT NULL) STRICT;
)";

std::array<std::uint8_t, 8> big_endian(std::int64_t value) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (56U - 8U * i));
  }
  return bytes;
}

/// Whether a data key goes with an erasure that becomes the entry `sequence`. The market's all do: they seal what
/// everybody's secrets lie in together.
bool goes_with(const DataKey& key, const DataErased& erased, std::int64_t sequence) {
  if (key.first_sequence >= sequence) return false;
  return !key.household ||
         (key.month < erased.before_month && (!erased.household || *key.household == *erased.household));
}

/// The first entry at or after a time; the number after the last one when there is none.
std::int64_t entry_at(SqliteDatabase& database, UtcTime time) {
  SqlStatement last = database.prepare("SELECT coalesce(max(sequence),0) FROM journal");
  std::int64_t low = 1;
  std::int64_t high = last.row() ? last.integer(0) + 1 : 1;
  SqlStatement time_of = database.prepare("SELECT time FROM journal WHERE sequence=?");
  while (low < high) {  // Time in the journal never runs backwards.
    const std::int64_t middle = low + (high - low) / 2;
    time_of.with(middle);
    const bool before = time_of.row() && time_of.integer(0) < time.nanoseconds;
    time_of.reset();
    (before ? low : high) = before ? middle + 1 : middle;
  }
  return low;
}

/// The size of the log that the next checkpoint among the rows signs, which are entries' numbers and events.
std::optional<std::int64_t> next_signed_size(SqlStatement& rows) {
  while (rows.row()) {
    const Result<Event, OpenFault> event = open_event(rows.blob(1), rows.integer(0), {});
    if (const auto* made = event ? std::get_if<CheckpointSigned>(&*event) : nullptr) return made->size;
  }
  return std::nullopt;
}

/// The batches that can hold anything sealed under the households' keys of which `goes` holds, from the first on to
/// before the second: those journalled in the months of these keys, told by the checkpoints signed around them.
std::pair<std::int64_t, std::int64_t> batches_under(SqliteDatabase& database, const DataKeys& keys,
                                                    const std::function<bool(const DataKey&)>& goes) {
  std::optional<std::pair<std::int64_t, std::int64_t>> months;
  for (const auto& [name, key] : keys) {
    if (!key.household || !goes(key)) continue;
    months = months ? std::pair(std::min(months->first, key.month), std::max(months->second, key.month))
                    : std::pair(key.month, key.month);
  }
  if (!months) return {0, 0};
  SqlStatement before = database.prepare("SELECT sequence, event FROM journal WHERE sequence<? ORDER BY sequence DESC");
  before.with(entry_at(database, month_begin(months->first)));
  SqlStatement after = database.prepare("SELECT sequence, event FROM journal WHERE sequence>=? ORDER BY sequence");
  after.with(entry_at(database, month_begin(months->second + 1)));
  return {next_signed_size(before).value_or(0),
          next_signed_size(after).value_or(std::numeric_limits<std::int64_t>::max())};
}

}  // namespace

Hash32 chain_hash(const Hash32& before, std::int64_t sequence, UtcTime time, ByteView event) {
  return sha256({before, big_endian(sequence), big_endian(time.nanoseconds), event});
}

struct Journal::Tables {
  explicit Tables(const std::filesystem::path& path)
      : file(path),
        database(path, OpenMode::read_write, schema),
        keys(path.parent_path()),
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
    finish_erasure();
  }

  /// A crash may have come between an erasure's event and its end, or an old copy of the keys have come back.
  void finish_erasure() {
    SqlStatement query =
        database.prepare("SELECT sequence, event FROM journal WHERE sequence=(SELECT max(sequence) FROM base)");
    if (!query.row()) return;
    const std::int64_t at = query.integer(0);
    const Result<Event, OpenFault> event = open_event(query.blob(1), at, {});
    const auto* erased = event ? std::get_if<DataErased>(&*event) : nullptr;
    if (erased != nullptr) keys.erase([&](const DataKey& key) { return goes_with(key, *erased, at); });
  }

  /// Gives data keys for what is journalled at that time; `write_list` notes in the journal which ones are in use.
  KeyFor keys_for(UtcTime time, std::int64_t at) {
    return [this, month = month_of(time), at](const std::optional<HouseholdId>& household) -> const DataKey& {
      const DataKey& key = keys.current(household, month, at);
      if (listed.insert(key.name()).second) to_list.push_back(&key);
      return key;
    };
  }
  void write_list() {
    for (const DataKey* key : to_list) {
      database.prepare("INSERT OR IGNORE INTO data_key VALUES(?,?)")
          .with(ByteView(key->name()), key->household ? key->household->text() : std::string())
          .run();
    }
    to_list.clear();
  }

  std::optional<StoreBatch> find(SqlStatement& query, std::int64_t key) {
    query.with(key);
    if (!query.row()) return std::nullopt;
    const std::int64_t index = query.integer(0);
    Result<StoreBatch, OpenFault> store = open_batch(query.blob(1), index, keys.keys());
    query.reset();
    if (!store) return std::nullopt;
    return std::move(*store);
  }

  std::filesystem::path file;
  SqliteDatabase database;
  DataKeyStore keys;
  std::set<KeyName> listed;  // keys known to stand in the table data_key
  std::vector<const DataKey*> to_list;
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
  Result<RestoredState, std::string> restored = restore_state(tables_->database, tables_->keys.keys(), tables_->file);
  if (!restored) return Fail{restored.error()};
  return std::move(restored->state);
}

Result<Done, std::string> Journal::append(const std::vector<TimedEvent>& events, const std::vector<StoreBatch>& batches,
                                          const std::vector<StorePayment>& payments,
                                          const std::vector<StoreAnchor>& anchors) {
  try {
    std::int64_t sequence = tables_->sequence;
    Hash32 tip = tables_->tip;
    SqliteDatabase::Transaction transaction(tables_->database);
    for (const TimedEvent& timed : events) {
      ++sequence;
      const Bytes event = store_event(timed.event, sequence, tables_->keys_for(timed.time, sequence));
      tip = chain_hash(tip, sequence, timed.time, event);
      tables_->insert_event.with(sequence, timed.time.nanoseconds, event, tip).run();
    }
    const KeyFor key_for = tables_->keys_for(events.empty() ? tables_->last_time : events.back().time, sequence);
    for (const StoreBatch& store : batches) {
      tables_->insert_batch.with(store.log_index, store.entry.interval.begin_seconds(), store_batch(store, key_for))
          .run();
    }
    for (const auto& [number, payment] : payments) {
      tables_->insert_payment
          .with(number, payment.household.text(), payment.amount.count, payment.time.nanoseconds, payment.reference)
          .run();
    }
    for (const StoreAnchor& store : anchors) write_anchor(tables_->database, store);
    tables_->write_list();
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
    const DataKey& key = tables_->keys_for(tables_->last_time, tables_->sequence)(std::nullopt);
    const Bytes bytes = store_state(encode(state), tables_->tip, key);
    tables_->database.prepare("INSERT OR REPLACE INTO snapshot VALUES(?,?,?)")
        .with(tables_->sequence, bytes, snapshot_hash(tables_->tip, bytes))
        .run();
    tables_->database
        .prepare(
            "DELETE FROM snapshot WHERE sequence NOT IN (SELECT sequence FROM snapshot ORDER BY sequence DESC LIMIT 2)")
        .run();
    tables_->write_list();
    transaction.commit();
    return Done{};
  } catch (const SqliteError& error) {
    return Fail{tables_->file.string() + ": " + error.what()};
  }
}

std::optional<std::int64_t> Journal::oldest_data_month() const {
  std::optional<std::int64_t> oldest;
  for (const auto& [name, key] : tables_->keys.keys()) {
    if (key.household) oldest = std::min(oldest.value_or(key.month), key.month);
  }
  return oldest;
}

std::vector<ErasedBooking> Journal::bookings_under(const std::function<bool(const DataKey&)>& goes) {
  struct Sum {
    Interval first;
    Money money;
  };
  std::map<std::tuple<std::int64_t, Account, Account, PostingKind>, Sum> sums;
  const auto [first, end] = batches_under(tables_->database, tables_->keys.keys(), goes);
  SqlStatement all = tables_->database.prepare(
      "SELECT log_index, batch FROM batch WHERE log_index>=? AND log_index<? ORDER BY log_index");
  all.with(first, end);
  while (all.row()) {
    const Result<StoreBatch, OpenFault> public_part = open_batch(all.blob(1), all.integer(0), {});
    if (!public_part) throw SqliteError("batch " + std::to_string(all.integer(0)) + ": " + public_part.error().what);
    const Interval& interval = public_part->entry.interval;
    for (const Posting& posting : postings_under(all.blob(1), all.integer(0), tables_->keys.keys(), goes)) {
      Sum& sum =
          sums.try_emplace({month_of(interval.begin()), posting.debit, posting.credit, posting.kind}, Sum{interval, {}})
              .first->second;
      sum.first = std::min(sum.first, interval);
      sum.money += posting.amount;
    }
  }
  std::vector<ErasedBooking> bookings;
  for (const auto& [key, sum] : sums) {
    const auto& [month, debit, credit, kind] = key;
    bookings.push_back(
        {.first = sum.first, .sum = {.debit = debit, .credit = credit, .amount = sum.money, .kind = kind}});
  }
  return bookings;
}

Result<State, std::string> Journal::erase(DataErased erased, UtcTime time, const State& state,
                                          const SigningKey& log_key) {
  try {
    const std::int64_t sequence = tables_->sequence + 1;
    const auto goes = [&](const DataKey& key) { return goes_with(key, erased, sequence); };
    erased.bookings = bookings_under(goes);
    State after = state;
    step(after, erased, time);
    const Bytes bytes = encode(after);
    erased.state = sha256(bytes);
    erased.signature = log_key.sign_message(erasure_text(erased));
    // The market's next key is not among those that go.
    tables_->keys.make(std::nullopt, month_of(time), sequence);
    const KeyFor key_for = tables_->keys_for(time, sequence);
    const Bytes event = store_event(erased, sequence, key_for);
    const Hash32 tip = chain_hash(tables_->tip, sequence, time, event);
    SqliteDatabase::Transaction transaction(tables_->database);
    tables_->insert_event.with(sequence, time.nanoseconds, event, tip).run();
    tables_->database.execute("DELETE FROM snapshot; DELETE FROM base");
    tables_->database.prepare("INSERT INTO base VALUES(?,?)")
        .with(sequence, store_state(bytes, tip, key_for(std::nullopt)))
        .run();
    SqlStatement unlist = tables_->database.prepare("DELETE FROM data_key WHERE name=?");
    for (const auto& [name, key] : tables_->keys.keys()) {
      if (goes(key)) unlist.with(ByteView(name)).run();
    }
    tables_->write_list();
    transaction.commit();
    // From here it is erased; should the keys outlast a crash, they go when the journal is opened again.
    tables_->sequence = sequence;
    tables_->tip = tip;
    tables_->last_time = time;
    tables_->keys.erase(goes);
    return after;
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
    // The root stands on the leaves alone: no key is needed.
    const Result<StoreBatch, OpenFault> store = open_batch(all.blob(1), all.integer(0), {});
    if (!store) throw SqliteError("batch " + std::to_string(all.integer(0)) + " is damaged");
    leaves.push_back(log_leaf(store->entry));
  }
  return leaves;
}

Result<std::optional<StoreAnchor>, std::string> Journal::anchor(std::int64_t epoch) {
  try {
    return stored_anchor(tables_->database, epoch);
  } catch (const SqliteError& error) {
    return Fail{tables_->file.string() + ": " + error.what()};
  }
}

Result<JournalExtract, std::string> Journal::extract(std::int64_t after) {
  try {
    return journal_extract(tables_->database, tables_->keys.keys(), after);
  } catch (const SqliteError& error) {
    return Fail{tables_->file.string() + ": " + error.what()};
  }
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

}  // namespace commonwatt
