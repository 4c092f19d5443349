// How events and batches lie in the journal: what is personal in them sealed under the data key of the household it is
// about, the rest in clear. The hash chain and the batches' roots stand on what stays when keys are deleted.
#pragma once

#include <functional>
#include <string>

#include "controller/data_keys.hpp"
#include "controller/effect.hpp"
#include "controller/event.hpp"

namespace commonwatt {

/// Gives the key to seal data of a household with, or of the market.
using KeyFor = std::function<const DataKey&(const std::optional<HouseholdId>&)>;

/// Why a stored record does not open.
struct OpenFault {
  bool key_missing = false;              ///< its data key is gone; else it is damaged
  std::optional<HouseholdId> household;  ///< whose key is missing; nothing: the market's
  std::string what;                      ///< in words, and what to do
};
/// "the data key of hh03 is missing ...".
OpenFault missing_key(const std::optional<HouseholdId>& household);

/// Orders and readings are sealed for their household; the salt of a run, from which all its statements' salts follow,
/// for the market; of a configuration the names of people.
Bytes store_event(const Event& event, std::int64_t sequence, const KeyFor& key_for);
/// The event. A configuration opens without its keys too: the names are empty then.
Result<Event, OpenFault> open_event(ByteView stored, std::int64_t sequence, const DataKeys& keys);

/// Statements, their salts and their postings are sealed household by household, each leaf beside them.
Bytes store_batch(const StoreBatch& store, const KeyFor& key_for);
/// The batch. Statements whose keys are gone are among its erased ones, their postings are left out. Every leaf of a
/// statement that opens is computed again.
Result<StoreBatch, OpenFault> open_batch(ByteView stored, std::int64_t log_index, const DataKeys& keys);
/// What the books lose when the keys go of which `goes` holds.
std::vector<Posting> postings_under(ByteView stored, std::int64_t log_index, const DataKeys& keys,
                                    const std::function<bool(const DataKey&)>& goes);

/// A whole state, sealed for the market; it belongs to the journal whose entry has that hash.
Bytes store_state(ByteView state, const Hash32& entry_hash, const DataKey& key);
std::optional<Bytes> open_state(ByteView stored, const Hash32& entry_hash, const DataKeys& keys);

}  // namespace commonwatt
