#include <random>

#include <doctest/doctest.h>

#include "controller/journal_reader.hpp"
#include "controller/manifest.hpp"
#include "controller/replay.hpp"
#include "controller/sqlite.hpp"
#include "controller/verify.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::TemporaryDirectory;

/// A street of six settled intervals, lived once.
const Neighbourhood& street() {
  static const std::unique_ptr<Neighbourhood> lived = [] {
    auto made = std::make_unique<Neighbourhood>();
    made->live(6);
    return made;
  }();
  return *lived;
}

/// Writes the street's events into a journal, each with the batches it sealed, and a snapshot half way.
void write_street(const std::filesystem::path& directory, bool with_snapshot) {
  const auto journal = std::move(Journal::open(directory)).value();
  State state;
  for (std::size_t i = 0; i < street().events.size(); ++i) {
    const Neighbourhood::Happened& happened = street().events[i];
    std::vector<StoreBatch> batches;
    for (const Effect& effect : step(state, happened.event, happened.time)) {
      if (const auto* store = std::get_if<StoreBatch>(&effect)) batches.push_back(*store);
    }
    REQUIRE(journal->append({{happened.time, happened.event}}, batches).ok());
    if (with_snapshot && i == street().events.size() / 2) REQUIRE(journal->save_snapshot(state).ok());
  }
}

void change(const std::filesystem::path& directory, const char* sql) {
  SqliteDatabase(directory / journal_file, OpenMode::read_write, "").execute(sql);
}

std::string first_fault(const std::filesystem::path& directory) {
  const VerifyReport report = verify_directory(directory);
  return report.verified() ? "verified" : report.faults.front().where + ": " + report.faults.front().what;
}

TEST_CASE("what was appended is there after the journal is opened again") {
  const TemporaryDirectory directory;
  write_street(directory.path(), true);
  const auto journal = std::move(Journal::open(directory.path())).value();
  CHECK(journal->sequence() == static_cast<std::int64_t>(street().events.size()));
  CHECK(journal->last_time() == street().events.back().time);
  CHECK(journal->tip() != Hash32{});
  CHECK(journal->log_leaves() == street().log_leaves);
  const auto restored = journal->restore();
  REQUIRE(restored.ok());
  CHECK(encode(*restored) == encode(street().state));
  REQUIRE(journal->batch_in_force(test::street_interval(2)).has_value());
  CHECK(journal->batch_in_force(test::street_interval(2))->batch == street().batches[2].batch);
  CHECK(journal->batch_at(3)->entry == street().batches[3].entry);
  CHECK(read_batches(directory / journal_file, test::street_interval(4)).at(0).postings ==
        street().batches[4].postings);
  CHECK_FALSE(journal->batch_in_force(test::street_interval(6)).has_value());
  CHECK_FALSE(journal->batch_at(6).has_value());
}

TEST_CASE("an empty journal restores to an empty state, and a directory that cannot be made is said") {
  const TemporaryDirectory directory;
  const auto journal = std::move(Journal::open(directory / "new")).value();
  CHECK(journal->sequence() == 0);
  CHECK(journal->tip() == Hash32{});
  CHECK(*journal->restore() == State{});
  test::write_text(directory / "file", "");
  const auto refused = Journal::open(directory / "file");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().find("journal.sqlite") != std::string::npos);
}

TEST_CASE("events and batches are written together or not at all") {
  const TemporaryDirectory directory;
  write_street(directory.path(), false);
  const auto journal = std::move(Journal::open(directory.path())).value();
  const Hash32 tip = journal->tip();
  const TimedEvent event{street().events.back().time, GateClosed{test::street_interval(6)}};
  CHECK_FALSE(journal->append({event}, {street().batches[0]}).ok());  // That batch is there already.
  CHECK(journal->tip() == tip);
  CHECK(std::move(Journal::open(directory.path())).value()->tip() == tip);
}

