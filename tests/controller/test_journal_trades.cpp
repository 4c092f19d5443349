#include <algorithm>

#include <doctest/doctest.h>

#include "controller/journal_trades.hpp"
#include "controller/sqlite.hpp"
#include "tests/controller/anchored_street.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::TemporaryDirectory;

/// A street of four settled intervals, and an order of hh04 for interval 1 whose signature is another order's.
const Neighbourhood& street() {
  static const std::unique_ptr<Neighbourhood> lived = [] {
    auto made = std::make_unique<Neighbourhood>();
    made->pass(0, 4);
    SignedOrder forged = test::signed_order(3, test::street_order(3, 1));
    forged.signature = test::signed_order(3, test::street_order(3, 2)).signature;
    made->happen(OrderReceived{forged.order.household, forged}, made->events.back().time);
    for (std::int64_t number = 1; number < 7; ++number) made->pass(number, 4);
    return made;
  }();
  return *lived;
}

JournalTrades trades_of(const TemporaryDirectory& directory, std::int64_t number) {
  return read_trades(directory / journal_file, test::street_interval(number).begin()).value();
}

TEST_CASE("an interval's trades are its batch, the orders in it as they were signed, and the whole log") {
  const TemporaryDirectory directory;
  test::write_journal(street().events, directory.path());
  const JournalTrades trades = trades_of(directory, 2);
  REQUIRE(trades.batches.size() == 1);
  CHECK(trades.batches[0].batch.record == street().batches[2].batch.record);
  CHECK(trades.batches[0].entry == street().batches[2].entry);
  CHECK(trades.batches[0].log_index == 2);
  CHECK(trades.log_leaves == street().log_leaves);
  CHECK(trades.closed_records == 0);
  REQUIRE(trades.orders.size() == 4);
  for (std::size_t house = 0; house < 4; ++house) {
    CHECK(trades.orders[house] == test::signed_order(house, test::street_order(house, 2)));
    const std::vector<Hash32>& leaves = trades.batches[0].batch.order_leaves;
    CHECK(std::count(leaves.begin(), leaves.end(), order_leaf(trades.orders[house])) == 1);
  }
}

TEST_CASE("an order that was refused is told, too, if the book has its hash") {
  const TemporaryDirectory directory;
  test::write_journal(street().events, directory.path());
  const JournalTrades trades = trades_of(directory, 1);
  REQUIRE(trades.orders.size() == 5);
  CHECK(trades.orders[0].order == trades.orders[4].order);
  CHECK(trades.orders[0].signature != trades.orders[4].signature);
}

TEST_CASE("without the data keys the log and the batches are there, and the records that do not open are counted") {
  const TemporaryDirectory directory;
  test::write_journal(street().events, directory.path());
  std::filesystem::remove(directory / data_key_file);
  const JournalTrades trades = trades_of(directory, 2);
  CHECK(trades.log_leaves == street().log_leaves);
  CHECK(trades.batches[0].entry == street().batches[2].entry);
  CHECK(trades.orders.empty());
  const auto personal = std::count_if(street().events.begin(), street().events.end(), [](const auto& happened) {
    return std::holds_alternative<OrderReceived>(happened.event) ||
           std::holds_alternative<ReadingReceived>(happened.event);
  });
  CHECK(trades.closed_records == personal);
}

TEST_CASE("a journal that is not there, has no such interval, or is damaged says so") {
  const TemporaryDirectory directory;
  const auto error_of = [&directory](std::int64_t number) {
    return read_trades(directory / journal_file, test::street_interval(number).begin()).error();
  };
  CHECK(error_of(0).find("journal.sqlite") != std::string::npos);
  test::write_journal(street().events, directory.path());
  CHECK(error_of(4).find("has no sealed batch of an interval that begins at 2026-06-") != std::string::npos);
  const auto change = [&directory](const char* sql) {
    SqliteDatabase(directory / journal_file, OpenMode::read_write, "").execute(sql);
  };
  change("UPDATE journal SET event=x'00' WHERE sequence=3");
  CHECK(error_of(0).find("entry 3 does not open") != std::string::npos);
  change("DELETE FROM batch WHERE log_index=1");
  CHECK(error_of(0).find("batch 1 is missing") != std::string::npos);
  change("UPDATE batch SET batch=x'00' WHERE log_index=0");
  CHECK(error_of(0).find("batch 0 does not open") != std::string::npos);
}

}  // namespace
}  // namespace commonwatt
