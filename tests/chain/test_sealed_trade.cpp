#include <doctest/doctest.h>

#include "controller/chain/sealed_trade.hpp"
#include "controller/journal_trades.hpp"
#include "tests/controller/neighbourhood.hpp"

using namespace commonwatt;

namespace {

/// One traded and settled interval.
const StoreBatch& sealed() {
  static const StoreBatch store = [] {
    test::Neighbourhood street;
    street.live(1);
    return street.batches.front();
  }();
  return store;
}

SignedOrder order_of(std::size_t house) {
  return test::signed_order(house, test::street_order(house, 0));
}

std::size_t line_of(const Order& order) {
  const std::vector<BookOrder>& book = sealed().batch.record.book;
  for (std::size_t line = 0; line < book.size(); ++line) {
    if (book[line].id == order_id(order)) return line;
  }
  FAIL("not in the book");
  return 0;
}

/// What is said of the fill of a house after something was changed.
std::string fault_after(std::size_t house, const std::function<void(ClearingRecord&, std::size_t)>& change) {
  const Order order = order_of(house).order;
  const std::size_t line = line_of(order);
  ClearingRecord record = sealed().batch.record;
  change(record, line);
  return fill_fault(record, line, order).value_or("none");
}

bool has(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

Hash32 word_at(const Bytes& call, std::size_t word) {
  Hash32 bytes{};
  std::copy_n(call.begin() + 4 + static_cast<std::ptrdiff_t>(32 * word), bytes.size(), bytes.begin());
  return bytes;
}

}  // namespace

TEST_CASE("what the heart cleared is within every order") {
  for (std::size_t house = 0; house < 4; ++house)
    CHECK(fault_after(house, [](ClearingRecord&, std::size_t) {}) == "none");
}

TEST_CASE("every way in which a fill goes beyond its order is told") {
  const auto terms = [](const std::function<void(BookOrder&)>& change) {
    return fault_after(2, [&](ClearingRecord& record, std::size_t line) { change(record.book[line]); });
  };
  CHECK(has(terms([](BookOrder& order) { order.side = Side::sell; }), "the book has it as sell 500 Wh"));
  CHECK(has(terms([](BookOrder& order) { order.quantity += Energy{1}; }), "the book has it as buy 501 Wh"));
  CHECK(
      has(terms([](BookOrder& order) { order.limit += Price{1}; }), "at 242001 micro-units per kWh, the order is to"));
  const auto fill = [](std::int64_t count) {
    return fault_after(
        2, [count](ClearingRecord& record, std::size_t line) { record.clearing.fills[line] = Energy{count}; });
  };
  CHECK(fill(500) == "none");
  CHECK(has(fill(501), "501 Wh were filled of an order to buy 500 Wh"));
  CHECK(has(fill(-1), "-1 Wh were filled"));
  const auto price = [](std::size_t house, std::optional<Price> value, std::int64_t count) {
    return fault_after(house, [=](ClearingRecord& record, std::size_t line) {
      record.clearing.price = value;
      record.clearing.fills[line] = Energy{count};
    });
  };
  CHECK(price(2, Price{242'000}, 1) == "none");
  CHECK(has(price(2, Price{242'001}, 1), "1 Wh were filled at 242001 micro-units per kWh, the order is to buy"));
  CHECK(price(0, Price{120'000}, 1) == "none");
  CHECK(has(price(0, Price{119'999}, 1), "1 Wh were filled at 119999 micro-units per kWh, the order is to sell"));
  CHECK(has(price(2, std::nullopt, 1), "1 Wh were filled at no price"));
  CHECK(price(2, std::nullopt, 0) == "none");
  CHECK(price(2, Price{999'999}, 0) == "none");
}

TEST_CASE("an order is found by its leaf, by its line in the book, by both or not at all") {
  const Batch& batch = sealed().batch;
  SignedOrder unsigned_one = order_of(1);
  unsigned_one.signature[0] ^= 1U;
  const SignedOrder other = test::signed_order(3, test::street_order(3, 1));
  const std::vector<SealedOrder> found = sealed_orders(batch, {order_of(0), unsigned_one, other});
  REQUIRE(found.size() == 2);
  CHECK(found[0].order == order_of(0));
  CHECK(found[0].line == line_of(order_of(0).order));
  CHECK(batch_leaves(batch).at(*found[0].leaf) == order_leaf(order_of(0)));
  CHECK_FALSE(found[1].leaf);
  CHECK(found[1].line == line_of(unsigned_one.order));

  // The contract reads no line of a record whose book and fills do not fit together.
  Batch unfit = batch;
  unfit.record.clearing.fills.pop_back();
  CHECK_FALSE(sealed_orders(unfit, {order_of(0)}).at(0).line);
  CHECK(sealed_orders(unfit, {unsigned_one}).empty());
}

// The selectors are what `cast sig` makes of contracts/src/Disputes.sol; tests/chain/test_disputes.py asks the
// contract.
TEST_CASE("the calls are for the contract's functions and have the order's words in their places") {
  const Batch& batch = sealed().batch;
  const MerkleTree tree(batch_leaves(batch));
  const SealedOrder found = sealed_orders(batch, {order_of(0)}).at(0);
  const Order& order = found.order.order;
  const SealedBatchProof way{.anchors = {ChainAnchor{}}, .entry = sealed().entry, .place = place_in(tree, 2)};
  const Bytes by_order = prove_order_call(way, found.order, place_in(tree, *found.leaf));
  const Bytes by_fill = prove_fill_call(way, order, batch.record, place_in(tree, 0), *found.line);
  CHECK(to_hex(ByteView(by_order).first(4)) == "da2349cc");
  CHECK(to_hex(ByteView(by_fill).first(4)) == "52e74b68");
  Hash32 name{};
  std::copy_n(order.household.text().begin(), order.household.text().size(), name.begin());
  Hash32 salt{};
  std::copy(order.salt.begin(), order.salt.end(), salt.begin());
  for (const Bytes& call : {by_order, by_fill}) {
    CHECK(word_at(call, 1) == name);
    CHECK(word_at(call, 2) == word_of(order.interval.begin_seconds()));
    CHECK(word_at(call, 4) == word_of(1));
    CHECK(word_at(call, 5) == word_of(order.quantity.count));
    CHECK(word_at(call, 8) == salt);
  }
  CHECK(word_at(by_fill, 11) == word_of(*found.line));
  CHECK(by_fill.size() % 32 == 4);
}
