// exchanges.csv, signed and unsigned.
#include <doctest/doctest.h>

#include "controller/exchange_file.hpp"
#include "core/sha256.hpp"

namespace commonwatt {
namespace {

constexpr const char* header = "time,meter,closing_import_wh,closing_export_wh,opening_import_wh,opening_export_wh\n";
constexpr const char* name = "exchanges.csv";

/// One meter of h1, m1, and the readings of it that registers.csv must have.
struct Street {
  Street() {
    table = read_registers("registers.csv",
                           "time,meter,household,import_wh,export_wh,quality\n0,m1,h1,5,0,good\n0,m2,h1,5,0,good\n",
                           rules, households)
                .value();
  }
  std::string fault(const std::string& rows) { return read_exchanges(name, rows, rules, table).value_or("right"); }

  SettleRules rules;
  NameTable households;
  SettleRegisters table;
};

std::string signed_rows(const std::string& rows, const SigningKey& key) {
  return sign_exchanges(name, header + rows, key).value();
}

}  // namespace

TEST_CASE("a signed exchange is read as an unsigned one is") {
  const SigningKey key = SigningKey::make(KeyKind::reading);
  const std::string rows = "900,m1,100,20,0,0\n1970-01-01T00:30:00Z,m1,7,1,,\n45,m2,,,3,4\n";
  Street plain;
  REQUIRE(plain.fault(header + rows) == "right");
  REQUIRE(plain.table.exchanges.at(0).size() == 2);
  Street vouched;
  vouched.rules.exchange_keys["installer"] = key.public_key();
  CHECK(vouched.fault(signed_rows(rows, key)) == "right");
  CHECK(vouched.table.exchanges == plain.table.exchanges);
}

TEST_CASE("what is signed is what is written down: bytes that another program can make") {
  const RegisterExchange exchange{.time = 900, .closing = Registers{Energy{100}, Energy{20}}, .opening = std::nullopt};
  CHECK(exchange_digest("m1", exchange) == sha256(as_bytes("commonwatt meter exchange\n900,m1,100,20,,\n")));
}

TEST_CASE("an exchange that is not signed, or by somebody else, or says something else, is refused with its line") {
  const SigningKey key = SigningKey::make(KeyKind::reading);
  const auto fault = [&key](const std::string& rows) {
    Street street;
    street.rules.exchange_keys["installer"] = key.public_key();
    return street.fault(rows);
  };
  CHECK(fault(header + std::string("900,m1,100,20,0,0\n")).starts_with("exchanges.csv:1: the header is not "));
  const std::string good = signed_rows("900,m1,100,20,0,0\n1800,m1,7,1,0,0\n", key);
  const auto changed = [&good](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  const std::string not_it = ": the signature is not one of [exchange_keys] over what this row says";
  for (const auto& [from, to] : {std::pair("\n1800,", "\n1801,"), std::pair("m1,7", "m2,7"),
                                 std::pair(",7,1,", ",6,1,"), std::pair(",7,1,0,0", ",7,1,0,1")}) {
    CHECK(fault(changed(from, to)) == "exchanges.csv:3" + not_it);
  }
  CHECK(fault(signed_rows("900,m1,100,20,0,0\n", SigningKey::make(KeyKind::reading))) == "exchanges.csv:2" + not_it);
  const std::string bare = good.substr(0, good.find('\n') + 1) + "900,m1,100,20,0,0,\n";
  CHECK(fault(bare) == "exchanges.csv:2: is not signed; sign it with 'commonwatt keys sign-exchanges'");
  Street keyless;
  CHECK(keyless.fault(good) == "exchanges.csv:1: has signatures, and settlement.toml no [exchange_keys] to check them");
}

TEST_CASE("signing signs what is not signed and leaves the rest as it is") {
  const SigningKey first = SigningKey::make(KeyKind::reading);
  const SigningKey second = SigningKey::make(KeyKind::reading);
  const std::string once = signed_rows("900,m1,100,20,0,0\n", first);
  CHECK(sign_exchanges(name, once, second).value() == once);
  const std::string twice = sign_exchanges(name, once + "1970-01-01T00:30:00Z,m1,7,1,0,0,\n", second).value();
  CHECK(twice.starts_with(once + "1970-01-01T00:30:00Z,m1,7,1,0,0,"));
  Street street;
  street.rules.exchange_keys = {{"first", first.public_key()}, {"second", second.public_key()}};
  CHECK(street.fault(twice) == "right");
  CHECK(
      sign_exchanges(name, header + std::string("900,m1,100,,0,0\n"), first).error().starts_with("exchanges.csv:2: "));
}

}  // namespace commonwatt
