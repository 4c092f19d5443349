#include <functional>

#include <doctest/doctest.h>

#include "controller/bill.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::Neighbourhood;
using test::street_houses;

Neighbourhood& street() {
  static Neighbourhood street;
  if (street.batches.empty()) street.live(9);
  return street;
}
Bytes log_key() {
  return test::street_log_key().public_key();
}
Bill sample() {
  return street().bill(2, 5);
}

TEST_CASE("every household's bill of every interval leads to the signed log") {
  for (std::size_t house = 0; house < street_houses().size(); ++house) {
    for (std::int64_t number = 0; number < 9; ++number) {
      const Bill bill = street().bill(house, number);
      CHECK(bill_fault(bill, log_key()).value_or("right") == "right");
      CHECK(bill.statement.household == street_houses()[house].id);
      CHECK(bill.log_index == number);
    }
  }
}

TEST_CASE("there is no bill for a stranger, and none of a batch the signed log does not hold yet") {
  const StoreBatch& last = street().batches.back();
  SignedLog log = street().signed_log();
  CHECK_FALSE(make_bill(last, *HouseholdId::from("stranger"), log).has_value());
  log.checkpoint.size = 8;
  CHECK_FALSE(make_bill(last, street_houses()[0].id, log).has_value());
}

TEST_CASE("a bill with any field changed is found") {
  const std::vector<std::function<void(Bill&)>> changes{
      [](Bill& bill) { bill.statement.household = street_houses()[0].id; },
      [](Bill& bill) { bill.statement.interval = bill.statement.interval.next(); },
      [](Bill& bill) { *bill.statement.price += Price{1}; },
      [](Bill& bill) { bill.statement.price.reset(); },
      [](Bill& bill) { bill.statement.tariff.retail += Price{1}; },
      [](Bill& bill) { bill.statement.tariff.feed_in += Price{1}; },
      [](Bill& bill) { bill.statement.contract += Energy{1}; },
      [](Bill& bill) { bill.statement.import += Energy{1}; },
      [](Bill& bill) { bill.statement.export_ += Energy{1}; },
      [](Bill& bill) { bill.statement.produced = Energy{0}; },
      [](Bill& bill) { bill.statement.quality = DeliveryQuality::estimated; },
      [](Bill& bill) { bill.statement.energy_amount += Money{1}; },
      [](Bill& bill) { bill.statement.imbalance_amount += Money{1}; },
      [](Bill& bill) { bill.statement.total -= Money{1}; },
      [](Bill& bill) { bill.salt[3] ^= 1U; },
      [](Bill& bill) { --bill.leaf_index; },
      [](Bill& bill) { bill.leaf_index = -1; },
      [](Bill& bill) { bill.leaf_count = bill.leaf_index; },
      [](Bill& bill) { bill.leaf_count = -1; },
      [](Bill& bill) { bill.leaf_count = 0; },
      [](Bill& bill) { bill.batch_path[0][0] ^= 1U; },
      [](Bill& bill) { bill.batch_path.pop_back(); },
      [](Bill& bill) { bill.batch_root[0] ^= 1U; },
      [](Bill& bill) { ++bill.log_index; },
      [](Bill& bill) { bill.log_index = -5; },
      [](Bill& bill) { bill.log_path.back()[31] ^= 1U; },
      [](Bill& bill) { bill.log_path.clear(); },
      [](Bill& bill) { bill.checkpoint.origin += "x"; },
      [](Bill& bill) { --bill.checkpoint.size; },
      [](Bill& bill) { bill.checkpoint.size = -1; },
      [](Bill& bill) { bill.checkpoint.root[0] ^= 1U; },
      [](Bill& bill) { bill.checkpoint_signature[0] ^= 1U; },
      [](Bill& bill) { bill.checkpoint_signature.clear(); }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Bill bill = sample();
    changes[i](bill);
    CAPTURE(i);
    CHECK(bill_fault(bill, log_key()).has_value());
  }
  CHECK_FALSE(bill_fault(sample(), log_key()).has_value());
}

TEST_CASE("a bill with any byte of its proof changed is refused or found") {
  const Bytes bytes = encode(sample());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes changed = bytes;
    changed[at] ^= 1U;
    const Result<Bill, CborError> bill = decode<Bill>(changed);
    if (!bill) continue;
    // The batch's root does not speak of its size: another count of leaves with the same path is the same proof.
    Bill same = *bill;
    same.leaf_count = sample().leaf_count;
    CAPTURE(at);
    CHECK((bill_fault(*bill, log_key()).has_value() || same == sample()));
  }
}

TEST_CASE("another controller's key does not vouch for a bill") {
  CHECK(bill_fault(sample(), street_houses()[0].witness_key.public_key()) ==
        "the checkpoint is not signed by the controller");
}

TEST_CASE("a bill of absurd numbers is a fault, not the end of the gateway") {
  for (const std::int64_t absurd :
       {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()}) {
    std::vector<Bill> bills(6, sample());
    bills[0].statement.contract = Energy{absurd};
    bills[1].statement.import = Energy{absurd};
    bills[2].statement.export_ = Energy{absurd};
    bills[3].statement.price = Price{absurd};
    bills[4].statement.tariff = {Price{absurd}, Price{absurd}};
    bills[5].statement.total = Money{absurd};
    for (const Bill& bill : bills) CHECK(bill_fault(bill, log_key()) == "an energy, price or amount is out of range");
  }
}

TEST_CASE("a line of a bill gives the bill back, and no figure of it can be changed") {
  const std::string line = bill_line(sample());
  CHECK(line.find('\n') == std::string::npos);
  const std::optional<Bill> back = bill_from_line(line);
  REQUIRE(back.has_value());
  CHECK(*back == sample());
  for (std::size_t at = 0; at < line.size(); ++at) {
    std::string changed = line;
    changed[at] = changed[at] == '7' ? '8' : '7';
    const std::optional<Bill> other = bill_from_line(changed);
    CAPTURE(at);
    if (at < line.find("\"proof\"")) CHECK_FALSE(other.has_value());
    if (other) CHECK_FALSE(*other == sample());
  }
  CHECK_FALSE(bill_from_line("").has_value());
  CHECK_FALSE(bill_from_line(line + " ").has_value());
  CHECK_FALSE(bill_from_line(line.substr(0, line.size() - 1)).has_value());
  CHECK_FALSE(bill_from_line("\"proof\":\"\"}").has_value());
}

}  // namespace
}  // namespace commonwatt
