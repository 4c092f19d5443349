#include "controller/reading_chain.hpp"

#include <cassert>

#include "core/sha256.hpp"
#include "market/batch.hpp"

namespace commonwatt {
namespace {

std::vector<Hash32> leaves_of(std::span<const Reading> readings) {
  std::vector<Hash32> leaves;
  leaves.reserve(readings.size());
  for (const Reading& reading : readings) leaves.push_back(reading_leaf(reading));
  return leaves;
}

}  // namespace

Hash32 head_digest(const ReadingHead& head) {
  return sha256({as_bytes("commonwatt-reading-head/v1\n"), encode(head)});
}

Hash32 reading_leaf(const Reading& reading) {
  return record_leaf(LeafKind::reading, reading.salt, encode(reading), {});
}

const char* explain(ChainReject reject) {
  switch (reject) {
    case ChainReject::wrong_count:
      return "the head speaks of another number of readings than came, of none, or of too many";
    case ChainReject::foreign_meter:
      return "a reading or the head is another meter's";
    case ChainReject::out_of_sequence:
      return "the readings do not continue the meter's sequence: one is missing, came twice or changed places";
    case ChainReject::broken_chain:
      return "the head does not name the head before it: a batch is missing or the meter started anew";
    case ChainReject::time_not_rising:
      return "a reading is not later than the one before it";
    case ChainReject::register_decreased:
      return "a register fell";
    case ChainReject::other_readings:
      return "the readings are not those the meter signed";
    case ChainReject::bad_signature:
      return "the head is not signed by the meter's key";
  }
  return "";
}

SignedHead ReadingChain::seal(std::span<const Reading> readings, const SigningKey& key) {
  const ReadingHead head{.meter = meter_,
                         .first_sequence = next_sequence_,
                         .count = static_cast<std::int64_t>(readings.size()),
                         .root = merkle_root(leaves_of(readings)),
                         .previous = previous_};
  assert(!refuse(head, readings));
  move_on(head, readings.back());
  return {.head = head, .signature = key.sign_digest(head_digest(head))};
}

Result<Done, ChainReject> ReadingChain::accept(const SignedHead& batch, std::span<const Reading> readings,
                                               ByteView public_key) {
  if (const std::optional<ChainReject> reject = refuse(batch.head, readings)) return Fail{*reject};
  if (!reading_signature_holds(public_key, head_digest(batch.head), batch.signature))
    return Fail{ChainReject::bad_signature};
  // From here the readings count.
  move_on(batch.head, readings.back());
  return Done{};
}

/// Everything but the signature, cheapest first.
std::optional<ChainReject> ReadingChain::refuse(const ReadingHead& head, std::span<const Reading> readings) const {
  if (readings.empty() || head.count != static_cast<std::int64_t>(readings.size()) || head.count > head_readings_max)
    return ChainReject::wrong_count;
  if (head.meter != meter_) return ChainReject::foreign_meter;
  if (head.first_sequence != next_sequence_) return ChainReject::out_of_sequence;
  if (head.previous != previous_) return ChainReject::broken_chain;
  const Reading* before = last_ ? &*last_ : nullptr;
  std::int64_t sequence = next_sequence_;
  for (const Reading& reading : readings) {
    if (reading.meter != meter_) return ChainReject::foreign_meter;
    if (reading.sequence != sequence++) return ChainReject::out_of_sequence;
    if (before != nullptr && reading.time <= before->time) return ChainReject::time_not_rising;
    if (before != nullptr && (reading.registers.import < before->registers.import ||
                              reading.registers.export_ < before->registers.export_)) {
      return ChainReject::register_decreased;
    }
    before = &reading;
  }
  if (merkle_root(leaves_of(readings)) != head.root) return ChainReject::other_readings;
  return std::nullopt;
}

void ReadingChain::move_on(const ReadingHead& head, const Reading& last) {
  next_sequence_ += head.count;
  previous_ = sha256(encode(head));
  last_ = last;
}

std::vector<Hash32> reading_path(std::span<const Reading> readings, std::size_t index) {
  return inclusion_path(leaves_of(readings), index);
}

bool reading_holds(const Reading& reading, std::span<const Hash32> path, const SignedHead& batch, ByteView public_key) {
  const ReadingHead& head = batch.head;
  if (reading.meter != head.meter || head.count <= 0 || head.count > head_readings_max ||
      reading.sequence < head.first_sequence || reading.sequence - head.first_sequence >= head.count) {
    return false;
  }
  const auto index = static_cast<std::uint64_t>(reading.sequence - head.first_sequence);
  return inclusion_holds(reading_leaf(reading), index, static_cast<std::uint64_t>(head.count), path, head.root) &&
         reading_signature_holds(public_key, head_digest(head), batch.signature);
}

}  // namespace commonwatt
