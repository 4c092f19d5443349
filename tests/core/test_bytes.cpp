#include <string>

#include <doctest/doctest.h>

#include "core/bytes.hpp"

namespace commonwatt {
namespace {

Bytes of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

Bytes every_byte() {
  Bytes bytes;
  for (unsigned value = 0; value < 256; ++value) bytes.push_back(static_cast<std::uint8_t>(value));
  return bytes;
}

TEST_CASE("hexadecimal is written in lower case, two digits a byte") {
  CHECK(to_hex(Bytes{0x00, 0x0F, 0xA5, 0xFF}) == "000fa5ff");
  CHECK(to_hex({}).empty());
}

TEST_CASE("every byte survives hexadecimal, whatever the case of its digits") {
  CHECK(from_hex(to_hex(every_byte())) == every_byte());
  CHECK(from_hex("DeadBEEF") == Bytes{0xDE, 0xAD, 0xBE, 0xEF});
  CHECK(from_hex("") == Bytes{});
}

TEST_CASE("a hexadecimal text of odd length or with a foreign digit is refused") {
  for (const char* text : {"0", "abc", "0g", "g0", "0x12", " 12", "1 ", "+1", "-1", "/0", ":0", "@0", "`0"}) {
    CAPTURE(text);
    CHECK_FALSE(from_hex(text));
  }
}

TEST_CASE("a hash is 32 bytes of hexadecimal, neither more nor less") {
  const std::string text(64, 'a');
  const auto hash = hash_from_hex(text);
  REQUIRE(hash);
  CHECK(to_hex(*hash) == text);
  CHECK_FALSE(hash_from_hex(text.substr(2)));
  CHECK_FALSE(hash_from_hex(text + "aa"));
  CHECK_FALSE(hash_from_hex(text.substr(1) + "x"));
  CHECK_FALSE(hash_from_hex(""));
}

TEST_CASE("text and bytes are two views of the same octets, zero included") {
  const std::string text("a\0\xFF", 3);
  CHECK(as_text(as_bytes(text)) == text);
}

TEST_CASE("base64 writes the test vectors of RFC 4648 section 10") {
  struct Vector {
    const char* plain;
    const char* encoded;
  };
  const std::vector<Vector> vectors = {{"", ""},
                                       {"f", "Zg=="},
                                       {"fo", "Zm8="},
                                       {"foo", "Zm9v"},
                                       {"foob", "Zm9vYg=="},
                                       {"fooba", "Zm9vYmE="},
                                       {"foobar", "Zm9vYmFy"}};
  for (const Vector& vector : vectors) {
    CAPTURE(vector.encoded);
    CHECK(to_base64(as_bytes(vector.plain)) == vector.encoded);
    CHECK(from_base64(vector.encoded) == of(vector.plain));
  }
}

TEST_CASE("bytes of every value and every length up to 256 survive base64") {
  Bytes bytes = every_byte();
  while (!bytes.empty()) {
    CHECK(from_base64(to_base64(bytes)) == bytes);
    bytes.pop_back();
  }
}

TEST_CASE("base64 that to_base64 would not have written is refused") {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "=Zg=", "Z===", "Zm=v",
                           "Zg==Zg==", "Zh==", "Zm9=", "Zm9v\n", " Zm9", "Zm-_", "Zm9vYg==\n"}) {
    CAPTURE(text);
    CHECK_FALSE(from_base64(text));
  }
}

}  // namespace
}  // namespace commonwatt
