#include <doctest/doctest.h>

#include "controller/eip712.hpp"
#include "controller/keccak.hpp"
#include "core/sha256.hpp"

namespace commonwatt {
namespace {

constexpr Salt16 salt{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
constexpr const char* salt_word = "000102030405060708090a0b0c0d0e0f00000000000000000000000000000000";

Order sample_order() {
  Order order;
  order.household = *HouseholdId::from("hh01");
  order.interval = Interval(1'782'000'000, 900);
  order.side = Side::sell;
  order.quantity = Energy{1'250};
  order.limit = Price{-40'000};
  order.sequence = 7;
  order.salt = salt;
  return order;
}

Reading sample_reading() {
  Reading reading;
  reading.meter = *MeterId::from("m-grid");
  reading.time = UtcTime::from_seconds(1'782'000'900);
  reading.registers = {Energy{123'456}, Energy{789}};
  reading.sequence = 42;
  reading.salt = salt;
  reading.raw.fill(0xAB);
  return reading;
}

std::string keccak_hex(const std::string& hex) {
  return to_hex(keccak256(*from_hex(hex)));
}
std::string keccak_of_text(std::string_view text) {
  return to_hex(keccak256(as_bytes(text)));
}
std::string zeros(std::size_t digits) {
  return std::string(digits, '0');
}

/// The domain separator written out by hand: four words, the chain's id last.
std::string domain_by_hand() {
  return keccak_hex(keccak_of_text("EIP712Domain(string name,string version,uint256 chainId)") +
                    keccak_of_text("Commonwatt") + keccak_of_text("1") + zeros(64));
}

TEST_CASE("an order's digest is the one its words give, written out by hand") {
  const std::string type = keccak_of_text(
      "Order(bytes32 household,uint256 intervalBegin,uint256 intervalLength,uint8 side,uint256 quantityWh,"
      "int256 limitMicroPerKwh,uint256 sequence,bytes16 salt)");
  const std::string words = type + "68683031" + zeros(56)    // "hh01", zeros behind
                            + zeros(56) + "6a372980"         // 1782000000
                            + zeros(61) + "384"              // 900
                            + zeros(63) + "1"                // sell
                            + zeros(61) + "4e2"              // 1250
                            + std::string(60, 'f') + "63c0"  // -40000 in two's complement
                            + zeros(63) + "7" + salt_word;
  CHECK(to_hex(order_digest(sample_order())) == keccak_hex("1901" + domain_by_hand() + keccak_hex(words)));
}

// The three values below were computed by a separate implementation of Keccak and EIP-712 in another language.
TEST_CASE("domain, order and reading have the digests another implementation gives them") {
  CHECK(domain_by_hand() == "e8754a627f0383a07ee606802e93749f47469281aaef1c124e283738bf4fcb35");
  CHECK(to_hex(order_digest(sample_order())) == "d50d151988ccfdfc0571317f3c0695cd80b53c6bd12b308860e808ec21cbe558");
  CHECK(to_hex(reading_digest(sample_reading())) == "a89a80d57fe81408bde3645592ec51de1f8895c430e8ba424abca91dc3e1bf5b");
}

TEST_CASE("every field of an order changes its digest") {
  std::vector<Order> others(8, sample_order());
  others[0].household = *HouseholdId::from("hh02");
  others[1].interval = others[1].interval.next();
  others[2].interval = Interval(1'782'000'000, 300);
  others[3].side = Side::buy;
  others[4].quantity += Energy{1};
  others[5].limit = -others[5].limit;
  others[6].sequence = 8;
  others[7].salt[15] ^= 1U;
  for (const Order& other : others) CHECK(order_digest(other) != order_digest(sample_order()));
}

TEST_CASE("every field of a reading changes its digest and its id") {
  std::vector<Reading> others(7, sample_reading());
  others[0].meter = *MeterId::from("m-grid2");
  others[1].time = others[1].time + std::chrono::seconds(1);
  others[2].registers.import += Energy{1};
  others[3].registers.export_ += Energy{1};
  others[4].sequence = 43;
  others[5].salt[0] ^= 1U;
  others[6].raw[31] ^= 1U;
  for (const Reading& other : others) {
    CHECK(reading_digest(other) != reading_digest(sample_reading()));
    CHECK(reading_id(other) != reading_id(sample_reading()));
  }
  CHECK(reading_id(sample_reading()) == sha256(encode(sample_reading())));
}

TEST_CASE("a name of 32 characters fills its word") {
  Order order = sample_order();
  order.household = *HouseholdId::from(std::string(32, 'a'));
  Order other = order;
  other.household = *HouseholdId::from(std::string(31, 'a'));
  CHECK(order_digest(order) != order_digest(other));
}

}  // namespace
}  // namespace commonwatt
