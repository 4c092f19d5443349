#include "meter/sml.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace commonwatt {
namespace {

constexpr std::uint64_t start_sequence = 0x1B1B1B1B'01010101;
constexpr std::uint8_t mark = 0x1B;
constexpr std::uint8_t end_mark = 0x1A;
constexpr std::size_t escape_size = 4;
constexpr std::array<std::uint8_t, escape_size> escape{mark, mark, mark, mark};
constexpr std::size_t envelope_size = 8;  // of the start sequence, and of the end sequence

constexpr std::uint64_t get_list_response = 0x701;
constexpr std::uint64_t time_is_timestamp = 2;  // choice of SML_Time: seconds since the Unix epoch

Fail<TelegramError> wrong(std::string what, std::size_t octet) {
  return Fail{TelegramError{std::move(what), "octet " + std::to_string(octet)}};
}

/// Reads fields one after the other. The first thing that is wrong is kept, and everything read after it is empty.
class FieldReader {
 public:
  enum class Kind { octets, boolean, integer, unsigned_integer, list };
  struct Field {
    Kind kind = Kind::octets;
    std::size_t count = 0;  // of a list: its fields
    ByteView octets;        // of anything else: the value
    [[nodiscard]] bool is_absent() const { return kind == Kind::octets && octets.empty(); }
  };

  explicit FieldReader(ByteView data) : data_(data) {}

  [[nodiscard]] bool ok() const { return !error_; }
  [[nodiscard]] const TelegramError& error() const { return *error_; }
  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] bool at_end() const { return at_ == data_.size(); }
  [[nodiscard]] ByteView since(std::size_t begin) const { return data_.subspan(begin, at_ - begin); }

  void refuse(std::string what) {
    if (!error_) error_ = wrong(std::move(what), at_).error;
  }

  Field field();
  /// A field that must be a list, of `count` fields where that is given.
  std::size_t list(std::optional<std::size_t> count = std::nullopt);
  ByteView octets();
  std::optional<std::uint64_t> unsigned_or_absent(std::size_t width_max);
  std::uint64_t unsigned_integer(std::size_t width_max);
  std::optional<std::int8_t> int8_or_absent();
  void skip(int depth = 0);
  void end_of_message();

 private:
  [[nodiscard]] Field refused(std::string what) {
    refuse(std::move(what));
    return {};
  }

  ByteView data_;
  std::size_t at_ = 0;
  std::optional<TelegramError> error_;
};

SmlInteger integer_of(const FieldReader::Field& field) {
  SmlInteger result{.bits = 0,
                    .width = static_cast<unsigned>(field.octets.size()),
                    .is_signed = field.kind == FieldReader::Kind::integer};
  if (result.is_signed && (field.octets[0] & 0x80U) != 0) result.bits = ~std::uint64_t{0};
  for (const std::uint8_t octet : field.octets) result.bits = (result.bits << 8U) | octet;
  return result;
}

/// The type and length stand in the first octet; where its high bit is set, more of the length in the next. The length
/// counts the fields of a list, and of anything else the octets, those of the length included.
FieldReader::Field FieldReader::field() {
  if (!ok()) return {};
  if (at_end()) return refused("the data ends within a message");
  const std::uint8_t first = data_[at_];
  std::size_t length = first & 0x0FU;
  std::size_t head = 1;
  if ((first & 0x80U) != 0) {
    if (at_ + 1 >= data_.size() || (data_[at_ + 1] & 0xF0U) != 0) return refused("a length of more than two octets");
    length = (length << 4U) | data_[at_ + 1];
    head = 2;
  }
  constexpr unsigned list_type = 7;
  const unsigned type = (first >> 4U) & 7U;
  if (type == list_type) {
    at_ += head;
    return {.kind = Kind::list, .count = length, .octets = {}};
  }
  if (length < head || length > data_.size() - at_) return refused("a length that cannot be");
  Field result{.kind = Kind::octets, .count = 0, .octets = data_.subspan(at_ + head, length - head)};
  const std::size_t width = result.octets.size();
  if (type == 4 && width == 1) {
    result.kind = Kind::boolean;
  } else if ((type == 5 || type == 6) && width >= 1 && width <= sizeof(std::uint64_t)) {
    result.kind = type == 5 ? Kind::integer : Kind::unsigned_integer;
  } else if (type != 0) {
    return refused("a field of an unknown type");
  }
  at_ += length;
  return result;
}

