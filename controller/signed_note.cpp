#include "controller/signed_note.hpp"

#include <cassert>

#include "core/sha256.hpp"

namespace commonwatt {
namespace {

// Signature types of C2SP signed-note: part of the key's hash, so that one key's two uses cannot be confused.
constexpr std::uint8_t type_ed25519 = 0x01;
constexpr std::uint8_t type_cosignature = 0x04;

/// The first four bytes of SHA-256(name || 0x0A || type || public key).
Bytes key_hash(const NoteKey& key, std::uint8_t type) {
  constexpr std::array<std::uint8_t, 1> newline{0x0A};
  const std::array<std::uint8_t, 1> kind{type};
  const Hash32 digest = sha256({as_bytes(key.name), newline, kind, key.public_key});
  return {digest.begin(), digest.begin() + 4};
}

std::string signature_line(const NoteKey& key, std::uint8_t type, ByteView payload) {
  Bytes bytes = key_hash(key, type);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return "\u2014 " + key.name + " " + to_base64(bytes) + "\n";
}

}  // namespace

std::string note_text(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" + to_base64(checkpoint.root) + "\n";
}

std::string cosigned_text(const Checkpoint& checkpoint, std::int64_t time) {
  return "cosignature/v1\ntime " + std::to_string(time) + "\n" + note_text(checkpoint);
}

Bytes sign_checkpoint(const SigningKey& log_key, const Checkpoint& checkpoint) {
  return log_key.sign_message(as_bytes(note_text(checkpoint)));
}

bool checkpoint_signature_holds(ByteView log_key, const Checkpoint& checkpoint, ByteView signature) {
  return log_signature_holds(log_key, as_bytes(note_text(checkpoint)), signature);
}

Cosignature cosign(const SigningKey& witness_key, const std::string& witness, const Checkpoint& checkpoint,
                   std::int64_t time) {
  return {.witness = witness,
          .time = time,
          .signature = witness_key.sign_message(as_bytes(cosigned_text(checkpoint, time)))};
}

bool cosignature_holds(ByteView witness_key, const Checkpoint& checkpoint, const Cosignature& cosignature) {
  return log_signature_holds(witness_key, as_bytes(cosigned_text(checkpoint, cosignature.time)), cosignature.signature);
}

std::string signed_note(const Checkpoint& checkpoint, const NoteKey& log_key, ByteView signature,
                        const std::vector<Cosignature>& cosignatures, const std::vector<NoteKey>& witnesses) {
  assert(cosignatures.size() == witnesses.size());
  std::string note = note_text(checkpoint) + "\n" + signature_line(log_key, type_ed25519, signature);
  for (std::size_t i = 0; i < cosignatures.size(); ++i) {
    Bytes payload;
    for (unsigned shift = 64; shift > 0; shift -= 8) {
      payload.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(cosignatures[i].time) >> (shift - 8U)));
    }
    payload.insert(payload.end(), cosignatures[i].signature.begin(), cosignatures[i].signature.end());
    note += signature_line(witnesses[i], type_cosignature, payload);
  }
  return note;
}

}  // namespace commonwatt
