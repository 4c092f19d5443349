// The journal on a disk that fails or that somebody had a hand on: what is passed over, and what stops a restart.
#include <functional>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "controller/journal_reader.hpp"
#include "controller/sqlite.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::TemporaryDirectory;

/// Four settled intervals of the street, lived once.
const Neighbourhood& street() {
  static const std::unique_ptr<Neighbourhood> lived = [] {
    auto made = std::make_unique<Neighbourhood>();
    made->live(4);
    return made;
  }();
  return *lived;
}

std::unique_ptr<Journal> opened(const TemporaryDirectory& directory) {
  return std::move(Journal::open(directory.path())).value();
}

void write_street(const TemporaryDirectory& directory) {
  std::vector<TimedEvent> events;
  for (const Neighbourhood::Happened& happened : street().events) events.push_back({happened.time, happened.event});
  REQUIRE(opened(directory)->append(events, street().batches).ok());
}

bool restores_the_street(const TemporaryDirectory& directory) {
  const Result<State, std::string> state = opened(directory)->restore();
  return state && encode(*state) == encode(street().state);
}

void change(const TemporaryDirectory& directory, const char* sql) {
  SqliteDatabase(directory / journal_file, OpenMode::read_write, "").execute(sql);
}

void flip(const TemporaryDirectory& directory, const std::string& table, const std::string& column,
          std::int64_t sequence, std::size_t byte) {
  SqliteDatabase database(directory / journal_file, OpenMode::read_write, "");
  const std::string select = "SELECT " + column + " FROM " + table + " WHERE sequence=?";
  SqlStatement query = database.prepare(select.c_str());
  REQUIRE(query.with(sequence).row());
  Bytes bytes(query.blob(0).begin(), query.blob(0).end());
  query.reset();
  bytes[byte % bytes.size()] ^= 1U;
  const std::string update = "UPDATE " + table + " SET " + column + "=? WHERE sequence=?";
  database.prepare(update.c_str()).with(bytes, sequence).run();
}

TEST_CASE("a journal opened again after every event restores the state as it was") {
  const TemporaryDirectory directory;
  State state;
  std::int64_t count = 0;
  for (const Neighbourhood::Happened& happened : street().events) {
    std::vector<StoreBatch> batches;
    for (const Effect& effect : step(state, happened.event, happened.time)) {
      if (const auto* store = std::get_if<StoreBatch>(&effect)) batches.push_back(*store);
    }
    const auto journal = opened(directory);
    REQUIRE(journal->append({{happened.time, happened.event}}, batches).ok());
    if (++count % 13 == 0) REQUIRE(journal->save_snapshot(state).ok());
    const auto again = opened(directory);
    REQUIRE(again->sequence() == count);
    REQUIRE(again->tip() == journal->tip());
    REQUIRE(again->last_time() == happened.time);
    REQUIRE(encode(again->restore().value()) == encode(state));
  }
  CHECK(encode(state) == encode(street().state));
}

TEST_CASE("every entry is chained to the one before by the hash anyone can compute") {
  const TemporaryDirectory directory;
  write_street(directory);
  const JournalContent content = read_journal(directory / journal_file).value();
  REQUIRE(content.entries.size() == street().events.size());
  Hash32 before{};
  for (std::size_t i = 0; i < content.entries.size(); ++i) {
    const JournalEntry& entry = content.entries[i];
    CHECK(entry.sequence == static_cast<std::int64_t>(i) + 1);
    CHECK(encode(*open_event(entry.event, entry.sequence, content.keys)) == encode(street().events[i].event));
    Bytes numbers;
    for (const std::int64_t number : {entry.sequence, entry.time.nanoseconds}) {
      for (int shift = 56; shift >= 0; shift -= 8) numbers.push_back(static_cast<std::uint8_t>(number >> shift));
    }
    before = sha256({before, numbers, entry.event});
    CHECK(entry.hash == before);
  }
  CHECK(opened(directory)->tip() == before);
}