std::size_t FieldReader::list(std::optional<std::size_t> count) {
  const Field found = field();
  if (!ok()) return 0;
  if (found.kind != Kind::list || (count && found.count != *count)) refuse("not the list that belongs here");
  return ok() ? found.count : 0;
}

ByteView FieldReader::octets() {
  const Field found = field();
  if (found.kind != Kind::octets) refuse("not a string of octets");
  return found.octets;
}

std::optional<std::uint64_t> FieldReader::unsigned_or_absent(std::size_t width_max) {
  const Field found = field();
  if (found.is_absent()) return std::nullopt;
  if (found.kind != Kind::unsigned_integer || found.octets.size() > width_max) {
    refuse("not an unsigned integer of the width that belongs here");
    return std::nullopt;
  }
  return integer_of(found).bits;
}

std::uint64_t FieldReader::unsigned_integer(std::size_t width_max) {
  const std::optional<std::uint64_t> found = unsigned_or_absent(width_max);
  if (!found) refuse("a number that must be there is absent");
  return found.value_or(0);
}

std::optional<std::int8_t> FieldReader::int8_or_absent() {
  const Field found = field();
  if (found.is_absent()) return std::nullopt;
  if (found.kind != Kind::integer || found.octets.size() != 1) {
    refuse("not a signed integer of one octet");
    return std::nullopt;
  }
  return static_cast<std::int8_t>(found.octets[0]);
}

void FieldReader::skip(int depth) {
  const Field found = field();
  if (found.kind != Kind::list) return;
  if (depth == sml_depth_max) refuse("lists within lists without end");
  for (std::size_t i = 0; ok() && i < found.count; ++i) skip(depth + 1);
}

void FieldReader::end_of_message() {
  if (!ok()) return;
  if (at_end() || data_[at_] != 0) return refuse("no end of the message");
  ++at_;
}

/// SML_Time: absent, a list of a choice and a number, or, in Holley meters, seconds of operation without the list. Only
/// a timestamp is an instant.
std::optional<UtcTime> read_time(FieldReader& reader) {
  const FieldReader::Field outer = reader.field();
  if (outer.is_absent() || outer.kind == FieldReader::Kind::unsigned_integer) return std::nullopt;
  if (outer.kind != FieldReader::Kind::list || outer.count != 2) {
    reader.refuse("not a time");
    return std::nullopt;
  }
  const std::uint64_t choice = reader.unsigned_integer(1);
  if (choice != time_is_timestamp) {
    reader.skip(1);
    return std::nullopt;
  }
  return UtcTime::from_seconds(static_cast<std::int64_t>(reader.unsigned_integer(sizeof(std::uint32_t))));
}

ObisCode read_code(FieldReader& reader) {
  const ByteView name = reader.octets();
  if (name.size() != 6) {
    reader.refuse("the name of a value is not of six octets");
    return {};
  }
  return {.a = name[0], .b = name[1], .c = name[2], .d = name[3], .e = name[4], .f = name[5]};
}

SmlEntry read_entry(FieldReader& reader) {
  SmlEntry entry;
  reader.list(7);
  entry.code = read_code(reader);
  entry.status = reader.unsigned_or_absent(sizeof(std::uint64_t));
  read_time(reader);
  if (const std::optional<std::uint64_t> unit = reader.unsigned_or_absent(1)) {
    entry.unit = static_cast<std::uint8_t>(*unit);
  }
  entry.scaler = reader.int8_or_absent();
  const FieldReader::Field value = reader.field();
  switch (value.kind) {
    case FieldReader::Kind::octets:
      if (!value.octets.empty()) entry.value = Bytes(value.octets.begin(), value.octets.end());
      break;
    case FieldReader::Kind::boolean:
      entry.value = value.octets[0] != 0;
      break;
    case FieldReader::Kind::integer:
    case FieldReader::Kind::unsigned_integer:
      entry.value = integer_of(value);
      break;
    case FieldReader::Kind::list:
      for (std::size_t i = 0; reader.ok() && i < value.count; ++i) reader.skip(1);
      break;
  }
  reader.octets();  // the signature of the value
  return entry;
}

