// A household has left and its data is erased: what cannot be read any more, and what is proved all the same.
#include <doctest/doctest.h>

#include "controller/erase_command.hpp"
#include "controller/journal_reader.hpp"
#include "controller/keyring.hpp"
#include "controller/manifest.hpp"
#include "controller/replay.hpp"
#include "controller/sqlite.hpp"
#include "controller/verify.hpp"
#include "core/month.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::street_interval;
using test::TemporaryDirectory;

constexpr std::int64_t intervals = 10;
constexpr std::int64_t left_at = 5;  // hh04 takes no part from this interval on
const HouseholdId gone = *HouseholdId::from("hh04");

PaymentBooked paid_by(const std::string& household) {
  return {.household = *HouseholdId::from(household),
          .amount = Money{5'000'000'000},
          .time = UtcTime::from_seconds(1'782'000'000),
          .reference = "deposit of " + household};
}

/// Ten intervals, each final some time after its end. hh04 leaves after five of them; then everything is final.
std::unique_ptr<Neighbourhood> lived(std::int64_t final_seconds) {
  auto made = std::make_unique<Neighbourhood>();
  MarketConfigured configured = test::street_configuration();
  configured.rules.final_seconds = final_seconds;
  made->happen(configured, UtcTime::from_seconds(test::street_begin - 100));
  for (std::int64_t number = 0; number < intervals + 3; ++number) {
    if (number == left_at) {
      configured.households.pop_back();
      made->happen(configured, street_interval(left_at - 1).begin() + std::chrono::seconds(60));
    }
    made->pass(number, intervals);
    made->run_until(street_interval(number).end() - std::chrono::seconds(301));
  }
  const UtcTime end = street_interval(intervals).end() + std::chrono::seconds(final_seconds);
  made->run_until(end);
  for (const char* household : {"hh04", "hh02"}) {
    // The second time it is the same payment, which is booked once.
    for (int times = 0; times < 2; ++times) made->happen(paid_by(household), end);
  }
  return made;
}

/// Final two hours later.
const Neighbourhood& street() {
  static const std::unique_ptr<Neighbourhood> made = lived(7'200);
  return *made;
}

/// Final eleven days later, in the next month.
const Neighbourhood& slow_street() {
  static const std::unique_ptr<Neighbourhood> made = lived(11 * 86'400);
  return *made;
}

void write_street(const Neighbourhood& lived, const std::filesystem::path& directory) {
  const auto journal = std::move(Journal::open(directory)).value();
  State state;
  std::int64_t count = 0;
  for (const Neighbourhood::Happened& happened : lived.events) {
    std::vector<StoreBatch> batches;
    std::vector<StorePayment> payments;
    for (const Effect& effect : step(state, happened.event, happened.time)) {
      if (const auto* store = std::get_if<StoreBatch>(&effect)) batches.push_back(*store);
      if (const auto* store = std::get_if<StorePayment>(&effect)) payments.push_back(*store);
    }
    REQUIRE(journal->append({{happened.time, happened.event}}, batches, payments).ok());
    if (++count % 20 == 0) REQUIRE(journal->save_snapshot(state).ok());
  }
  REQUIRE(test::street_log_key().save(directory / "keys" / "log.key").ok());
}

struct Store {
  explicit Store(const Neighbourhood& lived = street()) {
    std::filesystem::create_directories(directory / "keys");
    write_street(lived, directory.path());
  }
  TemporaryDirectory directory;
  std::ostringstream out;
  std::ostringstream errors;
  int erase(const std::string& household) {
    return run_erase({.directory = directory.path(), .keys = {}, .household = household}, UtcTime{}, out, errors);
  }
  [[nodiscard]] std::string fault() const {
    const VerifyReport report = verify_directory(directory.path());
    return report.verified() ? "verified" : report.faults.front().where + ": " + report.faults.front().what;
  }
};

/// Everything of a household that whoever has the whole store can still read: readings, orders and statements.
std::size_t readable(const std::filesystem::path& directory, const HouseholdId& household) {
  const JournalContent content = read_journal(directory / journal_file).value();
  std::size_t found = 0;
  for (const JournalEntry& entry : content.entries) {
    const Result<Event, OpenFault> event = open_event(entry.event, entry.sequence, content.keys);
    if (!event) continue;
    if (const auto* order = std::get_if<OrderReceived>(&*event)) found += order->sender == household ? 1U : 0U;
    if (const auto* reading = std::get_if<ReadingReceived>(&*event)) found += reading->sender == household ? 1U : 0U;
  }
  for (const JournalContent::StoredBatch& stored : content.batches) {
    const StoreBatch store = open_batch(stored.batch, stored.log_index, content.keys).value();
    found += statement_index(store.batch, household) ? 1U : 0U;
    for (const Posting& posting : store.postings)
      found += posting.debit.household == household || posting.credit.household == household ? 1U : 0U;
  }
  return found;
}

/// The files of a store, for a search of bytes.
std::string bytes_of(const std::filesystem::path& directory) {
  std::string bytes;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.is_regular_file()) bytes += test::file_text(entry.path());
  }
  return bytes;
}

std::string as_string(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

TEST_CASE("nothing personal lies in the journal in clear, whether erased or not") {
  const Store store;
  const std::string bytes = test::file_text(store.directory / journal_file) +
                            test::file_text(store.directory / (std::string(journal_file) + "-wal"));
  std::size_t searched = 0;
  for (const Neighbourhood::Happened& happened : street().events) {
    Bytes needle;
    if (const auto* reading = std::get_if<ReadingReceived>(&happened.event)) needle = encode(reading->reading.reading);
    if (const auto* order = std::get_if<OrderReceived>(&happened.event)) needle = encode(order->order.order);
    if (const auto* due = std::get_if<SettlementDue>(&happened.event))
      needle.assign(due->salt.begin(), due->salt.end());
    if (needle.empty()) continue;
    ++searched;
    REQUIRE(bytes.find(as_string(needle)) == std::string::npos);
  }
  CHECK(searched > 100);
  for (const StoreBatch& batch : street().batches) {
    for (const Statement& statement : batch.batch.statements)
      REQUIRE(bytes.find(as_string(encode(statement))) == std::string::npos);
  }
  CHECK(bytes.find("House 4") == std::string::npos);
}

TEST_CASE("an erased household's quarter-hours cannot be read back, and all that is left still verifies") {
  Store store;
  REQUIRE(store.fault() == "verified");
  CHECK(readable(store.directory.path(), gone) > 40);  // The control: before, the same search finds it all.
  const std::size_t of_others = readable(store.directory.path(), *HouseholdId::from("hh03"));
  const DataKeys before = read_data_keys(store.directory.path());
  CHECK(store.erase("hh04") == 0);
  CAPTURE(store.errors.str());
  CHECK(store.out.str().find("balance of") != std::string::npos);
  CHECK(readable(store.directory.path(), gone) == 0);
  CHECK(readable(store.directory.path(), *HouseholdId::from("hh03")) == of_others);
  const std::string bytes = bytes_of(store.directory.path());
  for (const auto& [name, key] : before) {
    const bool goes = !key.household || *key.household == gone;
    CHECK((bytes.find(std::string(key.secret.begin(), key.secret.end())) == std::string::npos) == goes);
  }
  CHECK(store.fault() == "verified");
  const VerifyReport report = verify_directory(store.directory.path());
  CHECK(report.log_root == street().state.log.root());
  CHECK(report.erased_statements == 2 * left_at);  // initial and final
  CHECK(report.erased_intervals == left_at);
  CHECK(report.erased_entries > 2 * left_at);
  CHECK(report.replay_begin == static_cast<std::int64_t>(street().events.size()) + 2);
  CHECK(report.batches == 2 * intervals);
  CHECK(report.cosignatures == static_cast<std::int64_t>(2 * street().batches.size()));
  CHECK(check_manifest(store.directory.path()).sealed);
}

TEST_CASE("after an erasure the others' bills are the same, the log goes on, and erasing twice changes nothing") {
  Store store;
  REQUIRE(store.erase("hh04") == 0);
  unseal_journal(store.directory.path());
  State state;
  {
    const auto journal = std::move(Journal::open(store.directory.path())).value();
    state = journal->restore().value();
    CHECK(journal->log_leaves() == street().log_leaves);
    CHECK_FALSE(state.household_totals.contains(gone));
    CHECK(state.ledger == street().state.ledger);
    const SignedLog log{.checkpoint = state.checkpoint(), .signature = *state.signature, .leaves = street().log_leaves};
    for (std::int64_t index = 0; index < state.log.size(); ++index) {
      const StoreBatch batch = journal->batch_at(index).value();
      CHECK(make_bill(batch, *HouseholdId::from("hh02"), log) == street().bill(1, index));
      CHECK_FALSE(make_bill(batch, gone, log).has_value());
    }
    const TimedEvent event{journal->last_time(), CosignatureReceived{gone, 1, 0, {}}};
    REQUIRE(journal->append({event}, {}).ok());
    step(state, event.event, event.time);
    REQUIRE(journal->save_snapshot(state).ok());
  }
  CHECK(store.fault() == "verified");
  store.out.str("");
  CHECK(store.erase("hh04") == 0);
  CHECK(store.out.str().find("is erased already") != std::string::npos);
  CHECK(*std::move(Journal::open(store.directory.path())).value()->restore() == state);
}

TEST_CASE("an erasure is refused to a member, before the last interval is final, and while the journal is in use") {
  Store store;
  CHECK(store.erase("hh01") == 1);
  CHECK(store.errors.str().find("hh01 is a member") != std::string::npos);
  CHECK(store.erase("hh09") == 1);
  CHECK(store.errors.str().find("knows no household hh09") != std::string::npos);
  CHECK(store.erase("../x") == 1);
  CHECK(store.fault() == "verified");  // A refusal leaves the journal sealed.
  {
    unseal_journal(store.directory.path());  // As a controller does that starts.
    const auto in_use = std::move(Journal::open(store.directory.path())).value();
    REQUIRE(in_use->restore().ok());
    store.errors.str("");
    CHECK(store.erase("hh04") == 1);
    CHECK(store.errors.str().find("is in use; stop the controller first") != std::string::npos);
  }
  State early;
  for (const Neighbourhood::Happened& happened : street().events) {
    step(early, happened.event, happened.time);
    if (early.totals.final_runs == 1) break;
  }
  CHECK(erasure_refusal(early, gone)
            .value()
            .find("let the controller run past " + to_text(early.rules.final_time(street_interval(left_at - 1)))) !=
        std::string::npos);
  CHECK_FALSE(erasure_refusal(street().state, gone).has_value());
  State state = street().state;
  DataErased of_a_member;
  of_a_member.household = HouseholdId::from("hh01");
  CHECK(test::raises_alarm(step(state, of_a_member, UtcTime{})));
  CHECK(state == street().state);
  CHECK(readable(store.directory.path(), gone) > 40);
}

std::map<Account, Money> balances(const std::filesystem::path& directory) {
  std::map<Account, Money> sums;
  const Result<JournalPostings, std::string> content = read_postings(directory / journal_file);
  REQUIRE(content.ok());
  for (const JournalPostings::BatchPostings& batch : content->batches) {
    for (const Posting& posting : batch.postings) {
      sums[posting.debit] -= posting.amount;
      sums[posting.credit] += posting.amount;
    }
  }
  CHECK(content->payments.size() == 2);
  return sums;
}

TEST_CASE("the books keep an erased household's months, and sum to what they did") {
  Store store;
  const std::map<Account, Money> before = balances(store.directory.path());
  REQUIRE(store.erase("hh04") == 0);
  CHECK(balances(store.directory.path()) == before);
}

TEST_CASE("data is kept for whole months, and no longer than its last interval is open") {
  const UtcTime day = *time_from_text("2026-08-20T12:00:00Z");
  CHECK(due_retention(slow_street().state, 2, day) == month_of(*time_from_text("2026-06-01T00:00:00Z")));
  CHECK(due_retention(slow_street().state, 1, day) == month_of(*time_from_text("2026-07-01T00:00:00Z")));
  State open = slow_street().state;
  open.provisional[street_interval(0)] = {};
  CHECK(due_retention(open, 2, day).has_value());
  CHECK_FALSE(due_retention(open, 1, day).has_value());
}

TEST_CASE("of a month that is too old nothing can be read, the next month is whole, and everything verifies") {
  const Store store(slow_street());
  const std::map<Account, Money> before = balances(store.directory.path());
  const std::int64_t july = month_of(*time_from_text("2026-07-01T00:00:00Z"));
  {
    const auto journal = std::move(Journal::open(store.directory.path())).value();
    CHECK(journal->oldest_data_month() == july - 1);
    const State state = journal->restore().value();
    DataErased erased;
    erased.before_month = july;
    const State after = journal->erase(erased, journal->last_time(), state, test::street_log_key()).value();
    CHECK(after == state);
    CHECK(journal->oldest_data_month() == july);
    CHECK(journal->restore().value() == state);
    REQUIRE(journal->save_snapshot(state).ok());
  }
  CHECK(store.fault() == "verified");
  CHECK(balances(store.directory.path()) == before);
  std::int64_t erased = 0;
  std::int64_t kept = 0;
  const JournalContent content = read_journal(store.directory / journal_file).value();
  for (const JournalContent::StoredBatch& stored : content.batches) {
    const Batch batch = open_batch(stored.batch, stored.log_index, content.keys).value().batch;
    CHECK(batch.record.run == (batch.erased.empty() ? Run::final : Run::initial));
    erased += static_cast<std::int64_t>(batch.erased.size());
    kept += static_cast<std::int64_t>(batch.statements.size());
  }
  CHECK(erased == 4 * intervals - (intervals - left_at));
  CHECK(kept == erased);
}

TEST_CASE("a data key that is lost and was not erased is said by name, before and after an erasure") {
  for (const bool erased : {false, true}) {
    for (const char* lost : {"hh02", ""}) {
      Store store;
      if (erased) REQUIRE(store.erase("hh04") == 0);
      CAPTURE(lost);
      DataKeyStore(store.directory.path()).erase([&](const DataKey& key) {
        return (key.household ? key.household->text() : "") == lost;
      });
      const std::string fault = store.fault();
      const std::string whose = *lost == '\0' ? "the market" : lost;
      CHECK(fault.find("the data key of " + whose + " is missing") != std::string::npos);
      CHECK(fault.find("restore data_keys.sqlite from its backup") != std::string::npos);
      const auto restored = std::move(Journal::open(store.directory.path())).value()->restore();
      REQUIRE_FALSE(restored.ok());
      CHECK(restored.error().find("the data key of " + whose + " is missing") != std::string::npos);
    }
  }
}

TEST_CASE("an old copy of the keys that comes back after an erasure is erased again") {
  Store store;
  const std::string old_keys = test::file_text(store.directory / data_key_file);
  REQUIRE(store.erase("hh04") == 0);
  const DataKeys after = read_data_keys(store.directory.path());
  {
    SqliteDatabase current(store.directory / data_key_file, OpenMode::single_file, "");
    test::write_text(store.directory / "old.sqlite", old_keys);
    current.execute(("ATTACH '" + (store.directory / "old.sqlite").string() +
                     "' AS old; INSERT OR IGNORE INTO main.data_key SELECT * FROM old.data_key")
                        .c_str());
  }
  REQUIRE(readable(store.directory.path(), gone) > 40);
  CHECK(std::move(Journal::open(store.directory.path())).value()->restore().ok());
  CHECK(readable(store.directory.path(), gone) == 0);
  CHECK(read_data_keys(store.directory.path()).size() == after.size());
}

TEST_CASE("after an erasure the auditor finds every kind of change") {
  const std::array changes{"UPDATE journal SET time=time+1 WHERE sequence=20",
                           "UPDATE journal SET event=zeroblob(100) WHERE sequence=30",
                           "DELETE FROM journal WHERE sequence=20",
                           "DELETE FROM base",
                           "UPDATE base SET state=zeroblob(100)",
                           "DELETE FROM batch WHERE log_index=3",
                           "UPDATE payment SET amount=amount+1 WHERE number=1",
                           "DELETE FROM payment WHERE number=2",
                           "UPDATE batch SET interval_begin=interval_begin+900 WHERE log_index=3",
                           "UPDATE batch SET batch=(SELECT batch FROM batch WHERE log_index=1) WHERE log_index=2",
                           "DELETE FROM journal WHERE sequence=(SELECT max(sequence) FROM journal)"};
  for (const char* sql : changes) {
    Store store;
    REQUIRE(store.erase("hh04") == 0);
    unseal_journal(store.directory.path());
    SqliteDatabase(store.directory / journal_file, OpenMode::read_write, "").execute(sql);
    CAPTURE(sql);
    CHECK(store.fault() != "verified");
  }
}

}  // namespace
}  // namespace commonwatt
