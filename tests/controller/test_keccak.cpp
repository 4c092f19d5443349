#include <doctest/doctest.h>

#include "controller/keccak.hpp"

namespace commonwatt {
namespace {

std::string digest(std::string_view text) {
  return to_hex(keccak256(as_bytes(text)));
}

TEST_CASE("Keccak-256 is the EVM's, not SHA3-256") {
  CHECK(digest("") == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
  CHECK(digest("abc") == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
  // The test vectors of the Keccak submission name this one for a message of 200 bytes 0xA3.
  CHECK(digest(std::string(200, '\xA3')) == "3a57666b048777f2c953dc4456f45a2588e1cb6f2da760122d530ac2ce607d4a");
}

TEST_CASE("the kept context carries nothing from one digest to the next") {
  const std::string first = digest("abc");
  CHECK(digest(std::string(1'000, 'x')) != first);
  CHECK(digest("abc") == first);
}

TEST_CASE("two hashes give the digest of their 64 bytes joined, in that order") {
  const Hash32 a = keccak256(as_bytes("a"));
  const Hash32 b = keccak256(as_bytes("b"));
  Bytes joined(a.begin(), a.end());
  joined.insert(joined.end(), b.begin(), b.end());
  CHECK(keccak256(a, b) == keccak256(joined));
  CHECK(keccak256(b, a) != keccak256(joined));
}

}  // namespace
}  // namespace commonwatt
