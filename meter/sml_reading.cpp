#include "meter/sml_reading.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <string>

namespace commonwatt {
namespace {

constexpr std::array maker_codes{ObisCode{.a = 1, .b = 0, .c = 96, .d = 50, .e = 1, .f = 1},
                                 ObisCode{.a = 129, .b = 129, .c = 199, .d = 130, .e = 3}};
constexpr std::array serial_codes{
    ObisCode{.a = 1, .b = 0, .c = 96, .d = 1, .e = 0}, ObisCode{.a = 0, .b = 0, .c = 96, .d = 1, .e = 0},
    ObisCode{.a = 1, .b = 0, .c = 0, .d = 0, .e = 9}, ObisCode{.a = 0, .b = 0, .c = 96, .d = 1, .e = 255}};
constexpr ObisCode net_power{.a = 1, .b = 0, .c = 16, .d = 7, .e = 0};
constexpr ObisCode power_magnitude{.a = 1, .b = 0, .c = 15, .d = 7, .e = 0};

/// DLMS unit codes (IEC 62056-62, table of units).
const char* unit_text(std::uint8_t unit) {
  switch (unit) {
    case 27:
      return "W";
    case 28:
      return "VA";
    case 29:
      return "var";
    case 30:
      return "Wh";
    case 32:
      return "varh";
    case 33:
      return "A";
    case 35:
      return "V";
    case 44:
      return "Hz";
    default:
      return "unknown unit";
  }
}

bool is_printable(std::uint8_t octet) {
  return octet >= ' ' && octet <= '~';
}
bool is_capital(std::uint8_t octet) {
  return octet >= 'A' && octet <= 'Z';
}

const SmlEntry* find(const SmlTelegram& telegram, const ObisCode& code) {
  const auto found = std::find_if(telegram.entries.begin(), telegram.entries.end(),
                                  [&code](const SmlEntry& entry) { return entry.code == code; });
  return found == telegram.entries.end() ? nullptr : &*found;
}

/// The octets of the first of these codes the telegram has; empty when it has none.
template <std::size_t count>
Bytes octets_at(const SmlTelegram& telegram, const std::array<ObisCode, count>& codes) {
  for (const ObisCode& code : codes) {
    const SmlEntry* const entry = find(telegram, code);
    const Bytes* const octets = entry == nullptr ? nullptr : std::get_if<Bytes>(&entry->value);
    if (octets != nullptr) return *octets;
  }
  return {};
}

/// Ten octets: 09 or 0A, the medium, three letters of the maker, the maker's block and a number.
bool is_device_number(ByteView octets) {
  return octets.size() == 10 && (octets[0] == 0x09 || octets[0] == 0x0A) && octets[1] <= 0x0F &&
         std::all_of(octets.begin() + 2, octets.begin() + 5, is_capital);
}

std::uint32_t last_number(ByteView device_number) {
  std::uint32_t number = 0;
  for (const std::uint8_t octet : device_number.last(4)) number = (number << 8U) | octet;
  return number;
}

/// The meters that put unsigned numbers into signed fields (see the header).
bool is_dzg_dvs74(ByteView octets) {
  if (!is_device_number(octets) || as_text(octets.subspan(2, 3)) != "DZG") return false;
  const std::uint32_t number = last_number(octets);
  return (number >= 42'000'000 && number <= 48'999'999) || (number >= 55'000'000 && number <= 58'999'999);
}

/// As it is printed on the meter, "1EMH0012345678", where it is a device number; text as text; anything else in
/// hexadecimal.
std::string number_text(ByteView octets) {
  if (!is_device_number(octets)) {
    return std::all_of(octets.begin(), octets.end(), is_printable) ? as_text(octets) : to_hex(octets);
  }
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%X%c%c%c%02X%08lu", octets[1], octets[2], octets[3], octets[4], octets[5],
                static_cast<unsigned long>(last_number(octets)));
  return text.data();
}

Bytes device_number_of(const SmlTelegram& telegram) {
  Bytes number = octets_at(telegram, serial_codes);
  return number.empty() ? telegram.server_id : number;
}

DeviceIdentity identity_of(const SmlTelegram& telegram) {
  DeviceIdentity identity;
  const Bytes number = device_number_of(telegram);
  identity.serial = number_text(number);
  identity.maker = number_text(octets_at(telegram, maker_codes));
  if (identity.maker.empty() && is_device_number(number)) identity.maker = as_text(ByteView(number).subspan(2, 3));
  return identity;
}

enum class Flow { unknown, imports, exports };

/// Which way the energy flows, by a status word: in all (phase 0), or in one phase.
Flow flow_by(std::uint64_t status, unsigned phase) {
  const auto flow = [status](unsigned bit) { return ((status >> bit) & 1U) != 0 ? Flow::exports : Flow::imports; };
  // "Basiszaehler": the lowest octet is always 04; bits 11 to 14 say -A of the sum, L1, L2 and L3.
  if ((status & 0xFFU) == 0x04) return flow(11 + phase);
  // "EDL": bit 7 is always set; bit 5 says -A of the sum.
  if ((status & 0x80U) != 0 && phase == 0) return flow(5);
  return Flow::unknown;
}

/// The status stands at a register of energy.
Flow flow_of(const SmlTelegram& telegram, unsigned phase) {
  for (const std::uint8_t direction : {std::uint8_t{1}, std::uint8_t{2}}) {
    for (const SmlEntry& entry : telegram.entries) {
      const ObisCode& code = entry.code;
      if (code.a == 1 && code.c == direction && code.d == 8 && entry.status) return flow_by(*entry.status, phase);
    }
  }
  return Flow::unknown;
}

void suspect(ObisRegister& power, const char* reason) {
  power.quality = Quality::suspect;
  power.reason = reason;
}

/// Corrects or doubts a signed power (see the header).
void check_sign(ObisRegister& power, const SmlInteger& integer, Flow flow, bool is_dvs74) {
  const bool is_negative = power.value->digits < 0;
  if (is_dvs74 && is_negative && integer.width < 4 && flow == Flow::imports) {
    power.value->digits += std::int64_t{1} << (8 * integer.width);
  } else if (is_dvs74 && is_negative && integer.width < 4 && flow == Flow::unknown) {
    suspect(power, "this series gives a high import as negative, and the meter does not say which way it flows");
  } else if (power.value->digits != 0 && flow != Flow::unknown && is_negative != (flow == Flow::exports)) {
    suspect(power, "the sign of the power contradicts the direction in the meter's status");
  }
}

/// The number as it is, or nothing when the scaler is out of all reason.
std::optional<Decimal> decimal_of(const SmlEntry& entry) {
  const auto* const integer = std::get_if<SmlInteger>(&entry.value);
  const std::optional<std::int64_t> digits = integer == nullptr ? std::nullopt : integer->value();
  const int exponent = entry.scaler.value_or(0);
  // The lowest integer has no negative, and is no measurement.
  if (!digits || *digits == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  if (exponent < -decimal_exponent_max || exponent > decimal_exponent_max) return std::nullopt;
  return Decimal{*digits, exponent};
}

/// 0 for the sum, 1 to 3 for a phase; nothing for what is not a signed power.
std::optional<unsigned> phase_of_power(const ObisCode& code) {
  constexpr std::array<std::uint8_t, 4> quantities{16, 36, 56, 76};
  if (code.a != 1 || code.d != 7) return std::nullopt;
  const auto* const found = std::find(quantities.begin(), quantities.end(), code.c);
  if (found == quantities.end()) return std::nullopt;
  return static_cast<unsigned>(found - quantities.begin());
}

ObisRegister register_of(const SmlTelegram& telegram, const SmlEntry& entry, bool is_dvs74) {
  ObisRegister result{.code = entry.code, .value = decimal_of(entry), .unit = unit_text(*entry.unit)};
  if (!result.value) return result;
  if (const std::optional<unsigned> phase = phase_of_power(entry.code)) {
    check_sign(result, std::get<SmlInteger>(entry.value), flow_of(telegram, *phase), is_dvs74);
  } else if (entry.code == power_magnitude && find(telegram, net_power) == nullptr) {
    result.code = net_power;
    const Flow flow = flow_of(telegram, 0);
    if (flow == Flow::exports) result.value->digits = -result.value->digits;
    if (flow == Flow::unknown) suspect(result, "the meter states a magnitude, and not which way the power flows");
  }
  return result;
}

}  // namespace

TelegramReading sml_reading(const SmlTelegram& telegram) {
  TelegramReading result{.identity = identity_of(telegram), .reading = {}, .meter_clock = telegram.clock};
  const bool is_dvs74 = is_dzg_dvs74(device_number_of(telegram));
  std::vector<ObisRegister> registers;
  for (const SmlEntry& entry : telegram.entries) {
    if (entry.unit) registers.push_back(register_of(telegram, entry, is_dvs74));
  }
  set_values(result.reading, registers);
  result.reading.raw = {{.function = 0, .address = 0, .octets = telegram.raw}};
  return result;
}

}  // namespace commonwatt
