// The table [tariff] and its file of prices as arbitrary text: faults that name the file, or a schedule that gives
// every interval at most one tariff within its bounds and is read back from the journal as it was.
#include <cassert>
#include <filesystem>
#include <fstream>

#include "controller/tariff_file.hpp"
#include "tests/controller/temporary_directory.hpp"

namespace commonwatt {
namespace {

/// Where the prices lie while this process runs.
const std::filesystem::path& directory() {
  static const test::TemporaryDirectory made;
  return made.path();
}

void require_bounds(const TariffSchedule& schedule, std::int64_t begin_seconds, std::int64_t length_seconds) {
  const Interval interval = Interval::containing(UtcTime::from_seconds(begin_seconds), length_seconds);
  const Result<IntervalTariff, TariffGap> found = schedule.find(interval);
  if (!found) {
    assert(!explain(found.error(), interval).empty());
    return;
  }
  assert(found->tariff.feed_in <= found->tariff.retail);
  assert(found->tariff.retail <= price_magnitude_max && found->tariff.feed_in >= -price_magnitude_max);
  const Purchase purchase{.utility_energy = order_energy_max,
                          .neighbour_energy = {},
                          .utility_amount = order_energy_max * found->tariff.retail,
                          .neighbour_amount = {},
                          .fees = {}};
  for (const Levy& levy : found->levies) levy_amount(levy, purchase);
  for (const Tax& tax : found->taxes) {
    const TaxAmount amount = tax_amount(tax, purchase, {});
    assert(amount.residue >= -500 && amount.residue <= 500);
  }
}

void require_sound(const TariffSchedule& schedule, std::int64_t length_seconds) {
  const Result<TariffSchedule, CborError> back = decode<TariffSchedule>(encode(schedule));
  assert(back.ok() && *back == schedule);
  constexpr std::int64_t step = 9'999'937;  // some months; a prime, so that all times of day come
  for (std::int64_t at = calendar_begin.seconds() - step; at < calendar_end.seconds() + step; at += step) {
    require_bounds(schedule, at, length_seconds);
  }
  for (const OffsetChange& change : schedule.terms().calendar.offsets) {
    require_bounds(schedule, change.from_seconds - 1, length_seconds);
    require_bounds(schedule, change.from_seconds, length_seconds);
  }
  const DayAheadPrices& series = schedule.terms().day_ahead;
  for (std::int64_t at = series.begin_seconds - 900; at <= series.end_seconds(); at += 900) {
    require_bounds(schedule, at, length_seconds);
  }
}

}  // namespace
}  // namespace commonwatt

/// The configuration, and after a line of three hyphens the file `prices.csv` beside it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  const std::string text = as_text(ByteView(data, size));
  const std::string parting = "\n---\n";
  const std::size_t at = std::min(text.find(parting), text.size());
  if (at < text.size()) {
    std::ofstream(directory() / "prices.csv", std::ios::binary) << text.substr(at + parting.size());
  } else {
    std::filesystem::remove(directory() / "prices.csv");
  }
  for (const std::int64_t length_seconds : {900, 3'600}) {
    ConfigTable root = ConfigTable::from_text(directory() / "tariff.toml", text.substr(0, at));
    ConfigTable table = root.table("tariff");
    const TariffSchedule schedule = read_tariff(table, length_seconds);
    const bool is_good = root.fault_count() == 0;
    for (const std::string& fault : root.finish()) assert(fault.starts_with(directory().string() + "/tariff.toml"));
    if (is_good) require_sound(schedule, length_seconds);
  }
  return 0;
}
