#include "meter/p1.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>

namespace commonwatt {
namespace {

constexpr std::size_t tail_max = 6;  // of "XXXX\r\n" behind the '!'
constexpr std::size_t crc_digits_max = 4;
constexpr std::string_view line_end = "\r\n";

// What states the version of the telegram, and with it that there is a checksum.
constexpr std::array version_codes{ObisCode{.a = 1, .b = 3, .c = 0, .d = 2, .e = 8},    // DSMR 4 and later
                                   ObisCode{.a = 0, .b = 0, .c = 96, .d = 1, .e = 4}};  // Belgium
constexpr ObisCode clock_code{.a = 0, .b = 0, .c = 1, .d = 0, .e = 0};
constexpr ObisCode serial_in_hex{.a = 0, .b = 0, .c = 96, .d = 1, .e = 1};
constexpr std::array serial_codes{serial_in_hex, ObisCode{.a = 0, .b = 0, .c = 96, .d = 1, .e = 255},
                                  ObisCode{.a = 1, .b = 0, .c = 0, .d = 0, .e = 0}};

bool is_printable(char character) {
  return character >= ' ' && character <= '~';
}
bool is_upper_hex(char character) {
  return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'F');
}

/// Takes the part up to `end` off the text; nothing when `end` is not in it.
std::optional<std::string_view> take_until(std::string_view& text, std::string_view end) {
  const std::size_t at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at + end.size());
  return part;
}

bool parse_octet(std::string_view text, std::uint8_t& octet) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), octet);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

/// "1-0:1.8.1" or "1-0:1.8.0*255".
std::optional<ObisCode> parse_code(std::string_view text) {
  ObisCode code;
  std::string_view rest = text;
  const auto a = take_until(rest, "-");
  const auto b = take_until(rest, ":");
  const auto c = take_until(rest, ".");
  const auto d = take_until(rest, ".");
  if (!a || !b || !c || !d) return std::nullopt;
  if (!parse_octet(*a, code.a) || !parse_octet(*b, code.b)) return std::nullopt;
  if (!parse_octet(*c, code.c) || !parse_octet(*d, code.d)) return std::nullopt;
  if (const auto e = take_until(rest, "*")) {
    if (!parse_octet(*e, code.e) || !parse_octet(rest, code.f)) return std::nullopt;
  } else if (!parse_octet(rest, code.e)) {
    return std::nullopt;
  }
  return code;
}

/// What is between a pair of brackets.
std::optional<P1Value> parse_value(std::string_view text) {
  P1Value value;
  const std::size_t star = text.find('*');
  value.text = text.substr(0, star);
  if (star == std::string_view::npos) return value;
  value.unit = text.substr(star + 1);
  if (value.unit.empty() || value.unit.find('*') != std::string::npos) return std::nullopt;
  if (value.text.empty()) return value;
  value.number = decimal_from_text(value.text);
  return value.number ? std::optional(value) : std::nullopt;
}

/// "(...)(...)", at least one.
bool parse_values(std::string_view text, std::vector<P1Value>& values) {
  do {
    if (!text.starts_with('(')) return false;
    text.remove_prefix(1);
    const std::optional<std::string_view> inside = take_until(text, ")");
    if (!inside || inside->find('(') != std::string_view::npos) return false;
    std::optional<P1Value> value = parse_value(*inside);
    if (!value) return false;
    values.push_back(std::move(*value));
  } while (!text.empty());
  return true;
}

/// What is wrong with a line of data, or null when it has been added to the telegram. A line that begins with a bracket
/// continues the one before: the gas meter of DSMR 2 is written so.
const char* add_line(std::string_view text, std::size_t number, P1Telegram& telegram) {
  constexpr const char* not_values = "the values are not of the form (value*unit) with a decimal number before a unit";
  if (text.starts_with('(')) {
    if (telegram.lines.empty()) return "a continuation of nothing";
    return parse_values(text, telegram.lines.back().values) ? nullptr : not_values;
  }
  const std::size_t bracket = std::min(text.find('('), text.size());
  const std::optional<ObisCode> code = parse_code(text.substr(0, bracket));
  if (!code) return "the line does not begin with a code like 1-0:1.8.1";
  const bool known = std::any_of(telegram.lines.begin(), telegram.lines.end(),
                                 [&code](const P1Line& line) { return line.code == *code; });
  if (code->a == 1 && known) return "the code has occurred before";
  P1Line line{.number = number, .code = *code, .values = {}};
  if (!parse_values(text.substr(bracket), line.values)) return not_values;
  telegram.lines.push_back(std::move(line));
  return nullptr;
}