void read_list(FieldReader& reader, SmlTelegram& telegram) {
  reader.list(7);
  reader.octets();  // client
  const ByteView server = reader.octets();
  telegram.server_id.assign(server.begin(), server.end());
  reader.octets();  // name of the list
  telegram.clock = read_time(reader);
  const std::size_t count = reader.list();
  for (std::size_t i = 0; reader.ok() && i < count; ++i) {
    SmlEntry entry = read_entry(reader);
    const auto same = [&entry](const SmlEntry& other) { return other.code == entry.code; };
    if (entry.code.a == 1 && std::any_of(telegram.entries.begin(), telegram.entries.end(), same)) {
      reader.refuse(to_text(entry.code) + " has occurred before");
    }
    telegram.entries.push_back(std::move(entry));
  }
  reader.octets();    // signature of the list
  read_time(reader);  // of the gateway
}

/// One message, whose checksum must be of one of `kinds`; leaves those that it is of.
void read_message(FieldReader& reader, SmlTelegram& telegram, std::size_t& lists, std::vector<SmlChecksum>& kinds) {
  const std::size_t begin = reader.position();
  reader.list(6);
  reader.octets();             // transaction
  reader.unsigned_integer(1);  // group
  reader.unsigned_integer(1);  // what to do on an error
  reader.list(2);
  if (reader.unsigned_integer(sizeof(std::uint32_t)) == get_list_response) {
    if (++lists > 1) return reader.refuse("a second list of values");
    read_list(reader, telegram);
  } else {
    reader.skip();
  }
  if (!reader.ok()) return;
  const ByteView covered = reader.since(begin);
  const std::uint64_t stated = reader.unsigned_integer(sizeof(std::uint16_t));
  std::erase_if(kinds, [&](SmlChecksum kind) { return sml_checksum(covered, kind) != stated; });
  if (kinds.empty()) reader.refuse("the checksum is not that of the message");
  reader.end_of_message();
}

/// What the frame envelops, without escapes and fill. An escape within is of four octets 1B that were data.
Result<Bytes, TelegramError> content_of(ByteView frame) {
  Bytes content;
  std::size_t at = envelope_size;
  const std::size_t end = frame.size() - envelope_size;
  while (at < end) {
    if (end - at >= escape_size && std::equal(escape.begin(), escape.end(), &frame[at])) {
      if (end - at < 2 * escape_size || !std::equal(escape.begin(), escape.end(), &frame[at + escape_size])) {
        return wrong("an escape that means nothing", at);
      }
      content.insert(content.end(), escape.begin(), escape.end());
      at += 2 * escape_size;
    } else {
      content.push_back(frame[at++]);
    }
  }
  const std::size_t fill = frame[end + escape_size + 1];
  if (fill >= escape_size || fill > content.size()) return wrong("more fill than there can be", end);
  if (std::any_of(content.end() - static_cast<std::ptrdiff_t>(fill), content.end(), [](auto octet) { return octet; })) {
    return wrong("fill that is not zero", end);
  }
  content.erase(content.end() - static_cast<std::ptrdiff_t>(fill), content.end());
  return content;
}

}  // namespace

std::vector<Bytes> SmlFramer::take(ByteView piece) {
  std::vector<Bytes> frames;
  for (const std::uint8_t octet : piece) {
    switch (step(octet)) {
      case Step::more:
        break;
      case Step::complete:
        frames.push_back(std::move(buffer_));
        buffer_.clear();
        break;
      case Step::broken:
        drop();
        break;
    }
  }
  return frames;
}

