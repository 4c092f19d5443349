#include "controller/sparkplug_payload.hpp"

#include <bit>
#include <limits>

namespace commonwatt {
namespace {

static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559);

enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, length = 2, fixed32 = 5 };

/// The field numbers of the schema.
namespace payload_field {
constexpr std::uint32_t timestamp = 1, metrics = 2, seq = 3, uuid = 4, body = 5;
}
namespace metric_field {
constexpr std::uint32_t name = 1, alias = 2, timestamp = 3, datatype = 4, is_historical = 5, is_transient = 6,
                        is_null = 7, properties = 9, int_value = 10, long_value = 11, float_value = 12,
                        double_value = 13, boolean_value = 14, string_value = 15, bytes_value = 16;
}
namespace property_set_field {
constexpr std::uint32_t keys = 1, values = 2;
}
namespace property_value_field {
constexpr std::uint32_t type = 1, string_value = 8;
}
constexpr const char* unit_property = "engUnit";

class Writer {
 public:
  void varint(std::uint32_t field, std::uint64_t value) {
    tag(field, Wire::varint);
    raw_varint(value);
  }
  void fixed32(std::uint32_t field, std::uint32_t value) {
    tag(field, Wire::fixed32);
    for (unsigned shift = 0; shift < 32; shift += 8) bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  void fixed64(std::uint32_t field, std::uint64_t value) {
    tag(field, Wire::fixed64);
    for (unsigned shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  void octets(std::uint32_t field, ByteView value) {
    tag(field, Wire::length);
    raw_varint(value.size());
    bytes_.insert(bytes_.end(), value.begin(), value.end());
  }
  void text(std::uint32_t field, const std::string& value) { octets(field, as_bytes(value)); }
  [[nodiscard]] Bytes take() { return std::move(bytes_); }

 private:
  void tag(std::uint32_t field, Wire wire) { raw_varint(std::uint64_t{field} << 3U | static_cast<std::uint8_t>(wire)); }
  void raw_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7U) bytes_.push_back(static_cast<std::uint8_t>(value | 0x80U));
    bytes_.push_back(static_cast<std::uint8_t>(value));
  }
  Bytes bytes_;
};

Bytes unit_properties(const std::string& unit) {
  Writer value;
  value.varint(property_value_field::type, static_cast<std::uint32_t>(SparkplugType::string));
  value.text(property_value_field::string_value, unit);
  Writer set;
  set.text(property_set_field::keys, unit_property);
  set.octets(property_set_field::values, value.take());
  return set.take();
}

struct ValueWriter {
  Writer& out;
  void operator()(std::monostate) const {}
  void operator()(std::uint32_t value) const { out.varint(metric_field::int_value, value); }
  void operator()(std::uint64_t value) const { out.varint(metric_field::long_value, value); }
  void operator()(float value) const { out.fixed32(metric_field::float_value, std::bit_cast<std::uint32_t>(value)); }
  void operator()(double value) const { out.fixed64(metric_field::double_value, std::bit_cast<std::uint64_t>(value)); }
  void operator()(bool value) const { out.varint(metric_field::boolean_value, value ? 1 : 0); }
  void operator()(const std::string& value) const { out.text(metric_field::string_value, value); }
  void operator()(const Bytes& value) const { out.octets(metric_field::bytes_value, value); }
};

Bytes encode(const SparkplugMetric& metric) {
  Writer out;
  if (!metric.name.empty()) out.text(metric_field::name, metric.name);
  if (metric.alias) out.varint(metric_field::alias, *metric.alias);
  if (metric.timestamp) out.varint(metric_field::timestamp, *metric.timestamp);
  if (metric.datatype) out.varint(metric_field::datatype, *metric.datatype);
  if (metric.is_historical) out.varint(metric_field::is_historical, 1);
  if (metric.is_transient) out.varint(metric_field::is_transient, 1);
  if (metric.is_null) out.varint(metric_field::is_null, 1);
  if (!metric.unit.empty()) out.octets(metric_field::properties, unit_properties(metric.unit));
  std::visit(ValueWriter{out}, metric.value);
  return out.take();
}

/// One field of a message: its number, its wire type and either the number or the octets it holds.
struct Field {
  std::uint32_t number = 0;
  Wire wire = Wire::varint;
  std::uint64_t value = 0;
  ByteView octets{};
  std::size_t offset = 0;  // of its tag in the whole payload

