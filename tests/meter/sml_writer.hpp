// Writes SML as a meter would, for tests.
#pragma once

#include <initializer_list>
#include <string>

#include "meter/sml.hpp"

namespace commonwatt {

class SmlWriter {
 public:
  explicit SmlWriter(SmlChecksum kind = SmlChecksum::x25) : kind_(kind) {}

  SmlWriter& list(std::size_t count) { return head(0x70, count, count > 15); }
  SmlWriter& octets(ByteView octets) {
    const std::size_t length = octets.size() + (octets.size() > 14 ? 2 : 1);
    head(0x00, length, length > 15);
    return raw(octets);
  }
  SmlWriter& text(const std::string& text) { return octets(as_bytes(text)); }
  SmlWriter& absent() { return octets({}); }
  SmlWriter& unsigned_integer(unsigned width, std::uint64_t value) { return integer(0x60, width, value); }
  SmlWriter& signed_integer(unsigned width, std::int64_t value) {
    return integer(0x50, width, static_cast<std::uint64_t>(value));
  }
  SmlWriter& raw(ByteView octets) {
    content_.insert(content_.end(), octets.begin(), octets.end());
    return *this;
  }

  /// The first fields of a message; its body follows.
  SmlWriter& begin_message(std::uint16_t tag) {
    begin_ = content_.size();
    return list(6).text("t1").unsigned_integer(1, 0).unsigned_integer(1, 0).list(2).unsigned_integer(2, tag);
  }
  SmlWriter& end_message() {
    const std::uint16_t crc = sml_checksum(ByteView(content_).subspan(begin_), kind_);
    return unsigned_integer(2, crc).raw(Bytes{0});
  }
  /// The parts of SML_GetList.Res before its values.
  SmlWriter& begin_values(std::size_t count) {
    begin_message(0x701).list(7).absent().octets(Bytes{0x0A, 1, 'A', 'B', 'C', 2, 0, 0, 0, 42}).absent();
    return list(2).unsigned_integer(1, 1).unsigned_integer(4, 99).list(count);
  }
  SmlWriter& end_values() { return absent().absent().end_message(); }
  /// A line up to its value.
  SmlWriter& begin_entry(const ObisCode& code, std::optional<std::uint32_t> status, int unit, int scaler) {
    list(7).octets(Bytes{code.a, code.b, code.c, code.d, code.e, code.f});
    status ? unsigned_integer(4, *status) : absent();
    absent();
    return unsigned_integer(1, static_cast<std::uint64_t>(unit)).signed_integer(1, scaler);
  }

  /// What has been written, as a frame.
  [[nodiscard]] Bytes frame() const {
    Bytes frame{0x1B, 0x1B, 0x1B, 0x1B, 1, 1, 1, 1};
    std::size_t marks = 0;
    for (const std::uint8_t octet : content_) {
      frame.push_back(octet);
      marks = octet == 0x1B ? marks + 1 : 0;
      if (marks < 4) continue;
      frame.insert(frame.end(), 4, std::uint8_t{0x1B});
      marks = 0;
    }
    const std::size_t fill = (4 - frame.size() % 4) % 4;
    frame.insert(frame.end(), fill, std::uint8_t{0});
    for (const int octet : {0x1B, 0x1B, 0x1B, 0x1B, 0x1A, static_cast<int>(fill)}) {
      frame.push_back(static_cast<std::uint8_t>(octet));
    }
    const std::uint16_t crc = sml_checksum(frame, kind_);
    frame.push_back(static_cast<std::uint8_t>(crc >> 8U));
    frame.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
    return frame;
  }

 private:
  SmlWriter& head(unsigned type, std::size_t length, bool is_long) {
    if (is_long) {
      content_.push_back(static_cast<std::uint8_t>(0x80U | type | (length >> 4U)));
      content_.push_back(static_cast<std::uint8_t>(length & 0x0FU));
    } else {
      content_.push_back(static_cast<std::uint8_t>(type | length));
    }
    return *this;
  }
  SmlWriter& integer(unsigned type, unsigned width, std::uint64_t value) {
    head(type, width + 1, false);
    for (unsigned i = width; i-- > 0;) content_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return *this;
  }

  SmlChecksum kind_;
  Bytes content_;
  std::size_t begin_ = 0;
};

}  // namespace commonwatt
