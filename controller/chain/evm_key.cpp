#include "controller/chain/evm_key.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <span>

#include <fcntl.h>
#include <openssl/crypto.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/chain/secret_file.hpp"
#include "controller/keccak.hpp"
#include "controller/signing_keys.hpp"

namespace commonwatt {
namespace {

constexpr std::size_t packed_size = 65;
constexpr std::uint8_t v_offset = 27;

/// libsecp256k1 fails on a good key only when it is broken.
void must(bool ok) {
  if (!ok) std::abort();
}

const secp256k1_context* curve() {
  static const secp256k1_context* context = [] {
    secp256k1_context* made = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    const Hash32 blind = random_hash();
    must(secp256k1_context_randomize(made, blind.data()) == 1);
    return made;
  }();
  return context;
}

/// The last 20 bytes of the hash of the point's coordinates (Yellow Paper, appendix F).
Address address_of(const secp256k1_pubkey& point) {
  std::array<std::uint8_t, 65> bytes{};
  std::size_t size = bytes.size();
  must(secp256k1_ec_pubkey_serialize(curve(), bytes.data(), &size, &point, SECP256K1_EC_UNCOMPRESSED) == 1);
  const Hash32 hash = keccak256(ByteView(bytes).subspan(1));
  Address address;
  std::copy(hash.begin() + 12, hash.end(), address.bytes.begin());
  return address;
}

constexpr std::array all_kinds{EvmKeyKind::relayer, EvmKeyKind::attester, EvmKeyKind::guardian, EvmKeyKind::owner,
                               EvmKeyKind::order};

std::string label(EvmKeyKind kind) {
  return std::string("commonwatt-") + to_text(kind) + "-key";
}

/// Whose key it is, in words.
std::string owner_of(EvmKeyKind kind) {
  if (kind == EvmKeyKind::order) return "a household";
  return (kind == EvmKeyKind::attester || kind == EvmKeyKind::owner ? "an " : "a ") + std::string(to_text(kind));
}

/// The key in a text that is of one of the kinds. No copy of its number stays behind.
Result<EvmKey, std::string> read_key(std::span<const EvmKeyKind> kinds, const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string word;
  std::string hex;
  in >> word >> hex;
  std::optional<Hash32> number = hash_from_hex(hex);
  OPENSSL_cleanse(hex.data(), hex.size());
  std::string whose;
  std::string labels;
  bool is_of_kind = false;
  for (const EvmKeyKind kind : kinds) {
    is_of_kind = is_of_kind || word == label(kind);
    whose += (whose.empty() ? "" : " or ") + owner_of(kind);
    labels += (labels.empty() ? "'" : "' or '") + label(kind);
  }
  if (!is_of_kind || !number) {
    return Fail{file.string() + ": not the key of " + whose + "; it is one line, " + labels +
                "' and 64 hexadecimal digits"};
  }
  std::optional<EvmKey> key = EvmKey::from(*number);
  OPENSSL_cleanse(number->data(), number->size());
  if (!key) return Fail{file.string() + ": the number is not a valid key"};
  return std::move(*key);
}

Result<EvmKey, std::string> load_one_of(std::span<const EvmKeyKind> kinds, const std::filesystem::path& file) {
  if (const Result<Done, std::string> checked = check_secret_file(file, "key"); !checked) return Fail{checked.error()};
  return read_key(kinds, file);
}

}  // namespace

const char* to_text(EvmKeyKind kind) {
  switch (kind) {
    case EvmKeyKind::relayer:
      return "relayer";
    case EvmKeyKind::attester:
      return "attester";
    case EvmKeyKind::guardian:
      return "guardian";
    case EvmKeyKind::owner:
      return "owner";
    case EvmKeyKind::order:
      return "order";
  }
  return "";
}

std::optional<EvmKeyKind> evm_key_kind_from_text(std::string_view name) {
  for (const EvmKeyKind kind : all_kinds) {
    if (name == to_text(kind)) return kind;
  }
  return std::nullopt;
}

Bytes EvmSignature::packed() const {
  Bytes bytes{r.begin(), r.end()};
  bytes.insert(bytes.end(), s.begin(), s.end());
  bytes.push_back(static_cast<std::uint8_t>(v_offset + y_parity));
  return bytes;
}

struct EvmKey::Secret {
  Hash32 number{};
  Address address;

