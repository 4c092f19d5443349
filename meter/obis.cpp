#include "meter/obis.hpp"

#include <algorithm>
#include <array>

namespace commonwatt {
namespace {

constexpr std::uint8_t present = 7;  // D: the value at this moment
constexpr std::uint8_t total = 8;    // D: counted since the beginning

/// a + b, or a - b, as one register that is as good as the worse and as coarse as the coarser of the two.
struct Combined {
  ObisRegister sum;
  double quantum = 0;
};

double quantum_of(const ObisRegister& source) {
  return source.value ? source.value->step() : 0;
}

Combined combined(const Combined& left, const ObisRegister& right, int sign) {
  Combined result{left.sum, std::max(left.quantum, quantum_of(right))};
  ObisRegister& value = result.sum;
  if (right.quality != Quality::good) {
    value.quality = right.quality;
    value.reason = right.reason;
  }
  if (!right.value || right.unit != value.unit) {
    value.value.reset();
    value.code = right.code;  // the one to blame
  } else if (value.value) {
    value.value = sum(*value.value, Decimal{sign * right.value->digits, right.value->exponent});
  }
  return result;
}

class ValueList {
 public:
  ValueList(std::span<const ObisRegister> registers, std::vector<MeasuredValue>& values)
      : registers_(registers), values_(values) {}

  void add_energy(Measurand measurand, std::uint8_t quantity) {
    const ObisRegister* const whole = find(quantity, total, 0);
    std::optional<Combined> tariffs;
    constexpr std::array shares{Share::t1, Share::t2, Share::t3, Share::t4};
    std::vector<MeasuredValue> by_tariff;
    for (std::size_t i = 0; i < shares.size(); ++i) {
      const ObisRegister* const tariff = find(quantity, total, static_cast<std::uint8_t>(i + 1));
      if (tariff == nullptr) continue;
      by_tariff.push_back(value_of({.measurand = measurand, .share = shares[i]}, *tariff, quantum_of(*tariff)));
      tariffs = tariffs ? combined(*tariffs, *tariff, 1) : Combined{*tariff, quantum_of(*tariff)};
    }
    if (whole != nullptr) {
      add({.measurand = measurand}, *whole);
    } else if (tariffs) {
      values_.push_back(value_of({.measurand = measurand}, tariffs->sum, tariffs->quantum));
    }
    values_.insert(values_.end(), by_tariff.begin(), by_tariff.end());
  }

  /// `net` where the meter states it, else `in` - `out`.
  struct Flow {
    std::uint8_t net = 0;
    std::uint8_t in = 0;
    std::uint8_t out = 0;
  };
  void add_power(Share share, const Flow& flow) {
    const MeasuredQuantity quantity{.measurand = Measurand::active_power, .share = share};
    const ObisRegister* const net = find(flow.net, present, 0);
    const ObisRegister* const in = find(flow.in, present, 0);
    const ObisRegister* const out = find(flow.out, present, 0);
    if (net != nullptr) {
      add(quantity, *net);
    } else if (in != nullptr && out != nullptr) {
      const Combined difference = combined({*in, quantum_of(*in)}, *out, -1);
      values_.push_back(value_of(quantity, difference.sum, difference.quantum));
    } else if (in != nullptr) {
      add(quantity, alone(*in, 2, 1));
    } else if (out != nullptr) {
      add(quantity, alone(*out, 1, -1));
    }
  }

  void add_present(const MeasuredQuantity& quantity, std::uint8_t code) {
    if (const ObisRegister* const found = find(code, present, 0)) add(quantity, *found);
  }

 private:
  [[nodiscard]] const ObisRegister* find(std::uint8_t c, std::uint8_t d, std::uint8_t e) const {
    const ObisCode code{.a = 1, .b = 0, .c = c, .d = d, .e = e};
    const auto found = std::find_if(registers_.begin(), registers_.end(),
                                    [&code](const ObisRegister& candidate) { return candidate.code == code; });
    return found == registers_.end() ? nullptr : &*found;
  }

  /// A power of one direction without its counterpart: all there is to say when the meter counts that direction only.
  [[nodiscard]] ObisRegister alone(const ObisRegister& power, std::uint8_t other_direction, int sign) const {
    ObisRegister result = power;
    if (result.value) result.value->digits *= sign;
    const bool counts_both = std::any_of(registers_.begin(), registers_.end(), [&](const ObisRegister& candidate) {
      return candidate.code.a == 1 && candidate.code.c == other_direction && candidate.code.d == total;
    });
    if (counts_both && result.quality == Quality::good) {
      result.quality = Quality::suspect;
      result.reason = "the meter counts both directions, but states the power of one only";
    }
    return result;
  }

  void add(const MeasuredQuantity& quantity, const ObisRegister& source) {
    values_.push_back(value_of(quantity, source, quantum_of(source)));
  }

  static MeasuredValue value_of(const MeasuredQuantity& quantity, const ObisRegister& source, double quantum) {
    const auto missing = [&quantity, &source](const std::string& why) {
      return MeasuredValue{
          .quantity = quantity, .quality = Quality::missing, .reason = to_text(source.code) + " " + why};
    };
    if (!source.value) return missing("has no number in this telegram");
    if (source.unit != unit_of(quantity.measurand)) return missing("is in '" + source.unit + "'");
    MeasuredValue value{.quantity = quantity,
                        .value = source.value->as_double(),
                        .quality = source.quality,
                        .reason = source.reason,
                        .quantum = quantum};
    if (is_energy_register(quantity.measurand)) {
      value.energy = energy_from_wh(*source.value);
      if (!value.energy) return missing("is no count of energy");
    }
    return value;
  }

  std::span<const ObisRegister> registers_;
  std::vector<MeasuredValue>& values_;
};

void judge(DeviceReading& reading) {
  reading.quality = Quality::missing;
  reading.reason = "the telegram has no count of energy";
  for (const MeasuredValue& value : reading.values) {
    if (!value.energy || value.quantity.share != Share::total) continue;
    reading.quality = value.quality;
    reading.reason = value.reason;
    if (value.quality != Quality::good) return;
  }
}

}  // namespace

std::string to_text(const ObisCode& code) {
  return std::to_string(code.a) + "-" + std::to_string(code.b) + ":" + std::to_string(code.c) + "." +
         std::to_string(code.d) + "." + std::to_string(code.e) + "*" + std::to_string(code.f);
}

void set_values(DeviceReading& reading, std::span<const ObisRegister> registers) {
  reading.values.clear();
  ValueList list(registers, reading.values);
  list.add_energy(Measurand::energy_import, 1);
  list.add_energy(Measurand::energy_export, 2);
  list.add_power(Share::total, {.net = 16, .in = 1, .out = 2});
  constexpr std::array phases{Share::l1, Share::l2, Share::l3};
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const auto phase = [i](int of_l1) { return static_cast<std::uint8_t>(of_l1 + 20 * static_cast<int>(i)); };
    list.add_power(phases[i], {.net = phase(36), .in = phase(21), .out = phase(22)});
    list.add_present({.measurand = Measurand::voltage, .share = phases[i]}, phase(32));
    list.add_present({.measurand = Measurand::current, .share = phases[i]}, phase(31));
  }
  list.add_present({.measurand = Measurand::frequency}, 14);
  judge(reading);
}

}  // namespace commonwatt
