// bench-readings: how many signed readings a core verifies, one signature for each against one for a batch of them.
// docs/benchmarks.md says what the figures mean.
#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "controller/eip712.hpp"
#include "controller/reading_chain.hpp"
#include "tests/bench/measure.hpp"

namespace commonwatt::bench {
namespace {

using Json = nlohmann::ordered_json;

std::vector<Reading> make_readings(const MeterId& meter, std::int64_t first, std::size_t count) {
  Random random(static_cast<std::uint64_t>(first));
  std::vector<Reading> readings(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t sequence = first + static_cast<std::int64_t>(i);
    readings[i] = {.meter = meter,
                   .time = UtcTime::from_seconds(1'782'000'000 + 10 * sequence),
                   .registers = {Energy{7 * sequence}, Energy{2 * sequence}},
                   .sequence = sequence,
                   .salt = {},
                   .raw = {}};
    for (std::uint8_t& byte : readings[i].salt) byte = static_cast<std::uint8_t>(random());
    for (std::uint8_t& byte : readings[i].raw) byte = static_cast<std::uint8_t>(random());
  }
  return readings;
}

/// Stops the benchmark: what is measured must be right.
void must(bool ok) {
  if (ok) return;
  std::cerr << "bench-readings: a signature does not hold\n";
  std::exit(1);
}

/// Readings a second of processor time, one signature for each.
double one_by_one(const SigningKey& key, const MeterId& meter, std::size_t count) {
  const std::vector<Reading> readings = make_readings(meter, 1, count);
  std::vector<Bytes> signatures;
  for (const Reading& reading : readings) signatures.push_back(key.sign_digest(reading_digest(reading)));
  const double seconds = cpu_seconds_of([&] {
    for (std::size_t i = 0; i < count; ++i) {
      must(reading_signature_holds(key.public_key(), reading_digest(readings[i]), signatures[i]));
    }
  });
  return static_cast<double>(count) / seconds;
}

double in_batches(const SigningKey& key, const MeterId& meter, std::size_t batch_size, std::size_t batches) {
  ReadingChain at_meter(meter);
  std::vector<std::vector<Reading>> readings;
  std::vector<SignedHead> heads;
  for (std::size_t i = 0; i < batches; ++i) {
    readings.push_back(make_readings(meter, static_cast<std::int64_t>(1 + i * batch_size), batch_size));
    heads.push_back(at_meter.seal(readings.back(), key));
  }
  ReadingChain chain(meter);
  const double seconds = cpu_seconds_of([&] {
    for (std::size_t i = 0; i < batches; ++i) must(chain.accept(heads[i], readings[i], key.public_key()).ok());
  });
  return static_cast<double>(batch_size * batches) / seconds;
}

int run(int argc, char** argv) {
  CLI::App app("How many signed readings a core verifies", "bench-readings");
  bool json = false;
  bool quick = false;
  app.add_flag("--json", json, "prints one JSON object");
  app.add_flag("--quick", quick, "few readings, to see that the benchmark works");
  CLI11_PARSE(app, argc, argv);
  const SigningKey key = SigningKey::make(KeyKind::reading);
  const MeterId meter = *MeterId::from("bench");
  const int rounds = quick ? 1 : 7;
  Json report;
  if (!json) std::puts("readings a head   readings/s   one by one/s   ratio");
  // A reading every 10 s in 5, 15, 30 and 60 minutes; 90 is the usual quarter of an hour.
  for (const std::size_t batch_size : {30U, 90U, 180U, 360U}) {
    std::vector<double> alone;
    std::vector<double> together;
    for (int round = 0; round < rounds; ++round) {
      alone.push_back(one_by_one(key, meter, quick ? 20 : 1'000));
      together.push_back(in_batches(key, meter, batch_size, quick ? 2 : 36'000 / batch_size));
    }
    report["batches"].push_back({{"readings_a_head", batch_size},
                                 {"readings_per_second", median(together)},
                                 {"one_by_one_per_second", median(alone)},
                                 {"ratio", median(together) / median(alone)}});
    if (!json) {
      std::printf("%15zu  %11.0f  %13.0f  %6.1f\n", batch_size, median(together), median(alone),
                  median(together) / median(alone));
      std::fflush(stdout);
    }
  }
  if (json) std::cout << report.dump() << "\n";
  return 0;
}

}  // namespace
}  // namespace commonwatt::bench

int main(int argc, char** argv) {
  return commonwatt::bench::run(argc, argv);
}
