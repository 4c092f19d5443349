#include <doctest/doctest.h>

#include "controller/signed_note.hpp"
#include "core/sha256.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::key_of_name;

Checkpoint sample() {
  return {.origin = "log.example/street", .size = 1'234, .root = sha256(as_bytes("root"))};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// What stands behind the name in a signature line, decoded.
Bytes payload_of(const std::string& line, const std::string& name) {
  const std::string start = "\u2014 " + name + " ";
  REQUIRE(line.starts_with(start));
  return from_base64(line.substr(start.size())).value();
}

Bytes key_hash_by_hand(const std::string& name, std::uint8_t type, const Bytes& key) {
  Bytes bytes(name.begin(), name.end());
  bytes.push_back('\n');
  bytes.push_back(type);
  bytes.insert(bytes.end(), key.begin(), key.end());
  const Hash32 digest = sha256(bytes);
  return {digest.begin(), digest.begin() + 4};
}

TEST_CASE("a checkpoint is three lines: origin, size and root in base64") {
  CHECK(note_text(sample()) == "log.example/street\n1234\n" + to_base64(sample().root) + "\n");
  CHECK(note_text({.origin = "a", .size = 0, .root = Hash32{}}) ==
        "a\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
}

TEST_CASE("a witness signs the time with the note") {
  CHECK(cosigned_text(sample(), 1'782'000'000) == "cosignature/v1\ntime 1782000000\n" + note_text(sample()));
}

TEST_CASE("a checkpoint's signature holds for it alone") {
  const SigningKey key = key_of_name(KeyKind::log, "controller");
  const Bytes signature = sign_checkpoint(key, sample());
  CHECK(checkpoint_signature_holds(key.public_key(), sample(), signature));
  std::vector<Checkpoint> others(3, sample());
  others[0].origin = "log.example/other";
  others[1].size = 1'235;
  others[2].root[31] ^= 1U;
  for (const Checkpoint& other : others) CHECK_FALSE(checkpoint_signature_holds(key.public_key(), other, signature));
  CHECK_FALSE(checkpoint_signature_holds(key_of_name(KeyKind::log, "other").public_key(), sample(), signature));
}

TEST_CASE("a cosignature holds for its checkpoint and time, and is no controller's signature") {
  const SigningKey key = key_of_name(KeyKind::log, "witness");
  const Cosignature given = cosign(key, "hh01", sample(), 1'782'000'000);
  CHECK(given.witness == "hh01");
  CHECK(cosignature_holds(key.public_key(), sample(), given));
  CHECK_FALSE(checkpoint_signature_holds(key.public_key(), sample(), given.signature));
  Cosignature other = given;
  ++other.time;
  CHECK_FALSE(cosignature_holds(key.public_key(), sample(), other));
  Checkpoint grown = sample();
  ++grown.size;
  CHECK_FALSE(cosignature_holds(key.public_key(), grown, given));
}

TEST_CASE("a signed note is text, a blank line and a line per signature, as C2SP signed-note has it") {
  const SigningKey log_key = key_of_name(KeyKind::log, "controller");
  const SigningKey witness = key_of_name(KeyKind::log, "witness");
  const Bytes signature = sign_checkpoint(log_key, sample());
  const Cosignature given = cosign(witness, "hh01", sample(), 0x0102030405060708);
  const std::string note = signed_note(sample(), {.name = "log.example/street", .public_key = log_key.public_key()},
                                       signature, {given}, {{.name = "hh01", .public_key = witness.public_key()}});
  const std::vector<std::string> lines = lines_of(note);
  REQUIRE(lines.size() == 6);
  CHECK(note.starts_with(note_text(sample()) + "\n\u2014 "));
  CHECK(note.ends_with("\n"));
  CHECK(lines[3].empty());

  Bytes expected = key_hash_by_hand("log.example/street", 0x01, log_key.public_key());
  expected.insert(expected.end(), signature.begin(), signature.end());
  CHECK(payload_of(lines[4], "log.example/street") == expected);

  expected = key_hash_by_hand("hh01", 0x04, witness.public_key());
  for (std::uint8_t byte = 1; byte <= 8; ++byte) expected.push_back(byte);
  expected.insert(expected.end(), given.signature.begin(), given.signature.end());
  CHECK(payload_of(lines[5], "hh01") == expected);
}

}  // namespace
}  // namespace commonwatt