  Secret() = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { OPENSSL_cleanse(number.data(), number.size()); }
};

EvmKey::EvmKey(std::unique_ptr<Secret> secret) : secret_(std::move(secret)) {}
EvmKey::EvmKey(EvmKey&&) noexcept = default;
EvmKey& EvmKey::operator=(EvmKey&&) noexcept = default;
EvmKey::~EvmKey() = default;

EvmKey EvmKey::make() {
  // One try in 2^127 is not below the curve's order.
  for (;;) {
    if (std::optional<EvmKey> key = from(random_hash())) return std::move(*key);
  }
}

std::optional<EvmKey> EvmKey::from(const Hash32& number) {
  secp256k1_pubkey point;
  if (secp256k1_ec_pubkey_create(curve(), &point, number.data()) != 1) return std::nullopt;
  auto secret = std::make_unique<Secret>();
  secret->number = number;
  secret->address = address_of(point);
  return EvmKey(std::move(secret));
}

Result<EvmKey, std::string> EvmKey::load(EvmKeyKind kind, const std::filesystem::path& file) {
  return load_one_of(std::span(&kind, 1), file);
}

Result<EvmKey, std::string> EvmKey::load_any(const std::filesystem::path& file) {
  return load_one_of(all_kinds, file);
}

Result<EvmKey, std::string> EvmKey::load_payer(const std::filesystem::path& file) {
  constexpr std::array kinds{EvmKeyKind::relayer, EvmKeyKind::guardian, EvmKeyKind::owner, EvmKeyKind::order};
  return load_one_of(kinds, file);
}

Result<EvmKey, std::string> EvmKey::load_credential(EvmKeyKind kind, const std::string& name) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0') {
    return Fail{"credential " + name + ": $CREDENTIALS_DIRECTORY is not set; give the unit LoadCredential=" + name +
                ":FILE, or name a key file"};
  }
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
    return Fail{"credential '" + name + "': a credential's name is a file's name without a directory"};
  }
  const std::filesystem::path file = std::filesystem::path(directory) / name;
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    return Fail{file.string() + ": " + std::strerror(errno) + "; give the unit LoadCredential=" + name + ":FILE"};
  }
  // systemd lets a service's user read by an access control list, whose mask shows in the group's bits.
  if ((status.st_mode & 07U) != 0) return Fail{file.string() + ": everybody may read this key"};
  return read_key(std::span(&kind, 1), file);
}

Result<Done, std::string> EvmKey::save(EvmKeyKind kind, const std::filesystem::path& file) const {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Fail{file.string() + ": " + std::strerror(errno)};
  std::string text = label(kind) + ' ' + to_hex(secret_->number) + '\n';
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  const int reason = errno;
  ::close(fd);
  OPENSSL_cleanse(text.data(), text.size());
  if (!written) return Fail{file.string() + ": " + std::strerror(reason)};
  return Done{};
}

const Address& EvmKey::address() const {
  return secret_->address;
}

EvmSignature EvmKey::sign(const Hash32& digest) const {
  secp256k1_ecdsa_recoverable_signature made;
  must(secp256k1_ecdsa_sign_recoverable(curve(), &made, digest.data(), secret_->number.data(), nullptr, nullptr) == 1);
  std::array<std::uint8_t, 64> bytes{};
  int recovery_id = 0;
  secp256k1_ecdsa_recoverable_signature_serialize_compact(curve(), bytes.data(), &recovery_id, &made);
  // 2 and 3 stand for an r above the curve's order: one signature in 2^127.
  must(recovery_id == 0 || recovery_id == 1);
  EvmSignature signature;
  std::copy(bytes.begin(), bytes.begin() + 32, signature.r.begin());
  std::copy(bytes.begin() + 32, bytes.end(), signature.s.begin());
  signature.y_parity = static_cast<std::uint8_t>(recovery_id);
  return signature;
}

std::optional<Address> address_of_point(ByteView point) {
  if (point.empty()) return std::nullopt;
  secp256k1_pubkey parsed;
  if (secp256k1_ec_pubkey_parse(curve(), &parsed, point.data(), point.size()) != 1) return std::nullopt;
  return address_of(parsed);
}

std::optional<EvmSignature> signature_of(const Address& signer, const Hash32& digest, ByteView r_and_s) {
  secp256k1_ecdsa_signature plain;
  if (r_and_s.size() != packed_size - 1 ||
      secp256k1_ecdsa_signature_parse_compact(curve(), &plain, r_and_s.data()) != 1) {
    return std::nullopt;
  }
  secp256k1_ecdsa_signature_normalize(curve(), &plain, &plain);
  std::array<std::uint8_t, 64> bytes{};
  secp256k1_ecdsa_signature_serialize_compact(curve(), bytes.data(), &plain);
  EvmSignature signature;
  std::copy(bytes.begin(), bytes.begin() + 32, signature.r.begin());
  std::copy(bytes.begin() + 32, bytes.end(), signature.s.begin());
  for (signature.y_parity = 0; signature.y_parity < 2; ++signature.y_parity) {
    if (recover_signer(digest, signature.packed()) == signer) return signature;
  }
  return std::nullopt;
}

std::optional<Address> recover_signer(const Hash32& digest, ByteView packed_signature) {
  if (packed_signature.size() != packed_size) return std::nullopt;
  const std::uint8_t v = packed_signature[packed_size - 1];
  if (v != v_offset && v != v_offset + 1) return std::nullopt;
  secp256k1_ecdsa_recoverable_signature parsed;
  if (secp256k1_ecdsa_recoverable_signature_parse_compact(curve(), &parsed, packed_signature.data(), v - v_offset) != 1)
    return std::nullopt;
  secp256k1_ecdsa_signature plain;
  must(secp256k1_ecdsa_recoverable_signature_convert(curve(), &plain, &parsed) == 1);
  if (secp256k1_ecdsa_signature_normalize(curve(), nullptr, &plain) == 1) return std::nullopt;
  secp256k1_pubkey point;
  if (secp256k1_ecdsa_recover(curve(), &point, &parsed, digest.data()) != 1) return std::nullopt;
  return address_of(point);
}

}  // namespace commonwatt