  /// 32-bit fields take the low half, as the format says: a negative int32 may come in ten octets.
  [[nodiscard]] std::uint32_t low() const { return static_cast<std::uint32_t>(value); }
  [[nodiscard]] std::string text() const { return as_text(octets); }
};

/// Walks through the fields of one message.
class FieldReader {
 public:
  FieldReader(ByteView bytes, std::size_t offset) : bytes_(bytes), offset_(offset) {}

  [[nodiscard]] bool done() const { return at_ == bytes_.size(); }

  Result<Field, SparkplugError> next() {
    Field field{.offset = offset_ + at_};
    std::uint64_t tag = 0;
    if (!varint(tag)) return fail("a number that does not end");
    if (tag >> 3U == 0 || tag >> 3U > field_number_max) return fail("a field number that cannot be");
    field.number = static_cast<std::uint32_t>(tag >> 3U);
    switch (tag & 7U) {
      case static_cast<unsigned>(Wire::varint):
        field.wire = Wire::varint;
        if (!varint(field.value)) return fail("a number that does not end");
        return field;
      case static_cast<unsigned>(Wire::fixed64):
        field.wire = Wire::fixed64;
        return fixed(field, 8);
      case static_cast<unsigned>(Wire::fixed32):
        field.wire = Wire::fixed32;
        return fixed(field, 4);
      case static_cast<unsigned>(Wire::length):
        field.wire = Wire::length;
        if (!varint(field.value)) return fail("a length that does not end");
        if (field.value > bytes_.size() - at_) return fail("a length beyond the end");
        field.octets = bytes_.subspan(at_, static_cast<std::size_t>(field.value));
        at_ += field.octets.size();
        return field;
      default:
        return fail("a group or an unknown wire type");
    }
  }

  /// Where the octets of the field just read begin in the whole payload.
  [[nodiscard]] std::size_t octets_offset(const Field& field) const { return offset_ + at_ - field.octets.size(); }

 private:
  static constexpr std::uint64_t field_number_max = (1U << 29U) - 1;

  [[nodiscard]] Fail<SparkplugError> fail(const char* what) const { return Fail{SparkplugError{offset_ + at_, what}}; }

  bool varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && at_ < bytes_.size(); shift += 7) {
      const std::uint8_t octet = bytes_[at_];
      if (shift == 63 && octet > 1) return false;
      ++at_;
      value |= static_cast<std::uint64_t>(octet & 0x7FU) << shift;
      if (octet < 0x80) return true;
    }
    return false;
  }

  Result<Field, SparkplugError> fixed(Field field, std::size_t size) {
    if (bytes_.size() - at_ < size) return fail("a number beyond the end");
    for (std::size_t i = 0; i < size; ++i) field.value |= std::uint64_t{bytes_[at_ + i]} << (8 * i);
    at_ += size;
    return field;
  }

  ByteView bytes_;
  std::size_t offset_;
  std::size_t at_ = 0;
};

using Outcome = Result<Done, SparkplugError>;

/// Calls `take` with every field of a message until one fails.
template <class Take>
Outcome each_field(ByteView bytes, std::size_t offset, Take take) {
  FieldReader reader(bytes, offset);
  while (!reader.done()) {
    const Result<Field, SparkplugError> field = reader.next();
    if (!field) return Fail{field.error()};
    const Outcome taken = take(*field, reader.octets_offset(*field));
    if (!taken) return taken;
  }
  return Done{};
}

/// `set` is run when the field has the wire type that the schema gives it.
template <class Set>
Outcome expect(const Field& field, Wire wire, Set set) {
  if (field.wire != wire) return Fail{SparkplugError{field.offset, "a field of another wire type than the schema's"}};
  set();
  return Done{};
}

Outcome decode_property(ByteView bytes, std::size_t offset, std::string& text) {
  return each_field(bytes, offset, [&](const Field& field, std::size_t) -> Outcome {
    if (field.number != property_value_field::string_value) return Done{};
    return expect(field, Wire::length, [&] { text = field.text(); });
  });
}

/// Keys and values of a property set belong together by their order.
Outcome decode_unit(ByteView bytes, std::size_t offset, std::string& unit) {
  std::size_t keys = 0;
  std::optional<std::size_t> wanted;
  const Outcome walked = each_field(bytes, offset, [&](const Field& field, std::size_t) -> Outcome {
    if (field.number != property_set_field::keys) return Done{};
    return expect(field, Wire::length, [&] {
      if (field.text() == unit_property) wanted = keys;
      ++keys;
    });
  });
  if (!walked) return walked;
  std::size_t values = 0;
  return each_field(bytes, offset, [&](const Field& field, std::size_t at) -> Outcome {
    if (field.number != property_set_field::values) return Done{};
    const Outcome is_value = expect(field, Wire::length, [] {});
    return is_value && values++ == wanted ? decode_property(field.octets, at, unit) : is_value;
  });
}

