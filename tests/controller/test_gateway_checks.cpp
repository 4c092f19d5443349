#include <functional>

#include <doctest/doctest.h>

#include "controller/gateway_checks.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;

const Neighbourhood& street() {
  static const std::unique_ptr<Neighbourhood> lived = [] {
    auto made = std::make_unique<Neighbourhood>();
    made->live(6);
    return made;
  }();
  return *lived;
}

std::string dispute_of(const ClearingRecord& record, std::size_t house = 0) {
  return clearing_dispute(record, {test::street_order(house, 3)}).value_or("right");
}

bool says(const std::string& text, const char* what) {
  CAPTURE(text);
  CHECK(text.find(what) != std::string::npos);
  return true;
}

TEST_CASE("a right clearing is not disputed by any household") {
  for (std::size_t house = 0; house < 4; ++house) CHECK(dispute_of(street().clearings[3], house) == "right");
}

TEST_CASE("every way in which a clearing can be wrong is disputed") {
  const std::vector<std::pair<const char*, std::function<void(ClearingRecord&)>>> changes{
      {"not in order", [](ClearingRecord& record) { std::swap(record.book[0], record.book[1]); }},
      {"not in order", [](ClearingRecord& record) { record.book.insert(record.book.begin(), record.book[0]); }},
      {"rule is out of range", [](ClearingRecord& record) { record.rule.k_permille = 1001; }},
      {"rule is out of range", [](ClearingRecord& record) { record.rule.k_permille = -1; }},
      {"tariff is out of range", [](ClearingRecord& record) { record.terms.tariff.retail.count = INT64_MAX; }},
      {"tariff is out of range", [](ClearingRecord& record) { record.terms.tariff.feed_in.count = INT64_MIN; }},
      {"quantity out of range", [](ClearingRecord& record) { record.book[1].quantity = Energy{0}; }},
      {"quantity out of range", [](ClearingRecord& record) { record.book[1].quantity.count = INT64_MAX; }},
      {"outside feed-in and retail", [](ClearingRecord& record) { record.terms.tariff.retail = Price{200'000}; }},
      {"outside feed-in and retail", [](ClearingRecord& record) { record.terms.tariff.feed_in = Price{200'000}; }},
      {"seed", [](ClearingRecord& record) { record.seed[0] ^= 1U; }},
      {"seed", [](ClearingRecord& record) { record.seed_batch[0] ^= 1U; }},
      {"seed", [](ClearingRecord& record) { record.interval = record.interval.next(); }},
      {"is another", [](ClearingRecord& record) { record.clearing.price = *record.clearing.price + Price{1}; }},
      {"is another", [](ClearingRecord& record) { record.clearing.volume -= Energy{1}; }},
      {"is another", [](ClearingRecord& record) { record.clearing.fills[2] -= Energy{1}; }},
      {"is another", [](ClearingRecord& record) { record.clearing.fills.clear(); }}};
  for (const auto& [what, change] : changes) {
    ClearingRecord record = street().clearings[3];
    change(record);
    says(dispute_of(record), what);
  }
}

TEST_CASE("an accepted order that is missing from the book or changed in it is disputed") {
  const ClearingRecord& right = street().clearings[3];
  for (std::size_t i = 0; i < right.book.size(); ++i) {
    ClearingRecord record = right;
    std::size_t house = 0;
    while (order_id(test::street_order(house, 3)) != right.book[i].id) ++house;
    record.book[i].quantity += Energy{1};
    says(dispute_of(record, house), "missing from the book or changed");
    record.book.erase(record.book.begin() + static_cast<std::ptrdiff_t>(i));
    says(dispute_of(record, house), "missing from the book or changed");
  }
}

TEST_CASE("a household's contract is the sum of its fills, sold negative") {
  const ClearingRecord& record = street().clearings[3];
  for (std::size_t house = 0; house < 4; ++house) {
    const Contract contract = contract_of(record, {test::street_order(house, 3)});
    CHECK(contract.net == street().batches[3].batch.statements[house].contract);
    CHECK(contract.price == record.clearing.price);
    CHECK(contract.terms.tariff == record.terms.tariff);
  }
  CHECK(contract_of(record, {}).net == Energy{0});
}

TEST_CASE("a right bill is not disputed, and every figure the household knows better is") {
  const Bytes key = test::street_log_key().public_key();
  const HouseholdId& id = test::street_houses()[0].id;
  const Bill bill = street().bill(0, 3);
  const OwnFigures right{.contract = contract_of(street().clearings[3], {test::street_order(0, 3)}),
                         .grid = test::street_registers(0, 4) - test::street_registers(0, 3),
                         .produced = (test::plant_registers(0, 4) - test::plant_registers(0, 3)).export_,
                         .produces = true};
  CHECK_FALSE(bill_dispute(bill, id, right, key).has_value());
  CHECK(bill_dispute(bill, test::street_houses()[1].id, right, key) == "the bill is another household's");
  CHECK(bill_dispute(bill, id, right, Bytes(32)).has_value());
  const auto disputed = [&](const std::function<void(OwnFigures&)>& change) {
    OwnFigures own = right;
    change(own);
    return bill_dispute(bill, id, own, key).value_or("right");
  };
  says(disputed([](OwnFigures& own) { own.contract.net += Energy{1}; }), "the contract is");
  says(disputed([](OwnFigures& own) { own.contract.price.reset(); }), "price or tariff");
  says(disputed([](OwnFigures& own) { own.contract.terms.tariff.retail += Price{1}; }), "price or tariff");
  says(disputed([](OwnFigures& own) { own.grid->import += Energy{1}; }), "import or export");
  says(disputed([](OwnFigures& own) { own.grid->export_ += Energy{1}; }), "import or export");
  says(disputed([](OwnFigures& own) { own.produces = false; }), "production meter");
  says(disputed([](OwnFigures& own) { own.produced = *own.produced + Energy{1}; }), "the production is not");
  CHECK(disputed([](OwnFigures& own) { own.grid.reset(); }) == "right");  // What was not read cannot be disputed.
  CHECK(disputed([](OwnFigures& own) { own.produced.reset(); }) == "right");
}

TEST_CASE("a checkpoint is cosigned only when it is of this log, signed, and extends what was cosigned") {
  const Bytes key = test::street_log_key().public_key();
  const auto at = [](std::size_t size) {
    const auto leaves = std::span(street().log_leaves).first(size);
    return Checkpoint{
        .origin = street().state.origin, .size = static_cast<std::int64_t>(size), .root = merkle_root(leaves)};
  };
  const auto message = [&](std::size_t old_size, std::size_t size) {
    const auto leaves = std::span(street().log_leaves).first(size);
    return CheckpointMessage{.checkpoint = at(size),
                             .signature = sign_checkpoint(test::street_log_key(), at(size)),
                             .old_size = static_cast<std::int64_t>(old_size),
                             .consistency = consistency_path(leaves, old_size),
                             .leaves = {}};
  };
  const std::string& origin = street().state.origin;
  const Witnessed last{.size = 3, .root = at(3).root, .signature = {}};
  CHECK_FALSE(checkpoint_fault(message(3, 6), origin, key, last).has_value());
  CHECK_FALSE(checkpoint_fault(message(3, 3), origin, key, last).has_value());
  CHECK_FALSE(checkpoint_fault(message(1, 6), origin, key, Witnessed{}).has_value());
  CHECK(checkpoint_fault(message(3, 6), "another", key, last)->find("another log") != std::string::npos);
  CHECK(checkpoint_fault(message(3, 6), origin, Bytes(32), last) == "the checkpoint is not signed by the controller");
  CHECK(checkpoint_fault(message(2, 2), origin, key, last) == "the log has shrunk");
  CHECK(checkpoint_fault(message(2, 6), origin, key, last)->find("begins elsewhere") != std::string::npos);
  Witnessed other = last;
  other.root[0] ^= 1U;
  CHECK(checkpoint_fault(message(3, 6), origin, key, other)->find("rewritten") != std::string::npos);
  CHECK(checkpoint_fault(message(3, 3), origin, key, other)->find("rewritten") != std::string::npos);
  CheckpointMessage broken = message(3, 6);
  broken.consistency[0][0] ^= 1U;
  CHECK(checkpoint_fault(broken, origin, key, last)->find("rewritten") != std::string::npos);
}

}  // namespace
}  // namespace commonwatt
