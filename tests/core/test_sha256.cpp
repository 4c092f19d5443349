#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "core/sha256.hpp"

namespace commonwatt {
namespace {

std::string digest(std::string_view text) {
  return to_hex(sha256(as_bytes(text)));
}

TEST_CASE("SHA-256 gives the digests of the FIPS 180-4 examples") {
  CHECK(digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(
      digest("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrst"
             "nopqrstu") == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  CHECK(digest(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("the digest of parts is the digest of them joined, empty parts included") {
  CHECK(to_hex(sha256({as_bytes("a"), {}, as_bytes("bc")})) == digest("abc"));
  CHECK(to_hex(sha256(std::initializer_list<ByteView>{})) == digest(""));
}

TEST_CASE("however long the parts are, their digest is that of them joined") {
  const std::string text(1'500, 'x');
  const std::string_view whole = text;
  for (const std::size_t first : {0U, 1U, 255U, 256U, 257U, 600U}) {
    for (const std::size_t second : {0U, 1U, 254U, 255U, 256U, 257U, 512U}) {
      const Hash32 parts =
          sha256({as_bytes(whole.substr(0, first)), as_bytes(whole.substr(0, second)), as_bytes(whole.substr(0, 300))});
      CAPTURE(first);
      CAPTURE(second);
      CHECK(to_hex(parts) == digest(text.substr(0, first + second + 300)));
    }
  }
}

TEST_CASE("each thread hashes with a context of its own") {
  std::string from_other_thread;
  std::thread([&from_other_thread] { from_other_thread = digest("abc"); }).join();
  CHECK(from_other_thread == digest("abc"));
}

}  // namespace
}  // namespace commonwatt
