// The seal of a journal file at rest: the hash of each of its pages, signed. The hash chain finds every change of what
// the journal says; the manifest also finds a change in the bytes around it, and tells which interval a damaged page
// holds.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "controller/event.hpp"
#include "controller/signing_keys.hpp"
#include "core/time.hpp"

namespace commonwatt {

/// The begin of the interval an entry of the journal is about: an order's own, the one that ends with a reading, else
/// the one in which it happened.
std::int64_t interval_of_event(const Event& event, UtcTime time, std::int64_t interval_seconds);

inline constexpr const char* manifest_file = "journal.manifest";

/// Seals the journal in `directory`, which nobody may have open: folds its write-ahead log in and writes the manifest
/// beside it.
Result<Done, std::string> seal_journal(const std::filesystem::path& directory, const SigningKey& log_key);
/// Breaks the seal: the journal is going to change.
void unseal_journal(const std::filesystem::path& directory);

struct DamagedPage {
  std::int64_t page = 0;                       ///< from 1
  std::optional<std::int64_t> interval_begin;  ///< the first interval the page tells of, if it tells of any
};
struct ManifestFinding {
  bool sealed = false;               ///< whether there is a manifest
  std::optional<std::string> fault;  ///< of the manifest itself: unreadable, or not signed by this key
  std::vector<DamagedPage> damaged;
};
/// Compares a journal with its manifest, whose signature must hold under the key it names. That this is the
/// controller's key, the replay tells.
ManifestFinding check_manifest(const std::filesystem::path& directory);

}  // namespace commonwatt
