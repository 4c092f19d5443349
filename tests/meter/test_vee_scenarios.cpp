// One day per fault of the field: device, validation, boundary registers, the energy of each quarter-hour. Every fault
// is shown to bite by the same day without validation.
#include <cstdlib>

#include <doctest/doctest.h>

#include "meter/counter_monitor.hpp"
#include "tests/meter/metered_day.hpp"

using namespace commonwatt;
using namespace commonwatt::test;

namespace {

constexpr std::int64_t first_quarter = midnight.seconds();
constexpr int quarters = 96;

std::vector<DeviceReading> sound_day(const TrueDay& truth) {
  std::vector<DeviceReading> readings;
  for (const UtcTime time : polls_of_the_day()) {
    readings.push_back(sound_reading(time, truth.registers(time), static_cast<double>(TrueDay::power_w(time))));
  }
  return readings;
}

std::int64_t apart(RegisterPair a, RegisterPair b) {
  return std::max(std::abs((a.import - b.import).count), std::abs((a.export_ - b.export_).count));
}

struct Outcome {
  int measured = 0;
  std::int64_t worst_wh = 0;  // of a measured quarter-hour
  std::int64_t total_wh = 0;  // by which the day's total is off
};

Outcome compare(const MeteredDay& day, const TrueDay& truth) {
  Outcome outcome;
  for (int i = 0; i < quarters; ++i) {
    const std::int64_t begin = first_quarter + i * quarter;
    const std::optional<RegisterPair> measured = day.measured(begin);
    if (!measured) continue;
    ++outcome.measured;
    const RegisterPair from = truth.registers(UtcTime::from_seconds(begin));
    const RegisterPair to = truth.registers(UtcTime::from_seconds(begin + quarter));
    const RegisterPair energy{to.import - from.import, to.export_ - from.export_};
    outcome.worst_wh = std::max(outcome.worst_wh, apart(*measured, energy));
  }
  REQUIRE(!day.boundaries.empty());
  const auto& [begin, first] = *day.boundaries.begin();
  const auto& [end, last] = *day.boundaries.rbegin();
  const RegisterPair from = truth.registers(UtcTime::from_seconds(begin));
  const RegisterPair to = truth.registers(UtcTime::from_seconds(end));
  outcome.total_wh = apart({last.import - first.import, last.export_ - first.export_},
                           {to.import - from.import, to.export_ - from.export_});
  return outcome;
}

/// Two quanta, and what ten seconds of interpolation may hide.
constexpr std::int64_t exact_wh = 4;

struct Scenario {
  Spoil spoil;
  TrueDay truth = TrueDay{};
  ValidationLimits limits = {.rating = Power{24'150}};
  std::function<void(MeterValidation&, UtcTime)> operate = {};
  int measured_min = quarters;       // quarter-hours with a measured value
  std::int64_t worst_wh = exact_wh;  // by which one of them may be off
  std::optional<ReadingFlag> flag = ReadingFlag::held;
};

void check_day(const Scenario& scenario) {
  const std::vector<DeviceReading> sound = sound_day(scenario.truth);
  MeterValidation meter(scenario.limits);
  const MeteredDay day = with_validation(sound, scenario.spoil, meter, scenario.operate);
  const Outcome outcome = compare(day, scenario.truth);
  CHECK(outcome.measured >= scenario.measured_min);
  CHECK(outcome.worst_wh <= scenario.worst_wh);
  CHECK(outcome.total_wh <= exact_wh);
  CHECK(day.boundaries.rbegin()->first == first_quarter + quarters * quarter);
  for (int last = static_cast<int>(enum_last(ReadingFlag{})), i = 0; i <= last; ++i) {
    const auto flag = static_cast<ReadingFlag>(i);
    if (flag == ReadingFlag::unconfirmed) continue;  // of the first reading, and after silence
    CAPTURE(to_text(flag));
    CHECK(day.flags.contains(flag) == (scenario.flag == flag));
  }

  const Outcome control = compare(without_validation(sound, scenario.spoil), scenario.truth);
  CHECK(control.worst_wh > 20 * exact_wh);
}

/// The same device with both registers moved by so much, or put at a value.
DeviceReading with_registers(const DeviceReading& reading, RegisterPair registers) {
  return sound_reading(reading.time, registers, *reading.power_w());
}
RegisterPair registers_of(const DeviceReading& reading) {
  return {*reading.energy_import(), *reading.energy_export()};
}
DeviceReading moved(const DeviceReading& reading, std::int64_t wh) {
  const RegisterPair registers = registers_of(reading);
  return with_registers(reading, {registers.import + Energy{wh}, registers.export_ + Energy{wh}});
}

/// Spoils between two times and leaves the rest.
Spoil between(UtcTime from, UtcTime to, const Spoil& spoil) {
  return [=](const DeviceReading& reading) {
    return within(reading.time, from, to) ? spoil(reading) : std::optional(reading);
  };
}
std::optional<DeviceReading> no_answer(const DeviceReading&) {
  return std::nullopt;
}

}  // namespace

TEST_CASE("a sound day is measured in full and raises no flag") {
  const TrueDay truth;
  MeterValidation meter({.rating = Power{24'150}});
  const MeteredDay day = with_validation(
      sound_day(truth), [](const DeviceReading& it) { return std::optional(it); }, meter);
  const Outcome outcome = compare(day, truth);
  CHECK(outcome.measured == quarters);
  CHECK(outcome.worst_wh <= exact_wh);
  CHECK(outcome.total_wh <= exact_wh);
  CHECK(day.flags == std::set{ReadingFlag::unconfirmed});  // the first reading
}

TEST_CASE("zero bounce: both registers drop to 0 over a boundary and come back") {
  check_day({.spoil = between(at(11, 59, 55), at(12, 0, 15),
                              [](const DeviceReading& it) { return with_registers(it, {}); })});
}

TEST_CASE("a spike of 2^32 at the change of day") {
  check_day({.spoil = between(at(0, 0), at(0, 0, 12), [](const DeviceReading& it) {
               return with_registers(it, {Energy{429'496'728}, Energy{4'294'967'295}});
             })});
}

TEST_CASE("re-based a little: held until it is declared, then the day's total is whole again") {
  const Spoil lower = between(at(15, 0), at(25, 0), [](const DeviceReading& it) { return moved(it, -5000); });
  const auto declare = [](MeterValidation& meter, UtcTime time) {
    if (!within(time, at(18, 0), at(18, 0, 10))) return;
    const RegisterPair truth = TrueDay{}.registers(time);
    CHECK(meter
              .declare({.time = time,
                        .closing_import = truth.import,
                        .closing_export = truth.export_,
                        .opening_import = truth.import - Energy{5000},
                        .opening_export = truth.export_ - Energy{5000}})
              .ok());
  };
  check_day({.spoil = lower, .operate = declare, .measured_min = quarters - 14});
}

TEST_CASE("reset to zero and counting on: never taken up silently, and whole after the exchange is declared") {
  const RegisterPair at_reset = TrueDay{}.registers(at(10, 0));
  const Spoil reset = between(at(10, 0), at(25, 0), [at_reset](const DeviceReading& it) {
    const RegisterPair registers = registers_of(it);
    return with_registers(it, {registers.import - at_reset.import, registers.export_ - at_reset.export_});
  });
  const auto declare = [at_reset](MeterValidation& meter, UtcTime time) {
    if (!within(time, at(20, 0), at(20, 0, 10))) return;
    CHECK(meter
              .declare({.time = at(10, 0),
                        .closing_import = at_reset.import,
                        .closing_export = at_reset.export_,
                        .opening_import = Energy{0},
                        .opening_export = Energy{0}})
              .ok());
  };
  check_day({.spoil = reset, .operate = declare, .measured_min = quarters - 42});
}

TEST_CASE("rollover of a register whose width the profile declares") {
  constexpr std::int64_t width = 10'000'000;
  const Spoil wrap = [](const DeviceReading& it) {
    const RegisterPair registers = registers_of(it);
    return with_registers(it, {Energy{registers.import.count % width}, Energy{registers.export_.count % width}});
  };
  check_day({.spoil = wrap,
             .truth = TrueDay{{{width - 4000}, {width - 9000}}},
             .limits = {.rating = Power{24'150}, .wraps_at = Energy{width}},
             .flag = std::nullopt});
}

TEST_CASE("an old reading with a fresh stamp is stale, and what it hides comes back") {
  DeviceReading frozen;
  const Spoil repeat = between(at(12, 7), at(12, 50), [&frozen](const DeviceReading& it) {
    if (frozen.values.empty()) frozen = it;
    DeviceReading repeated = frozen;
    repeated.time = it.time;
    return std::optional(repeated);
  });
  check_day({.spoil = repeat, .measured_min = quarters - 4, .flag = ReadingFlag::stale});
}

TEST_CASE("torn 32-bit registers: one word old, one word new") {
  // Importing at night, both words of the register change within the quarter-hours at 02:00 and 03:00.
  const Spoil tear = [](const DeviceReading& it) {
    if (within(it.time, at(2, 0), at(2, 0, 10))) return moved(it, -65'536);
    if (within(it.time, at(3, 0), at(3, 0, 10))) return moved(it, 65'536);
    return it;
  };
  check_day({.spoil = tear});
}

TEST_CASE("a scale factor that changed between two requests is ten times the energy, once") {
  check_day({.spoil = between(at(14, 0), at(14, 0, 10), [](const DeviceReading& it) {
               const RegisterPair registers = registers_of(it);
               return with_registers(it, {Energy{registers.import.count * 10}, Energy{registers.export_.count / 10}});
             })});
}

TEST_CASE("a device that lets another client in answers nothing for minutes") {
  check_day(
      {.spoil = between(at(13, 58), at(14, 4), no_answer), .measured_min = quarters - 2, .flag = ReadingFlag::missing});
}

TEST_CASE("busy is not zero: values without an answer stay missing") {
  const Spoil busy = [](const DeviceReading& it) {
    if (it.time.seconds() % 900 >= 20) return it;
    DeviceReading none = it;
    none.values = {absent(Measurand::energy_import), absent(Measurand::energy_export)};
    return none;
  };
  check_day({.spoil = busy, .flag = ReadingFlag::missing});
}

TEST_CASE("registers that freeze around midnight while the power goes on are stuck, and catch up") {
  std::optional<RegisterPair> frozen;
  const Spoil freeze = between(at(0, -4), at(0, 3), [&frozen](const DeviceReading& it) {
    if (!frozen || it.time < at(0, -3, -50)) frozen = registers_of(it);
    return std::optional(with_registers(it, *frozen));
  });
  // 10 Wh and one step may pass before the freeze is seen.
  check_day({.spoil = freeze, .measured_min = quarters - 1, .worst_wh = exact_wh + 11});
}

TEST_CASE("a meter that reboots is silent, shows zeros on a dead grid, and goes on") {
  const Spoil reboot = [](const DeviceReading& it) -> std::optional<DeviceReading> {
    if (within(it.time, at(9, 30), at(9, 30, 10))) {
      DeviceReading zeros = with_registers(it, {});
      zeros.values[1].value = 0;
      zeros.values[2].value = 0;
      return zeros;
    }
    return it;
  };
  const std::vector<DeviceReading> sound = sound_day(TrueDay{});
  MeterValidation meter({.rating = Power{24'150}});
  const MeteredDay day = with_validation(sound, reboot, meter);
  CHECK(compare(day, TrueDay{}).measured == quarters);
  CHECK(compare(day, TrueDay{}).worst_wh <= exact_wh);
  CHECK(day.flags.contains(ReadingFlag::held));
  CHECK(day.flags.contains(ReadingFlag::supply_implausible));
  CHECK(compare(without_validation(sound, reboot), TrueDay{}).worst_wh > 1'000'000);
}

TEST_CASE("a gap is caught up by the next reading, and its energy shared out to the watt-hour") {
  const Spoil gap = between(at(9, 50), at(13, 5), no_answer);
  check_day({.spoil = gap, .measured_min = quarters - 14, .flag = ReadingFlag::missing});

  const TrueDay truth;
  MeterValidation meter({.rating = Power{24'150}});
  const MeteredDay day = with_validation(sound_day(truth), gap, meter);
  const UtcTime from = at(9, 45);
  const UtcTime to = at(13, 15);
  REQUIRE_FALSE(day.boundaries.contains(at(10, 0).seconds()));
  const Energy total = day.boundaries.at(to.seconds()).export_ - day.boundaries.at(from.seconds()).export_;
  EnergyHistory last_week;  // half as sunny
  for (std::int64_t i = 0; i < 14; ++i) {
    const std::int64_t begin = from.seconds() + i * quarter;
    const Energy energy = truth.registers(UtcTime::from_seconds(begin + quarter)).export_ -
                          truth.registers(UtcTime::from_seconds(begin)).export_;
    last_week[begin - 7 * 86'400] = Energy{energy.count / 2};
  }
  const std::optional<GapEstimate> estimate = estimate_gap({Interval{from.seconds(), quarter}, 14, total}, last_week);
  REQUIRE(estimate);
  CHECK(estimate->method == EstimateMethod::profile);
  Energy sum;
  for (std::size_t i = 0; i < estimate->energies.size(); ++i) {
    sum += estimate->energies[i];
    const Energy usual = last_week.at(from.seconds() + static_cast<std::int64_t>(i) * quarter - 7 * 86'400);
    CHECK(std::abs(estimate->energies[i].count - 2 * usual.count) <= exact_wh);
  }
  CHECK(sum == total);
}

TEST_CASE("both registers rising at once is told: the meter sums its phases without netting them") {
  // 500 W flow in on one phase and out on another, besides the net power.
  const std::vector<DeviceReading> sound = sound_day(TrueDay{});
  MeterValidation meter({.rating = Power{24'150}});
  const MeteredDay day = with_validation(
      sound, [](const DeviceReading& it) { return moved(it, (it.time - at(-1, 0)).count() / 7'200'000'000); }, meter);
  CHECK(day.flags.contains(ReadingFlag::both_directions));
  CHECK(compare(day, TrueDay{}).total_wh > 11'000);
}

TEST_CASE("registers that count twice what the power says are told") {
  const std::vector<DeviceReading> sound = sound_day(TrueDay{});
  const RegisterPair begin = registers_of(sound.front());
  MeterValidation meter({.rating = Power{24'150}});
  const MeteredDay day = with_validation(
      sound,
      [begin](const DeviceReading& it) {
        const RegisterPair now = registers_of(it);
        return with_registers(it,
                              {now.import + (now.import - begin.import), now.export_ + (now.export_ - begin.export_)});
      },
      meter);
  CHECK(day.flags == std::set{ReadingFlag::unconfirmed, ReadingFlag::power_disagrees});
}

namespace {

/// An inverter of 4 kWp in Vienna; its register counts the sun of the day.
std::vector<DeviceReading> sound_plant_day() {
  std::vector<DeviceReading> readings;
  std::int64_t watt_seconds = 0;
  for (const UtcTime time : polls_of_the_day()) {
    const std::int64_t power = TrueDay::solar_w((time - midnight) / std::chrono::minutes{1});
    watt_seconds += power * 10;
    DeviceReading reading;
    reading.time = time;
    reading.produces = true;
    reading.values = {figure(Measurand::active_power, static_cast<double>(power)),
                      counter(Measurand::energy_yield, Energy{5'000'000 + watt_seconds / 3600})};
    reading.raw = {raw_registers(3, 0, {static_cast<std::uint16_t>((power & 0xFF) << 8 | time.seconds() % 251)})};
    readings.push_back(reading);
  }
  return readings;
}

constexpr ValidationLimits plant_limits() {
  return {.flow = MeteredFlow::production, .rating = Power{4000}, .plant = SolarPlant{.site = {}, .peak = Power{4400}}};
}

Energy produced(const MeteredDay& day) {
  return day.boundaries.rbegin()->second.export_ - day.boundaries.begin()->second.export_;
}

/// Between the first and the last boundary of the day.
Energy true_production(const std::vector<DeviceReading>& sound, const MeteredDay& day) {
  const auto register_after = [&sound](std::int64_t seconds) {
    const auto found = std::find_if(sound.begin(), sound.end(),
                                    [seconds](const DeviceReading& it) { return it.time.seconds() >= seconds; });
    return *found->energy_produced();
  };
  return register_after(day.boundaries.rbegin()->first) - register_after(day.boundaries.begin()->first);
}

}  // namespace

TEST_CASE("an inverter asleep keeps its register and says nothing of its power: the night is measured, as 0") {
  const std::vector<DeviceReading> sound = sound_plant_day();
  const Spoil asleep = [](const DeviceReading& it) {
    DeviceReading reading = it;
    if (*it.values[0].value == 0) reading.values[0] = absent(Measurand::active_power);
    return reading;
  };
  MeterValidation meter(plant_limits());
  const MeteredDay day = with_validation(sound, asleep, meter);
  CHECK(day.boundaries.size() == 97);
  CHECK(day.measured(first_quarter)->export_ == Energy{0});
  CHECK(std::abs((produced(day) - true_production(sound, day)).count) <= exact_wh);
  CHECK(day.flags == std::set{ReadingFlag::unconfirmed});
}

TEST_CASE("an inverter that answers sentinels at night, or not at all, has no measured night and no wrong day") {
  const std::vector<DeviceReading> sound = sound_plant_day();
  for (const bool answers : {true, false}) {
    const Spoil gone = [answers](const DeviceReading& it) -> std::optional<DeviceReading> {
      if (*it.values[0].value > 0) return it;
      if (!answers) return std::nullopt;
      DeviceReading reading = it;
      reading.values = {absent(Measurand::active_power), absent(Measurand::energy_yield)};
      return reading;
    };
    MeterValidation meter(plant_limits());
    const MeteredDay day = with_validation(sound, gone, meter);
    CHECK_FALSE(day.measured(first_quarter));
    CHECK(day.flags.contains(ReadingFlag::missing));
    CHECK(std::abs((produced(day) - true_production(sound, day)).count) <= exact_wh);
    // The reader that takes missing for 0 bills the whole register at dawn.
    const MeteredDay control = without_validation(sound, gone);
    if (answers) CHECK(control.measured(at(4, 30).seconds())->export_ > Energy{4'000'000});
  }
}

TEST_CASE("a plant that counts at night is held, though its nameplate would allow it") {
  const std::vector<DeviceReading> sound = sound_plant_day();
  const Spoil moonlight = between(at(1, 7), at(1, 40), [](const DeviceReading& it) {
    DeviceReading reading = it;
    const auto gained = (it.time - at(1, 7)) / std::chrono::seconds{1};  // 3600 W
    reading.values[1].energy = *reading.values[1].energy + Energy{gained};
    return reading;
  });
  MeterValidation meter(plant_limits());
  const MeteredDay day = with_validation(sound, moonlight, meter);
  CHECK(day.flags.contains(ReadingFlag::held));
  for (int i = 0; i < 16; ++i) {
    const std::optional<RegisterPair> measured = day.measured(first_quarter + i * quarter);
    CHECK((!measured || measured->export_ <= Energy{2}));
  }
  CHECK(without_validation(sound, moonlight).measured(at(1, 15).seconds())->export_ > Energy{800});
}
