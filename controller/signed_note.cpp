#include "controller/signed_note.hpp"

#include <cassert>

#include "core/sha256.hpp"

namespace commonwatt {
namespace {

/// The signature types of C2SP signed-note: Ed25519, and timestamped cosignatures of witnesses.
std::uint8_t type_of(NoteSigner signer) {
  return signer == NoteSigner::log ? 0x01 : 0x04;
}

std::string signature_line(const NoteKey& key, NoteSigner signer, ByteView payload) {
  Bytes bytes = key_hash(key, signer);
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

Bytes key_hash(const NoteKey& key, NoteSigner signer) {
  constexpr std::array<std::uint8_t, 1> newline{0x0A};
  const std::array<std::uint8_t, 1> type{type_of(signer)};
  const Hash32 digest = sha256({as_bytes(key.name), newline, type, key.public_key});
  return {digest.begin(), digest.begin() + 4};
}

std::string verifier_key(const NoteKey& key, NoteSigner signer) {
  Bytes bytes{type_of(signer)};
  bytes.insert(bytes.end(), key.public_key.begin(), key.public_key.end());
  return key.name + "+" + to_hex(key_hash(key, signer)) + "+" + to_base64(bytes);
}

std::optional<NoteKey> key_of_verifier_key(std::string_view text, NoteSigner signer) {
  constexpr std::size_t ed25519_size = 32;
  const std::size_t first = text.find('+');
  const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::optional<Bytes> bytes = from_base64(text.substr(second + 1));
  if (!bytes || bytes->size() != 1 + ed25519_size) return std::nullopt;
  NoteKey key{.name = std::string(text.substr(0, first)), .public_key = {bytes->begin() + 1, bytes->end()}};
  return verifier_key(key, signer) == text ? std::optional(std::move(key)) : std::nullopt;
}

std::string signed_note(const Checkpoint& checkpoint, const NoteKey& log_key, ByteView signature,
                        const std::vector<Cosignature>& cosignatures, const std::vector<NoteKey>& witnesses) {
  assert(cosignatures.size() == witnesses.size());
  std::string note = note_text(checkpoint) + "\n" + signature_line(log_key, NoteSigner::log, signature);
  for (std::size_t i = 0; i < cosignatures.size(); ++i) {
    Bytes payload;
    for (unsigned shift = 64; shift > 0; shift -= 8) {
      payload.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(cosignatures[i].time) >> (shift - 8U)));
    }
    payload.insert(payload.end(), cosignatures[i].signature.begin(), cosignatures[i].signature.end());
    note += signature_line(witnesses[i], NoteSigner::witness, payload);
  }
  return note;
}

}  // namespace commonwatt
