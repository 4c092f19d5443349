// The payload of Sparkplug B messages, in the wire format of protocol buffers. After the Sparkplug specification 3.0.0
// section 6.4 (message Payload of its proto2 schema) and the Protocol Buffers encoding guide. Templates, data sets and
// metadata are not written, and skipped when read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/bytes.hpp"
#include "core/result.hpp"

namespace commonwatt {

/// The types of metrics that this program uses, by their numbers in the schema.
enum class SparkplugType : std::uint32_t {
  int32 = 3,
  int64 = 4,
  uint32 = 7,
  uint64 = 8,
  float32 = 9,
  float64 = 10,
  boolean = 11,
  string = 12,
  date_time = 13,
};

/// As it is on the wire: a signed integer is the unsigned one of the same bits.
using SparkplugValue =
    std::variant<std::monostate, std::uint32_t, std::uint64_t, float, double, bool, std::string, Bytes>;

struct SparkplugMetric {
  std::string name;  ///< may be empty where there is an alias
  std::optional<std::uint64_t> alias = std::nullopt;
  std::optional<std::uint64_t> timestamp = std::nullopt;  ///< ms since the Unix epoch, UTC
  std::optional<std::uint32_t> datatype = std::nullopt;   ///< a SparkplugType, or a number we do not know
  bool is_historical = false;
  bool is_transient = false;
  bool is_null = false;
  std::string unit = {};  ///< the property engUnit; empty: none
  SparkplugValue value = {};
  friend bool operator==(const SparkplugMetric&, const SparkplugMetric&) = default;
};

struct SparkplugPayload {
  std::optional<std::uint64_t> timestamp = std::nullopt;  ///< ms since the Unix epoch, UTC
  std::vector<SparkplugMetric> metrics = {};
  std::optional<std::uint64_t> seq = std::nullopt;
  std::string uuid = {};
  Bytes body = {};
  friend bool operator==(const SparkplugPayload&, const SparkplugPayload&) = default;
};

/// A payload may come from anybody at the broker: more metrics are refused.
inline constexpr std::size_t sparkplug_metrics_max = 4096;

struct SparkplugError {
  std::size_t offset = 0;  ///< of the octet that cannot be
  const char* what = "";
};

Bytes encode(const SparkplugPayload& payload);
/// Fields that are not known are skipped, as the format wants it; a known field of another wire type, a length beyond
/// the end and a group are refused. Of a value given twice the last one counts.
Result<SparkplugPayload, SparkplugError> decode_sparkplug(ByteView bytes);

}  // namespace commonwatt