Fail<TelegramError> wrong(std::string what, std::size_t line) {
  return Fail{TelegramError{std::move(what), "line " + std::to_string(line)}};
}

/// The text from '/' to before '!', as lines.
Result<P1Telegram, TelegramError> parse_lines(std::string_view text) {
  P1Telegram telegram;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::optional<std::string_view> line = take_until(text, line_end);
    if (!line) return wrong("the line has no end", number);
    if (!std::all_of(line->begin(), line->end(), is_printable)) return wrong("not a printable character", number);
    if (number == 1) {
      telegram.identification = line->substr(1);
      // Three letters of the maker, one character of the baud rate.
      if (telegram.identification.size() < 4) return wrong("the identification is too short", number);
    } else if (number == 2) {
      if (!line->empty()) return wrong("the line after the identification is not empty", number);
    } else if (const char* const problem = add_line(*line, number, telegram)) {
      return wrong(problem, number);
    }
  }
  if (number < 2) return wrong("there is no data", number);
  return telegram;
}

const P1Line* find(const P1Telegram& telegram, const ObisCode& code) {
  const auto found = std::find_if(telegram.lines.begin(), telegram.lines.end(),
                                  [&code](const P1Line& line) { return line.code == code; });
  return found == telegram.lines.end() ? nullptr : &*found;
}

std::uint16_t number_of_digits(std::string_view digits) {
  unsigned value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return static_cast<std::uint16_t>(value);
}

/// Digits that are text in hexadecimal, as that text; any other as they are.
std::string decoded(const std::string& digits) {
  const std::optional<Bytes> octets = from_hex(digits);
  if (!octets || octets->empty()) return digits;
  const std::string text = as_text(*octets);
  return std::all_of(text.begin(), text.end(), is_printable) ? text : digits;
}

/// "ISk5\2MT382-1000": maker, baud rate, an escaped mark of the mode, model.
DeviceIdentity identity_of(const P1Telegram& telegram) {
  DeviceIdentity identity{
      .maker = telegram.identification.substr(0, 3), .model = telegram.identification.substr(4), .serial = {}};
  while (identity.model.size() >= 2 && identity.model.front() == '\\') identity.model.erase(0, 2);
  for (const ObisCode& code : serial_codes) {
    const P1Line* const line = find(telegram, code);
    if (line == nullptr || line->values.front().text.empty()) continue;
    const std::string& serial = line->values.front().text;
    identity.serial = code == serial_in_hex ? decoded(serial) : serial;
    break;
  }
  return identity;
}

/// "170102192002W" as an instant.
std::optional<UtcTime> clock_of(const std::string& text) {
  constexpr std::size_t digits = 12;
  if (text.size() != digits + 1 || (text.back() != 'S' && text.back() != 'W')) return std::nullopt;
  std::array<unsigned, digits / 2> part{};
  for (std::size_t i = 0; i < part.size(); ++i) {
    std::uint8_t two_digits = 0;
    if (!parse_octet(std::string_view(text).substr(2 * i, 2), two_digits)) return std::nullopt;
    part[i] = two_digits;
  }
  using namespace std::chrono;
  const year_month_day date{year{2000 + static_cast<int>(part[0])}, month{part[1]}, day{part[2]}};
  if (!date.ok() || part[3] > 23 || part[4] > 59 || part[5] > 59) return std::nullopt;
  const hours ahead_of_utc{text.back() == 'S' ? 2 : 1};
  const sys_seconds local = sys_days{date} + hours{part[3]} + minutes{part[4]} + seconds{part[5]};
  return UtcTime::from_seconds((local - ahead_of_utc).time_since_epoch().count());
}

