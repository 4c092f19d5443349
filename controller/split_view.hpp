// Two signed states of one log, held against each other: does the newer extend the older? When it does not, the log
// has shown two histories, and both signatures are kept as evidence.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "controller/note_reader.hpp"

namespace commonwatt {

enum class LogRelation : std::uint8_t {
  same,      ///< one state
  extended,  ///< the newer extends the older, proved
  forked,    ///< the two cannot be states of one log, proved: whoever signed both has shown two histories
  unproved,  ///< the proof shows neither
};

/// Of two states of one origin; `older` has no more entries than `newer`. `path` is a consistency path from the older
/// to the newer, or a path of proved_prefix_root that shows what stands there instead of the older.
LogRelation relation_of(const Checkpoint& older, const Checkpoint& newer, std::span<const Hash32> path);
/// What that means, for whoever reads it.
const char* explain(LogRelation relation);

/// Evidence an outsider can check with nothing but the log's public key.
struct SplitView {
  Bytes log_key;
  SignedCheckpoint older;
  SignedCheckpoint newer;
  std::vector<Hash32> path;  ///< as the log gave it, or as it follows from the log's entries; empty for two of one size

  friend bool operator==(const SplitView&, const SplitView&) = default;
};

/// JSON, one field a line, both checkpoints as signed notes that any tool for them reads.
std::string split_view_text(const SplitView& evidence);
/// The evidence of such a text, both signatures checked. The error says what is wrong with it.
Result<SplitView, std::string> split_view_from_text(std::string_view text);

/// Keeps the evidence in a directory as split-view-SIZE.json, or unproved-SIZE.json when it does not prove a fork; SIZE
/// is the older state's. One file for each older state: the log may sign as many others as it likes. Returns the file;
/// nothing when there is one already.
Result<std::string, std::string> keep_split_view(const std::filesystem::path& directory, const SplitView& evidence);

}  // namespace commonwatt
