// Personal data at rest is sealed with AES-256-GCM (NIST SP 800-38D). Without its key a sealed record says nothing, so
// that deleting the key erases the record wherever a copy of it lies, in backups too, while its bytes and every hash
// over them stay.
#pragma once

#include <optional>
#include <tuple>

#include "core/bytes.hpp"
#include "core/id.hpp"
#include "core/time.hpp"

namespace commonwatt {

/// Names a data key without telling anything of it: the first bytes of its SHA-256.
using KeyName = std::array<std::uint8_t, 8>;

struct DataKey {
  std::optional<HouseholdId> household;  ///< whose data it seals; nothing: the market's, where everybody's lie together
  std::int64_t month = 0;                ///< what it seals was journalled in this month, see month_of
  std::int64_t first_sequence = 0;       ///< and not before this entry
  Hash32 secret{};
  [[nodiscard]] KeyName name() const;
};

struct SealedRecord {
  std::optional<HouseholdId> household;
  KeyName key{};
  std::array<std::uint8_t, 12> nonce{};
  Bytes text;  ///< ciphertext, and 16 bytes that authenticate it

  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.household, self.key, self.nonce, self.text);
  }
};

/// Seals `text`. `about` says which record it is: it opens as no other. The nonce is random, so that a journal restored
/// from a backup, which gives sequence numbers a second time, cannot give a nonce a second time.
SealedRecord seal_record(const DataKey& key, ByteView about, ByteView text);
/// The text, if the key is the right one and nothing was changed.
std::optional<Bytes> open_record(const DataKey& key, const SealedRecord& sealed, ByteView about);

}  // namespace commonwatt
