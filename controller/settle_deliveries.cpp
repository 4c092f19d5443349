#include "controller/settle_deliveries.hpp"

#include <algorithm>
#include <limits>

namespace commonwatt {
namespace {

/// The rows of one meter on their way to energy.
class MeterRows {
 public:
  MeterRows(const std::string& meter, const std::string& household, const SettleRules& rules,
            std::vector<SettleFlag>& flags)
      : meter_(meter), household_(household), rules_(rules), flags_(flags) {}

  /// What the meters at one place delivered, one after the other.
  std::vector<Delivery> energies(const std::vector<const RegisterRow*>& rows,
                                 std::span<const RegisterExchange> exchanges, const IntervalSpan& span) {
    const auto fuse = rules_.fuses.find(household_);
    const auto rating = fuse == rules_.fuses.end() ? std::nullopt : std::optional(fuse->second);
    const PlausibleReadings plausible = plausible_readings(readings(rows), exchanges, rating);
    for (const auto& [exchange, fault] : plausible.contradicted)
      flag(exchange.time + 1, "exchange_contradicted", std::string("it counts as none: ") + explain(fault));
    for (const HeldReading& held : plausible.held)
      flag(held.time, to_text(held.reason), std::string("held: ") + explain(held.reason));
    for (const BoundaryReading& reading : plausible.without_meter)
      flag(reading.time, "without_meter", "there was no meter, by exchanges.csv; the reading is not used");
    std::vector<Delivery> found =
        deliveries(continued(plausible.good, plausible.exchanges, rules_.interval_seconds), span);
    clear_without_meter(found, span, plausible.exchanges);
    return found;
  }

  void flag_estimates(const std::vector<Delivery>& energies, const IntervalSpan& span) {
    for (std::size_t i = 0; i < energies.size(); ++i) {
      if (energies[i].quality == DeliveryQuality::good) continue;
      const Registers& energy = energies[i].energy;
      const auto begin = span.first.begin_seconds() + static_cast<std::int64_t>(i) * span.first.length_seconds();
      flags_.push_back({.interval = begin,
                        .household = household_,
                        .meter = meter_,
                        .flag = "estimated",
                        .words = "not read at both boundaries; taken as " + std::to_string(energy.import.count) +
                                 " Wh imported and " + std::to_string(energy.export_.count) + " Wh exported"});
    }
  }

 private:
  /// The rows that were read at a boundary, in rising time.
  std::vector<BoundaryReading> readings(const std::vector<const RegisterRow*>& rows) {
    std::vector<BoundaryReading> good;
    std::int64_t latest = std::numeric_limits<std::int64_t>::min();
    for (const RegisterRow* row : rows) {
      if (row->time < latest) flag(row->time, "out_of_order", "the row comes after one of a later time; it is used");
      latest = std::max(latest, row->time);
      if (!row->read) continue;
      if (row->time % rules_.interval_seconds != 0) {
        flag(row->time, to_text(ReadingReject::not_a_boundary), "the reading is of no boundary of an interval");
      } else {
        good.push_back({.time = row->time, .registers = row->registers});
      }
    }
    std::stable_sort(good.begin(), good.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
    drop_duplicates(good);
    return good;
  }

  void drop_duplicates(std::vector<BoundaryReading>& good) {
    std::vector<BoundaryReading> first;
    for (const BoundaryReading& reading : good) {
      if (first.empty() || first.back().time != reading.time) {
        first.push_back(reading);
      } else {
        const bool same = first.back() == reading;
        flag(
            reading.time, "duplicate",
            same ? "the reading is there twice" : "a second reading of that time says otherwise; the first one counts");
      }
    }
    good = std::move(first);
  }

  /// The flag stands at the interval that the reading ends.
  void flag(std::int64_t time, const char* what, std::string words) {
    const auto interval = Interval::containing(UtcTime::from_seconds(time) - Duration{1}, rules_.interval_seconds);
    flags_.push_back({.interval = interval.begin_seconds(),
                      .household = household_,
                      .meter = meter_,
                      .flag = what,
                      .words = std::move(words)});
  }

  const std::string& meter_;
  const std::string& household_;
  const SettleRules& rules_;
  std::vector<SettleFlag>& flags_;
};

std::span<const RegisterExchange> exchanges_of(const std::map<std::uint32_t, std::vector<RegisterExchange>>& exchanges,
                                               std::uint32_t meter) {
  const auto found = exchanges.find(meter);
  if (found == exchanges.end()) return {};
  return found->second;
}

}  // namespace

HouseholdDeliveries household_deliveries(const SettleRegisters& registers, const NameTable& households,
                                         const SettleRules& rules, const IntervalSpan& span,
                                         std::vector<SettleFlag>& flags, const MeterObserver& observe) {
  std::vector<std::vector<const RegisterRow*>> rows(registers.meters.size());
  for (const RegisterRow& row : registers.rows) rows[row.meter].push_back(&row);
  HouseholdDeliveries result(households.size());
  for (std::uint32_t meter = 0; meter < rows.size(); ++meter) {
    MeterRows meter_rows(registers.meters[meter], households[registers.households[meter]], rules, flags);
    const std::vector<Delivery> energies =
        meter_rows.energies(rows[meter], exchanges_of(registers.exchanges, meter), span);
    meter_rows.flag_estimates(energies, span);
    std::vector<Energy>& household = result[registers.households[meter]];
    household.resize(span.count);
    for (std::size_t i = 0; i < span.count; ++i) household[i] += energies[i].energy.import - energies[i].energy.export_;
    observe(meter, energies);
  }
  return result;
}

std::vector<Delivery> head_deliveries(const SettleRegisters& registers, std::uint32_t head, const SettleRules& rules,
                                      const IntervalSpan& span, std::vector<SettleFlag>& flags) {
  std::vector<const RegisterRow*> rows;
  for (const RegisterRow& row : registers.head_rows) {
    if (row.meter == head) rows.push_back(&row);
  }
  return MeterRows(rules.head_meters[head].meter, "", rules, flags)
      .energies(rows, exchanges_of(registers.head_exchanges, head), span);
}

}  // namespace commonwatt
