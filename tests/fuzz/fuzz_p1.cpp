// Whatever comes from a P1 port: nothing grows without bound, the telegrams do not depend on how it arrives in pieces,
// and what is accepted makes a reading that can be believed. The first octet of the input says how long the pieces are.
#include <cmath>
#include <cstdlib>

#include "meter/p1.hpp"

namespace {

using namespace commonwatt;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_reading(const P1Telegram& telegram) {
  const DeviceReading reading = p1_reading(telegram).reading;
  for (const MeasuredValue& value : reading.values) {
    check(value.value.has_value() == (value.quality != Quality::missing));
    check(value.reason.empty() == (value.quality == Quality::good));
    check(!value.value || std::isfinite(*value.value));
    check(!value.value || (std::isfinite(value.quantum) && value.quantum > 0));
    check(!value.energy || value.energy->count >= 0);
    check(telegram.protection == P1Protection::crc16 || value.quality != Quality::good);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{data[0]} + 1;
  const ByteView stream(data + 1, size - 1);
  P1Framer whole;
  const std::vector<Bytes> telegrams = whole.take(stream);
  P1Framer pieces;
  std::vector<Bytes> again;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    for (Bytes& telegram : pieces.take(stream.subspan(at, std::min(piece, stream.size() - at)))) {
      again.push_back(std::move(telegram));
    }
    check(pieces.buffered() <= p1_telegram_max);
  }
  check(again == telegrams && whole.dropped() == pieces.dropped() && whole.buffered() == pieces.buffered());
  for (const Bytes& telegram : telegrams) {
    check(telegram.size() <= p1_telegram_max && telegram.front() == '/' && telegram.back() == '\n');
    // As it came, and as it would be with the checksum it ought to have, which the fuzzer cannot find.
    if (const auto parsed = parse_p1(telegram)) check_reading(*parsed);
    Bytes repaired = telegram;
    while (repaired.back() != '!') repaired.pop_back();
    constexpr char digits[] = "0123456789ABCDEF";
    const std::uint16_t crc = crc16_arc(repaired);
    for (int shift = 12; shift >= 0; shift -= 4) {
      repaired.push_back(static_cast<std::uint8_t>(digits[(crc >> static_cast<unsigned>(shift)) & 0xFU]));
    }
    repaired.insert(repaired.end(), {'\r', '\n'});
    if (const auto parsed = parse_p1(repaired)) check_reading(*parsed);
  }
  return 0;
}
