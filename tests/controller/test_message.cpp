#include <doctest/doctest.h>

#include "controller/message.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

const HouseholdId hh01 = *HouseholdId::from("hh01");

TEST_CASE("a household writes below its up and reads below its down") {
  CHECK(up_topic(hh01, UpTopic::order) == "cw/v1/hh01/up/order");
  CHECK(down_topic(hh01, DownTopic::receipt) == "cw/v1/hh01/down/receipt");
  CHECK(last_level("cw/v1/hh01/down/receipt") == "receipt");
  CHECK(last_level("receipt") == "receipt");
  CHECK(last_level("cw/").empty());
}

TEST_CASE("every up topic is read back, for every name") {
  for (const UpTopic topic :
       {UpTopic::order, UpTopic::reading, UpTopic::cosignature, UpTopic::request, UpTopic::live, UpTopic::status}) {
    for (const char* name : {"hh01", "a", "up", "order_1-x"}) {
      const HouseholdId household = *HouseholdId::from(name);
      const std::optional<UpAddress> address = parse_up_topic(up_topic(household, topic));
      REQUIRE(address.has_value());
      CHECK(address->household == household);
      CHECK(address->topic == topic);
    }
  }
}

TEST_CASE("what is not an up topic is not read as one") {
  for (const char* topic : {"",
                            "cw/v1/",
                            "cw/v1/hh01",
                            "cw/v1/hh01/",
                            "cw/v1/hh01/up",
                            "cw/v1/hh01/up/",
                            "cw/v1/hh01/up/orders",
                            "cw/v1/hh01/up/order/",
                            "cw/v1/hh01/up/order/x",
                            "cw/v1/hh01/down/receipt",
                            "cw/v1/hh01/up/Order",
                            "cw/v1/HH01/up/order",
                            "cw/v1//up/order",
                            "cw/v1/-a/up/order",
                            "cw/v1/hh 01/up/order",
                            "cw/v2/hh01/up/order",
                            " cw/v1/hh01/up/order",
                            "cw/v1/market/clearing",
                            "cw/v1/+/up/order",
                            "cw/v1/hh01/x/up/order",
                            "cw/v1/a23456789012345678901234567890123/up/order"}) {
    CAPTURE(topic);
    CHECK_FALSE(parse_up_topic(topic).has_value());
  }
}

TEST_CASE("what the controller signs of a receipt begins as no other signed text does") {
  const Receipt receipt{.subject = Subject::reading,
                        .id = Hash32{},
                        .received = UtcTime::from_seconds(1'782'000'000),
                        .rejection = static_cast<std::int64_t>(ReadingReject::implausible)};
  const std::string text = as_text(receipt_text(receipt));
  constexpr std::string_view label = "commonwatt-receipt/v1\n";
  CHECK(text.starts_with(label));
  CHECK(text.substr(label.size()) == as_text(encode(receipt)));
  std::vector<Receipt> others(4, receipt);
  others[0].subject = Subject::order;
  others[1].id[0] = 1;
  others[2].received = receipt.received + Duration{1};
  others[3].rejection.reset();
  for (const Receipt& other : others) CHECK(receipt_text(other) != receipt_text(receipt));
}

TEST_CASE("a message with a foreign kind, a field too many or bytes behind is not read") {
  CHECK(decode<Request>(*from_hex("8602821a6a37298019038400800000")).ok());
  CHECK_FALSE(decode<Request>(*from_hex("8606821a6a37298019038400800000")).ok());
  CHECK_FALSE(decode<Request>(*from_hex("8602821a6a3729801903840080000000")).ok());
  CHECK_FALSE(decode<Request>(*from_hex("8702821a6a3729801903840080000000")).ok());
  CHECK_FALSE(decode<Request>(*from_hex("8602821a6a37298119038400800000")).ok());  // one second beside the boundary
  CHECK_FALSE(decode<SignedOrder>({}).ok());
}

TEST_CASE("a statement that could overflow is told before it is computed with") {
  Statement statement;
  statement.household = hh01;
  CHECK(statement_fits(statement));
  statement.import = order_energy_max;
  statement.price = -price_magnitude_max;
  CHECK(statement_fits(statement));
  std::vector<Statement> others(9, statement);
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  others[0].contract = Energy{least};
  others[1].import += Energy{1};
  others[2].export_ = Energy{most};
  others[3].produced = Energy{most};
  others[4].price = Price{least};
  others[5].tariff.retail = Price{most};
  others[6].tariff.feed_in = Price{least};
  others[7].energy_amount = Money{least};
  others[8].total = Money{most};
  for (const Statement& other : others) CHECK_FALSE(statement_fits(other));
}

}  // namespace
}  // namespace commonwatt
