// Whatever comes from an SML port: nothing grows without bound, the frames do not depend on how it arrives in pieces,
// and what is accepted makes a reading that can be believed. The first octet of the input says how long the pieces are.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "meter/sml_reading.hpp"
#include "tests/meter/sml_writer.hpp"

namespace {

using namespace commonwatt;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_reading(const SmlTelegram& telegram) {
  const DeviceReading reading = sml_reading(telegram).reading;
  for (const MeasuredValue& value : reading.values) {
    check(value.value.has_value() == (value.quality != Quality::missing));
    check(value.reason.empty() == (value.quality == Quality::good));
    check(!value.value || std::isfinite(*value.value));
    check(!value.value || (std::isfinite(value.quantum) && value.quantum > 0));
    check(!value.energy || value.energy->count >= 0);
  }
}

/// The input as what stands in a frame, and as the values of a list, with the checksums the fuzzer cannot find.
void check_content(ByteView content) {
  if (content.empty()) return;
  SmlWriter values;
  values.begin_values(content[0] & 0x1FU).raw(content.subspan(1)).end_values();
  for (const Bytes& frame : {SmlWriter{}.raw(content).frame(), values.frame()}) {
    if (const auto parsed = parse_sml(frame)) check_reading(*parsed);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{data[0]} + 1;
  const ByteView stream(data + 1, size - 1);
  SmlFramer whole;
  const std::vector<Bytes> frames = whole.take(stream);
  SmlFramer pieces;
  std::vector<Bytes> again;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    for (Bytes& frame : pieces.take(stream.subspan(at, std::min(piece, stream.size() - at)))) {
      again.push_back(std::move(frame));
    }
    check(pieces.buffered() <= sml_frame_max);
  }
  check(again == frames && whole.dropped() == pieces.dropped() && whole.buffered() == pieces.buffered());
  for (const Bytes& frame : frames) {
    check(frame.size() >= 16 && frame.size() <= sml_frame_max);
    if (const auto parsed = parse_sml(frame)) check_reading(*parsed);
  }
  check_content(stream);
  return 0;
}
