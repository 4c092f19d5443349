#include "controller/signing_keys.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <secp256k1.h>
#include <sys/stat.h>
#include <unistd.h>

namespace commonwatt {
namespace {

constexpr std::size_t secret_size = 32;
constexpr std::size_t signature_size = 64;
constexpr std::size_t point_size = 33;

using PkeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using PkeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using NumberPtr = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
using GroupPtr = std::unique_ptr<EC_GROUP, decltype(&EC_GROUP_free)>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)>;

/// OpenSSL fails on a good key only when the machine is out of memory or the library is broken.
void must(bool ok) {
  if (!ok) std::abort();
}

const secp256k1_context* curve() {
  static const secp256k1_context* context = [] {
    secp256k1_context* made = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    Hash32 blind = random_hash();
    must(secp256k1_context_randomize(made, blind.data()) == 1);
    return made;
  }();
  return context;
}

const EC_GROUP* p256() {
  static const GroupPtr group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1), EC_GROUP_free};
  return group.get();
}

PkeyPtr p256_from_params(int selection, const char* name, const BIGNUM* secret, ByteView point) {
  const std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)> builder{OSSL_PARAM_BLD_new(),
                                                                                OSSL_PARAM_BLD_free};
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  if (secret != nullptr) OSSL_PARAM_BLD_push_BN(builder.get(), name, secret);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  const std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> params{OSSL_PARAM_BLD_to_param(builder.get()),
                                                                       OSSL_PARAM_free};
  const PkeyContextPtr context{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr), EVP_PKEY_CTX_free};
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) != 1) {
    return {nullptr, EVP_PKEY_free};
  }
  return {key, EVP_PKEY_free};
}

/// The compressed public point of a P-256 secret; empty when the secret is not in [1, order).
Bytes p256_point(const BIGNUM* secret) {
  if (BN_is_zero(secret) || BN_cmp(secret, EC_GROUP_get0_order(p256())) >= 0) return {};
  const std::unique_ptr<EC_POINT, decltype(&EC_POINT_free)> point{EC_POINT_new(p256()), EC_POINT_free};
  must(EC_POINT_mul(p256(), point.get(), secret, nullptr, nullptr, nullptr) == 1);
  Bytes bytes(point_size);
  must(EC_POINT_point2oct(p256(), point.get(), POINT_CONVERSION_COMPRESSED, bytes.data(), bytes.size(), nullptr) ==
       point_size);
  return bytes;
}

Bytes p256_sign(EVP_PKEY* key, const Hash32& digest) {
  const PkeyContextPtr context{EVP_PKEY_CTX_new(key, nullptr), EVP_PKEY_CTX_free};
  std::array<std::uint8_t, 80> der{};
  std::size_t size = der.size();
  must(EVP_PKEY_sign_init(context.get()) == 1);
  must(EVP_PKEY_sign(context.get(), der.data(), &size, digest.data(), digest.size()) == 1);
  const std::uint8_t* at = der.data();
  const SignaturePtr signature{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)), ECDSA_SIG_free};
  must(signature != nullptr);
  const BIGNUM* order = EC_GROUP_get0_order(p256());
  const NumberPtr half{BN_dup(order), BN_free};
  const NumberPtr s{BN_dup(ECDSA_SIG_get0_s(signature.get())), BN_free};
  must(BN_rshift1(half.get(), half.get()) == 1);
  if (BN_cmp(s.get(), half.get()) > 0) must(BN_sub(s.get(), order, s.get()) == 1);
  Bytes bytes(signature_size);
  must(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), bytes.data(), secret_size) == secret_size);
  must(BN_bn2binpad(s.get(), bytes.data() + secret_size, secret_size) == secret_size);
  return bytes;
}

}  // namespace

struct SigningKey::Secret {
  KeyKind kind = KeyKind::order;
  std::array<std::uint8_t, secret_size> bytes{};
  Bytes public_key;
  PkeyPtr key{nullptr, EVP_PKEY_free};  // none for an order key

  Secret() = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

  /// Derives what follows from the bytes; false when they are not a key of the kind.
  bool open() {
    switch (kind) {
      case KeyKind::order: {
        secp256k1_pubkey point;
        if (secp256k1_ec_pubkey_create(curve(), &point, bytes.data()) != 1) return false;
        public_key.resize(point_size);
        std::size_t size = point_size;
        return secp256k1_ec_pubkey_serialize(curve(), public_key.data(), &size, &point, SECP256K1_EC_COMPRESSED) == 1;
      }
      case KeyKind::reading: {
        const NumberPtr number{BN_bin2bn(bytes.data(), secret_size, nullptr), BN_clear_free};
        public_key = p256_point(number.get());
        if (public_key.empty()) return false;
        key = p256_from_params(EVP_PKEY_KEYPAIR, OSSL_PKEY_PARAM_PRIV_KEY, number.get(), public_key);
        return key != nullptr;
      }
      case KeyKind::log: {
        key =
            PkeyPtr{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes.data(), bytes.size()), EVP_PKEY_free};
        public_key.resize(secret_size);
        std::size_t size = secret_size;
        return key != nullptr && EVP_PKEY_get_raw_public_key(key.get(), public_key.data(), &size) == 1;
      }
    }
    return false;
  }
};

const char* to_text(KeyKind kind) {
  switch (kind) {
    case KeyKind::order:
      return "order";
    case KeyKind::reading:
      return "reading";
    case KeyKind::log:
      return "log";
  }
  return "";
}

SigningKey::SigningKey(std::unique_ptr<Secret> secret) : secret_(std::move(secret)) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

