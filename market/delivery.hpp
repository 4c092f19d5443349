// Registers, the readings of them, and the energy between two (RULEBOOK section 5).
#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "core/bytes.hpp"
#include "core/cbor.hpp"
#include "core/id.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace commonwatt {

/// Cumulative registers of a meter, import and export apart. Of a production meter, export is what it produced.
struct Registers {
  Energy import;
  Energy export_;

  friend bool operator==(const Registers&, const Registers&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.import, self.export_);
  }
  friend Registers operator+(const Registers& a, const Registers& b) {
    return {a.import + b.import, a.export_ + b.export_};
  }
  friend Registers operator-(const Registers& a, const Registers& b) {
    return {a.import - b.import, a.export_ - b.export_};
  }
  Registers& operator+=(const Registers& other) { return *this = *this + other; }
};

/// One meter's registers at one interval boundary, as its gateway signs them.
struct Reading {
  MeterId meter;
  UtcTime time;  ///< an interval boundary
  Registers registers;
  std::int64_t sequence = 0;  ///< strictly rising per meter
  Salt16 salt{};
  Hash32 raw{};  ///< SHA-256 of the register words it was decoded from, kept by the gateway

  friend bool operator==(const Reading&, const Reading&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.meter, self.time, self.registers, self.sequence, self.salt, self.raw);
  }
};

/// Why a reading is not taken into account. Held readings are kept in the journal.
enum class ReadingReject : std::uint8_t {
  malformed,
  unknown_meter,
  bad_signature,
  not_a_boundary,
  clock_ahead,
  out_of_order,
  register_decreased,
  implausible,
};
constexpr ReadingReject enum_last(ReadingReject) {
  return ReadingReject::implausible;
}
const char* to_text(ReadingReject reject);
/// The reason as a household would understand it, with what to do.
const char* explain(ReadingReject reject);

enum class DeliveryQuality : std::uint8_t { good, estimated };
constexpr DeliveryQuality enum_last(DeliveryQuality) {
  return DeliveryQuality::estimated;
}
const char* to_text(DeliveryQuality quality);

struct Delivery {
  Registers energy;  ///< what the registers rose by
  DeliveryQuality quality = DeliveryQuality::good;

  friend bool operator==(const Delivery&, const Delivery&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.energy, self.quality);
  }
};

/// Why registers cannot have risen by that in those seconds: one fell, or rose by more than a tenth and one quantum
/// above what the rating, where there is one, can carry.
std::optional<ReadingReject> refuse_rise(const Registers& rise, std::optional<Power> rating, std::int64_t seconds);

}  // namespace commonwatt