/// A line with one value and a unit, which loses its prefix: kWh become Wh in the exponent.
std::optional<ObisRegister> register_of(const P1Line& line) {
  if (line.values.size() != 1) return std::nullopt;
  const P1Value& value = line.values.front();
  ObisRegister result{.code = line.code, .value = value.number, .unit = value.unit};
  if (result.unit.starts_with('k')) {
    result.unit.erase(0, 1);
    if (result.value) result.value->exponent += 3;  // at least -18, at most 0, before
  }
  return result;
}

}  // namespace

std::vector<Bytes> P1Framer::take(ByteView piece) {
  std::vector<Bytes> telegrams;
  for (const std::uint8_t octet : piece) {
    if (octet == '/') drop();
    if (octet != '/' && buffer_.empty()) continue;
    buffer_.push_back(octet);
    if (octet == '!' && !mark_) mark_ = buffer_.size() - 1;
    const std::size_t tail = mark_ ? buffer_.size() - 1 - *mark_ : 0;
    if (mark_ && octet == '\n') {
      telegrams.push_back(std::move(buffer_));
      buffer_.clear();
      mark_.reset();
    } else if (tail >= tail_max || buffer_.size() >= p1_telegram_max) {
      drop();
    }
  }
  return telegrams;
}

void P1Framer::drop() {
  if (!buffer_.empty()) ++dropped_;
  buffer_.clear();
  mark_.reset();
}

Result<P1Telegram, TelegramError> parse_p1(ByteView telegram) {
  if (telegram.size() > p1_telegram_max) return wrong("the telegram is too long", 1);
  const std::string whole = as_text(telegram);
  const std::size_t mark = whole.find('!');
  if (!whole.starts_with('/')) return wrong("the telegram does not begin with '/'", 1);
  if (mark == std::string::npos) return wrong("the telegram has no '!'", 1);
  const auto last_line = static_cast<std::size_t>(std::count(whole.begin(), whole.end(), '\n'));
  std::string_view tail = std::string_view(whole).substr(mark + 1);
  const std::optional<std::string_view> digits = take_until(tail, line_end);
  if (!digits || !tail.empty() || digits->size() > crc_digits_max ||
      !std::all_of(digits->begin(), digits->end(), is_upper_hex)) {
    return wrong("the last line is not '!', up to four hexadecimal digits, CR and LF", last_line);
  }
  if (!digits->empty() && number_of_digits(*digits) != crc16_arc(telegram.first(mark + 1))) {
    return wrong("the checksum is not that of the telegram", last_line);
  }
  Result<P1Telegram, TelegramError> parsed = parse_lines(std::string_view(whole).substr(0, mark));
  if (!parsed) return parsed;
  parsed->protection = digits->empty() ? P1Protection::none : P1Protection::crc16;
  const bool has_version = std::any_of(version_codes.begin(), version_codes.end(),
                                       [&](const ObisCode& code) { return find(*parsed, code) != nullptr; });
  if (digits->empty() && has_version) return wrong("a telegram of this version has a checksum", last_line);
  parsed->raw.assign(telegram.begin(), telegram.end());
  return parsed;
}

TelegramReading p1_reading(const P1Telegram& telegram) {
  TelegramReading result{.identity = identity_of(telegram), .reading = {}, .meter_clock = std::nullopt};
  std::vector<ObisRegister> registers;
  for (const P1Line& line : telegram.lines) {
    std::optional<ObisRegister> found = register_of(line);
    if (!found) continue;
    if (telegram.protection == P1Protection::none) {
      found->quality = Quality::suspect;
      found->reason = "the telegram has no checksum: nothing would show that it was damaged on its way";
    }
    registers.push_back(std::move(*found));
  }
  set_values(result.reading, registers);
  result.reading.raw = {{.function = 0, .address = 0, .octets = telegram.raw}};
  if (const P1Line* const clock = find(telegram, clock_code)) result.meter_clock = clock_of(clock->values.front().text);
  return result;
}

std::uint16_t crc16_arc(ByteView octets) {
  std::uint16_t crc = 0;
  for (const std::uint8_t octet : octets) {
    crc = static_cast<std::uint16_t>(crc ^ octet);
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<std::uint16_t>((crc & 1U) != 0 ? (crc >> 1U) ^ 0xA001U : crc >> 1U);
    }
  }
  return crc;
}

}  // namespace commonwatt
