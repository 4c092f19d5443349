#include "market/delivery.hpp"

namespace commonwatt {
namespace {

__extension__ using Wide = __int128;

/// What a register may exceed its rating by for the coarseness of its own steps.
constexpr std::int64_t quantum_wh = 10;

}  // namespace

const char* to_text(ReadingReject reject) {
  switch (reject) {
    case ReadingReject::malformed:
      return "malformed";
    case ReadingReject::unknown_meter:
      return "unknown_meter";
    case ReadingReject::bad_signature:
      return "bad_signature";
    case ReadingReject::not_a_boundary:
      return "not_a_boundary";
    case ReadingReject::clock_ahead:
      return "clock_ahead";
    case ReadingReject::out_of_order:
      return "out_of_order";
    case ReadingReject::register_decreased:
      return "register_decreased";
    case ReadingReject::implausible:
      return "implausible";
  }
  return "";
}

const char* explain(ReadingReject reject) {
  switch (reject) {
    case ReadingReject::malformed:
      return "the reading is not readable; update the gateway";
    case ReadingReject::unknown_meter:
      return "the meter is not registered for this household; ask the operator";
    case ReadingReject::bad_signature:
      return "the signature is not of the household's registered meter key";
    case ReadingReject::not_a_boundary:
      return "the reading is not for the boundary of an interval";
    case ReadingReject::clock_ahead:
      return "the reading is from the future; set the gateway's clock";
    case ReadingReject::out_of_order:
      return "a later reading of this meter was accepted before; it was sent twice";
    case ReadingReject::register_decreased:
      return "a register is below its last good value; a replaced meter must be declared to the operator";
    case ReadingReject::implausible:
      return "a register rose by more than the connection can carry; check meter and fuse rating";
  }
  return "";
}

const char* to_text(DeliveryQuality quality) {
  return quality == DeliveryQuality::good ? "good" : "estimated";
}

std::optional<ReadingReject> refuse_rise(const Registers& rise, std::optional<Power> rating, std::int64_t seconds) {
  if (rise.import < Energy{0} || rise.export_ < Energy{0}) return ReadingReject::register_decreased;
  if (!rating) return std::nullopt;
  const Wide bound = static_cast<Wide>(rating->count) * seconds * 11 / 36'000 + quantum_wh;
  if (rise.import.count > bound || rise.export_.count > bound) return ReadingReject::implausible;
  return std::nullopt;
}

}  // namespace commonwatt