TEST_CASE("a damaged snapshot is passed over: the whole journal is replayed") {
  const TemporaryDirectory directory;
  write_street(directory.path(), true);
  change(directory.path(), "UPDATE snapshot SET state=x'00'");
  CHECK(*std::move(Journal::open(directory.path())).value()->restore() == street().state);
  CHECK(first_fault(directory.path()).find("the snapshot taken here is not the state") != std::string::npos);
}

TEST_CASE("only the two newest snapshots are kept, and one of a sequence not yet reached is not believed") {
  const TemporaryDirectory directory;
  write_street(directory.path(), true);
  change(directory.path(), "INSERT INTO snapshot SELECT 1000000, state, hash FROM snapshot");
  const auto journal = std::move(Journal::open(directory.path())).value();
  CHECK(*journal->restore() == street().state);
  REQUIRE(journal->save_snapshot(street().state).ok());
  CHECK(read_journal(directory / journal_file)->snapshots.size() == 2);
}

TEST_CASE("an unreadable entry is named with file and number") {
  const TemporaryDirectory directory;
  write_street(directory.path(), false);
  change(directory.path(), "UPDATE journal SET event=x'ff' WHERE sequence=7");
  const auto restored = std::move(Journal::open(directory.path())).value()->restore();
  REQUIRE_FALSE(restored.ok());
  CHECK(restored.error().find("journal.sqlite: entry 7: ") != std::string::npos);
}

TEST_CASE("the auditor finds nothing wrong with a right journal and counts what it holds") {
  const TemporaryDirectory directory;
  write_street(directory.path(), true);
  const VerifyReport report = verify_directory(directory.path());
  CHECK(first_fault(directory.path()) == "verified");
  CHECK(report.batches == 6);
  CHECK(report.statements == 24);
  CHECK(report.cosignatures == 12);
  CHECK(report.ledger_sum == 0);
  CHECK(report.log_root == street().state.log.root());
  CHECK_FALSE(report.first_bad_interval().has_value());
}

TEST_CASE("the auditor finds every kind of change and names the interval") {
  const std::array changes{"UPDATE journal SET time=time+1 WHERE sequence=20",
                           "UPDATE journal SET hash=zeroblob(32) WHERE sequence=20",
                           "DELETE FROM journal WHERE sequence=20",
                           "DELETE FROM journal WHERE sequence=1",
                           "DELETE FROM journal WHERE sequence=(SELECT max(sequence) FROM journal)",
                           "UPDATE journal SET event=(SELECT event FROM journal WHERE sequence=21) WHERE sequence=20",
                           "UPDATE batch SET batch=(SELECT batch FROM batch WHERE log_index=1) WHERE log_index=2",
                           "DELETE FROM batch WHERE log_index=5",
                           "DELETE FROM batch WHERE log_index=0"};
  for (const char* sql : changes) {
    const TemporaryDirectory directory;
    write_street(directory.path(), false);
    change(directory.path(), sql);
    CAPTURE(sql);
    const VerifyReport report = verify_directory(directory.path());
    CHECK_FALSE(report.verified());
    CHECK(report.first_bad_interval().has_value());
  }
}

TEST_CASE("a held reading from the beginning of time does not stop the auditor") {
  Reading reading = test::street_reading(test::grid_meter(0), {}, 0);
  reading.time = {std::numeric_limits<std::int64_t>::min()};
  const ReadingReceived received{test::street_houses()[0].id, test::signed_reading(0, reading)};
  const UtcTime now = test::street_interval(3).begin();
  CHECK(interval_of_event(received, now, test::quarter) == test::street_interval(3).begin_seconds());
}

