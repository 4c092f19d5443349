#include <random>

#include <doctest/doctest.h>

#include "core/cbor.hpp"
#include "tests/core/cbor_sample.hpp"

namespace commonwatt {
namespace {

using cbor_sample::Everything;
using cbor_sample::Leg;
using cbor_sample::Side;

Bytes hex(std::string_view text) {
  return from_hex(text).value();
}

template <class T>
bool is_refused(std::string_view text) {
  return !decode<T>(hex(text)).ok();
}

template <class T>
std::string reason(std::string_view text) {
  return to_text(decode<T>(hex(text)).error());
}

template <class T>
void check_vector(const T& value, std::string_view text) {
  CAPTURE(text);
  CHECK(to_hex(encode(value)) == text);
  const auto decoded = decode<T>(hex(text));
  REQUIRE(decoded.ok());
  CHECK(decoded.value() == value);
}

Everything sample() {
  Everything record;
  record.flag = true;
  record.tiny = -7;
  record.count = 70'000;
  record.large = std::numeric_limits<std::int64_t>::min();
  record.side = Side::sell;
  record.money = Money{85'410'000};
  record.time = UtcTime::from_seconds(1'750'500'000);
  record.interval = Interval(1'750'500'000, 900);
  record.household = *HouseholdId::from("hh01");
  record.text = "Grüße";
  record.bytes = Bytes(300, 0xAB);
  record.hash.fill(0x5A);
  record.leg = {.energy = Energy{1}, .price = Price{-1}};
  record.maybe = record.leg;
  record.legs = {record.leg, {.energy = Energy{24}, .price = Price{256}}};
  record.meters = {*MeterId::from("m1"), *MeterId::from("m2")};
  record.bills = {{*HouseholdId::from("a"), Money{1}}, {*HouseholdId::from("b"), Money{-1}}};
  record.choice = record.leg;
  return record;
}

/// Draws records whose every field takes small, large and empty values.
class RandomRecords {
 public:
  explicit RandomRecords(std::uint64_t seed) : engine_(seed) {}

  Everything next() {
    Everything record;
    record.flag = below(2) == 1;
    record.tiny = static_cast<std::int8_t>(number());
    record.count = static_cast<std::uint32_t>(number());
    record.large = number();
    record.side = below(2) == 1 ? Side::sell : Side::buy;
    record.money = Money{number()};
    record.time = UtcTime{number()};
    record.interval = Interval::containing(UtcTime::from_seconds(number() % begin_max), below(2) == 1 ? 900 : 300);
    record.household = name<HouseholdId>();
    record.text = as_text(octets());
    record.bytes = octets();
    record.hash.fill(static_cast<std::uint8_t>(below(256)));
    record.leg = leg();
    if (below(2) == 1) record.maybe = leg();
    for (std::uint64_t i = below(30); i > 0; --i) record.legs.push_back(leg());
    for (std::uint64_t i = below(5); i > 0; --i) record.meters.insert(name<MeterId>());
    for (std::uint64_t i = below(5); i > 0; --i) record.bills[name<HouseholdId>()] = Money{number()};
    if (below(3) == 0) record.choice = leg();
    if (below(3) == 0) record.choice = as_text(octets());
    return record;
  }

 private:
  /// The last second at which an interval may begin and still be read back: beyond it, times no longer fit 64 bits.
  static constexpr std::int64_t begin_max = 9'000'000'000;

  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  /// Numbers of every length, so that each width of the encoding is met.
  std::int64_t number() { return static_cast<std::int64_t>(engine_()) >> below(64); }
  Leg leg() { return {.energy = Energy{number()}, .price = Price{number()}}; }
  Bytes octets() {
    Bytes bytes(below(300));
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(below(256));
    return bytes;
  }
  template <class Name>
  Name name() {
    return *Name::from("n" + std::to_string(below(1000)));
  }

  std::mt19937_64 engine_;
};

TEST_CASE("integers are written as RFC 8949 appendix A shows") {
  check_vector<std::int64_t>(0, "00");
  check_vector<std::int64_t>(1, "01");
  check_vector<std::int64_t>(10, "0a");
  check_vector<std::int64_t>(23, "17");
  check_vector<std::int64_t>(24, "1818");
  check_vector<std::int64_t>(25, "1819");
  check_vector<std::int64_t>(100, "1864");
  check_vector<std::int64_t>(1000, "1903e8");
  check_vector<std::int64_t>(1'000'000, "1a000f4240");
  check_vector<std::int64_t>(1'000'000'000'000, "1b000000e8d4a51000");
  check_vector<std::int64_t>(-1, "20");
  check_vector<std::int64_t>(-10, "29");
  check_vector<std::int64_t>(-100, "3863");
  check_vector<std::int64_t>(-1000, "3903e7");
}

TEST_CASE("integers change width exactly at the bounds of one, two, four and eight bytes") {
  check_vector<std::int64_t>(255, "18ff");
  check_vector<std::int64_t>(256, "190100");
  check_vector<std::int64_t>(65'535, "19ffff");
  check_vector<std::int64_t>(65'536, "1a00010000");
  check_vector<std::int64_t>(4'294'967'295, "1affffffff");
  check_vector<std::int64_t>(4'294'967'296, "1b0000000100000000");
  check_vector<std::int64_t>(-24, "37");
  check_vector<std::int64_t>(-25, "3818");
  check_vector(std::numeric_limits<std::int64_t>::max(), "1b7fffffffffffffff");
  check_vector(std::numeric_limits<std::int64_t>::min(), "3b7fffffffffffffff");
}

TEST_CASE("byte strings and arrays are written as RFC 8949 appendix A shows") {
  check_vector(Bytes{}, "40");
  check_vector(Bytes{1, 2, 3, 4}, "4401020304");
  check_vector(std::vector<std::int64_t>{}, "80");
  check_vector(std::vector<std::int64_t>{1, 2, 3}, "83010203");
  check_vector(std::vector<std::vector<int>>{{2, 3}, {4, 5}}, "82820203820405");
  std::vector<int> numbers;
  for (int i = 1; i <= 25; ++i) numbers.push_back(i);
  check_vector(numbers, "98190102030405060708090a0b0c0d0e0f101112131415161718181819");
}

TEST_CASE("a record is an array of its fields, in order") {
  check_vector(Leg{.energy = Energy{300}, .price = Price{-1}}, "8219012c20");
  check_vector(std::optional<Energy>{}, "80");
  check_vector(std::optional<Energy>{Energy{5}}, "8105");
  check_vector(std::variant<Energy, bool>{true}, "820101");
  check_vector(std::map<int, int>{{1, 2}, {3, 4}}, "8401020304");
  check_vector(std::set<int>{1, 2}, "820102");
  check_vector(Interval(900, 300), "8219038419012c");
  check_vector(*HouseholdId::from("hh01"), "4468683031");
  check_vector(Side::sell, "01");
}

TEST_CASE("a record with a field of every kind comes back as it was") {
  const Bytes bytes = encode(sample());
  const auto decoded = decode<Everything>(bytes);
  REQUIRE(decoded.ok());
  CHECK(decoded.value() == sample());
  CHECK(encode(decoded.value()) == bytes);
}

TEST_CASE("random records come back as they were") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  RandomRecords records(seed);
  for (int round = 0; round < 300; ++round) {
    const Everything record = records.next();
    const Bytes bytes = encode(record);
    const auto decoded = decode<Everything>(bytes);
    REQUIRE(decoded.ok());
    REQUIRE(decoded.value() == record);
    REQUIRE(encode(decoded.value()) == bytes);
  }
}

TEST_CASE("a record cut off at any byte is refused") {
  const Bytes bytes = encode(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(decode<Everything>(ByteView(bytes).first(size)).ok());
  }
}

TEST_CASE("a byte after the record is refused") {
  Bytes bytes = encode(sample());
  bytes.push_back(0);
  const auto decoded = decode<Everything>(bytes);
  REQUIRE_FALSE(decoded.ok());
  CHECK(to_text(decoded.error()) == "bytes follow the record at byte " + std::to_string(bytes.size() - 1));
}

TEST_CASE("a changed byte is refused or gives another record that has exactly those bytes") {
  const Bytes bytes = encode(sample());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const unsigned flip : {1U, 2U, 16U, 32U, 128U}) {
      Bytes changed = bytes;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ flip);
      const auto decoded = decode<Everything>(changed);
      if (!decoded.ok()) continue;
      CHECK(encode(decoded.value()) == changed);
      CHECK_FALSE(decoded.value() == sample());
    }
  }
}

TEST_CASE("a number that is not in its shortest form is refused") {
  for (const char* text : {"1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "3817", "3900ff"}) {
    CAPTURE(text);
    CHECK(reason<std::int64_t>(text) == "a number is not in its shortest form at byte 0");
  }
  CHECK(is_refused<Bytes>("580101"));
  CHECK(is_refused<std::vector<int>>("980101"));
}

TEST_CASE("indefinite lengths and reserved initial bytes are refused") {
  CHECK(reason<Bytes>("5f42010243030405ff") == "a length is indefinite or reserved at byte 0");
  CHECK(reason<std::vector<int>>("9f01ff") == "a length is indefinite or reserved at byte 0");
  for (const char* text : {"1c", "1d", "1e", "1f", "3c", "3f"}) {
    CAPTURE(text);
    CHECK(is_refused<std::int64_t>(text));
  }
}

TEST_CASE("what is neither integer, byte string nor array is refused") {
  // A text, a map, a tag, false, null and two floats, from appendix A.
  for (const char* text : {"6161", "a0", "c11a514b67b0", "f4", "f6", "f90000", "fb3ff199999999999a"}) {
    CAPTURE(text);
    CHECK(reason<std::int64_t>(text) == "an integer was expected at byte 0");
    CHECK(reason<Bytes>(text) == "a byte string was expected at byte 0");
    CHECK(reason<std::vector<int>>(text) == "an array was expected at byte 0");
  }
}

TEST_CASE("an integer of more than 64 bits is refused") {
  CHECK(is_refused<std::int64_t>("1bffffffffffffffff"));
  CHECK(is_refused<std::int64_t>("1b8000000000000000"));
  CHECK(is_refused<std::int64_t>("3bffffffffffffffff"));
  CHECK(is_refused<std::int64_t>("3b8000000000000000"));
}

TEST_CASE("a number beyond its field is refused") {
  CHECK(is_refused<std::int8_t>("1880"));
  CHECK(is_refused<std::uint32_t>("20"));
  CHECK(is_refused<std::uint32_t>("1b0000000100000000"));
  CHECK(is_refused<bool>("02"));
  CHECK(is_refused<Side>("02"));
  CHECK(is_refused<Side>("20"));
}

TEST_CASE("a record with a field too few or too many is refused") {
  CHECK(is_refused<Leg>("8101"));
  CHECK(is_refused<Leg>("83010101"));
  CHECK(is_refused<Leg>("80"));
  CHECK(is_refused<std::optional<int>>("820101"));
  CHECK(is_refused<std::variant<Energy, bool>>("8101"));
  CHECK(is_refused<std::variant<Energy, bool>>("820201"));
  CHECK(is_refused<std::variant<Energy, bool>>("822001"));
  CHECK(is_refused<std::map<int, int>>("83010203"));
}

TEST_CASE("sets and maps come in rising order, each key once") {
  CHECK(is_refused<std::set<int>>("820201"));
  CHECK(is_refused<std::set<int>>("820101"));
  CHECK(is_refused<std::map<int, int>>("8402000100"));
  CHECK(is_refused<std::map<int, int>>("8401000100"));
}

TEST_CASE("names, hashes and intervals are checked where they are read") {
  CHECK(is_refused<HouseholdId>("40"));
  CHECK(is_refused<HouseholdId>("4141"));
  CHECK(is_refused<Hash32>("4101"));
  CHECK(is_refused<Interval>("8201190384"));
  CHECK(is_refused<Interval>("820000"));
  CHECK(is_refused<Interval>("821b7fffffffffffffff190384"));
}

TEST_CASE("a forged length does not make the reader allocate") {
  CHECK(is_refused<std::vector<std::int64_t>>("9b7fffffffffffffff"));
  CHECK(is_refused<Bytes>("5b7fffffffffffffff00"));
  CHECK(is_refused<Bytes>("5bffffffffffffffff00"));
}

}  // namespace
}  // namespace commonwatt
