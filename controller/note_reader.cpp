#include "controller/note_reader.hpp"

#include <algorithm>
#include <charconv>

namespace commonwatt {
namespace {

constexpr std::string_view line_start = "\u2014 ";
constexpr std::size_t key_hash_size = 4;
constexpr std::size_t time_size = 8;

/// The text before the next line end, which is taken off with it; nothing when there is no line end.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

bool is_signer_name(std::string_view name) {
  const auto plain = [](char c) { return c > ' ' && c < '\x7f' && c != '+'; };
  return !name.empty() && std::all_of(name.begin(), name.end(), plain);
}

std::optional<std::int64_t> count_of(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size() || count < 0) return std::nullopt;
  return count;
}

std::optional<NoteSignature> signature_of(std::string_view line) {
  if (!line.starts_with(line_start)) return std::nullopt;
  line.remove_prefix(line_start.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || !is_signer_name(line.substr(0, space))) return std::nullopt;
  const std::optional<Bytes> bytes = from_base64(line.substr(space + 1));
  if (!bytes || bytes->size() <= key_hash_size) return std::nullopt;
  return NoteSignature{.name = std::string(line.substr(0, space)),
                       .key_hash = {bytes->begin(), bytes->begin() + key_hash_size},
                       .payload = {bytes->begin() + key_hash_size, bytes->end()}};
}

}  // namespace

Result<ParsedNote, std::string> parse_note(std::string_view text) {
  if (text.size() > note_size_max) return Fail{std::string("is larger than a note can be")};
  ParsedNote note;
  const std::optional<std::string_view> origin = take_line(text);
  const std::optional<std::string_view> size = take_line(text);
  const std::optional<std::string_view> root = take_line(text);
  const std::optional<std::string_view> empty = take_line(text);
  if (!empty || !empty->empty())
    return Fail{std::string("is not origin, size and root, a line each, and an empty line")};
  if (!is_signer_name(*origin)) return Fail{std::string("line 1: the origin is empty or has a space, '+' or no ASCII")};
  const std::optional<std::int64_t> entries = count_of(*size);
  if (!entries || std::to_string(*entries) != *size) return Fail{std::string("line 2: the size is not a plain number")};
  const std::optional<Bytes> hash = from_base64(*root);
  if (!hash || hash->size() != note.checkpoint.root.size())
    return Fail{std::string("line 3: the root is not 32 bytes in base64")};
  note.checkpoint.origin = *origin;
  note.checkpoint.size = *entries;
  std::copy(hash->begin(), hash->end(), note.checkpoint.root.begin());
  for (std::size_t number = 5; !text.empty(); ++number) {
    const std::optional<std::string_view> line = take_line(text);
    std::optional<NoteSignature> signature = line ? signature_of(*line) : std::nullopt;
    if (!signature) return Fail{"line " + std::to_string(number) + ": is not a signature line"};
    note.signatures.push_back(std::move(*signature));
  }
  if (note.signatures.empty()) return Fail{std::string("is signed by nobody")};
  return note;
}

std::string note_of(const ParsedNote& note) {
  std::string text = note_text(note.checkpoint) + "\n";
  for (const NoteSignature& signature : note.signatures) {
    Bytes bytes = signature.key_hash;
    bytes.insert(bytes.end(), signature.payload.begin(), signature.payload.end());
    text += std::string(line_start) + signature.name + " " + to_base64(bytes) + "\n";
  }
  return text;
}

Result<SignedCheckpoint, std::string> signed_by(const ParsedNote& note, ByteView log_key) {
  const Bytes hash =
      key_hash({.name = note.checkpoint.origin, .public_key = {log_key.begin(), log_key.end()}}, NoteSigner::log);
  for (const NoteSignature& signature : note.signatures) {
    if (signature.name != note.checkpoint.origin || signature.key_hash != hash) continue;
    if (checkpoint_signature_holds(log_key, note.checkpoint, signature.payload))
      return SignedCheckpoint{.checkpoint = note.checkpoint, .signature = signature.payload};
    return Fail{std::string("the signature of the log's key does not hold")};
  }
  return Fail{std::string("no line is signed by the log's key")};
}

std::vector<Cosignature> cosigned_by(const ParsedNote& note, const std::vector<NoteKey>& witnesses) {
  std::vector<Cosignature> held;
  for (const NoteSignature& signature : note.signatures) {
    if (signature.payload.size() <= time_size) continue;
    std::uint64_t time = 0;
    for (std::size_t i = 0; i < time_size; ++i) time = (time << 8U) | signature.payload[i];
    const Cosignature given{.witness = signature.name,
                            .time = static_cast<std::int64_t>(time),
                            .signature = {signature.payload.begin() + time_size, signature.payload.end()}};
    const bool holds = std::any_of(witnesses.begin(), witnesses.end(), [&](const NoteKey& key) {
      return key.name == signature.name && key_hash(key, NoteSigner::witness) == signature.key_hash &&
             cosignature_holds(key.public_key, note.checkpoint, given);
    });
    if (holds) held.push_back(given);
  }
  return held;
}

}  // namespace commonwatt
