#include "controller/split_view.hpp"

#include "controller/durable_file.hpp"
#include "controller/json_fields.hpp"
#include "market/merkle.hpp"

namespace commonwatt {
namespace {

constexpr const char* split_view_format = "commonwatt split view 1";
constexpr std::size_t split_view_size_max = 1U << 20U;

std::string note_text_of(const SignedCheckpoint& state, const Bytes& log_key) {
  return signed_note(state.checkpoint, {.name = state.checkpoint.origin, .public_key = log_key}, state.signature, {},
                     {});
}

SignedCheckpoint state_of(JsonFields& fields, const char* key, const Bytes& log_key) {
  const Result<ParsedNote, std::string> note = parse_note(fields.text(key));
  if (!note) return fields.fail(key, note.error().c_str()), SignedCheckpoint{};
  Result<SignedCheckpoint, std::string> state = signed_by(*note, log_key);
  if (!state) return fields.fail(key, state.error().c_str()), SignedCheckpoint{};
  return std::move(*state);
}

}  // namespace

LogRelation relation_of(const Checkpoint& older, const Checkpoint& newer, std::span<const Hash32> path) {
  if (older.size == newer.size) return older.root == newer.root ? LogRelation::same : LogRelation::forked;
  const auto old_size = static_cast<std::uint64_t>(older.size);
  const auto new_size = static_cast<std::uint64_t>(newer.size);
  if (consistency_holds(old_size, older.root, new_size, newer.root, path)) return LogRelation::extended;
  const std::optional<Hash32> prefix = proved_prefix_root(old_size, new_size, newer.root, path);
  if (!prefix) return LogRelation::unproved;
  return *prefix == older.root ? LogRelation::extended : LogRelation::forked;
}

const char* explain(LogRelation relation) {
  switch (relation) {
    case LogRelation::same:
      return "both are the same state of the log";
    case LogRelation::extended:
      return "the newer state extends the older one: nothing that was in the log has been changed or removed";
    case LogRelation::forked:
      return "SPLIT VIEW: the two states cannot belong to one log, and both are signed; show both to every member";
    case LogRelation::unproved:
      return "not proved: the proof shows neither that the newer state extends the older one nor that it does not; ask "
             "the controller for a consistency proof between these two sizes";
  }
  return "";
}

std::string split_view_text(const SplitView& evidence) {
  const OrderedJson json{{"format", split_view_format},
                         {"log_key", to_hex(evidence.log_key)},
                         {"older", note_text_of(evidence.older, evidence.log_key)},
                         {"newer", note_text_of(evidence.newer, evidence.log_key)},
                         {"path", hex_list(evidence.path)}};
  return json.dump(1) + "\n";
}

Result<SplitView, std::string> split_view_from_text(std::string_view text) {
  JsonFields fields(text, split_view_size_max);
  SplitView evidence;
  if (fields.text("format") != split_view_format) fields.fail("format", "is not one this version reads");
  evidence.log_key = fields.hex("log_key");
  evidence.older = state_of(fields, "older", evidence.log_key);
  evidence.newer = state_of(fields, "newer", evidence.log_key);
  evidence.path = fields.hashes("path");
  if (evidence.older.checkpoint.origin != evidence.newer.checkpoint.origin)
    fields.fail("newer", "is of another log than the older one");
  if (evidence.older.checkpoint.size > evidence.newer.checkpoint.size)
    fields.fail("newer", "has fewer entries than the older one");
  if (fields.fault()) return Fail{*fields.fault()};
  if (split_view_text(evidence) != text)
    return Fail{std::string("is not written as this format is: a field too many, another sequence or other spaces")};
  return evidence;
}

Result<std::string, std::string> keep_split_view(const std::filesystem::path& directory, const SplitView& evidence) {
  const bool proved =
      relation_of(evidence.older.checkpoint, evidence.newer.checkpoint, evidence.path) == LogRelation::forked;
  const std::filesystem::path file =
      directory / ((proved ? "split-view-" : "unproved-") + std::to_string(evidence.older.checkpoint.size) + ".json");
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) return std::string();
  if (auto done = write_durably(file, split_view_text(evidence)); !done) return Fail{done.error()};
  return file.string();
}

}  // namespace commonwatt
