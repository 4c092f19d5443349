#include <cstdlib>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "controller/chain/evm_key.hpp"
#include "controller/keccak.hpp"
#include "tests/controller/temporary_directory.hpp"

using namespace commonwatt;
using test::TemporaryDirectory;

namespace {

/// The order of secp256k1 (SEC 2, section 2.4.1).
const Uint256 curve_order("0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141");

}  // namespace

TEST_CASE("the number one is the key of a well-known address; zero and the curve's order are no keys") {
  CHECK(to_text(EvmKey::from(word_of(1))->address()) == "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
  CHECK_FALSE(EvmKey::from(word_of(0)));
  CHECK_FALSE(EvmKey::from(word_of(curve_order)));
  CHECK(EvmKey::from(word_of(curve_order - 1)));
}

TEST_CASE("a signature leads back to its signer, and to nobody when it is the higher s or has another v") {
  const EvmKey key = EvmKey::make();
  for (std::uint8_t i = 0; i < 50; ++i) {
    const Hash32 digest = keccak256(Bytes{i});
    const EvmSignature signature = key.sign(digest);
    const Bytes packed = signature.packed();
    CHECK(recover_signer(digest, packed) == key.address());
    CHECK(number_of(signature.s) <= curve_order / 2);
    CHECK(key.sign(digest).packed() == packed);

    EvmSignature high = signature;
    high.s = word_of(curve_order - number_of(signature.s));
    high.y_parity ^= 1U;
    CHECK_FALSE(recover_signer(digest, high.packed()));
    Bytes odd = packed;
    odd.back() = 29;
    CHECK_FALSE(recover_signer(digest, odd));
    odd.back() = 0;
    CHECK_FALSE(recover_signer(digest, odd));
    CHECK(recover_signer(keccak256({}), packed) != key.address());
  }
  CHECK_FALSE(recover_signer({}, Bytes(65)));
  CHECK_FALSE(recover_signer({}, Bytes(64)));
}

TEST_CASE("a key's file holds its kind, is never overwritten and must be its owner's alone") {
  const TemporaryDirectory directory;
  const auto file = directory / "relayer.key";
  const EvmKey key = EvmKey::make();
  REQUIRE(key.save(EvmKeyKind::relayer, file));
  CHECK_FALSE(key.save(EvmKeyKind::relayer, file));
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
  const auto loaded = EvmKey::load(EvmKeyKind::relayer, file);
  REQUIRE(loaded);
  CHECK(loaded->address() == key.address());

  CHECK(EvmKey::load(EvmKeyKind::attester, file).error().find("not the key of an attester") != std::string::npos);
  std::filesystem::permissions(file, std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  CHECK(EvmKey::load(EvmKeyKind::relayer, file).error().find("others may read") != std::string::npos);
  CHECK(EvmKey::load(EvmKeyKind::relayer, directory / "none").error().find("No such file") != std::string::npos);
}

TEST_CASE("a key comes out of systemd's credentials directory by a name that cannot leave it") {
  const TemporaryDirectory directory;
  const EvmKey key = EvmKey::make();
  REQUIRE(key.save(EvmKeyKind::attester, directory / "attester"));
  ::unsetenv("CREDENTIALS_DIRECTORY");
  CHECK(EvmKey::load_credential(EvmKeyKind::attester, "attester").error().find("LoadCredential=attester") !=
        std::string::npos);
  ::setenv("CREDENTIALS_DIRECTORY", directory.path().c_str(), 1);
  // As systemd shows a credential that an access control list opens for the service's user.
  std::filesystem::permissions(directory / "attester", static_cast<std::filesystem::perms>(0440));
  const auto loaded = EvmKey::load_credential(EvmKeyKind::attester, "attester");
  REQUIRE(loaded);
  CHECK(loaded->address() == key.address());
  for (const char* name : {"../attester", "..", ".", ""})
    CHECK_FALSE(EvmKey::load_credential(EvmKeyKind::attester, name));
  CHECK_FALSE(EvmKey::load_credential(EvmKeyKind::attester, "none"));
  std::filesystem::permissions(directory / "attester", static_cast<std::filesystem::perms>(0444));
  CHECK(EvmKey::load_credential(EvmKeyKind::attester, "attester").error().find("everybody") != std::string::npos);
  ::unsetenv("CREDENTIALS_DIRECTORY");
}
