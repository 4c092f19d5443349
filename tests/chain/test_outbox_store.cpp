#include <doctest/doctest.h>

#include "controller/chain/outbox_fees.hpp"
#include "controller/chain/outbox_store.hpp"
#include "tests/controller/full_disk.hpp"
#include "tests/controller/temporary_directory.hpp"

using namespace commonwatt;
using test::TemporaryDirectory;

namespace {

AnchoredEvent event(std::int64_t epoch, std::int64_t block) {
  return {.epoch = epoch, .head = word_of(epoch), .block_number = block, .block_hash = word_of(block)};
}
StoredTransaction transaction(std::int64_t epoch, std::int64_t nonce, const Uint256& fee) {
  return {.hash = word_of(fee + epoch * 1000),
          .epoch = epoch,
          .nonce = nonce,
          .fee_max = fee,
          .tip_max = 1,
          .gas_limit = 21000,
          .signed_at = 5,
          .raw = {1, 2, 3}};
}

void add(OutboxStore& store, std::int64_t count) {
  for (std::int64_t epoch = 1; epoch <= count; ++epoch) store.add_anchor(epoch, word_of(epoch), {9});
}

}  // namespace

TEST_CASE("a signed transaction is there after the store is opened again, with its anchor's state") {
  const TemporaryDirectory directory;
  {
    OutboxStore store(directory / "outbox.db");
    add(store, 2);
    store.add_transaction(transaction(1, 7, Uint256(1) << 90));
    store.add_transaction(transaction(1, 7, Uint256(1) << 90));  // the same one again
  }
  OutboxStore store(directory / "outbox.db");
  CHECK(store.anchor(1)->state == AnchorState::prepared);
  CHECK(store.anchor(2)->state == AnchorState::drafted);
  CHECK_FALSE(store.anchor(3));
  const auto best = store.best(1, 7);
  REQUIRE(best);
  CHECK(best->raw == Bytes{1, 2, 3});
  CHECK(best->fee_max == Uint256(1) << 90);
  CHECK(best->signed_at == 5);
}

TEST_CASE("what finds no room on the disk is refused whole, and the store goes on when there is some") {
  const TemporaryDirectory directory;
  OutboxStore store(directory / "outbox.db");
  add(store, 1);
  {
    const test::FullDisk full;
    CHECK_THROWS_AS(store.add_anchor(2, word_of(2), {9}), SqliteError);
    CHECK_THROWS_AS(store.add_transaction(transaction(1, 7, 200)), SqliteError);
    CHECK(store.last_anchor()->epoch == 1);
    CHECK_FALSE(store.best(1, 7));
  }
  store.add_anchor(2, word_of(2), {9});
  store.add_transaction(transaction(1, 7, 200));
  OutboxStore restarted(directory / "outbox.db");
  CHECK(restarted.last_anchor()->epoch == 2);
  CHECK(restarted.anchor(1)->state == AnchorState::prepared);
  CHECK(restarted.best(1, 7)->fee_max == 200);
}

TEST_CASE("of the transactions under a nonce the dearest is found, for one epoch and for any") {
  const TemporaryDirectory directory;
  OutboxStore store(directory / "outbox.db");
  add(store, 2);
  store.add_transaction(transaction(1, 7, 200));
  store.add_transaction(transaction(1, 7, 300));
  store.add_transaction(transaction(2, 7, 70'000));
  store.add_transaction(transaction(1, 8, 900'000));
  CHECK(store.best(1, 7)->fee_max == 300);
  CHECK(store.priciest(7)->epoch == 2);
  CHECK_FALSE(store.best(2, 8));
  CHECK_FALSE(store.priciest(9));
}

TEST_CASE("what a reorganisation took goes back to sent, and the final ones among it are counted") {
  const TemporaryDirectory directory;
  OutboxStore store(directory / "outbox.db");
  add(store, 5);
  store.set_block(event(1, 10), AnchorState::archived);
  store.set_block(event(2, 11), AnchorState::final);
  store.set_block(event(3, 12), AnchorState::safe);
  store.set_block(event(4, 13), AnchorState::mined);
  CHECK(store.last_archived()->epoch == 1);
  CHECK(store.archived_block() == 10);
  CHECK(store.unarchived(3).size() == 2);
  CHECK(store.put_back(1) == 1);
  CHECK(store.anchor(1)->state == AnchorState::archived);
  for (const std::int64_t epoch : {2, 3, 4}) CHECK(store.anchor(epoch)->state == AnchorState::sent);
  CHECK(store.anchor(5)->state == AnchorState::drafted);
  CHECK(store.put_back(0) == 1);
  CHECK_FALSE(store.archived_block());
}

TEST_CASE("doubted archived anchors are looked up again, newest first") {
  const TemporaryDirectory directory;
  OutboxStore store(directory / "outbox.db");
  add(store, 3);
  for (const std::int64_t epoch : {1, 2, 3}) store.set_block(event(epoch, epoch), AnchorState::archived);
  store.doubt_archived(2);
  CHECK(store.last_archived()->epoch == 1);
  CHECK(store.unarchived(3).size() == 2);
  CHECK(store.anchors_behind(1, 1).at(0).epoch == 2);
}

TEST_CASE("a replacement offers an eighth more, and always more") {
  CHECK(raised({.fee_max = 800, .tip_max = 0}) == GasPrice{.fee_max = 901, .tip_max = 1});
  for (const std::int64_t fee : {1, 7, 8, 1'000, 999'999'999}) {
    const Uint256 more = raised({.fee_max = fee, .tip_max = fee}).fee_max;
    CHECK(more * 8 >= Uint256(fee) * 9);
  }
  CHECK(dearer({.fee_max = 5, .tip_max = 1}, {.fee_max = 4, .tip_max = 3}) == GasPrice{.fee_max = 5, .tip_max = 3});
}

TEST_CASE("no price passes what an anchor may cost, and below the base fee there is none") {
  const GasPrice asked = asked_price(10, 3);
  CHECK(asked == GasPrice{.fee_max = 23, .tip_max = 3});
  CHECK(within(asked, 10, 100, 10'000) == asked);
  CHECK(within(asked, 10, 100, 1'500) == GasPrice{.fee_max = 15, .tip_max = 3});
  CHECK(within(asked, 1, 100, 200) == GasPrice{.fee_max = 2, .tip_max = 2});
  CHECK(within(asked, 10, 100, 1'000) == GasPrice{.fee_max = 10, .tip_max = 3});
  CHECK_FALSE(within(asked, 10, 100, 999));
}
