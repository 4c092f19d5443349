#include <sstream>
#include <thread>

#include <dlfcn.h>
#include <doctest/doctest.h>

#include "controller/chain/chain_command.hpp"
#include "controller/chain/pkcs11_key.hpp"
#include "controller/chain/pkcs11_session.hpp"
#include "controller/chain/rlp.hpp"
#include "controller/chain/transaction.hpp"
#include "controller/keccak.hpp"
#include "controller/signing_keys.hpp"
#include "tests/chain/soft_token.hpp"

using namespace commonwatt;
using test::SoftTokens;

namespace {

/// Half the order of secp256k1 (SEC 2, section 2.4.1).
const Uint256 half_order("0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0");

Pkcs11Key opened(const std::string& object) {
  Result<Pkcs11Key, std::string> key = Pkcs11Key::open(SoftTokens::all().key(object));
  CAPTURE((key ? "" : key.error()));
  REQUIRE(key);
  return std::move(*key);
}

std::string refusal(const Pkcs11Uri& uri) {
  const Result<Pkcs11Key, std::string> key = Pkcs11Key::open(uri);
  return key ? "" : key.error();
}

bool has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

bool signs(const Pkcs11Key& key) {
  const Hash32 digest = random_hash();
  const auto signature = key.sign(digest);
  return signature && recover_signer(digest, signature->packed()) == key.address();
}

/// The module as another user of it in this process has it.
CK_FUNCTION_LIST* module() {
  void* library = ::dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library != nullptr);
  const auto functions = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST* list = nullptr;
  REQUIRE(functions(&list) == CKR_OK);
  return list;
}

std::vector<CK_SLOT_ID> slots() {
  std::vector<CK_SLOT_ID> found(16);
  CK_ULONG size = found.size();
  REQUIRE(module()->C_GetSlotList(CK_TRUE, found.data(), &size) == CKR_OK);
  found.resize(size);
  return found;
}

}  // namespace

TEST_CASE("what a token signs leads back to its key's address, always with the lower s") {
  const Pkcs11Key key = opened("imported");
  for (int i = 0; i < 200; ++i) {
    const Hash32 digest = random_hash();
    const auto signature = key.sign(digest);
    REQUIRE(signature);
    CHECK(recover_signer(digest, signature->packed()) == key.address());
    CHECK(number_of(signature->s) <= half_order);
  }
}

TEST_CASE("a number has the same address in a token as in memory") {
  CHECK(opened("imported").address() == EvmKey::from(SoftTokens::imported_number())->address());
}

TEST_CASE("a signature of other hardware gets the lower s and its parity; a stranger's gets none") {
  const EvmKey key = EvmKey::make();
  const Hash32 digest = random_hash();
  const EvmSignature good = key.sign(digest);
  Bytes r_and_s{good.r.begin(), good.r.end()};
  const Hash32 high = word_of(half_order * 2 + 1 - number_of(good.s));
  r_and_s.insert(r_and_s.end(), high.begin(), high.end());
  CHECK(signature_of(key.address(), digest, r_and_s)->packed() == good.packed());
  CHECK_FALSE(signature_of(EvmKey::make().address(), digest, r_and_s));
  CHECK_FALSE(signature_of(key.address(), random_hash(), r_and_s));
  CHECK_FALSE(signature_of(key.address(), digest, Bytes(64)));
  CHECK_FALSE(signature_of(key.address(), digest, Bytes(64, 0xff)));
  CHECK_FALSE(signature_of(key.address(), digest, ByteView(r_and_s).first(63)));
}

