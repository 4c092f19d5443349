#include <functional>

#include <doctest/doctest.h>

#include "controller/reading_chain.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using Readings = std::vector<Reading>;

const MeterId meter = *MeterId::from("hh01-grid");

const SigningKey& meter_key() {
  static const SigningKey key = test::key_of_name(KeyKind::reading, "meter");
  return key;
}
/// A reading every ten seconds, from that sequence number on.
Readings readings_from(std::int64_t first, std::size_t count) {
  Readings readings;
  for (std::int64_t sequence = first; readings.size() < count; ++sequence) {
    readings.push_back({.meter = meter,
                        .time = UtcTime::from_seconds(test::street_begin + 10 * sequence),
                        .registers = {Energy{1'000 + 3 * sequence}, Energy{sequence / 2}},
                        .sequence = sequence,
                        .salt = test::numbered_salt(sequence),
                        .raw = {}});
  }
  return readings;
}
SignedHead sealed(const Readings& readings) {
  return ReadingChain(meter).seal(readings, meter_key());
}
std::string verdict(const SignedHead& batch, const Readings& readings) {
  const Result<Done, ChainReject> result = ReadingChain(meter).accept(batch, readings, meter_key().public_key());
  return result ? "accepted" : explain(result.error());
}

TEST_CASE("the readings of interval after interval are accepted as they were signed") {
  ReadingChain at_meter(meter);
  ReadingChain at_controller(meter);
  for (std::int64_t interval = 0; interval < 4; ++interval) {
    const Readings readings = readings_from(1 + 90 * interval, 90);
    const SignedHead batch = at_meter.seal(readings, meter_key());
    CHECK(at_controller.accept(batch, readings, meter_key().public_key()).ok());
  }
}

TEST_CASE("any reading changed, dropped, moved, repeated or put in is detected, wherever it stands") {
  const Readings readings = readings_from(1, 30);
  const SignedHead batch = sealed(readings);
  REQUIRE(verdict(batch, readings) == "accepted");
  const std::vector<std::function<void(Reading&)>> changes{
      [](Reading& reading) { reading.meter = *MeterId::from("other"); },
      [](Reading& reading) { reading.time = reading.time + std::chrono::seconds(1); },
      [](Reading& reading) { reading.registers.import += Energy{1}; },
      [](Reading& reading) { reading.registers.export_ -= Energy{1}; },
      [](Reading& reading) { ++reading.sequence; },
      [](Reading& reading) { reading.salt[0] ^= 1U; },
      [](Reading& reading) { reading.raw[31] ^= 1U; }};
  for (std::size_t at = 0; at < readings.size(); ++at) {
    CAPTURE(at);
    for (const auto& change : changes) {
      Readings changed = readings;
      change(changed[at]);
      CHECK(verdict(batch, changed) != "accepted");
    }
    const auto here = static_cast<std::ptrdiff_t>(at);
    Readings dropped = readings;
    dropped.erase(dropped.begin() + here);
    CHECK(verdict(batch, dropped) == explain(ChainReject::wrong_count));
    Readings twice = readings;
    twice.insert(twice.begin() + here, readings[at]);
    CHECK(verdict(batch, twice) == explain(ChainReject::wrong_count));
    Readings moved = readings;
    std::swap(moved[at], moved[(at + 1) % moved.size()]);
    CHECK(verdict(batch, moved) == explain(ChainReject::out_of_sequence));
    // One put in for another, numbered as if nothing had happened.
    Readings swapped = readings;
    swapped[at] = readings_from(100, 1)[0];
    swapped[at].sequence = readings[at].sequence;
    swapped[at].time = readings[at].time;
    swapped[at].registers = readings[at].registers;
    CHECK(verdict(batch, swapped) == explain(ChainReject::other_readings));
  }
}

TEST_CASE("a head with any field changed, or signed by another key, is refused") {
  const Readings readings = readings_from(1, 9);
  const SignedHead right = sealed(readings);
  const auto changed = [&](const std::function<void(ReadingHead&)>& change) {
    SignedHead batch = right;
    change(batch.head);
    return verdict(batch, readings);
  };
  CHECK(changed([](ReadingHead& head) { head.meter = *MeterId::from("other"); }) ==
        explain(ChainReject::foreign_meter));
  CHECK(changed([](ReadingHead& head) { ++head.first_sequence; }) == explain(ChainReject::out_of_sequence));
  CHECK(changed([](ReadingHead& head) { ++head.count; }) == explain(ChainReject::wrong_count));
  CHECK(changed([](ReadingHead& head) { head.root[0] ^= 1U; }) == explain(ChainReject::other_readings));
  CHECK(changed([](ReadingHead& head) { head.previous[0] ^= 1U; }) == explain(ChainReject::broken_chain));
  SignedHead forged = right;
  forged.signature = test::key_of_name(KeyKind::reading, "stranger").sign_digest(head_digest(forged.head));
  CHECK(verdict(forged, readings) == explain(ChainReject::bad_signature));
  // Readings changed and the root with them: the signature is not of that root.
  Readings other = readings;
  other.back().registers.import += Energy{5};
  forged = sealed(other);
  forged.signature = right.signature;
  CHECK(verdict(forged, other) == explain(ChainReject::bad_signature));
  CHECK(verdict(right, {}) == explain(ChainReject::wrong_count));
}

TEST_CASE("a batch that comes again, is left out or belongs to another history is detected by the chain") {
  ReadingChain at_meter(meter);
  const Readings first = readings_from(1, 90);
  const Readings second = readings_from(91, 90);
  const SignedHead one = at_meter.seal(first, meter_key());
  const SignedHead two = at_meter.seal(second, meter_key());
  const Bytes key = meter_key().public_key();
  ReadingChain chain(meter);
  CHECK(chain.accept(two, second, key).error() == ChainReject::out_of_sequence);
  REQUIRE(chain.accept(one, first, key).ok());
  CHECK(chain.accept(one, first, key).error() == ChainReject::out_of_sequence);
  // The same numbers after another first batch, signed by the meter's own key.
  Readings other_first = first;
  other_first[40].registers.import += Energy{1};
  ReadingChain other(meter);
  other.seal(other_first, meter_key());
  const SignedHead fork = other.seal(second, meter_key());
  CHECK(chain.accept(fork, second, key).error() == ChainReject::broken_chain);
  CHECK(chain.accept(two, second, key).ok());
  // The control: a chain that forgets takes the first batch a second time.
  CHECK(ReadingChain(meter).accept(one, first, key).ok());
}

TEST_CASE("a register that falls and a time that stands still are refused even when the meter signs them") {
  Readings readings = readings_from(1, 4);
  const auto signed_anyway = [&](const Readings& wrong) {
    std::vector<Hash32> leaves;
    for (const Reading& reading : wrong) leaves.push_back(reading_leaf(reading));
    SignedHead batch = sealed(readings);
    batch.head.root = merkle_root(leaves);
    batch.signature = meter_key().sign_digest(head_digest(batch.head));
    return verdict(batch, wrong);
  };
  CHECK(signed_anyway(readings) == "accepted");
  Readings fallen = readings;
  fallen[2].registers.import = fallen[1].registers.import - Energy{1};
  CHECK(signed_anyway(fallen) == explain(ChainReject::register_decreased));
  Readings still = readings;
  still[2].time = still[1].time;
  CHECK(signed_anyway(still) == explain(ChainReject::time_not_rising));
}

TEST_CASE("each reading alone is shown to be its meter's, and no other is by its path") {
  const Bytes key = meter_key().public_key();
  for (const std::size_t count : {1U, 2U, 7U, 90U}) {
    const Readings readings = readings_from(1, count);
    const SignedHead batch = sealed(readings);
    for (std::size_t at = 0; at < count; ++at) {
      CAPTURE(at);
      std::vector<Hash32> path = reading_path(readings, at);
      CHECK(reading_holds(readings[at], path, batch, key));
      Reading changed = readings[at];
      changed.registers.import += Energy{1};
      CHECK_FALSE(reading_holds(changed, path, batch, key));
      changed = readings[at];
      changed.sequence += static_cast<std::int64_t>(count);
      CHECK_FALSE(reading_holds(changed, path, batch, key));
      if (count > 1) CHECK_FALSE(reading_holds(readings[(at + 1) % count], path, batch, key));
      path.emplace_back();
      CHECK_FALSE(reading_holds(readings[at], path, batch, key));
    }
    CHECK_FALSE(reading_holds(readings[0], reading_path(readings, 0), batch,
                              test::key_of_name(KeyKind::reading, "stranger").public_key()));
  }
}

}  // namespace
}  // namespace commonwatt
