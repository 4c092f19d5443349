// Many readings under one signature: a meter signs the root of an RFC 6962 tree over the readings of an interval, and
// every such head names the one before it. A reading every ten seconds then costs a hash, not a P-256 signature, and is
// still its meter's alone: it proves itself against the signed head with a path of a few hashes.
//
// Before its head is signed, a reading proves nothing: whoever holds it has the gateway's word only.
#pragma once

#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "controller/signing_keys.hpp"
#include "core/result.hpp"
#include "market/delivery.hpp"

namespace commonwatt {

/// The most readings under one head: an hour of one a second.
inline constexpr std::int64_t head_readings_max = 3600;

/// What a meter signs of consecutive readings.
struct ReadingHead {
  MeterId meter;
  std::int64_t first_sequence = 0;
  std::int64_t count = 0;
  Hash32 root{};      ///< of the tree over reading_leaf of each, in their sequence
  Hash32 previous{};  ///< SHA-256 of the encoding of the head before; zeros for a meter's first

  friend bool operator==(const ReadingHead&, const ReadingHead&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.meter, self.first_sequence, self.count, self.root, self.previous);
  }
};
struct SignedHead {
  ReadingHead head;
  Bytes signature;  ///< P-256 over head_digest

  friend bool operator==(const SignedHead&, const SignedHead&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.head, self.signature);
  }
};

/// SHA-256 of a label no other signature has and the encoding.
Hash32 head_digest(const ReadingHead& head);
/// The salted leaf of one reading.
Hash32 reading_leaf(const Reading& reading);

enum class ChainReject : std::uint8_t {
  wrong_count,
  foreign_meter,
  out_of_sequence,
  broken_chain,
  time_not_rising,
  register_decreased,
  other_readings,
  bad_signature,
};
/// The reason as the owner of a meter would understand it.
const char* explain(ChainReject reject);

/// One meter's readings from batch to batch: what the next head must continue. Both sides keep one.
class ReadingChain {
 public:
  explicit ReadingChain(MeterId meter) : meter_(std::move(meter)) {}

  /// Signs readings that continue the chain, which moves on; their sequence numbers are the next ones, of this meter.
  SignedHead seal(std::span<const Reading> readings, const SigningKey& key);
  /// Whether these are exactly the readings the meter signed next. The chain moves on only when they are.
  Result<Done, ChainReject> accept(const SignedHead& batch, std::span<const Reading> readings, ByteView public_key);

 private:
  [[nodiscard]] std::optional<ChainReject> refuse(const ReadingHead& head, std::span<const Reading> readings) const;
  void move_on(const ReadingHead& head, const Reading& last);

  MeterId meter_;
  std::int64_t next_sequence_ = 1;
  Hash32 previous_{};
  std::optional<Reading> last_;
};

/// The way from reading `index` to the head's root; index < readings.size().
std::vector<Hash32> reading_path(std::span<const Reading> readings, std::size_t index);
/// Whether a single reading is its meter's, by the path to a head that the meter signed.
bool reading_holds(const Reading& reading, std::span<const Hash32> path, const SignedHead& batch, ByteView public_key);

}  // namespace commonwatt
