#include <functional>

#include <doctest/doctest.h>

#include "core/sha256.hpp"
#include "market/batch.hpp"
#include "market/market_run.hpp"
#include "tests/market/books.hpp"

namespace commonwatt {
namespace {

constexpr Interval interval(1'782'000'000, 900);
constexpr Tariff tariff{.retail = Price{300'000}, .feed_in = Price{80'000}};

Batch sample() {
  Batch batch;
  ClearingRecord& record = batch.record;
  record.interval = interval;
  record.terms.tariff = tariff;
  record.book = {test::bid(1, 500, 250'000), test::ask(2, 500, 100'000)};
  record.clearing = clear(record.book, record.rule, record.seed);
  batch.order_leaves = {test::numbered_id(10), test::numbered_id(11)};
  batch.reading_leaves = {test::numbered_id(20), test::numbered_id(21), test::numbered_id(22)};
  for (const auto& [name, contract] : {std::pair{"hh01", 500}, std::pair{"hh02", -500}}) {
    const Position position{.household = *HouseholdId::from(name),
                            .contract = Energy{contract},
                            .grid = {Energy{1'000}, Energy{600}},
                            .produced = std::nullopt,
                            .quality = DeliveryQuality::good};
    batch.statements.push_back(statement_of(position, {interval, Run::initial, record.clearing.price, record.terms}));
  }
  batch.salts = statement_salts(test::numbered_id(30), batch.statements);
  return batch;
}

TEST_CASE("the leaves are clearing, orders, readings and statements, in this sequence") {
  const Batch batch = sample();
  const std::vector<Hash32> leaves = batch_leaves(batch);
  REQUIRE(leaves.size() == 8);
  CHECK(leaves[0] == record_leaf(LeafKind::clearing, Salt16{}, encode(batch.record), {}));
  CHECK(leaves[2] == batch.order_leaves[1]);
  CHECK(leaves[3] == batch.reading_leaves[0]);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(leaves[6 + i] == statement_leaf(batch.statements[i], batch.salts[i]));
  }
  CHECK(batch_root(batch) == merkle_root(leaves));
}

TEST_CASE("a household finds its statement among the leaves, a stranger none") {
  const Batch batch = sample();
  CHECK(statement_index(batch, *HouseholdId::from("hh01")) == 6);
  CHECK(statement_index(batch, *HouseholdId::from("hh02")) == 7);
  CHECK_FALSE(statement_index(batch, *HouseholdId::from("hh03")).has_value());
}

TEST_CASE("whichever statements are erased, the root and everybody else's place stay") {
  for (const std::size_t gone : {0U, 1U}) {
    Batch batch = sample();
    const std::vector<Hash32> leaves = batch_leaves(batch);
    const HouseholdId other = batch.statements[1 - gone].household;
    const std::optional<std::size_t> place = statement_index(batch, other);
    batch.erased[batch.statements[gone].household] = leaves[6 + gone];
    batch.statements.erase(batch.statements.begin() + static_cast<std::ptrdiff_t>(gone));
    batch.salts.erase(batch.salts.begin() + static_cast<std::ptrdiff_t>(gone));
    CHECK(batch_leaves(batch) == leaves);
    CHECK(statement_index(batch, other) == place);
    CHECK_FALSE(statement_index(batch, batch.erased.begin()->first).has_value());
    batch.statements.clear();
    batch.salts.clear();
    batch.erased[other] = leaves[6 + 1 - gone];
    CHECK(batch_leaves(batch) == leaves);
  }
}

TEST_CASE("a change of any field of a batch changes its root") {
  const std::vector<std::function<void(Batch&)>> changes{
      [](Batch& batch) { batch.record.interval = interval.next(); },
      [](Batch& batch) { batch.record.previous_batch[0] ^= 1U; },
      [](Batch& batch) { batch.record.seed[0] ^= 1U; },
      [](Batch& batch) { batch.record.seed_batch[0] ^= 1U; },
      [](Batch& batch) { batch.record.rule.k_permille = 499; },
      [](Batch& batch) { batch.record.terms.tariff.retail += Price{1}; },
      [](Batch& batch) { batch.record.terms.tariff.feed_in += Price{1}; },
      [](Batch& batch) { batch.record.book[0].id[5] ^= 1U; },
      [](Batch& batch) { batch.record.book[0].side = Side::sell; },
      [](Batch& batch) { batch.record.book[0].quantity += Energy{1}; },
      [](Batch& batch) { batch.record.book[0].limit += Price{1}; },
      [](Batch& batch) { batch.record.book.pop_back(); },
      [](Batch& batch) { batch.record.clearing.price.reset(); },
      [](Batch& batch) { batch.record.clearing.volume += Energy{1}; },
      [](Batch& batch) { batch.record.clearing.fills[1] -= Energy{1}; },
      [](Batch& batch) { batch.order_leaves[1][31] ^= 1U; },
      [](Batch& batch) { std::swap(batch.order_leaves[0], batch.order_leaves[1]); },
      [](Batch& batch) { batch.reading_leaves[2][31] ^= 1U; },
      [](Batch& batch) { batch.reading_leaves.pop_back(); },
      [](Batch& batch) { batch.statements[0].household = *HouseholdId::from("hh03"); },
      [](Batch& batch) { batch.statements[0].interval = interval.next(); },
      [](Batch& batch) { batch.statements[0].price.reset(); },
      [](Batch& batch) { batch.statements[0].tariff.retail += Price{1}; },
      [](Batch& batch) { batch.statements[0].contract += Energy{1}; },
      [](Batch& batch) { batch.statements[0].import += Energy{1}; },
      [](Batch& batch) { batch.statements[0].export_ += Energy{1}; },
      [](Batch& batch) { batch.statements[0].produced = Energy{0}; },
      [](Batch& batch) { batch.statements[0].quality = DeliveryQuality::estimated; },
      [](Batch& batch) { batch.statements[0].energy_amount += Money{1}; },
      [](Batch& batch) { batch.statements[0].imbalance_amount += Money{1}; },
      [](Batch& batch) { batch.statements[0].total += Money{1}; },
      [](Batch& batch) {
        batch.statements.pop_back();
        batch.salts.pop_back();
      },
      [](Batch& batch) { batch.salts[1][0] ^= 1U; }};
  const Hash32 root = batch_root(sample());
  CHECK(batch_root(sample()) == root);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Batch batch = sample();
    changes[i](batch);
    CAPTURE(i);
    CHECK(batch_root(batch) != root);
    CHECK_FALSE(batch == sample());
  }
}

TEST_CASE("a leaf hides its record behind a salt, and a record of one kind is never one of another") {
  const Bytes record{1, 2, 3};
  Salt16 salt{};
  salt[0] = 7;
  const Hash32 leaf = record_leaf(LeafKind::order, salt, record, {});
  const std::array<std::uint8_t, 1> prefix{0};
  const std::array<std::uint8_t, 1> kind{1};
  CHECK(leaf == sha256({prefix, salt, kind, record}));
  CHECK(leaf != record_leaf(LeafKind::order, Salt16{}, record, {}));
  CHECK(leaf != record_leaf(LeafKind::reading, salt, record, {}));
  CHECK(leaf != record_leaf(LeafKind::order, salt, record, Bytes{9}));
}

TEST_CASE("every household's salt is its own and follows from the batch's") {
  const Hash32 number = test::numbered_id(30);
  const HouseholdId one = *HouseholdId::from("hh01");
  CHECK(statement_salt(number, one) == sample().salts[0]);
  CHECK(statement_salt(number, one) != statement_salt(number, *HouseholdId::from("hh02")));
  CHECK(statement_salt(number, one) != statement_salt(Hash32{}, one));
}

TEST_CASE("an entry of the log changes with interval and root") {
  const LogEntry entry{.interval = interval, .run = Run::initial, .batch_root = batch_root(sample())};
  LogEntry other = entry;
  other.interval = interval.next();
  CHECK(log_leaf(other) != log_leaf(entry));
  other = entry;
  other.batch_root[0] ^= 1U;
  CHECK(log_leaf(other) != log_leaf(entry));
  CHECK(log_leaf(entry) == merkle_leaf(encode(entry)));
}

TEST_CASE("a batch is kept and read back with every field") {
  const auto kept = decode<Batch>(encode(sample()));
  REQUIRE(kept.ok());
  CHECK(*kept == sample());
}

}  // namespace
}  // namespace commonwatt
