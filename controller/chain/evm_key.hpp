// The keys of accounts on an EVM chain: secp256k1 through libsecp256k1, nonces after RFC 6979, always the lower s
// (EIP-2). The relayer's pays for transactions, an attester's signs anchors, a guardian's stops what is wrong, an
// owner's deploys, and a household's account is that of its order key.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "controller/chain/evm_types.hpp"
#include "core/result.hpp"

namespace commonwatt {

enum class EvmKeyKind : std::uint8_t { relayer, attester, guardian, owner, order };
/// The kind's name, as in its file: "commonwatt-relayer-key".
const char* to_text(EvmKeyKind kind);
std::optional<EvmKeyKind> evm_key_kind_from_text(std::string_view name);

/// A signature from which the signer's address follows.
struct EvmSignature {
  Hash32 r{};
  Hash32 s{};
  std::uint8_t y_parity = 0;  // 0 or 1

  /// r || s || v with v 27 or 28, as contracts take it.
  [[nodiscard]] Bytes packed() const;
};

/// A private key in memory. Signing never fails for a key that was made or loaded.
class EvmKey {
 public:
  /// A new random key.
  static EvmKey make();
  /// The key with this number; nothing when it is zero or not below the curve's order.
  static std::optional<EvmKey> from(const Hash32& number);

  /// The key in a file `save` wrote; the error says which file and why. Refuses a file others may read.
  static Result<EvmKey, std::string> load(EvmKeyKind kind, const std::filesystem::path& file);
  /// The key of whatever kind in a file; a household's order.key is one.
  static Result<EvmKey, std::string> load_any(const std::filesystem::path& file);
  /// As load_any, but of those that may pay for transactions: an attester's key signs anchors and nothing else.
  static Result<EvmKey, std::string> load_payer(const std::filesystem::path& file);
  /// The credential of that name which systemd put into $CREDENTIALS_DIRECTORY (systemd.exec(5), LoadCredential= and
  /// LoadCredentialEncrypted=): the same text as in a file.
  static Result<EvmKey, std::string> load_credential(EvmKeyKind kind, const std::string& name);
  /// Writes the file with mode 0600, never over an existing one.
  [[nodiscard]] Result<Done, std::string> save(EvmKeyKind kind, const std::filesystem::path& file) const;

  EvmKey(EvmKey&&) noexcept;
  EvmKey& operator=(EvmKey&&) noexcept;
  EvmKey(const EvmKey&) = delete;
  EvmKey& operator=(const EvmKey&) = delete;
  ~EvmKey();

  [[nodiscard]] const Address& address() const;
  [[nodiscard]] EvmSignature sign(const Hash32& digest) const;

 private:
  struct Secret;
  explicit EvmKey(std::unique_ptr<Secret> secret);
  std::unique_ptr<Secret> secret_;
};

/// The address of a public key: a point of the curve in 33 bytes (compressed) or 65. Nothing for other bytes.
std::optional<Address> address_of_point(ByteView point);
/// The signature that other hardware made as r || s, as a chain takes it: with the lower s, and the parity that leads
/// back to the signer. Nothing when it is not his signature of the digest.
std::optional<EvmSignature> signature_of(const Address& signer, const Hash32& digest, ByteView r_and_s);

/// Who signed a digest with a packed signature; nothing for what a contract would refuse too: another length, v that
/// is neither 27 nor 28, the higher s, no point of the curve.
std::optional<Address> recover_signer(const Hash32& digest, ByteView packed_signature);

}  // namespace commonwatt
