// From registers to energy (RULEBOOK section 5): what each meter counted in an interval, estimated where a reading is
// missing, and never a watt-hour more or less over time than its registers show.
#pragma once

#include <map>
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

/// What is known of one meter: its readings that are not settled yet, where settlement stands, and its usual day.
class MeterAccount {
 public:
  /// Whether a reading fits what is known: sequence, order, monotone and plausible registers. `rating` bounds the
  /// power of either direction; counters may be a tenth and one quantum above it.
  [[nodiscard]] std::optional<ReadingReject> refuse(const Reading& reading, Power rating,
                                                    std::int64_t interval_seconds) const;
  /// Takes a reading that `refuse` let pass.
  void add(const Reading& reading);

  /// The interval's energy: the difference of the registers at its boundaries. A boundary without a reading is
  /// interpolated where a later one is known, else taken from the same interval a week or a day before, else from
  /// the last one; the difference to the truth comes back with the next good reading. Moves settlement to the
  /// interval's end: intervals are settled once each and in order.
  Delivery settle(const Interval& interval);

  [[nodiscard]] std::int64_t last_sequence() const { return last_sequence_; }
  [[nodiscard]] bool has_reading(UtcTime boundary) const { return readings_.contains(boundary.seconds()); }

  friend bool operator==(const MeterAccount&, const MeterAccount&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.last_sequence_, self.last_time_, self.last_registers_, self.readings_, self.settled_time_,
                    self.settled_registers_, self.settled_quality_, self.usual_, self.last_energy_);
  }

 private:
  [[nodiscard]] Registers usual(const Interval& interval) const;
  /// The registers where settlement begins: read, or between the readings around it, or the last ones before.
  [[nodiscard]] std::optional<Registers> first_registers(std::int64_t begin) const;

  std::int64_t last_sequence_ = 0;
  std::int64_t last_time_ = 0;  // seconds
  std::optional<Registers> last_registers_;
  std::map<std::int64_t, Registers> readings_;  // by boundary in seconds, from settled_time_ on
  std::int64_t settled_time_ = 0;
  std::optional<Registers> settled_registers_;
  DeliveryQuality settled_quality_ = DeliveryQuality::good;
  std::map<std::int64_t, Registers> usual_;  // by interval of the week
  Registers last_energy_;
};

}  // namespace commonwatt
