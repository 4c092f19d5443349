// SML, the Smart Message Language: what electricity meters in Germany send over their optical port. Pure: octets in,
// telegrams out.
// Source: BSI TR-03109-1, annex IV b, "Feinspezifikation Drahtgebundene LMN-Schnittstelle" (SML 1.03 to 1.05, transport
// protocol version 1). Departures of real meters are stated where they are allowed for.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "core/bytes.hpp"
#include "core/result.hpp"
#include "meter/obis.hpp"
#include "meter/telegram.hpp"

namespace commonwatt {

/// The longest frame believed to be one; real ones are of 200 to 700 octets.
inline constexpr std::size_t sml_frame_max = 4096;
/// How deep lists may lie within each other; those of a list of values lie 5 deep.
inline constexpr int sml_depth_max = 8;

/// Cuts frames, from the start sequence 1B1B1B1B 01010101 to the end sequence 1B1B1B1B 1A with its three octets, out of
/// what comes from the port, in pieces of any size. The start sequence begins a frame wherever it stands: values that
/// read like it would not be understood, but a frame that was cut off never takes the next one with it.
class SmlFramer {
 public:
  /// The frames that this piece completes, escaped and unchecked.
  std::vector<Bytes> take(ByteView piece);
  /// How many were begun and given up: cut off by the next one, too long, or with an escape that means nothing.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }
  /// How many octets wait for the rest of their frame; at most sml_frame_max.
  [[nodiscard]] std::size_t buffered() const { return buffer_.size(); }

 private:
  enum class Step { more, complete, broken };
  Step step(std::uint8_t octet);
  void drop();

  Bytes buffer_;
  std::uint64_t window_ = 0;     // the last eight octets
  unsigned marks_ = 0;           // how many octets 1B in a row
  unsigned escape_pending_ = 0;  // how many octets of an escape are still to come
  std::uint64_t dropped_ = 0;
};

/// An integer of 1 to 8 octets. The width is kept, because one maker gets it wrong.
struct SmlInteger {
  std::uint64_t bits = 0;  // sign extended when it is signed
  unsigned width = 0;
  bool is_signed = false;
  /// Absent when it does not fit.
  [[nodiscard]] std::optional<std::int64_t> value() const;
};

/// One line of a list of values.
struct SmlEntry {
  ObisCode code;
  std::optional<std::uint64_t> status;
  std::optional<std::uint8_t> unit;  // DLMS: 27 is W, 30 is Wh
  std::optional<std::int8_t> scaler;
  std::variant<std::monostate, bool, SmlInteger, Bytes> value;  // nothing: absent, or of a kind no meter measures
};

struct SmlTelegram {
  Bytes server_id;
  std::optional<UtcTime> clock;  // when the meter knows the date, and not only its seconds of operation
  std::vector<SmlEntry> entries;
  Bytes raw;
};

/// Parses one whole frame, which holds one list of values (SML_GetList.Res). Every octet must be accounted for:
/// escapes, fill, the checksum of the frame and that of each message. A checksum is CRC-16/X-25, or, in Holley meters,
/// CRC-16/KERMIT with its octets the other way round; all messages of a frame must have the same, so that damage to one
/// of them cannot pass for the other kind. No code of an electricity register may occur twice.
Result<SmlTelegram, TelegramError> parse_sml(ByteView frame);

enum class SmlChecksum { x25, kermit };
/// The number a telegram must state for these octets, high octet first.
std::uint16_t sml_checksum(ByteView octets, SmlChecksum kind);

}  // namespace commonwatt