Outcome decode_value(const Field& field, SparkplugMetric& metric) {
  SparkplugValue& value = metric.value;
  switch (field.number) {
    case metric_field::int_value:
      return expect(field, Wire::varint, [&] { value = field.low(); });
    case metric_field::long_value:
      return expect(field, Wire::varint, [&] { value = field.value; });
    case metric_field::float_value:
      return expect(field, Wire::fixed32, [&] { value = std::bit_cast<float>(field.low()); });
    case metric_field::double_value:
      return expect(field, Wire::fixed64, [&] { value = std::bit_cast<double>(field.value); });
    case metric_field::boolean_value:
      return expect(field, Wire::varint, [&] { value = field.value != 0; });
    case metric_field::string_value:
      return expect(field, Wire::length, [&] { value = field.text(); });
    case metric_field::bytes_value:
      return expect(field, Wire::length, [&] { value = Bytes(field.octets.begin(), field.octets.end()); });
    default:
      return Done{};
  }
}

Outcome decode_metric(ByteView bytes, std::size_t offset, SparkplugMetric& metric) {
  return each_field(bytes, offset, [&](const Field& field, std::size_t at) -> Outcome {
    switch (field.number) {
      case metric_field::name:
        return expect(field, Wire::length, [&] { metric.name = field.text(); });
      case metric_field::alias:
        return expect(field, Wire::varint, [&] { metric.alias = field.value; });
      case metric_field::timestamp:
        return expect(field, Wire::varint, [&] { metric.timestamp = field.value; });
      case metric_field::datatype:
        return expect(field, Wire::varint, [&] { metric.datatype = field.low(); });
      case metric_field::is_historical:
        return expect(field, Wire::varint, [&] { metric.is_historical = field.value != 0; });
      case metric_field::is_transient:
        return expect(field, Wire::varint, [&] { metric.is_transient = field.value != 0; });
      case metric_field::is_null:
        return expect(field, Wire::varint, [&] { metric.is_null = field.value != 0; });
      case metric_field::properties: {
        const Outcome is_set = expect(field, Wire::length, [] {});
        return is_set ? decode_unit(field.octets, at, metric.unit) : is_set;
      }
      default:
        return decode_value(field, metric);
    }
  });
}

}  // namespace

Bytes encode(const SparkplugPayload& payload) {
  Writer out;
  if (payload.timestamp) out.varint(payload_field::timestamp, *payload.timestamp);
  for (const SparkplugMetric& metric : payload.metrics) out.octets(payload_field::metrics, encode(metric));
  if (payload.seq) out.varint(payload_field::seq, *payload.seq);
  if (!payload.uuid.empty()) out.text(payload_field::uuid, payload.uuid);
  if (!payload.body.empty()) out.octets(payload_field::body, payload.body);
  return out.take();
}

Result<SparkplugPayload, SparkplugError> decode_sparkplug(ByteView bytes) {
  SparkplugPayload payload;
  const Outcome walked = each_field(bytes, 0, [&](const Field& field, std::size_t at) -> Outcome {
    switch (field.number) {
      case payload_field::timestamp:
        return expect(field, Wire::varint, [&] { payload.timestamp = field.value; });
      case payload_field::metrics: {
        const Outcome is_metric = expect(field, Wire::length, [] {});
        if (!is_metric) return is_metric;
        if (payload.metrics.size() == sparkplug_metrics_max) return Fail{SparkplugError{at, "too many metrics"}};
        return decode_metric(field.octets, at, payload.metrics.emplace_back());
      }
      case payload_field::seq:
        return expect(field, Wire::varint, [&] { payload.seq = field.value; });
      case payload_field::uuid:
        return expect(field, Wire::length, [&] { payload.uuid = field.text(); });
      case payload_field::body:
        return expect(field, Wire::length, [&] { payload.body = Bytes(field.octets.begin(), field.octets.end()); });
      default:
        return Done{};
    }
  });
  if (!walked) return Fail{walked.error()};
  return payload;
}

}  // namespace commonwatt
