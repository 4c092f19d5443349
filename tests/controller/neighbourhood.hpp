// A street of four households around the real heart, without broker, disk or clock: the same keys, meters and orders in
// every run. Two have plants, two do not.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "controller/bill.hpp"
#include "controller/step.hpp"
#include "core/sha256.hpp"
#include "tests/controller/temporary_directory.hpp"

namespace commonwatt::test {

/// The key whose secret is that hexadecimal number; it must be valid for the kind.
inline SigningKey key_of_secret(KeyKind kind, const std::string& hex) {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory / "key";
  write_text(file, std::string("commonwatt-") + to_text(kind) + "-key " + hex + "\n");
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  return std::move(SigningKey::load(kind, file)).value();
}
/// A key that follows from a name.
inline SigningKey key_of_name(KeyKind kind, const std::string& name) {
  return key_of_secret(kind, to_hex(sha256(as_bytes(name))));
}

inline constexpr std::int64_t street_begin = 1'782'000'000;
inline constexpr std::int64_t quarter = 900;

/// The interval with that number, counted from the first one traded.
inline Interval street_interval(std::int64_t number) {
  return {street_begin + number * quarter, quarter};
}

struct StreetHouse {
  explicit StreetHouse(const std::string& name)
      : id(*HouseholdId::from(name)),
        order_key(key_of_name(KeyKind::order, name + " order")),
        reading_key(key_of_name(KeyKind::reading, name + " reading")),
        witness_key(key_of_name(KeyKind::log, name + " log")) {}
  HouseholdId id;
  SigningKey order_key;
  SigningKey reading_key;
  SigningKey witness_key;
};

/// hh01 and hh02 have plants. Made once: keys cost files.
inline const std::vector<StreetHouse>& street_houses() {
  static const std::vector<StreetHouse> houses = [] {
    std::vector<StreetHouse> made;
    for (const char* name : {"hh01", "hh02", "hh03", "hh04"}) made.emplace_back(name);
    return made;
  }();
  return houses;
}
inline const SigningKey& street_log_key() {
  static const SigningKey key = key_of_name(KeyKind::log, "street log");
  return key;
}

inline MeterId grid_meter(std::size_t house) {
  return *MeterId::from(street_houses()[house].id.text() + "-grid");
}
inline MeterId plant_meter(std::size_t house) {
  return *MeterId::from(street_houses()[house].id.text() + "-plant");
}
inline bool has_plant(std::size_t house) {
  return house < 2;
}

inline MarketConfigured street_configuration() {
  MarketConfigured configured;
  configured.origin = "commonwatt.example/street";
  configured.log_key = street_log_key().public_key();
  configured.rules.tariff = TariffSchedule::constant({.retail = Price{300'000}, .feed_in = Price{80'000}});
  for (std::size_t house = 0; house < street_houses().size(); ++house) {
    const StreetHouse& keys = street_houses()[house];
    HouseholdRecord record;
    record.id = record.owner = keys.id;
    record.name = "House " + std::to_string(house + 1);
    record.zone = *ZoneId::from("root");
    record.fuse_rating = Power{14'000};
    record.nameplate = Power{has_plant(house) ? 10'000 : 0};
    record.credit_limit = Money{100'000'000'000};
    record.order_key = keys.order_key.public_key();
    record.reading_key = keys.reading_key.public_key();
    record.witness_key = keys.witness_key.public_key();
    record.meters.push_back({grid_meter(house), MeterRole::billing, Power{14'000}, "meter"});
    if (has_plant(house)) record.meters.push_back({plant_meter(house), MeterRole::production, Power{10'000}, "plant"});
    configured.households.push_back(record);
  }
  return configured;
}

inline SignedOrder signed_order(std::size_t house, const Order& order) {
  return {.order = order, .signature = street_houses()[house].order_key.sign_digest(order_digest(order))};
}
inline SignedReading signed_reading(std::size_t house, const Reading& reading) {
  return {.reading = reading, .signature = street_houses()[house].reading_key.sign_digest(reading_digest(reading))};
}

inline Salt16 numbered_salt(std::int64_t number) {
  Salt16 salt{};
  for (std::size_t i = 0; i < 8; ++i) salt[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return salt;
}

/// The order of a house for an interval: houses with a plant sell, the others buy, at prices that cross.
inline Order street_order(std::size_t house, std::int64_t number) {
  Order order;
  order.household = street_houses()[house].id;
  order.interval = street_interval(number);
  order.side = has_plant(house) ? Side::sell : Side::buy;
  order.quantity = Energy{400 + 50 * static_cast<std::int64_t>(house) + number % 17};
  order.limit = Price{(has_plant(house) ? 120'000 : 240'000) + 1'000 * static_cast<std::int64_t>(house)};
  order.sequence = number + 1;
  order.salt = numbered_salt(number * 10 + static_cast<std::int64_t>(house));
  return order;
}

/// What the grid meter of a house shows at the begin of an interval: the truth, whether it is told or not.
inline Registers street_registers(std::size_t house, std::int64_t number) {
  const auto base = static_cast<std::int64_t>(house + 1);
  const std::int64_t wave = number * (number % 5);
  if (has_plant(house)) return {Energy{base * 1'000 + 30 * number}, Energy{base * 5'000 + 380 * number + wave % 90}};
  return {Energy{base * 1'000 + 450 * number + wave % 70}, Energy{0}};
}
inline Registers plant_registers(std::size_t house, std::int64_t number) {
  return {Energy{0}, Energy{static_cast<std::int64_t>(house) * 100 + 600 * number}};
}

inline Reading street_reading(const MeterId& meter, const Registers& registers, std::int64_t number) {
  return {.meter = meter,
          .time = street_interval(number).begin(),
          .registers = registers,
          .sequence = number + 1,
          .salt = numbered_salt(number),
          .raw = sha256(as_bytes(meter.text() + std::to_string(number)))};
}

/// The street and its market: every event goes through `happen`, which keeps what a journal would.
class Neighbourhood {
 public:
  explicit Neighbourhood(const MarketConfigured& configured = street_configuration()) {
    happen(configured, UtcTime::from_seconds(street_begin - 120));
  }
  Neighbourhood(const Neighbourhood&) = delete;
  Neighbourhood& operator=(const Neighbourhood&) = delete;

  State state;
  struct Happened {
    UtcTime time;
    Event event;
  };
  std::vector<Happened> events;
  std::vector<StoreBatch> batches;
  std::vector<Hash32> log_leaves;
  std::vector<StoreAnchor> anchors;
  std::vector<ClearingRecord> clearings;
  /// Whether the reading of a meter at the begin of that interval gets lost.
  std::function<bool(const MeterId&, std::int64_t)> loses = [](const MeterId&, std::int64_t) { return false; };
  /// Asked after every event.
  std::function<void(const State&)> watch = [](const State&) {};

  Effects happen(const Event& event, UtcTime at) {
    Effects effects = step(state, event, at);
    events.push_back({at, event});
    for (const Effect& effect : effects) note(effect);
    watch(state);
    return effects;
  }

  void send_orders(std::int64_t number) {
    const UtcTime at = street_interval(number).begin() - std::chrono::seconds(120);
    for (std::size_t house = 0; house < street_houses().size(); ++house) {
      happen(OrderReceived{street_houses()[house].id, signed_order(house, street_order(house, number))}, at);
    }
  }
  void close_gate(std::int64_t number) {
    happen(GateClosed{street_interval(number)}, state.rules.gate_closure(street_interval(number)));
  }
  void send_readings(std::int64_t number) {
    const UtcTime at = street_interval(number).begin() + std::chrono::seconds(1);
    for (std::size_t house = 0; house < street_houses().size(); ++house) {
      send(house, grid_meter(house), street_registers(house, number), number, at);
      if (has_plant(house)) send(house, plant_meter(house), plant_registers(house, number), number, at);
    }
  }
  /// The initial run of an interval.
  void settle(std::int64_t number) {
    run({street_interval(number), Run::initial}, state.rules.settlement_time(street_interval(number)));
  }
  /// A run of an interval; the controller signs the log and two members cosign it.
  void run(const SettlementTask& task, UtcTime at) {
    const std::string salt = std::string(to_text(task.run)) + to_text(task.interval.begin());
    happen(SettlementDue{task.interval, task.run, sha256(as_bytes(salt))}, at);
    const Checkpoint checkpoint = state.checkpoint();
    happen(CheckpointSigned{checkpoint.size, sign_checkpoint(street_log_key(), checkpoint)}, at);
    for (std::size_t house = 0; house < 2; ++house) {
      const StreetHouse& witness = street_houses()[house];
      const Cosignature given = cosign(witness.witness_key, witness.id.text(), checkpoint, at.seconds());
      happen(CosignatureReceived{witness.id, checkpoint.size, given.time, given.signature}, at);
    }
  }
  /// All runs that are due by `until`, in their sequence, each as soon as it is.
  void run_until(UtcTime until) {
    for (std::optional<UtcTime> due = next_run(); due && *due <= until; due = next_run()) {
      run(*due_settlement(state, *due), *due);
    }
  }
  /// When the next run is due, whatever gates are.
  [[nodiscard]] std::optional<UtcTime> next_run() const {
    State ended = state;
    ended.rules.trading_end = state.next_gate->begin();
    return next_deadline(ended);
  }
  /// Everything around the begin of an interval, in order of time. Settlement comes three intervals behind.
  void pass(std::int64_t number, std::int64_t intervals) {
    if (number < intervals) send_orders(number);
    if (number < intervals) close_gate(number);
    if (number >= 3) settle(number - 3);
    if (number <= intervals) send_readings(number);
  }
  /// Trades and settles that many intervals.
  void live(std::int64_t intervals) {
    for (std::int64_t number = 0; number < intervals + 3; ++number) pass(number, intervals);
  }

  [[nodiscard]] SignedLog signed_log() const {
    return {.checkpoint = state.checkpoint(), .signature = *state.signature, .leaves = log_leaves};
  }
  [[nodiscard]] Bill bill(std::size_t house, std::int64_t number) const {
    return *make_bill(batches[static_cast<std::size_t>(number)], street_houses()[house].id, signed_log());
  }

 private:
  void send(std::size_t house, const MeterId& meter, const Registers& registers, std::int64_t number, UtcTime at) {
    if (loses(meter, number)) return;
    const Reading reading = street_reading(meter, registers, number);
    happen(ReadingReceived{street_houses()[house].id, signed_reading(house, reading)}, at);
  }
  void note(const Effect& effect) {
    if (const auto* published = std::get_if<PublishClearing>(&effect)) clearings.push_back(published->record);
    if (const auto* store = std::get_if<StoreBatch>(&effect)) {
      batches.push_back(*store);
      log_leaves.push_back(log_leaf(store->entry));
    }
    if (const auto* store = std::get_if<StoreAnchor>(&effect)) anchors.push_back(*store);
  }
};

/// The only effect of that kind; a test that asks for one that is not there stops.
template <class Kind>
const Kind& only(const Effects& effects) {
  const Kind* found = nullptr;
  for (const Effect& effect : effects) {
    if (const auto* one = std::get_if<Kind>(&effect)) found = found == nullptr ? one : nullptr;
  }
  if (found == nullptr) std::abort();
  return *found;
}

inline bool raises_alarm(const Effects& effects) {
  return effects.size() == 1 && std::holds_alternative<RaiseAlarm>(effects[0]) &&
         std::get<RaiseAlarm>(effects[0]).severity == Severity::alarm;
}

}  // namespace commonwatt::test
