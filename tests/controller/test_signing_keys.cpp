#include <doctest/doctest.h>
#include <sys/stat.h>

#include "controller/keyring.hpp"
#include "controller/signing_keys.hpp"
#include "core/sha256.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::key_of_name;
using test::key_of_secret;
using test::TemporaryDirectory;

const std::string one = std::string(63, '0') + "1";
constexpr const char* secp256k1_order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
constexpr const char* p256_order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

constexpr std::array kinds{KeyKind::order, KeyKind::reading, KeyKind::log};

/// The signature with order - s in the place of s: just as good to the curve.
Bytes other_s(const Bytes& signature, const char* order) {
  const Bytes whole = *from_hex(order);
  Bytes other = signature;
  int borrow = 0;
  for (std::size_t i = 32; i-- > 0;) {
    const int difference = whole[i] - signature[32 + i] - borrow;
    borrow = difference < 0 ? 1 : 0;
    other[32 + i] = static_cast<std::uint8_t>(difference + 256 * borrow);
  }
  return other;
}

bool holds(KeyKind kind, ByteView key, const Hash32& digest, ByteView signature) {
  if (kind == KeyKind::order) return order_signature_holds(key, digest, signature);
  if (kind == KeyKind::reading) return reading_signature_holds(key, digest, signature);
  return log_signature_holds(key, digest, signature);
}

Bytes sign(const SigningKey& key, const Hash32& digest) {
  return key.kind() == KeyKind::log ? key.sign_message(digest) : key.sign_digest(digest);
}

std::string fault_of(KeyKind kind, const std::filesystem::path& file) {
  const Result<SigningKey, std::string> key = SigningKey::load(kind, file);
  return key ? "" : key.error();
}