TEST_CASE("a transaction that a token signed is its account's") {
  const EvmSigner signer(opened("imported"));
  const EvmTransaction wanted{
      .chain_id = 1, .nonce = 7, .tip_max = 2, .fee_max = 3, .gas_limit = 21'000, .to = Address{}, .data = {}};
  Bytes unsigned_one = rlp_list({rlp_integer(1), rlp_integer(7), rlp_integer(2), rlp_integer(3), rlp_integer(21'000),
                                 rlp_string(Address{}.bytes), rlp_integer(0), rlp_string({}), rlp_list({})});
  unsigned_one.insert(unsigned_one.begin(), 0x02);
  // r and s lose their leading zeros in a transaction: one that has none is easily taken apart.
  Bytes raw;
  while (raw.size() < 67 || raw[raw.size() - 66] != 0xa0 || raw[raw.size() - 33] != 0xa0)
    raw = sign_transaction(wanted, signer).value().raw;
  const auto at = [&raw](std::size_t from_end) { return raw.end() - static_cast<std::ptrdiff_t>(from_end); };
  EvmSignature signature{.y_parity = static_cast<std::uint8_t>(*at(67) == 0x01)};
  std::copy(at(65), at(33), signature.r.begin());
  std::copy(at(32), raw.end(), signature.s.begin());
  CHECK(recover_signer(keccak256(unsigned_one), signature.packed()) == signer.address());
}

TEST_CASE("what is wrong with a token or a key is said, and what there is instead") {
  const SoftTokens& tokens = SoftTokens::all();
  Pkcs11Uri uri = tokens.key("imported");
  uri.module = tokens.file("none.so");
  CHECK(has(refusal(uri), "no PKCS#11 module can be loaded"));
  CHECK(has(refusal(uri), "none.so"));
  uri.module = "/lib/x86_64-linux-gnu/libm.so.6";
  if (std::filesystem::exists(uri.module)) CHECK(has(refusal(uri), "is no PKCS#11 module"));

  const std::string no_token = refusal(tokens.key("imported", "comonwatt"));
  CHECK(has(no_token, "no token 'comonwatt'"));
  CHECK(has(no_token, "'guarded' (serial "));
  CHECK(has(no_token, "'commonwatt' (serial "));
  CHECK(has(refusal(tokens.key("imported", "twin")), "several tokens are token 'twin'; say which with serial="));
  uri = tokens.key("imported");
  uri.serial = "0000";
  CHECK(has(refusal(uri), "no token 'commonwatt'"));

  CHECK(has(refusal(tokens.key("relayr")), "key 'relayr' of token 'commonwatt': there is none; the token has object="));
  CHECK(has(refusal(tokens.key("relayr")), "object=imported;id=%01"));
  CHECK(has(refusal(tokens.key("any", "guarded")), "the token has no private key"));
  CHECK(has(refusal(tokens.key("double")), "there are several; say which with id= as well as object="));
  uri = tokens.key("double");
  uri.id = {0x05};
  CHECK(refusal(uri).empty());
  CHECK(has(refusal(tokens.key("narrow")), "not of the curve secp256k1"));
  CHECK(has(refusal(tokens.key("lonely")), "keeps no public key"));
}

TEST_CASE("a PIN's file is its owner's alone, and holds a PIN") {
  const SoftTokens& tokens = SoftTokens::all();
  Pkcs11Uri uri = tokens.key("any", "guarded");
  uri.pin_file = tokens.file("no-pin");
  CHECK(has(refusal(uri), "No such file"));
  uri.pin_file = tokens.pin_file("empty-pin", "\n");
  CHECK(has(refusal(uri), "its first line is not a PIN"));
  uri.pin_file = tokens.pin_file("long-pin", std::string(300, '1'));
  CHECK(has(refusal(uri), "its first line is not a PIN"));
  uri.pin_file = tokens.pin_file("open-pin", "1234");
  std::filesystem::permissions(uri.pin_file, static_cast<std::filesystem::perms>(0640));
  CHECK(has(refusal(uri), "others may read this PIN; run 'chmod 600'"));
  // As systemd shows a credential that an access control list opens for the service's user.
  ::setenv("CREDENTIALS_DIRECTORY", tokens.file("").parent_path().c_str(), 1);
  CHECK(has(refusal(uri), "the token has no private key"));
  std::filesystem::permissions(uri.pin_file, static_cast<std::filesystem::perms>(0644));
  CHECK(has(refusal(uri), "others may read this PIN"));
  ::unsetenv("CREDENTIALS_DIRECTORY");
  uri.pin_file = tokens.pin_file("dos-pin", "1234\r\n");
  CHECK(has(refusal(uri), "the token has no private key"));
}

TEST_CASE("a wrong PIN is given to a token once, and a corrected one at once") {
  const SoftTokens& tokens = SoftTokens::all();
  Pkcs11Uri uri = tokens.key("any", "guarded");
  uri.pin_file = tokens.pin_file("wrong-pin", "271828");
  const std::size_t before = tokens.logins();
  const std::string first = refusal(uri);
  CHECK(has(first, "refuses the PIN in " + uri.pin_file.string() + ", and it is not tried again"));
  CHECK_FALSE(has(first, "271828"));
  CHECK(tokens.logins() == before + 1);
  CHECK(refusal(uri) == first);
  CHECK(Pkcs11Key::make(uri).error() == first);
  CHECK(tokens.logins() == before + 1);

  uri.pin_file = tokens.pin_file("wrong-pin", "1234");
  CHECK(has(refusal(uri), "the token has no private key"));
  CHECK(tokens.logins() == before + 2);
}

TEST_CASE("a token that one more wrong PIN would lock is not tried") {
  const SoftTokens& tokens = SoftTokens::all();
  const std::size_t before = tokens.logins();
  test::write_text(tokens.file("final-try"), "");
  CHECK(has(refusal(tokens.key("any", "guarded")), "would be locked by one more wrong PIN"));
  std::filesystem::remove(tokens.file("final-try"));
  CHECK(tokens.logins() == before);
}

TEST_CASE("a session that was closed or logged out by others is opened again") {
  const Pkcs11Key key = opened("imported");
  for (const CK_SLOT_ID slot : slots()) REQUIRE(module()->C_CloseAllSessions(slot) == CKR_OK);
  const std::size_t before = SoftTokens::all().logins();
  CHECK(signs(key));
  CHECK(SoftTokens::all().logins() == before + 1);

  for (const CK_SLOT_ID slot : slots()) {
    CK_SESSION_HANDLE session = 0;
    if (module()->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session) != CKR_OK) continue;
    module()->C_Logout(session);
    REQUIRE(module()->C_CloseSession(session) == CKR_OK);
  }
  CHECK(signs(key));
  CHECK(SoftTokens::all().logins() == before + 2);
  CHECK(signs(key));
  CHECK(SoftTokens::all().logins() == before + 2);
}

TEST_CASE("a token that was pulled out says so at each signature, and signs when it is back") {
  const SoftTokens& tokens = SoftTokens::all();
  const Pkcs11Key key = opened("imported");
  test::write_text(tokens.file("pulled"), "");
  for (int i = 0; i < 3; ++i) {
    const auto signature = key.sign(random_hash());
    REQUIRE_FALSE(signature);
    CHECK(has(signature.error(), "no token 'commonwatt'"));
    CHECK(has(signature.error(), "is it plugged in"));
  }
  std::filesystem::remove(tokens.file("pulled"));
  CHECK(signs(key));
}

TEST_CASE("two keys of one token serve two threads, and outlive each other") {
  const Pkcs11Key kept = opened("imported");
  {
    const Pkcs11Key other = opened("imported");
    int good = 0;
    std::thread thread([&] {
      for (int i = 0; i < 50; ++i) good += signs(other) ? 1 : 0;
    });
    for (int i = 0; i < 50; ++i) CHECK(signs(kept));
    thread.join();
    CHECK(good == 50);
  }
  CHECK(signs(kept));
}

TEST_CASE("a key made in a token cannot be read out, and never takes another's place") {
  const SoftTokens& tokens = SoftTokens::all();
  const Pkcs11Uri uri = tokens.key("made");
  const auto made = Pkcs11Key::make(uri);
  CAPTURE((made ? "" : made.error()));
  REQUIRE(made);
  CHECK(signs(*made));
  CHECK(opened("made").address() == made->address());
  CHECK(has(tokens.tool("--list-objects --type privkey --label made"), "never extractable"));

  CHECK(
      has(Pkcs11Key::make(uri).error(), "key 'made' of token 'commonwatt': the token has a key of that label already"));
  Pkcs11Uri same_id = tokens.key("made-again");
  same_id.id = {0x01};
  CHECK(has(Pkcs11Key::make(same_id).error(), "a key of that id already"));
  CHECK(has(refusal(tokens.key("made-again")), "there is none"));
  Pkcs11Uri nameless = uri;
  nameless.object.clear();
  nameless.id = {0x77};
  CHECK(has(Pkcs11Key::make(nameless).error(), "object= is missing"));
}

TEST_CASE("'chain key' makes and shows a key in a token as it does in a file") {
  const auto say = [](const ChainKeyOptions& options) {
    std::ostringstream out;
    std::ostringstream errors;
    const int status = run_chain_key(options, out, errors);
    return std::to_string(status) + " " + out.str() + errors.str();
  };
  const std::string place = SoftTokens::all().text("relayer");
  const std::string made = say({.file = place, .kind = "relayer"});
  REQUIRE(made.starts_with("0 0x"));
  CHECK(say({.file = place, .show = true}) == made);
  CHECK(say({.file = place, .kind = "relayer"}).starts_with("65 commonwatt: key 'relayer' of token 'commonwatt'"));
  CHECK(EvmSigner::open_payer(place)->address() == address_from(made.substr(2, 42)));
  const std::string careless = say({.file = place + "&pin-value=271828", .show = true});
  CHECK(careless.starts_with("65 "));
  CHECK_FALSE(has(careless, "271828"));
}
