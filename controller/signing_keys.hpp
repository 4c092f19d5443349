// The keys of ARCHITECTURE.md's trust table and their signatures: P-256 for readings and Ed25519 for the log through
// OpenSSL, secp256k1 for orders through libsecp256k1. Signatures are fixed-width bytes, r || s big-endian with the
// lower s for the two curves a contract may have to judge.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/bytes.hpp"
#include "core/result.hpp"

namespace commonwatt {

enum class KeyKind : std::uint8_t { order, reading, log };
/// "order", "reading" or "log": also the file's name, with ".key" behind.
const char* to_text(KeyKind kind);

/// A private key in memory. Signing never fails for a key that was made or loaded.
class SigningKey {
 public:
  /// A new random key.
  static SigningKey make(KeyKind kind);
  /// The key in a file `save` wrote; the error says which file and why. Refuses a file others may read.
  static Result<SigningKey, std::string> load(KeyKind kind, const std::filesystem::path& file);
  /// Writes the file with mode 0600, never over an existing one.
  [[nodiscard]] Result<Done, std::string> save(const std::filesystem::path& file) const;

  SigningKey(SigningKey&&) noexcept;
  SigningKey& operator=(SigningKey&&) noexcept;
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;
  ~SigningKey();

  [[nodiscard]] KeyKind kind() const;
  /// Compressed point (33 bytes) of an order or reading key, 32 bytes of a log key.
  [[nodiscard]] Bytes public_key() const;
  /// Signs a 32-byte digest (order, reading): 64 bytes.
  [[nodiscard]] Bytes sign_digest(const Hash32& digest) const;
  /// Signs a message (log): Ed25519, 64 bytes.
  [[nodiscard]] Bytes sign_message(ByteView message) const;

 private:
  struct Secret;
  explicit SigningKey(std::unique_ptr<Secret> secret);
  std::unique_ptr<Secret> secret_;
};

/// Whether a signature over a digest holds. False for any malformed key or signature, and for the higher s.
bool order_signature_holds(ByteView public_key, const Hash32& digest, ByteView signature);
bool reading_signature_holds(ByteView public_key, const Hash32& digest, ByteView signature);
/// Whether an Ed25519 signature over a message holds.
bool log_signature_holds(ByteView public_key, ByteView message, ByteView signature);

/// Bytes from the system's random source.
void fill_random(std::span<std::uint8_t> bytes);
Salt16 random_salt();
Hash32 random_hash();

}  // namespace commonwatt