TEST_CASE("the secret 1 gives the generators of secp256k1 and P-256") {
  CHECK(to_hex(key_of_secret(KeyKind::order, one).public_key()) ==
        "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
  CHECK(to_hex(key_of_secret(KeyKind::reading, one).public_key()) ==
        "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296");
}

TEST_CASE("the first test of RFC 8032 gives its public key and signature") {
  const SigningKey key =
      key_of_secret(KeyKind::log, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  CHECK(to_hex(key.public_key()) == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  CHECK(to_hex(key.sign_message({})) ==
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
        "24655141438e7a100b");
}

TEST_CASE("a signature holds for its key and digest, and not with any bit of it, of the digest or the key flipped") {
  const Hash32 digest = sha256(as_bytes("a reading"));
  for (const KeyKind kind : kinds) {
    const SigningKey key = key_of_name(kind, "signer");
    Bytes signature = sign(key, digest);
    CHECK(signature.size() == 64);
    CHECK(holds(kind, key.public_key(), digest, signature));
    CHECK_FALSE(holds(kind, key_of_name(kind, "another").public_key(), digest, signature));
    for (std::size_t bit = 0; bit < 512; ++bit) {
      signature[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      REQUIRE_FALSE(holds(kind, key.public_key(), digest, signature));
      signature[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    }
    Bytes point = key.public_key();
    for (std::size_t byte = 0; byte < point.size(); ++byte) {
      point[byte] ^= 0x10U;
      REQUIRE_FALSE(holds(kind, point, digest, signature));
      point[byte] ^= 0x10U;
    }
    Hash32 other = digest;
    other[0] ^= 1U;
    CHECK_FALSE(holds(kind, key.public_key(), other, signature));
  }
}

TEST_CASE("a key or a signature of another length does not hold") {
  const Hash32 digest = sha256(as_bytes("a reading"));
  for (const KeyKind kind : kinds) {
    const SigningKey key = key_of_name(kind, "signer");
    Bytes signature = sign(key, digest);
    CHECK_FALSE(holds(kind, {}, digest, signature));
    CHECK_FALSE(holds(kind, key.public_key(), digest, {}));
    CHECK_FALSE(holds(kind, Bytes(key.public_key().size()), digest, signature));
    CHECK_FALSE(holds(kind, key.public_key(), digest, Bytes(64)));
    CHECK_FALSE(holds(kind, key.public_key(), digest, Bytes(64, 0xFF)));
    signature.push_back(0);
    CHECK_FALSE(holds(kind, key.public_key(), digest, signature));
    signature.resize(63);
    CHECK_FALSE(holds(kind, key.public_key(), digest, signature));
  }
}

TEST_CASE("the higher s of an order's or a reading's signature is refused: one signature, one form") {
  for (int i = 0; i < 20; ++i) {
    const Hash32 digest = sha256(as_bytes("message " + std::to_string(i)));
    for (const auto& [kind, order] :
         {std::pair{KeyKind::order, secp256k1_order}, std::pair{KeyKind::reading, p256_order}}) {
      const SigningKey key = key_of_name(kind, "signer");
      const Bytes signature = key.sign_digest(digest);
      CHECK(holds(kind, key.public_key(), digest, signature));
      CHECK_FALSE(holds(kind, key.public_key(), digest, other_s(signature, order)));
      CHECK(other_s(other_s(signature, order), order) == signature);
    }
  }
}

TEST_CASE("a key that was saved is loaded again, and only as the kind it is") {
  const TemporaryDirectory directory;
  for (const KeyKind kind : kinds) {
    const SigningKey key = SigningKey::make(kind);
    const std::filesystem::path file = directory / (std::string(to_text(kind)) + ".key");
    REQUIRE(key.save(file).ok());
    const Result<SigningKey, std::string> loaded = SigningKey::load(kind, file);
    REQUIRE(loaded.ok());
    CHECK(loaded->public_key() == key.public_key());
    CHECK(loaded->kind() == kind);
    for (const KeyKind other : kinds) CHECK(SigningKey::load(other, file).ok() == (other == kind));
  }
}

TEST_CASE("a key file is its owner's alone, and a key that others may read is refused") {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory / "log.key";
  REQUIRE(SigningKey::make(KeyKind::log).save(file).ok());
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  for (const mode_t mode : {0640U, 0604U, 0620U, 0601U, 0644U}) {
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    CHECK(fault_of(KeyKind::log, file).find("others may read this key") != std::string::npos);
  }
  REQUIRE(::chmod(file.c_str(), 0400) == 0);
  CHECK(fault_of(KeyKind::log, file).empty());
}

TEST_CASE("a key is never written over a file that is there") {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory / "log.key";
  REQUIRE(SigningKey::make(KeyKind::log).save(file).ok());
  const std::string before = test::file_text(file);
  CHECK_FALSE(SigningKey::make(KeyKind::log).save(file).ok());
  CHECK(test::file_text(file) == before);
  CHECK_FALSE(SigningKey::make(KeyKind::log).save(directory / "missing" / "log.key").ok());
}

TEST_CASE("what is wrong with a key file is said with the file's name") {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory / "order.key";
  CHECK(fault_of(KeyKind::order, file).find("commonwatt keys make") != std::string::npos);
  const auto fault_with = [&](const std::string& text) {
    test::write_text(file, text);
    ::chmod(file.c_str(), 0600);
    std::string fault = fault_of(KeyKind::order, file);
    CHECK((fault.empty() || fault.find(file.string()) == 0));
    return fault;
  };
  CHECK(fault_with("").find("not a commonwatt order key") != std::string::npos);
  CHECK(fault_with("commonwatt-order-key 12").find("not a commonwatt order key") != std::string::npos);
  CHECK(fault_with("commonwatt-log-key " + one).find("not a commonwatt order key") != std::string::npos);
  CHECK(fault_with("commonwatt-order-key " + std::string(64, '0')).find("not a valid key") != std::string::npos);
  CHECK(fault_with(std::string("commonwatt-order-key ") + secp256k1_order).find("not a valid key") !=
        std::string::npos);
  CHECK(fault_with("commonwatt-order-key " + one).empty());
}

TEST_CASE("keys made twice are made once, in a directory of their owner alone") {
  const TemporaryDirectory directory;
  const std::filesystem::path keys = directory / "keys";
  CHECK_FALSE(HouseholdKeys::load(keys).ok());
  REQUIRE(make_keys(keys, {kinds.begin(), kinds.end()}).ok());
  struct stat status {};
  REQUIRE(::stat(keys.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0700U);
  const std::string before = test::file_text(key_file(keys, KeyKind::order));
  REQUIRE(make_keys(keys, {kinds.begin(), kinds.end()}).ok());
  CHECK(test::file_text(key_file(keys, KeyKind::order)) == before);
  CHECK(HouseholdKeys::load(keys).ok());
}

TEST_CASE("a rotated key is a new one, and the old one stays beside it") {
  const TemporaryDirectory directory;
  CHECK_FALSE(rotate_key(directory.path(), KeyKind::order, UtcTime{}).ok());
  REQUIRE(make_keys(directory.path(), {KeyKind::order}).ok());
  const std::filesystem::path file = key_file(directory.path(), KeyKind::order);
  const Bytes old_key = SigningKey::load(KeyKind::order, file)->public_key();
  const Result<SigningKey, std::string> fresh = rotate_key(directory.path(), KeyKind::order, UtcTime::from_seconds(77));
  REQUIRE(fresh.ok());
  CHECK(fresh->public_key() != old_key);
  CHECK(SigningKey::load(KeyKind::order, file)->public_key() == fresh->public_key());
  CHECK(SigningKey::load(KeyKind::order, file.string() + ".until-77")->public_key() == old_key);
  // The same second again: the old key's name is taken, and nothing is lost.
  CHECK_FALSE(rotate_key(directory.path(), KeyKind::order, UtcTime::from_seconds(77)).ok());
  CHECK(SigningKey::load(KeyKind::order, file)->public_key() == fresh->public_key());
  CHECK(SigningKey::load(KeyKind::order, file.string() + ".until-77")->public_key() == old_key);
  CHECK(rotate_key(directory.path(), KeyKind::order, UtcTime::from_seconds(78)).ok());
  const std::vector<Bytes> ever = public_keys_ever(directory.path(), KeyKind::order);
  CHECK(ever.size() == 3);
  CHECK(std::count(ever.begin(), ever.end(), old_key) == 1);
}

TEST_CASE("random salts and hashes differ") {
  CHECK(random_salt() != random_salt());
  CHECK(random_hash() != random_hash());
}

}  // namespace
}  // namespace commonwatt