SigningKey SigningKey::make(KeyKind kind) {
  auto secret = std::make_unique<Secret>();
  secret->kind = kind;
  // One try in 2^32 at most is outside a curve's order.
  do {
    fill_random(secret->bytes);
  } while (!secret->open());
  return SigningKey(std::move(secret));
}

Result<SigningKey, std::string> SigningKey::load(KeyKind kind, const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0)
    return Fail{file.string() + ": " + std::strerror(errno) + "; make it with 'commonwatt keys make'"};
  if ((status.st_mode & 077U) != 0)
    return Fail{file.string() + ": others may read this key; run 'chmod 600' on it and consider a new key"};
  std::ifstream in(file);
  std::string label;
  std::string hex;
  in >> label >> hex;
  const std::optional<Hash32> bytes = hash_from_hex(hex);
  if (label != std::string("commonwatt-") + to_text(kind) + "-key" || !bytes) {
    return Fail{file.string() + ": not a commonwatt " + to_text(kind) + " key"};
  }
  auto secret = std::make_unique<Secret>();
  secret->kind = kind;
  secret->bytes = *bytes;
  if (!secret->open()) return Fail{file.string() + ": the number is not a valid key"};
  return SigningKey(std::move(secret));
}

Result<Done, std::string> SigningKey::save(const std::filesystem::path& file) const {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Fail{file.string() + ": " + std::strerror(errno)};
  const std::string text =
      std::string("commonwatt-") + to_text(secret_->kind) + "-key " + to_hex(secret_->bytes) + "\n";
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!written) return Fail{file.string() + ": " + std::strerror(errno)};
  return Done{};
}

KeyKind SigningKey::kind() const {
  return secret_->kind;
}

Bytes SigningKey::public_key() const {
  return secret_->public_key;
}

Bytes SigningKey::sign_digest(const Hash32& digest) const {
  assert(secret_->kind != KeyKind::log);
  if (secret_->kind == KeyKind::reading) return p256_sign(secret_->key.get(), digest);
  secp256k1_ecdsa_signature signature;
  must(secp256k1_ecdsa_sign(curve(), &signature, digest.data(), secret_->bytes.data(), nullptr, nullptr) == 1);
  Bytes bytes(signature_size);
  secp256k1_ecdsa_signature_serialize_compact(curve(), bytes.data(), &signature);
  return bytes;
}

Bytes SigningKey::sign_message(ByteView message) const {
  assert(secret_->kind == KeyKind::log);
  const DigestContextPtr context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  Bytes bytes(signature_size);
  std::size_t size = bytes.size();
  must(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, secret_->key.get()) == 1);
  must(EVP_DigestSign(context.get(), bytes.data(), &size, message.data(), message.size()) == 1);
  return bytes;
}

bool order_signature_holds(ByteView public_key, const Hash32& digest, ByteView signature) {
  secp256k1_pubkey point;
  secp256k1_ecdsa_signature parsed;
  if (signature.size() != signature_size || public_key.size() != point_size) return false;
  if (secp256k1_ec_pubkey_parse(curve(), &point, public_key.data(), public_key.size()) != 1) return false;
  if (secp256k1_ecdsa_signature_parse_compact(curve(), &parsed, signature.data()) != 1) return false;
  // The library accepts only the lower s.
  return secp256k1_ecdsa_verify(curve(), &parsed, digest.data(), &point) == 1;
}

bool reading_signature_holds(ByteView public_key, const Hash32& digest, ByteView signature) {
  if (signature.size() != signature_size || public_key.size() != point_size) return false;
  const PkeyPtr key = p256_from_params(EVP_PKEY_PUBLIC_KEY, nullptr, nullptr, public_key);
  if (!key) return false;
  NumberPtr r{BN_bin2bn(signature.data(), secret_size, nullptr), BN_free};
  NumberPtr s{BN_bin2bn(signature.data() + secret_size, secret_size, nullptr), BN_free};
  const NumberPtr half{BN_dup(EC_GROUP_get0_order(p256())), BN_free};
  must(BN_rshift1(half.get(), half.get()) == 1);
  if (BN_cmp(s.get(), half.get()) > 0) return false;
  const SignaturePtr parsed{ECDSA_SIG_new(), ECDSA_SIG_free};
  must(ECDSA_SIG_set0(parsed.get(), r.release(), s.release()) == 1);
  std::uint8_t* der = nullptr;
  const int size = i2d_ECDSA_SIG(parsed.get(), &der);
  const std::unique_ptr<std::uint8_t, void (*)(std::uint8_t*)> owner{der,
                                                                     [](std::uint8_t* bytes) { OPENSSL_free(bytes); }};
  const PkeyContextPtr context{EVP_PKEY_CTX_new(key.get(), nullptr), EVP_PKEY_CTX_free};
  return size > 0 && EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_verify(context.get(), der, static_cast<std::size_t>(size), digest.data(), digest.size()) == 1;
}

bool log_signature_holds(ByteView public_key, ByteView message, ByteView signature) {
  if (signature.size() != signature_size || public_key.size() != secret_size) return false;
  const PkeyPtr key{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size()),
                    EVP_PKEY_free};
  if (!key) return false;
  const DigestContextPtr context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

void fill_random(std::span<std::uint8_t> bytes) {
  must(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1);
}

Salt16 random_salt() {
  Salt16 salt{};
  fill_random(salt);
  return salt;
}

Hash32 random_hash() {
  Hash32 hash{};
  fill_random(hash);
  return hash;
}

}  // namespace commonwatt
