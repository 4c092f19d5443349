// What must hold for any framer of telegrams and any parser behind it.
#pragma once

#include <algorithm>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "core/bytes.hpp"

namespace commonwatt {

/// The telegrams a framer cuts out of a stream that arrives at once.
template <class Framer>
std::vector<Bytes> framed(ByteView stream) {
  Framer framer;
  return framer.take(stream);
}

/// The same, arriving in random pieces of 0 to `piece_max` octets.
template <class Framer>
std::vector<Bytes> framed_in_pieces(ByteView stream, std::mt19937_64& random, std::size_t piece_max) {
  Framer framer;
  std::vector<Bytes> telegrams;
  while (!stream.empty()) {
    const std::size_t size = std::min(stream.size(), std::uniform_int_distribution<std::size_t>(0, piece_max)(random));
    for (Bytes& telegram : framer.take(stream.first(size))) telegrams.push_back(std::move(telegram));
    stream = stream.subspan(size);
  }
  return telegrams;
}

/// Those of the telegrams that the parser accepts.
template <class Parse>
std::vector<Bytes> accepted(const std::vector<Bytes>& telegrams, Parse parse) {
  std::vector<Bytes> result;
  for (const Bytes& telegram : telegrams) {
    if (parse(telegram)) result.push_back(telegram);
  }
  return result;
}

/// Flips each bit of the stream in turn: what is accepted must be what was accepted before, less the one telegram that
/// was hit at most. Returns how many flips left everything accepted, those that hit nothing that was.
template <class Framer, class Parse>
std::size_t check_every_flip(const Bytes& stream, Parse parse) {
  const std::vector<Bytes> intact = accepted(framed<Framer>(stream), parse);
  std::size_t harmless = 0;
  Bytes damaged = stream;
  for (std::size_t bit = 0; bit < stream.size() * 8; ++bit) {
    const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
    damaged[bit / 8] ^= mask;
    const std::vector<Bytes> rest = accepted(framed<Framer>(damaged), parse);
    damaged[bit / 8] ^= mask;
    if (rest == intact) {
      ++harmless;
      continue;
    }
    INFO("bit ", bit % 8, " of octet ", bit / 8);
    REQUIRE(rest.size() + 1 == intact.size());
    std::size_t next = 0;
    for (const Bytes& telegram : intact) {
      if (next < rest.size() && rest[next] == telegram) ++next;
    }
    REQUIRE(next == rest.size());
  }
  return harmless;
}

}  // namespace commonwatt