TEST_CASE("log files and bills that follow from the journal are verified, others are found") {
  const TemporaryDirectory directory;
  write_street(directory.path(), false);
  REQUIRE(write_log_files(directory.path(), directory / "log").ok());
  std::filesystem::create_directories(directory / "bills");
  std::string bills;
  for (std::int64_t number = 0; number < 6; ++number) bills += bill_line(street().bill(0, number)) + "\n";
  const std::filesystem::path file = directory / "bills" / "hh01.jsonl";
  test::write_text(file, bills);
  CHECK(first_fault(directory.path()) == "verified");
  CHECK(verify_directory(directory.path()).bills == 6);
  CHECK(*verify_bill_file(file, test::street_log_key().public_key()) == 6);
  CHECK_FALSE(verify_bill_file(file, test::street_houses()[0].witness_key.public_key()).ok());
  std::string changed = bills;
  changed[changed.find("\"total\":") + 9] ^= 1;
  test::write_text(file, changed);
  CHECK(first_fault(directory.path()).find("line 1: is damaged") != std::string::npos);
  test::write_text(file, bills.substr(0, bills.size() - 1));
  CHECK_FALSE(verify_directory(directory.path()).verified());
  test::write_text(file, bills);
  for (const char* name : {"entries.txt", "checkpoints.txt"}) {
    const std::string before = test::file_text(directory / "log" / name);
    std::string text = before;
    text[text.size() / 2] ^= 1;
    test::write_text(directory / "log" / name, text);
    CHECK(first_fault(directory.path()).find(name) != std::string::npos);
    test::write_text(directory / "log" / name, before);
  }
  CHECK(first_fault(directory.path()) == "verified");
}

TEST_CASE("the seal finds every flipped bit and names an interval") {
  constexpr std::uint64_t seed = 20'260'621;
  constexpr int flips = 300;
  MESSAGE("seed " << seed << ", " << flips << " flips");
  const TemporaryDirectory directory;
  write_street(directory.path(), true);
  CHECK_FALSE(check_manifest(directory.path()).sealed);
  REQUIRE(seal_journal(directory.path(), test::street_log_key()).ok());
  CHECK(check_manifest(directory.path()).damaged.empty());
  CHECK(first_fault(directory.path()) == "verified");
  const std::filesystem::path file = directory / journal_file;
  const std::string before = test::file_text(file);
  std::mt19937_64 random(seed);
  for (int i = 0; i < flips; ++i) {
    std::string text = before;
    const std::size_t at = random() % text.size();
    text[at] = static_cast<char>(text[at] ^ (1 << random() % 8));
    test::write_text(file, text);
    const ManifestFinding finding = check_manifest(directory.path());
    CAPTURE(at);
    REQUIRE(finding.damaged.size() == 1);
    REQUIRE(finding.damaged[0].page == static_cast<std::int64_t>(at / 4096 + 1));
    REQUIRE(finding.damaged[0].interval_begin.has_value());
    if (i % 20 == 0) REQUIRE(verify_directory(directory.path()).first_bad_interval().has_value());
  }
  test::write_text(file, before + "x");
  CHECK_FALSE(check_manifest(directory.path()).damaged.empty());
  test::write_text(file, before.substr(0, before.size() - 1));
  CHECK_FALSE(check_manifest(directory.path()).damaged.empty());
}

TEST_CASE("a changed manifest is found, and a broken seal is no manifest") {
  const TemporaryDirectory directory;
  write_street(directory.path(), false);
  REQUIRE(seal_journal(directory.path(), test::street_log_key()).ok());
  const std::filesystem::path file = directory / manifest_file;
  const std::string before = test::file_text(file);
  for (std::size_t at = 0; at < before.size(); at += 7) {
    std::string text = before;
    text[at] = static_cast<char>(text[at] ^ 1);
    test::write_text(file, text);
    REQUIRE(check_manifest(directory.path()).fault.has_value());
  }
  test::write_text(file, "");
  CHECK(check_manifest(directory.path()).fault.has_value());
  unseal_journal(directory.path());
  CHECK_FALSE(check_manifest(directory.path()).sealed);
}

}  // namespace
}  // namespace commonwatt