TEST_CASE("a restart begins from the snapshot and replays what came after it") {
  const TemporaryDirectory directory;
  write_street(directory);
  State marked = street().state;
  marked.totals.orders = 4'711;
  REQUIRE(opened(directory)->save_snapshot(marked).ok());
  CHECK(opened(directory)->restore().value().totals.orders == 4'711);
}

TEST_CASE("a snapshot with any bit flipped is passed over, though most of them can still be read") {
  const auto last = static_cast<std::int64_t>(street().events.size());
  const Bytes bytes = encode(street().state);
  int readable = 0;
  for (std::size_t byte = 0; byte < bytes.size(); byte += bytes.size() / 40) {
    const TemporaryDirectory directory;
    write_street(directory);
    REQUIRE(opened(directory)->save_snapshot(street().state).ok());
    flip(directory, "snapshot", "state", last, byte);
    Bytes flipped = bytes;
    flipped[byte] ^= 1U;
    if (decode<State>(flipped)) ++readable;
    CAPTURE(byte);
    REQUIRE(restores_the_street(directory));
  }
  CHECK(readable > 0);
}

TEST_CASE("a snapshot of another moment or another journal, or cut short, is passed over") {
  const TemporaryDirectory directory;
  write_street(directory);
  State other = street().state;
  other.totals.orders = 4'711;
  REQUIRE(opened(directory)->save_snapshot(other).ok());
  for (const char* sql : {"UPDATE snapshot SET sequence=sequence-1", "UPDATE snapshot SET sequence=sequence+100",
                          "UPDATE snapshot SET sequence=0", "UPDATE snapshot SET hash=zeroblob(32)",
                          "UPDATE snapshot SET state=substr(state,1,100), hash=x''"}) {
    CAPTURE(sql);
    change(directory, sql);
    CHECK(restores_the_street(directory));
  }
}

TEST_CASE("an entry that was changed, taken out or cannot be read is named, and nothing is restored") {
  const auto fault_after = [](const std::function<void(const TemporaryDirectory&)>& spoil) {
    const TemporaryDirectory directory;
    write_street(directory);
    spoil(directory);
    const Result<State, std::string> state = opened(directory)->restore();
    REQUIRE_FALSE(state.ok());
    CHECK(state.error().starts_with((directory / journal_file).string() + ": entry "));
    CHECK(state.error().find("restore a backup") != std::string::npos);
    return state.error().substr((directory / journal_file).string().size() + 2);
  };
  const auto fault_of = [&](const char* sql) {
    return fault_after([sql](const TemporaryDirectory& directory) { change(directory, sql); });
  };
  CHECK(fault_of("UPDATE journal SET event=substr(event,1,length(event)-1) WHERE sequence=5").starts_with("entry 5: "));
  CHECK(fault_of("UPDATE journal SET time=time+1 WHERE sequence=7").starts_with("entry 7: it does not follow"));
  CHECK(fault_of("DELETE FROM journal WHERE sequence=3").starts_with("entry 4: it does not follow"));
  CHECK(fault_of("DELETE FROM journal WHERE sequence=1").starts_with("entry 2: it does not follow"));
  CHECK(
      fault_after([](const auto& directory) { flip(directory, "journal", "event", 4, 60); }).starts_with("entry 4: "));
  CHECK(fault_after([](const auto& directory) {
          flip(directory, "journal", "hash", 6, 0);
        }).starts_with("entry 6: it does not follow"));
}

TEST_CASE("the journal is its owner's alone") {
  const TemporaryDirectory directory;
  write_street(directory);
  struct stat status {};
  REQUIRE(::stat((directory / journal_file).c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
}

TEST_CASE("a file that is no journal is named with the reason, and a missing one is not made by reading") {
  const TemporaryDirectory directory;
  test::write_text(directory / journal_file, std::string(5'000, 'x'));
  const auto refused = Journal::open(directory.path());
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().find((directory / journal_file).string()) == 0);
  CHECK(refused.error().find("not a database") != std::string::npos);
  CHECK_FALSE(read_journal(directory / journal_file).ok());
  CHECK_FALSE(read_journal(directory / "missing").ok());
  CHECK_FALSE(std::filesystem::exists(directory / "missing"));
}

}  // namespace
}  // namespace commonwatt