SmlFramer::Step SmlFramer::step(std::uint8_t octet) {
  window_ = (window_ << 8U) | octet;
  if (window_ == start_sequence) {
    // The marks of this start are in the buffer of the frame it cuts off.
    drop();
    buffer_.assign(escape.begin(), escape.end());
    buffer_.insert(buffer_.end(), escape_size, std::uint8_t{1});
    marks_ = 0;
    escape_pending_ = 0;
    return Step::more;
  }
  if (buffer_.empty()) return Step::more;
  buffer_.push_back(octet);
  const bool is_full = buffer_.size() >= sml_frame_max;
  if (escape_pending_ == 0) {
    marks_ = octet == mark ? marks_ + 1 : 0;
    if (marks_ == escape_size) {
      marks_ = 0;
      escape_pending_ = escape_size;
    }
    return is_full ? Step::broken : Step::more;
  }
  if (--escape_pending_ > 0) return is_full ? Step::broken : Step::more;
  const auto escaped = static_cast<std::uint32_t>(window_);
  if (escaped >> 24U == end_mark) return Step::complete;
  constexpr std::uint32_t four_marks = 0x1B1B1B1B;
  return is_full || escaped != four_marks ? Step::broken : Step::more;
}

void SmlFramer::drop() {
  if (!buffer_.empty()) ++dropped_;
  buffer_.clear();
}

std::optional<std::int64_t> SmlInteger::value() const {
  constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!is_signed && bits > limit) return std::nullopt;
  return static_cast<std::int64_t>(bits);
}

Result<SmlTelegram, TelegramError> parse_sml(ByteView frame) {
  const std::size_t size = frame.size();
  if (size < 2 * envelope_size || size > sml_frame_max || size % escape_size != 0) {
    return wrong("the length is not that of a frame", size);
  }
  std::uint64_t begin = 0;
  for (const std::uint8_t octet : frame.first(envelope_size)) begin = (begin << 8U) | octet;
  if (begin != start_sequence) return wrong("no start of a frame", 0);
  const std::size_t end = size - envelope_size;
  if (!std::equal(escape.begin(), escape.end(), &frame[end]) || frame[end + escape_size] != end_mark) {
    return wrong("no end of a frame", end);
  }
  const auto stated = static_cast<std::uint16_t>((frame[size - 2] << 8U) | frame[size - 1]);
  const ByteView covered = frame.first(size - 2);
  if (stated != sml_checksum(covered, SmlChecksum::x25) && stated != sml_checksum(covered, SmlChecksum::kermit)) {
    return wrong("the checksum is not that of the frame", size - 2);
  }
  const Result<Bytes, TelegramError> content = content_of(frame);
  if (!content) return Fail{content.error()};
  SmlTelegram telegram;
  FieldReader reader(*content);
  std::size_t lists = 0;
  std::vector<SmlChecksum> kinds{SmlChecksum::x25, SmlChecksum::kermit};
  while (reader.ok() && !reader.at_end()) read_message(reader, telegram, lists, kinds);
  if (reader.ok() && lists == 0) reader.refuse("there is no list of values");
  if (!reader.ok()) return Fail{reader.error()};
  telegram.raw.assign(frame.begin(), frame.end());
  return telegram;
}

std::uint16_t sml_checksum(ByteView octets, SmlChecksum kind) {
  // The two differ in where they start, in whether the result is inverted, and in which octet is stated first.
  const bool is_x25 = kind == SmlChecksum::x25;
  std::uint16_t crc = is_x25 ? 0xFFFF : 0;
  for (const std::uint8_t octet : octets) {
    crc = static_cast<std::uint16_t>(crc ^ octet);
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<std::uint16_t>((crc & 1U) != 0 ? (crc >> 1U) ^ 0x8408U : crc >> 1U);
    }
  }
  if (!is_x25) return crc;
  crc = static_cast<std::uint16_t>(~crc);
  return static_cast<std::uint16_t>((crc >> 8U) | (crc << 8U));
}

}  // namespace commonwatt
