// P1: the customer port of the meters of the Netherlands, Belgium, Luxembourg and others, which sends a text telegram
// every 1 to 10 seconds. Pure: octets in, telegrams and readings out.
// Source: Netbeheer Nederland, "Dutch Smart Meter Requirements, P1 Companion Standard" 2.2, 4.2 and 5.0.2; Fluvius,
// "e-MUCS-P1" 1.7 (Belgium); IEC 62056-21 mode D for the form without a checksum.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/result.hpp"
#include "meter/decimal.hpp"
#include "meter/obis.hpp"
#include "meter/telegram.hpp"

namespace commonwatt {

/// The longest telegram believed to be one. The longest real ones, with a message of 1024 characters and the monthly
/// peaks of Belgium, stay below 5000 octets.
inline constexpr std::size_t p1_telegram_max = 8192;

/// Cuts telegrams, '/' to the end of the line of '!', out of what comes from the port, in pieces of any size. '/'
/// occurs nowhere else in a telegram, so that it always begins one; what comes before is skipped.
class P1Framer {
 public:
  /// The telegrams that this piece completes, unchecked.
  std::vector<Bytes> take(ByteView piece);
  /// How many were begun and given up: cut off by the next one, too long, or with too much behind the '!'.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  /// How many octets wait for the rest of their telegram; at most p1_telegram_max.
  [[nodiscard]] std::size_t buffered() const { return buffer_.size(); }

 private:
  void drop();

  Bytes buffer_;
  std::optional<std::size_t> mark_;  // where in the buffer the '!' is
  std::uint64_t dropped_ = 0;
};

/// "(00112.384*m3)": a text, and a number when it has a unit. Both may be empty.
struct P1Value {
  std::string text;
  std::optional<Decimal> number;
  std::string unit;
};
struct P1Line {
  std::size_t number = 0;  // in the telegram, from 1
  ObisCode code;
  std::vector<P1Value> values;  // those of continuation lines included
};

enum class P1Protection { none, crc16 };

struct P1Telegram {
  std::string identification;  // without the '/'
  P1Protection protection = P1Protection::none;
  std::vector<P1Line> lines;
  Bytes raw;
};

/// Parses one whole telegram. Unknown codes are kept, everything else must be exactly of the form:
///   /XXXZidentification CRLF CRLF, lines of code and values, each with CRLF, !CRC CRLF
/// with a CRC of 1 to 4 upper-case hexadecimal digits (CRC-16/ARC over '/' to '!'; one meter omits leading zeros). The
/// CRC may be absent only where the telegram does not state its version: all that do have one, so that damage to the
/// last line cannot turn a protected telegram into an unprotected one. No code of an electricity register may occur
/// twice.
Result<P1Telegram, TelegramError> parse_p1(ByteView telegram);

/// What it says. The clock is taken for Central European time (S: UTC+2, W: UTC+1). Without a checksum nothing is
/// better than suspect.
TelegramReading p1_reading(const P1Telegram& telegram);

/// CRC-16/ARC: polynomial 0x8005 reflected, start 0.
std::uint16_t crc16_arc(ByteView octets);

}  // namespace commonwatt
