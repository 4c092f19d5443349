#include "controller/journal_trades.hpp"

#include <algorithm>
#include <set>

#include "controller/sqlite.hpp"
#include "controller/stored_records.hpp"

namespace commonwatt {
namespace {

/// Reads the log, and the batches of one interval of it.
void read_log(SqliteDatabase& database, UtcTime interval_begin, JournalTrades& trades) {
  SqlStatement all = database.prepare("SELECT log_index, interval_begin, batch FROM batch ORDER BY log_index");
  while (all.row()) {
    const std::string name = "batch " + std::to_string(all.integer(0));
    // The root stands on the leaves alone: no key is needed.
    Result<StoreBatch, OpenFault> store = open_batch(all.blob(2), all.integer(0), {});
    if (!store) throw SqliteError(name + " does not open: " + store.error().what);
    if (all.integer(0) != static_cast<std::int64_t>(trades.log_leaves.size()))
      throw SqliteError("batch " + std::to_string(trades.log_leaves.size()) + " is missing");
    trades.log_leaves.push_back(log_leaf(store->entry));
    if (all.integer(1) == interval_begin.seconds()) trades.batches.push_back(std::move(*store));
  }
}

/// What orders of those batches are known by.
struct Known {
  std::set<Hash32> leaves;
  std::set<OrderId> ids;
};

Known known_of(const std::vector<StoreBatch>& batches) {
  Known known;
  for (const StoreBatch& store : batches) {
    const std::vector<Hash32> leaves = batch_leaves(store.batch);
    known.leaves.insert(leaves.begin(), leaves.end());
    for (const BookOrder& order : store.batch.record.book) known.ids.insert(order.id);
  }
  return known;
}

void read_orders(SqliteDatabase& database, const DataKeys& keys, JournalTrades& trades) {
  const Known known = known_of(trades.batches);
  SqlStatement all = database.prepare("SELECT sequence, event FROM journal ORDER BY sequence");
  while (all.row()) {
    const Result<Event, OpenFault> event = open_event(all.blob(1), all.integer(0), keys);
    if (!event && event.error().key_missing) {
      trades.closed_records += event.error().household ? 1 : 0;
      continue;
    }
    if (!event) throw SqliteError("entry " + std::to_string(all.integer(0)) + " does not open: " + event.error().what);
    const auto* received = std::get_if<OrderReceived>(&*event);
    if (received == nullptr) continue;
    const SignedOrder& order = received->order;
    if (!known.leaves.contains(order_leaf(order)) && !known.ids.contains(order_id(order.order))) continue;
    if (std::find(trades.orders.begin(), trades.orders.end(), order) == trades.orders.end())
      trades.orders.push_back(order);
  }
}

}  // namespace

Hash32 order_leaf(const SignedOrder& order) {
  return record_leaf(LeafKind::order, order.order.salt, encode(order.order), order.signature);
}

Result<JournalTrades, std::string> read_trades(const std::filesystem::path& file, UtcTime interval_begin) {
  try {
    JournalTrades trades;
    SqliteDatabase database(file, OpenMode::read_only, "");
    read_log(database, interval_begin, trades);
    if (trades.batches.empty()) {
      return Fail{file.string() + ": has no sealed batch of an interval that begins at " + to_text(interval_begin)};
    }
    read_orders(database, read_data_keys(file.parent_path()), trades);
    return trades;
  } catch (const std::exception& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

}  // namespace commonwatt
