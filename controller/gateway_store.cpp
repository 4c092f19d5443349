#include "controller/gateway_store.hpp"

#include <algorithm>

#include "controller/sqlite.hpp"

namespace commonwatt {
namespace {

constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS outbox(number INTEGER PRIMARY KEY, subject INTEGER NOT NULL, item BLOB NOT NULL UNIQUE,
  interval_begin INTEGER NOT NULL, meter TEXT NOT NULL, payload BLOB NOT NULL, receipt BLOB) STRICT;
CREATE INDEX IF NOT EXISTS outbox_interval ON outbox(interval_begin);
CREATE TABLE IF NOT EXISTS contract(interval_begin INTEGER PRIMARY KEY, contract BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS bill(log_index INTEGER PRIMARY KEY, interval_begin INTEGER NOT NULL, bill BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS bill_interval ON bill(interval_begin);
CREATE TABLE IF NOT EXISTS sequence(name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS witness(one INTEGER PRIMARY KEY CHECK(one=1), witnessed BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS meter(id TEXT PRIMARY KEY, memory BLOB NOT NULL) STRICT;
)";

/// Receipted items and contracts older than this are forgotten; bills are kept for good.
constexpr std::int64_t kept_seconds = 35 * 86'400;
constexpr const char* order_sequence = "order";

}  // namespace

struct GatewayStore::Tables {
  explicit Tables(const std::filesystem::path& path)
      : file(path),
        database(path, OpenMode::read_write, schema),
        insert_item(database.prepare(
            "INSERT INTO outbox(number,subject,item,interval_begin,meter,payload) VALUES(?,?,?,?,?,?)")),
        set_receipt(database.prepare("UPDATE outbox SET receipt=? WHERE item=?")),
        set_sequence(database.prepare("INSERT OR REPLACE INTO sequence VALUES(?,?)")),
        set_contract(database.prepare("INSERT OR REPLACE INTO contract VALUES(?,?)")),
        set_bill(database.prepare("INSERT OR REPLACE INTO bill VALUES(?,?,?)")),
        set_meter(database.prepare("INSERT OR REPLACE INTO meter VALUES(?,?)")),
        get_contract(database.prepare("SELECT contract FROM contract WHERE interval_begin=?")),
        get_bill(database.prepare("SELECT 1 FROM bill WHERE interval_begin=?")),
        get_bill_at(database.prepare("SELECT 1 FROM bill WHERE log_index=?")),
        get_items(database.prepare("SELECT payload FROM outbox WHERE interval_begin=? AND subject=? AND meter=?")) {
    SqlStatement unanswered = database.prepare(
        "SELECT number, subject, item, interval_begin, payload FROM outbox WHERE receipt IS NULL ORDER BY number");
    while (unanswered.row()) {
      OutboxItem& item = pending[unanswered.integer(0)];
      item.subject = unanswered.integer(1) == 0 ? Subject::order : Subject::reading;
      const ByteView id = unanswered.blob(2);
      std::copy_n(id.begin(), std::min(id.size(), item.id.size()), item.id.begin());
      item.interval_begin = unanswered.integer(3);
      const ByteView payload = unanswered.blob(4);
      item.payload.assign(payload.begin(), payload.end());
    }
    SqlStatement last = database.prepare("SELECT coalesce(max(number),0) FROM outbox");
    if (last.row()) number = last.integer(0);
    SqlStatement names = database.prepare("SELECT name, last FROM sequence");
    while (names.row()) sequences[names.text(0)] = names.integer(1);
    SqlStatement cosigned = database.prepare("SELECT witnessed FROM witness");
    if (cosigned.row()) {
      Result<Witnessed, CborError> kept = decode<Witnessed>(cosigned.blob(0));
      // To forget it would be to cosign whatever comes next.
      if (!kept) throw SqliteError("what was cosigned last is not readable: " + to_text(kept.error()));
      witnessed = std::move(*kept);
    }
    SqlStatement remembered = database.prepare("SELECT memory FROM meter ORDER BY id");
    while (remembered.row()) {
      Result<MeterMemory, CborError> kept = decode<MeterMemory>(remembered.blob(0));
      if (kept) meters.push_back(std::move(*kept));
    }
  }

  /// Everything kept in memory, inside the caller's transaction.
  void write_kept() {
    for (const auto& [item, receipt] : receipts) set_receipt.with(encode(receipt), item).run();
    std::int64_t newest = 0;
    for (const auto& [begin, contract] : contracts) {
      set_contract.with(begin, encode(contract)).run();
      newest = begin;
    }
    for (const auto& [log_index, bill] : bills)
      set_bill.with(log_index, bill.statement.interval.begin_seconds(), encode(bill)).run();
    for (const MeterMemory& meter : kept_meters) set_meter.with(meter.meter.text(), encode(meter)).run();
    if (newest > 0) {
      database.prepare("DELETE FROM contract WHERE interval_begin<?").with(newest - kept_seconds).run();
      database.prepare("DELETE FROM outbox WHERE receipt IS NOT NULL AND interval_begin<?")
          .with(newest - kept_seconds)
          .run();
    }
  }
  void forget_kept() {
    receipts.clear();
    contracts.clear();
    bills.clear();
    kept_meters.clear();
  }

  std::filesystem::path file;
  SqliteDatabase database;
  SqlStatement insert_item;
  SqlStatement set_receipt;
  SqlStatement set_sequence;
  SqlStatement set_contract;
  SqlStatement set_bill;
  SqlStatement set_meter;
  SqlStatement get_contract;
  SqlStatement get_bill;
  SqlStatement get_bill_at;
  SqlStatement get_items;
  std::int64_t number = 0;
  std::map<std::int64_t, OutboxItem> pending;
  std::map<std::string, std::int64_t> sequences;
  Witnessed witnessed;
  std::vector<MeterMemory> meters;  // as an earlier run stored them
  // Kept in memory until the next write.
  std::map<Hash32, SignedReceipt> receipts;
  std::map<std::int64_t, Contract> contracts;
  std::map<std::int64_t, Bill> bills;  // by place in the evidence log
  std::vector<MeterMemory> kept_meters;
};

GatewayStore::GatewayStore(std::unique_ptr<Tables> tables) : tables_(std::move(tables)) {}
GatewayStore::~GatewayStore() = default;

Result<std::unique_ptr<GatewayStore>, std::string> GatewayStore::open(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / gateway_file;
  try {
    std::filesystem::create_directories(directory);
    return std::unique_ptr<GatewayStore>(new GatewayStore(std::make_unique<Tables>(file)));
  } catch (const std::exception& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

Result<Done, std::string> GatewayStore::add(const std::vector<OutboxItem>& items) {
  try {
    std::map<std::int64_t, OutboxItem> added;
    std::map<std::string, std::int64_t> sequences;
    SqliteDatabase::Transaction transaction(tables_->database);
    std::int64_t number = tables_->number;
    for (const OutboxItem& item : items) {
      std::string meter;
      if (item.subject == Subject::order) {
        const Result<SignedOrder, CborError> order = decode<SignedOrder>(item.payload);
        assert(order);
        sequences[order_sequence] = order->order.sequence;
      } else {
        const Result<SignedReading, CborError> reading = decode<SignedReading>(item.payload);
        assert(reading);
        meter = reading->reading.meter.text();
        sequences["meter/" + meter] = reading->reading.sequence;
      }
      tables_->insert_item
          .with(++number, static_cast<std::int64_t>(item.subject), item.id, item.interval_begin, meter, item.payload)
          .run();
      added[number] = item;
    }
    for (const auto& [name, last] : sequences) tables_->set_sequence.with(name, last).run();
    tables_->write_kept();
    transaction.commit();
    // From here it is on disk.
    tables_->number = number;
    tables_->pending.merge(added);
    for (const auto& [name, last] : sequences) tables_->sequences[name] = last;
    tables_->forget_kept();
    return Done{};
  } catch (const SqliteError& error) {
    return Fail{tables_->file.string() + ": " + error.what()};
  }
}

Result<Done, std::string> GatewayStore::save_witnessed(const Witnessed& witnessed) {
  try {
    SqliteDatabase::Transaction transaction(tables_->database);
    tables_->database.prepare("INSERT OR REPLACE INTO witness VALUES(1,?)").with(encode(witnessed)).run();
    tables_->write_kept();
    transaction.commit();
    tables_->witnessed = witnessed;
    tables_->forget_kept();
    return Done{};
  } catch (const SqliteError& error) {
    return Fail{tables_->file.string() + ": " + error.what()};
  }
}

void GatewayStore::keep_receipt(const Hash32& item, const SignedReceipt& receipt) {
  std::erase_if(tables_->pending, [&](const auto& entry) { return entry.second.id == item; });
  tables_->receipts.insert_or_assign(item, receipt);
}

void GatewayStore::keep_contract(const Interval& interval, const Contract& contract) {
  tables_->contracts.insert_or_assign(interval.begin_seconds(), contract);
}

void GatewayStore::keep_bill(const Bill& bill) {
  tables_->bills.insert_or_assign(bill.log_index, bill);
}

void GatewayStore::keep_meters(std::vector<MeterMemory> meters) {
  tables_->kept_meters = std::move(meters);
}

std::vector<MeterMemory> GatewayStore::meters() const {
  return tables_->meters;
}

Result<Done, std::string> GatewayStore::flush() {
  if (tables_->receipts.empty() && tables_->contracts.empty() && tables_->bills.empty() &&
      tables_->kept_meters.empty()) {
    return Done{};
  }
  return add({});
}

const std::map<std::int64_t, OutboxItem>& GatewayStore::pending() const {
  return tables_->pending;
}

std::optional<Contract> GatewayStore::contract(const Interval& interval) {
  const auto kept = tables_->contracts.find(interval.begin_seconds());
  if (kept != tables_->contracts.end()) return kept->second;
  SqlStatement& query = tables_->get_contract.with(interval.begin_seconds());
  if (!query.row()) return std::nullopt;
  const Result<Contract, CborError> found = decode<Contract>(query.blob(0));
  query.reset();
  return found ? std::optional(*found) : std::nullopt;
}

bool GatewayStore::has_bill(const Interval& interval) {
  const auto is_of = [&interval](const auto& kept) { return kept.second.statement.interval == interval; };
  if (std::any_of(tables_->bills.begin(), tables_->bills.end(), is_of)) return true;
  SqlStatement& query = tables_->get_bill.with(interval.begin_seconds());
  const bool found = query.row();
  query.reset();
  return found;
}

bool GatewayStore::has_bill_at(std::int64_t log_index) {
  if (tables_->bills.contains(log_index)) return true;
  SqlStatement& query = tables_->get_bill_at.with(log_index);
  const bool found = query.row();
  query.reset();
  return found;
}

std::optional<std::int64_t> GatewayStore::first_log_index() {
  SqlStatement query = tables_->database.prepare("SELECT min(log_index) FROM bill HAVING count(*)>0");
  if (query.row()) return query.integer(0);
  return std::nullopt;
}

Witnessed GatewayStore::witnessed() const {
  return tables_->witnessed;
}

std::vector<Order> GatewayStore::orders(const Interval& interval) {
  std::vector<Order> orders;
  SqlStatement& query = tables_->get_items.with(interval.begin_seconds(), std::int64_t{0}, std::string());
  while (query.row()) {
    const Result<SignedOrder, CborError> order = decode<SignedOrder>(query.blob(0));
    if (order) orders.push_back(order->order);
  }
  return orders;
}

std::optional<Reading> GatewayStore::reading(const MeterId& meter, UtcTime boundary) {
  std::optional<Reading> found;
  SqlStatement& query = tables_->get_items.with(boundary.seconds(), std::int64_t{1}, meter.text());
  while (query.row()) {
    const Result<SignedReading, CborError> reading = decode<SignedReading>(query.blob(0));
    if (reading) found = reading->reading;
  }
  return found;
}

std::int64_t GatewayStore::last_order_sequence() const {
  const auto found = tables_->sequences.find(order_sequence);
  return found == tables_->sequences.end() ? 0 : found->second;
}

std::int64_t GatewayStore::last_reading_sequence(const MeterId& meter) const {
  const auto found = tables_->sequences.find("meter/" + meter.text());
  return found == tables_->sequences.end() ? 0 : found->second;
}

std::optional<std::int64_t> GatewayStore::first_interval() {
  SqlStatement query = tables_->database.prepare(
      "SELECT min(begin) FROM (SELECT min(interval_begin) AS begin FROM outbox WHERE subject=0 UNION ALL "
      "SELECT min(interval_begin) FROM contract UNION ALL SELECT min(interval_begin) FROM bill)");
  if (query.row() && query.integer(0) != 0) return query.integer(0);
  return std::nullopt;
}

Result<std::vector<Bill>, std::string> read_bills(const std::filesystem::path& file) {
  try {
    std::vector<Bill> bills;
    SqliteDatabase database(file, OpenMode::read_only, "");
    SqlStatement query = database.prepare("SELECT bill FROM bill ORDER BY log_index");
    while (query.row()) {
      Result<Bill, CborError> bill = decode<Bill>(query.blob(0));
      if (!bill) return Fail{file.string() + ": a bill is damaged: " + to_text(bill.error())};
      bills.push_back(std::move(*bill));
    }
    return bills;
  } catch (const std::exception& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

Result<std::vector<SignedReceipt>, std::string> read_receipts(const std::filesystem::path& file) {
  try {
    std::vector<SignedReceipt> receipts;
    SqliteDatabase database(file, OpenMode::read_only, "");
    SqlStatement query = database.prepare("SELECT receipt FROM outbox WHERE receipt IS NOT NULL ORDER BY number");
    while (query.row()) {
      Result<SignedReceipt, CborError> receipt = decode<SignedReceipt>(query.blob(0));
      if (!receipt) return Fail{file.string() + ": a receipt is damaged: " + to_text(receipt.error())};
      receipts.push_back(std::move(*receipt));
    }
    return receipts;
  } catch (const std::exception& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

}  // namespace commonwatt
