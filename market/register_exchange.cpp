#include "market/register_exchange.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace commonwatt {
namespace {

bool is_below(const Registers& a, const Registers& b) {
  return a.import < b.import || a.export_ < b.export_;
}

/// The boundary at or before a time.
std::int64_t boundary_before(std::int64_t time, std::int64_t length) {
  return Interval::containing(UtcTime::from_seconds(time), length).begin_seconds();
}

/// Puts a value where none is read.
void add(std::vector<BoundaryReading>& series, std::int64_t time, const Registers& registers, bool read) {
  const auto at =
      std::lower_bound(series.begin(), series.end(), time,
                       [](const BoundaryReading& reading, std::int64_t other) { return reading.time < other; });
  if (at != series.end() && at->time == time) return;
  series.insert(at, {.time = time, .registers = registers, .read = read});
}

/// Sorts the readings into `found` by the meter that gave them, of those that the exchanges in it tell apart.
void look_meter_by_meter(std::span<const BoundaryReading> readings, std::optional<Power> rating,
                         PlausibleReadings& found) {
  found.good.clear();
  found.held.clear();
  found.without_meter.clear();
  const std::vector<RegisterExchange>& exchanges = found.exchanges;
  auto next = readings.begin();
  for (std::size_t place = 0; place <= exchanges.size(); ++place) {  // The meter before each exchange, and the last.
    const bool is_last = place == exchanges.size();
    const auto end = std::find_if(next, readings.end(), [&](const BoundaryReading& reading) {
      return !is_last && reading.time >= exchanges[place].time;
    });
    std::vector<BoundaryReading> of_meter(next, end);
    next = end;
    const bool was_there = place == 0 || exchanges[place - 1].opening;
    const bool is_closed = is_last || exchanges[place].closing;
    if (was_there && is_closed) {
      const std::vector<HeldReading> held = hold_implausible(of_meter, rating);
      found.held.insert(found.held.end(), held.begin(), held.end());
      found.good.insert(found.good.end(), of_meter.begin(), of_meter.end());
    } else {
      found.without_meter.insert(found.without_meter.end(), of_meter.begin(), of_meter.end());
    }
  }
}

}  // namespace

PlausibleReadings plausible_readings(std::span<const BoundaryReading> readings,
                                     std::span<const RegisterExchange> exchanges, std::optional<Power> rating) {
  PlausibleReadings found;
  found.exchanges.assign(exchanges.begin(), exchanges.end());
  look_meter_by_meter(readings, rating, found);
  for (std::size_t place = 0; place < found.exchanges.size();) {
    const std::optional<ExchangeFault> fault = fault_of(found.exchanges, place, found.good);
    if (!fault) {
      ++place;
      continue;
    }
    found.contradicted.emplace_back(found.exchanges[place], *fault);
    found.exchanges.erase(found.exchanges.begin() + static_cast<std::ptrdiff_t>(place));
    // Without it the same meter goes on, and what was right before may be no more.
    look_meter_by_meter(readings, rating, found);
    place = 0;
  }
  return found;
}

const char* explain(ExchangeFault fault) {
  switch (fault) {
    case ExchangeFault::closing_below_reading:
      return "the old meter had shown more before; correct the closing registers";
    case ExchangeFault::opening_above_reading:
      return "the new meter shows less later; correct the opening registers";
    case ExchangeFault::nothing_to_close:
      return "the meter before it was taken away already; leave the closing registers empty";
    case ExchangeFault::nothing_to_open:
      return "the meter before it is still there; state its closing registers";
  }
  return "";
}

std::optional<ExchangeFault> fault_of(std::span<const RegisterExchange> exchanges, std::size_t place,
                                      std::span<const BoundaryReading> readings) {
  const RegisterExchange& exchange = exchanges[place];
  const bool was_there = place == 0 || exchanges[place - 1].opening.has_value();
  if (exchange.closing && !was_there) return ExchangeFault::nothing_to_close;
  if (!exchange.closing && place > 0 && was_there) return ExchangeFault::nothing_to_open;
  const std::int64_t since = place == 0 ? std::numeric_limits<std::int64_t>::min() : exchanges[place - 1].time;
  const std::int64_t until =
      place + 1 == exchanges.size() ? std::numeric_limits<std::int64_t>::max() : exchanges[place + 1].time;
  for (const BoundaryReading& reading : readings) {
    const bool is_old = reading.time >= since && reading.time < exchange.time;
    const bool is_new = reading.time >= exchange.time && reading.time < until;
    if (is_old && exchange.closing && is_below(*exchange.closing, reading.registers))
      return ExchangeFault::closing_below_reading;
    if (is_new && exchange.opening && is_below(reading.registers, *exchange.opening))
      return ExchangeFault::opening_above_reading;
  }
  return std::nullopt;
}

std::vector<BoundaryReading> continued(std::span<const BoundaryReading> readings,
                                       std::span<const RegisterExchange> exchanges, std::int64_t interval_seconds) {
  std::vector<BoundaryReading> series;
  std::vector<BoundaryReading> known;  // at the exchanges
  Registers offset;
  Registers last;  // of the series, where it stands still
  bool is_there = exchanges.empty() || exchanges.front().closing.has_value();
  auto next = readings.begin();
  const auto take_until = [&](std::int64_t time) {
    for (; next != readings.end() && next->time < time; ++next) {
      if (is_there) series.push_back({.time = next->time, .registers = next->registers + offset, .read = next->read});
    }
  };
  for (const RegisterExchange& exchange : exchanges) {
    take_until(exchange.time);
    const std::int64_t before = boundary_before(exchange.time, interval_seconds);
    const bool at_boundary = before == exchange.time;
    if (exchange.closing) last = *exchange.closing + offset;
    known.push_back({.time = exchange.time, .registers = last, .read = at_boundary});
    if (!exchange.closing && !at_boundary) known.push_back({.time = before, .registers = last, .read = true});
    if (!exchange.opening && !at_boundary)
      known.push_back({.time = before + interval_seconds, .registers = last, .read = true});
    is_there = exchange.opening.has_value();
    if (exchange.opening) offset = last - *exchange.opening;
  }
  take_until(std::numeric_limits<std::int64_t>::max());
  for (const BoundaryReading& reading : known) add(series, reading.time, reading.registers, reading.read);
  return series;
}

void clear_without_meter(std::span<Delivery> deliveries, const IntervalSpan& span,
                         std::span<const RegisterExchange> exchanges) {
  if (exchanges.empty()) return;
  const auto clear = [&](std::int64_t since, std::int64_t until) {
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
      const std::int64_t begin =
          span.first.begin_seconds() + static_cast<std::int64_t>(i) * span.first.length_seconds();
      if (begin >= since && begin + span.first.length_seconds() <= until)
        deliveries[i] = {.energy = {}, .quality = DeliveryQuality::good};
    }
  };
  for (std::size_t i = 0; i < exchanges.size(); ++i) {
    const std::int64_t since = i == 0 ? std::numeric_limits<std::int64_t>::min() : exchanges[i - 1].time;
    if (!exchanges[i].closing) clear(since, exchanges[i].time);
  }
  if (!exchanges.back().opening) clear(exchanges.back().time, std::numeric_limits<std::int64_t>::max());
}

}  // namespace commonwatt
