#include <doctest/doctest.h>

#include "controller/gateway_store.hpp"
#include "controller/sqlite.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::TemporaryDirectory;

std::unique_ptr<GatewayStore> opened(const TemporaryDirectory& directory) {
  return std::move(GatewayStore::open(directory.path())).value();
}

OutboxItem order_item(std::int64_t number) {
  const Order order = test::street_order(0, number);
  return {Subject::order, order_id(order), order.interval.begin_seconds(), encode(test::signed_order(0, order))};
}
OutboxItem reading_item(std::int64_t number) {
  const Reading reading = test::street_reading(test::grid_meter(0), test::street_registers(0, number), number);
  return {Subject::reading, reading_id(reading), reading.time.seconds(), encode(test::signed_reading(0, reading))};
}

TEST_CASE("what waits for a receipt waits over a restart, oldest first") {
  const TemporaryDirectory directory;
  REQUIRE(opened(directory)->add({order_item(1), reading_item(0)}).ok());
  const auto store = opened(directory);
  REQUIRE(store->pending().size() == 2);
  const OutboxItem& first = store->pending().begin()->second;
  CHECK(first.subject == Subject::order);
  CHECK(first.id == order_item(1).id);
  CHECK(decode<SignedOrder>(first.payload)->order == test::street_order(0, 1));
  CHECK(store->last_order_sequence() == 2);
  CHECK(store->last_reading_sequence(test::grid_meter(0)) == 1);
  CHECK(store->last_reading_sequence(test::grid_meter(1)) == 0);
  CHECK(store->first_interval() == test::street_interval(1).begin_seconds());
  CHECK(store->orders(test::street_interval(1)) == std::vector{test::street_order(0, 1)});
  CHECK(store->orders(test::street_interval(2)).empty());
  CHECK(store->reading(test::grid_meter(0), test::street_interval(0).begin())->sequence == 1);
  CHECK_FALSE(store->reading(test::grid_meter(0), test::street_interval(1).begin()).has_value());
}

TEST_CASE("what is known of the meters is there after a restart, with the write that follows") {
  const TemporaryDirectory directory;
  const CounterState import{UtcTime::from_seconds(900), Energy{17}, Energy{4'294'967'296}};
  const CounterState exported{UtcTime::from_seconds(899), Energy{0}, Energy{0}};
  const std::vector<MeterMemory> memory{{test::grid_meter(0), {import, exported}}, {test::grid_meter(1), {}}};
  {
    const auto store = opened(directory);
    CHECK(store->meters().empty());
    store->keep_meters(memory);
    REQUIRE(store->add({reading_item(0)}).ok());
  }
  const auto store = opened(directory);
  CHECK(store->meters() == memory);
}

TEST_CASE("an answered item does not wait any more, and its receipt is kept") {
  const TemporaryDirectory directory;
  const SignedReceipt receipt{{Subject::order, order_item(1).id, UtcTime::from_seconds(5), std::nullopt}, Bytes(64, 7)};
  {
    const auto store = opened(directory);
    REQUIRE(store->add({order_item(1), order_item(2)}).ok());
    store->keep_receipt(order_item(1).id, receipt);
    CHECK(store->pending().size() == 1);
    REQUIRE(store->flush().ok());
  }
  const auto store = opened(directory);
  REQUIRE(store->pending().size() == 1);
  CHECK(store->pending().begin()->second.id == order_item(2).id);
  const auto receipts = read_receipts(directory / gateway_file);
  REQUIRE(receipts.ok());
  REQUIRE(receipts->size() == 1);
  CHECK(encode(receipts->front()) == encode(receipt));
}

TEST_CASE("one item is never put into the outbox twice, and a refused write leaves nothing behind") {
  const TemporaryDirectory directory;
  const auto store = opened(directory);
  REQUIRE(store->add({order_item(1)}).ok());
  CHECK_FALSE(store->add({order_item(2), order_item(1)}).ok());
  CHECK(store->pending().size() == 1);
  CHECK(store->last_order_sequence() == 2);
  CHECK(opened(directory)->pending().size() == 1);
}

TEST_CASE("contracts and bills are known at once and after a restart") {
  const TemporaryDirectory directory;
  test::Neighbourhood street;
  street.live(3);
  const Contract contract{
      .net = Energy{-40}, .price = Price{7}, .terms = {.tariff = {Price{9}, Price{2}}, .charges = {}}};
  {
    const auto store = opened(directory);
    store->keep_contract(test::street_interval(1), contract);
    store->keep_bill(street.bill(0, 1));
    store->keep_bill(street.bill(0, 0));
    CHECK(store->contract(test::street_interval(1))->net == Energy{-40});
    CHECK(store->has_bill(test::street_interval(1)));
    REQUIRE(store->flush().ok());
    REQUIRE(store->flush().ok());
  }
  const auto store = opened(directory);
  CHECK(encode(store->contract(test::street_interval(1)).value()) == encode(contract));
  CHECK_FALSE(store->contract(test::street_interval(2)).has_value());
  CHECK(store->has_bill(test::street_interval(0)));
  CHECK_FALSE(store->has_bill(test::street_interval(2)));
  const auto bills = read_bills(directory / gateway_file);
  REQUIRE(bills.ok());
  CHECK(*bills == std::vector{street.bill(0, 0), street.bill(0, 1)});
}

TEST_CASE("what was cosigned is not forgotten") {
  const TemporaryDirectory directory;
  CHECK(opened(directory)->witnessed().size == 0);
  const Witnessed last{.size = 12, .root = sha256(as_bytes("root")), .signature = Bytes(64, 7)};
  REQUIRE(opened(directory)->save_witnessed(last).ok());
  CHECK(encode(opened(directory)->witnessed()) == encode(last));
}

TEST_CASE("a store whose last cosigned state is damaged is not opened: it would cosign anything") {
  const TemporaryDirectory directory;
  REQUIRE(opened(directory)->save_witnessed({.size = 12, .root = sha256(as_bytes("root")), .signature = {}}).ok());
  {
    SqliteDatabase database(directory / gateway_file, OpenMode::read_write, "");
    database.prepare("UPDATE witness SET witnessed=x'8201'").run();
  }
  CHECK(GatewayStore::open(directory.path()).error().find("what was cosigned last is not readable") !=
        std::string::npos);
}

TEST_CASE("a file that is no database is named") {
  const TemporaryDirectory directory;
  test::write_text(directory / gateway_file, std::string(5'000, 'x'));
  const auto store = GatewayStore::open(directory.path());
  REQUIRE_FALSE(store.ok());
  CHECK(store.error().find("gateway.sqlite") != std::string::npos);
  CHECK_FALSE(read_bills(directory / "missing.sqlite").ok());
}

}  // namespace
}  // namespace commonwatt
