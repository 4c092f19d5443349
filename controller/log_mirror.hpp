// A household's copy of the evidence log: its leaves, which say nothing about anybody. With them every state of the log
// that was ever signed can be led to every later one, such as the one that an anchor names, whatever becomes of the
// operator.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "controller/signed_note.hpp"
#include "core/result.hpp"
#include "market/merkle.hpp"

namespace commonwatt {

inline constexpr const char* log_mirror_file = "log.leaves";

class LogMirror {
 public:
  /// What is in the file, 32 bytes a leaf, is believed until a signed state contradicts it; then it is fetched again.
  explicit LogMirror(std::filesystem::path file);

  /// A signed state the copy is to reach. One that is not newer than the last changes nothing.
  void aim(const Checkpoint& checkpoint);
  /// Leaves of the log from place `first` on. Those that go on where the copy ends are taken, and written once they
  /// lead to the state aimed at. The error says why they cannot be kept.
  Result<Done, std::string> take(std::int64_t first, std::span<const Hash32> leaves);
  /// The place from which leaves are to be asked for; nothing when the copy is complete or cannot be had, and after one
  /// could not be written until there is a newer state.
  [[nodiscard]] std::optional<std::int64_t> wanted() const;

 private:
  Result<Done, std::string> keep();
  [[nodiscard]] std::int64_t known() const { return kept_.size() + static_cast<std::int64_t>(fresh_.size()); }

  std::filesystem::path file_;
  GrowingTree kept_;           // what the file holds
  std::vector<Hash32> fresh_;  // what came behind it and is not proved yet
  Checkpoint target_;
  bool is_full_ = false;  // the disk, when it was written last
  bool gave_up_ = false;  // what the controller hands out does not lead to what it signs
};

/// The leaves in a copy's file, as many as there are whole ones.
std::vector<Hash32> read_log_leaves(const std::filesystem::path& file);

}  // namespace commonwatt
