#include "controller/journal_extract.hpp"

#include <algorithm>

namespace commonwatt {
namespace {

Hash32 hash_in(const SqlStatement& row, int column) {
  Hash32 hash{};
  const ByteView bytes = row.blob(column);
  if (bytes.size() == hash.size()) std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

/// An attester computes; it need not know people's names.
void drop_names(Event& event) {
  if (auto* configured = std::get_if<MarketConfigured>(&event)) {
    for (HouseholdRecord& household : configured->households) household.name.clear();
  }
}

/// Whether the last erasure is behind `after`: then the extract is the state it left.
Result<bool, std::string> take_base(SqliteDatabase& database, const DataKeys& keys, JournalExtract& extract) {
  SqlStatement query = database.prepare(
      "SELECT sequence, event, state, hash FROM base JOIN journal USING(sequence) WHERE sequence>? "
      "ORDER BY sequence DESC LIMIT 1");
  query.with(extract.after);
  if (!query.row()) return false;
  extract.last = query.integer(0);
  extract.tip = hash_in(query, 3);
  const Result<Event, OpenFault> event = open_event(query.blob(1), extract.last, keys);
  std::optional<Bytes> state = open_state(query.blob(2), extract.tip, keys);
  const auto* erased = event ? std::get_if<DataErased>(&*event) : nullptr;
  if (erased == nullptr || !state) return Fail{"the state after the last erasure does not open"};
  extract.base = ErasureState{.erased = *erased, .state = std::move(*state)};
  return true;
}

}  // namespace

Result<JournalExtract, std::string> journal_extract(SqliteDatabase& database, const DataKeys& keys,
                                                    std::int64_t after) {
  JournalExtract extract{.after = after, .before = {}, .base = {}, .lines = {}, .last = after, .tip = {}};
  SqlStatement before = database.prepare("SELECT hash FROM journal WHERE sequence=?");
  before.with(after);
  if (before.row()) extract.tip = extract.before = hash_in(before, 0);
  const Result<bool, std::string> has_base = take_base(database, keys, extract);
  if (!has_base) return Fail{has_base.error()};
  if (*has_base) return extract;
  SqlStatement rows =
      database.prepare("SELECT sequence, time, event, hash FROM journal WHERE sequence>? ORDER BY sequence");
  rows.with(after);
  std::size_t size = 0;
  while (rows.row()) {
    const std::int64_t number = rows.integer(0);
    size += rows.blob(2).size();
    if (!extract.lines.empty() && size > extract_size_max) break;
    Result<Event, OpenFault> event = open_event(rows.blob(2), number, keys);
    if (!event) return Fail{"entry " + std::to_string(number) + ": " + event.error().what};
    drop_names(*event);
    extract.lines.push_back({.number = number, .time = UtcTime{rows.integer(1)}, .event = std::move(*event)});
    extract.last = number;
    extract.tip = hash_in(rows, 3);
  }
  return extract;
}

}  // namespace commonwatt
