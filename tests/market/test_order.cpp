#include <doctest/doctest.h>

#include "core/sha256.hpp"
#include "market/order.hpp"

namespace commonwatt {
namespace {

Order sample() {
  Order order;
  order.household = *HouseholdId::from("hh01");
  order.interval = Interval(1'782'000'000, 900);
  order.side = Side::sell;
  order.quantity = Energy{1'250};
  order.limit = Price{-40'000};
  order.sequence = 7;
  order.salt = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return order;
}

// Written by hand after RFC 8949: an array of seven, "hh01", [begin, 900], 1, 1250, -1 - 39999, 7, 16 bytes.
constexpr const char* sample_encoding =
    "87"
    "4468683031"
    "821a6a37298019"
    "0384"
    "01"
    "1904e2"
    "399c3f"
    "07"
    "50000102030405060708090a0b0c0d0e0f";

TEST_CASE("an order is written field by field, in one way only") {
  CHECK(to_hex(encode(sample())) == sample_encoding);
  const auto back = decode<Order>(*from_hex(sample_encoding));
  REQUIRE(back.ok());
  CHECK(back.value() == sample());
}

TEST_CASE("an order's id is the SHA-256 of its encoding and changes with every field") {
  const Order order = sample();
  CHECK(order_id(order) == sha256(*from_hex(sample_encoding)));
  std::vector<Order> others(7, order);
  others[0].household = *HouseholdId::from("hh02");
  others[1].interval = order.interval.next();
  others[2].side = Side::buy;
  others[3].quantity += Energy{1};
  others[4].limit += Price{1};
  others[5].sequence = 8;
  others[6].salt[15] ^= 1U;
  for (const Order& other : others) CHECK(order_id(other) != order_id(order));
}

TEST_CASE("an order with a field too few, a foreign side or bytes behind is not read") {
  Bytes encoding = *from_hex(sample_encoding);
  encoding.push_back(0);
  CHECK_FALSE(decode<Order>(encoding).ok());
  encoding = *from_hex(sample_encoding);
  encoding[0] = 0x86;
  CHECK_FALSE(decode<Order>(encoding).ok());
  encoding = *from_hex(sample_encoding);
  constexpr std::size_t side_at = 15;
  REQUIRE(encoding[side_at] == 1);
  encoding[side_at] = 2;
  CHECK_FALSE(decode<Order>(encoding).ok());
}

TEST_CASE("the published book shows id, side, quantity and limit, and nobody's name") {
  const Order order = sample();
  const BookOrder shown = book_order(order);
  CHECK(shown ==
        BookOrder{.id = order_id(order), .side = Side::sell, .quantity = Energy{1'250}, .limit = Price{-40'000}});
  const Bytes published = encode(shown);
  CHECK(as_text(published).find("hh01") == std::string::npos);
}

TEST_CASE("sides have names") {
  CHECK(to_text(Side::buy) == std::string("buy"));
  CHECK(to_text(Side::sell) == std::string("sell"));
}

}  // namespace
}  // namespace commonwatt
