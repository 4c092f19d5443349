// Checkpoints of the evidence log as signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature v1): a text
// anyone's tools can read, signed by the controller and cosigned by witnesses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/signing_keys.hpp"
#include "core/bytes.hpp"
#include "core/cbor.hpp"

namespace commonwatt {

/// The state of the log a signature speaks of.
struct Checkpoint {
  std::string origin;     ///< the log's name: no spaces, no '+'
  std::int64_t size = 0;  ///< entries in the log
  Hash32 root{};

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.origin, self.size, self.root);
  }
};

/// A witness's signature over a checkpoint at a time (seconds since the epoch).
struct Cosignature {
  std::string witness;
  std::int64_t time = 0;
  Bytes signature;

  friend bool operator==(const Cosignature&, const Cosignature&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.witness, self.time, self.signature);
  }
};

/// "origin\nsize\nbase64(root)\n": what is signed.
std::string note_text(const Checkpoint& checkpoint);
/// What a witness signs: "cosignature/v1\ntime SECONDS\n" and the note's text.
std::string cosigned_text(const Checkpoint& checkpoint, std::int64_t time);

Bytes sign_checkpoint(const SigningKey& log_key, const Checkpoint& checkpoint);
bool checkpoint_signature_holds(ByteView log_key, const Checkpoint& checkpoint, ByteView signature);
Cosignature cosign(const SigningKey& witness_key, const std::string& witness, const Checkpoint& checkpoint,
                   std::int64_t time);
bool cosignature_holds(ByteView witness_key, const Checkpoint& checkpoint, const Cosignature& cosignature);

/// A signature line's key: the signer's name and public key.
struct NoteKey {
  std::string name;
  Bytes public_key;
};

/// What a key signs notes as. Part of the key's hash, so that one key's two uses cannot be confused.
enum class NoteSigner : std::uint8_t { log, witness };
/// The first four bytes of SHA-256(name || 0x0A || type || public key): how a signature line names its key.
Bytes key_hash(const NoteKey& key, NoteSigner signer);
/// The key as C2SP signed-note writes verifier keys: "name+hash+base64(type || public key)".
std::string verifier_key(const NoteKey& key, NoteSigner signer);
/// The key of such a text; nothing when it is not exactly what verifier_key writes of an Ed25519 key.
std::optional<NoteKey> key_of_verifier_key(std::string_view text, NoteSigner signer);

/// The whole note: text, blank line, the controller's signature line, one line per cosignature. `witnesses` gives
/// the key of each cosignature, in the same sequence.
std::string signed_note(const Checkpoint& checkpoint, const NoteKey& log_key, ByteView signature,
                        const std::vector<Cosignature>& cosignatures, const std::vector<NoteKey>& witnesses);

}  // namespace commonwatt
