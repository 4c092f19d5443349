// Reading signed notes from outside (C2SP signed-note, tlog-checkpoint): strictly, so that one note has one text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controller/signed_note.hpp"
#include "core/result.hpp"

namespace commonwatt {

/// A checkpoint with the controller's signature over it.
struct SignedCheckpoint {
  Checkpoint checkpoint;
  Bytes signature;

  friend bool operator==(const SignedCheckpoint&, const SignedCheckpoint&) = default;
};

/// One line under a note: who signed, by the name and the first bytes of the key's hash, and what stands behind them.
struct NoteSignature {
  std::string name;
  Bytes key_hash;  ///< 4 bytes
  Bytes payload;

  friend bool operator==(const NoteSignature&, const NoteSignature&) = default;
};
struct ParsedNote {
  Checkpoint checkpoint;
  std::vector<NoteSignature> signatures;

  friend bool operator==(const ParsedNote&, const ParsedNote&) = default;
};

/// Note files larger than this are refused: a note has one line per witness.
inline constexpr std::size_t note_size_max = 256U << 10U;

/// The error says what is not as a note of three lines, an empty line and signature lines has it. No signature is
/// checked yet.
Result<ParsedNote, std::string> parse_note(std::string_view text);
/// The text parse_note reads.
std::string note_of(const ParsedNote& note);

/// The checkpoint with the signature of this log key, if the note has one and it holds.
Result<SignedCheckpoint, std::string> signed_by(const ParsedNote& note, ByteView log_key);
/// The cosignatures of these witnesses that hold, in the sequence of the note.
std::vector<Cosignature> cosigned_by(const ParsedNote& note, const std::vector<NoteKey>& witnesses);

}  // namespace commonwatt
