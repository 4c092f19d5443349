#include <doctest/doctest.h>

#include "controller/note_reader.hpp"
#include "core/sha256.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::key_of_name;

const Checkpoint state{.origin = "log.example/street", .size = 1'234, .root = sha256(as_bytes("root"))};

const SigningKey& log_key() {
  static const SigningKey key = key_of_name(KeyKind::log, "controller");
  return key;
}
NoteKey witness_key(const std::string& name) {
  return {.name = name, .public_key = key_of_name(KeyKind::log, name).public_key()};
}
std::string sample() {
  const Cosignature first = cosign(key_of_name(KeyKind::log, "hh01"), "hh01", state, 1'782'000'000);
  const Cosignature second = cosign(key_of_name(KeyKind::log, "hh02"), "hh02", state, 1'782'000'001);
  return signed_note(state, {.name = state.origin, .public_key = log_key().public_key()},
                     sign_checkpoint(log_key(), state), {first, second}, {witness_key("hh01"), witness_key("hh02")});
}

TEST_CASE("a note read gives back its checkpoint and whose signatures hold") {
  const Result<ParsedNote, std::string> note = parse_note(sample());
  REQUIRE(note.ok());
  CHECK(note_of(*note) == sample());
  CHECK(note->signatures.size() == 3);
  CHECK(signed_by(*note, log_key().public_key())->checkpoint == state);
  CHECK(signed_by(*note, witness_key("hh01").public_key).error() == "no line is signed by the log's key");
  const std::vector<Cosignature> held = cosigned_by(*note, {witness_key("hh02"), witness_key("hh03")});
  REQUIRE(held.size() == 1);
  CHECK(held[0].witness == "hh02");
  CHECK(held[0].time == 1'782'000'001);
  CHECK(cosigned_by(*note, {}).empty());
}

TEST_CASE("a note has one text: every bit flipped makes it unreadable, another note, or one that nobody signed") {
  const std::string text = sample();
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string changed = text;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ (1U << bit));
      const Result<ParsedNote, std::string> note = parse_note(changed);
      if (!note.ok()) continue;
      CAPTURE(at);
      REQUIRE(note_of(*note) == changed);
      const bool all_hold = signed_by(*note, log_key().public_key()).ok() &&
                            cosigned_by(*note, {witness_key("hh01"), witness_key("hh02")}).size() == 2;
      REQUIRE_FALSE(all_hold);
    }
  }
}

TEST_CASE("what is no note is refused with the line and the reason") {
  const auto error = [](const std::string& text) { return parse_note(text).error(); };
  CHECK(error("") == "is not origin, size and root, a line each, and an empty line");
  CHECK(error("a b\n1\nAA==\n\n") == "line 1: the origin is empty or has a space, '+' or no ASCII");
  CHECK(error("a\n01\nAA==\n\n") == "line 2: the size is not a plain number");
  CHECK(error("a\n-1\nAA==\n\n") == "line 2: the size is not a plain number");
  CHECK(error("a\n1\nAA==\n\n") == "line 3: the root is not 32 bytes in base64");
  CHECK(error(note_text(state) + "\n") == "is signed by nobody");
  CHECK(error(note_text(state) + "\nx\n") == "line 5: is not a signature line");
  CHECK(error(std::string(note_size_max + 1, 'x')) == "is larger than a note can be");
}

TEST_CASE("a verifier key is name, hash and key, and is read back only as it was written") {
  const NoteKey key = witness_key("hh01");
  const std::string text = verifier_key(key, NoteSigner::witness);
  CHECK(text.starts_with("hh01+" + to_hex(key_hash(key, NoteSigner::witness)) + "+"));
  CHECK(key_of_verifier_key(text, NoteSigner::witness)->public_key == key.public_key);
  CHECK_FALSE(key_of_verifier_key(text, NoteSigner::log).has_value());
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CHECK_FALSE(key_of_verifier_key(changed, NoteSigner::witness).has_value());
  }
  CHECK_FALSE(key_of_verifier_key("", NoteSigner::witness).has_value());
}

}  // namespace
}  // namespace commonwatt
