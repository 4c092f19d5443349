#include "controller/settle_balance.hpp"

#include <algorithm>
#include <span>

#include "controller/settle_deliveries.hpp"
#include "core/wide.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t day_seconds = 86'400;

std::string watt_hours(Energy energy) {
  return std::to_string(energy.count) + " Wh";
}

const char* to_text(BalanceVerdict verdict) {
  switch (verdict) {
    case BalanceVerdict::within:
      return "yes";
    case BalanceVerdict::outside:
      return "no";
    case BalanceVerdict::not_judged:
      return "not_judged";
  }
  return "";
}

}  // namespace

HeadBalance::HeadBalance(const SettleRules& rules, const SettleRegisters& registers, const NameTable& households,
                         const IntervalSpan& span)
    : rules_(rules), registers_(registers), households_(households), span_(span) {
  const std::int64_t length = span.first.length_seconds();
  day_intervals_ = static_cast<std::size_t>(day_seconds / length);
  const std::int64_t into_day = ((span.first.begin_seconds() % day_seconds) + day_seconds) % day_seconds;
  first_of_days_ = static_cast<std::size_t>((day_seconds - into_day) % day_seconds / length);
  const std::size_t days = span.count < first_of_days_ ? 0 : (span.count - first_of_days_) / day_intervals_;
  for (const HeadMeter& meter : rules.head_meters) {
    Head head{.zones = std::vector<bool>(rules.zones.size()),
              .intervals = std::vector<Stretch>(span.count),
              .days = std::vector<Stretch>(days),
              .plant_meters = {},
              .plants = {}};
    for (const ZoneIndex zone : rules.zones.top_down()) {
      const auto parent = rules.zones[zone].parent;
      head.zones[zone] = zone == meter.zone || (parent && head.zones[*parent]);
    }
    heads_.push_back(std::move(head));
  }
}

std::int64_t HeadBalance::begin_of(std::size_t interval) const {
  return span_.first.begin_seconds() + static_cast<std::int64_t>(interval) * span_.first.length_seconds();
}

void HeadBalance::add_to(Stretch& stretch, const Registers& energy, bool is_read, bool is_head) const {
  (is_head ? stretch.energy.head : stretch.energy.households) += energy;
  if (!is_head) ++stretch.energy.meters;
  if (!is_read) ++stretch.unread;
}

void HeadBalance::add_meter(Head& head, const std::vector<Delivery>& energies, bool is_head) const {
  for (std::size_t i = 0; i < energies.size(); ++i)
    add_to(head.intervals[i], energies[i].energy, energies[i].quality == DeliveryQuality::good, is_head);
  for (std::size_t day = 0; day < head.days.size(); ++day) {
    const auto of_day = std::span(energies).subspan(first_of_days_ + day * day_intervals_, day_intervals_);
    Registers total;
    for (const Delivery& delivery : of_day) total += delivery.energy;
    // Gaps within the day sum exactly to what its ends say.
    const bool is_read =
        of_day.front().quality == DeliveryQuality::good && of_day.back().quality == DeliveryQuality::good;
    add_to(head.days[day], total, is_read, is_head);
  }
}

void HeadBalance::add(std::uint32_t meter, const std::vector<Delivery>& energies) {
  const std::string& household = households_[registers_.households[meter]];
  const ZoneIndex zone = rules_.home_of(household);
  const bool is_plant = std::any_of(energies.begin(), energies.end(),
                                    [](const Delivery& delivery) { return delivery.energy.export_ > Energy{0}; });
  for (Head& head : heads_) {
    if (!head.zones[zone]) continue;
    add_meter(head, energies, false);
    if (!is_plant) continue;
    PlantRecord plant;
    const auto nameplate = rules_.nameplates.find(household);
    if (nameplate != rules_.nameplates.end()) plant.nameplate = nameplate->second;
    for (std::size_t day = 0; day < head.days.size(); ++day) {
      const auto of_day = std::span(energies).subspan(first_of_days_ + day * day_intervals_, day_intervals_);
      std::vector<Energy>& fed_in = plant.days.emplace_back();
      const bool is_read =
          of_day.front().quality == DeliveryQuality::good && of_day.back().quality == DeliveryQuality::good;
      for (const Delivery& delivery : of_day) {
        if (is_read) fed_in.push_back(delivery.energy.export_);
      }
    }
    head.plant_meters.push_back(meter);
    head.plants.push_back(std::move(plant));
  }
}

std::vector<BalanceRow> HeadBalance::judge(std::vector<SettleFlag>& flags) {
  std::vector<BalanceRow> rows;
  for (std::size_t place = 0; place < heads_.size(); ++place) {
    add_meter(heads_[place], head_deliveries(registers_, static_cast<std::uint32_t>(place), rules_, span_, flags),
              true);
    judge_intervals(place, rows, flags);
    judge_meters(place, flags);
  }
  return rows;
}

std::vector<std::int64_t> HeadBalance::baseline_ppm(const std::vector<Stretch>& stretches, std::size_t count,
                                                    std::int64_t loss) const {
  std::vector<std::int64_t> found;
  for (std::size_t i = 0; i < std::min(count, stretches.size()); ++i) {
    const ZoneEnergy& energy = stretches[i].energy;
    if (stretches[i].unread > 0) continue;
    if (const auto ppm = residual_ppm(energy, residual_of(energy, loss))) found.push_back(*ppm);
  }
  return found;
}

void HeadBalance::judge_intervals(std::size_t place, std::vector<BalanceRow>& rows,
                                  std::vector<SettleFlag>& flags) const {
  const Head& head = heads_[place];
  const HeadMeter& meter = rules_.head_meters[place];
  const std::int64_t loss = rules_.loss_permille[meter.zone];
  UnmeteredShare unmetered = learn_unmetered(baseline_ppm(head.days, rules_.baseline_days, loss));
  const auto usual = baseline_ppm(head.intervals, first_of_days_ + rules_.baseline_days * day_intervals_, loss);
  if (usual.size() >= day_intervals_ * unmetered_samples_min)
    unmetered.spread_ppm = residual_spread(unmetered.share_ppm, usual);
  for (std::size_t i = 0; i < head.intervals.size(); ++i) {
    const Stretch& stretch = head.intervals[i];
    BalanceRow& row = rows.emplace_back();
    row.interval = begin_of(i);
    row.zone = meter.zone;
    row.account = residual_of(stretch.energy, loss);
    row.unmetered_permille = static_cast<std::int64_t>(half_even_divide(unmetered.share_ppm, 1'000));
    SettleFlag flag{.interval = row.interval, .household = "", .meter = meter.meter, .flag = "", .words = ""};
    if (stretch.unread > 0) {
      row.verdict = BalanceVerdict::not_judged;
      flag.flag = "balance_not_judged";
      flag.words = std::to_string(stretch.unread) + " of " + std::to_string(stretch.energy.meters + 1) +
                   " meters were not read at both boundaries; the balance of the interval says nothing";
      flags.push_back(std::move(flag));
    } else if (!is_in_tolerance(stretch.energy, row.account, unmetered, rules_.balance)) {
      row.verdict = BalanceVerdict::outside;
      flag.flag = "balance_out_of_tolerance";
      flag.words = "head meter " + watt_hours(row.account.head) + "; households " + watt_hours(row.account.metered) +
                   "; losses by model " + watt_hours(row.account.loss) + "; " + watt_hours(row.account.residual) +
                   " are left, more than the meters' classes and what usually flows unmetered explain (" +
                   watt_hours(balance_tolerance(stretch.energy, unmetered, rules_.balance)) + " about " +
                   std::to_string(row.unmetered_permille) + " permille)";
      flags.push_back(std::move(flag));
    }
  }
}

std::vector<std::vector<Energy>> HeadBalance::sun_max() const {
  std::vector<std::vector<Energy>> days;
  if (!rules_.site) return days;
  const SolarPlant plant{.site = *rules_.site, .peak = Power{1'000}};
  for (std::size_t day = 0; day < heads_.front().days.size(); ++day) {
    std::vector<Energy>& of_day = days.emplace_back();
    for (std::size_t i = 0; i < day_intervals_; ++i) {
      const std::int64_t begin = begin_of(first_of_days_ + day * day_intervals_ + i);
      const Interval interval(begin, span_.first.length_seconds());
      of_day.push_back(solar_energy_max(plant, interval.begin(), interval.end()));
    }
  }
  return days;
}

void HeadBalance::judge_meters(std::size_t place, std::vector<SettleFlag>& flags) {
  Head& head = heads_[place];
  StreetRecord street{.interval_seconds = span_.first.length_seconds(),
                      .baseline_days = rules_.baseline_days,
                      .plants = std::move(head.plants),
                      .sun_max = sun_max(),
                      .feeder = {}};
  for (const Stretch& day : head.days) {
    const ZoneResidual account = residual_of(day.energy, rules_.loss_permille[rules_.head_meters[place].zone]);
    auto& judged = street.feeder.emplace_back();
    if (day.unread == 0) {
      judged = FeederDay{.residual = account.residual,
                         .flow = day.energy.flow(),
                         .fed_in = day.energy.households.export_,
                         .drawn = day.energy.households.import};
    }
  }
  for (const SpoofFinding& finding : find_spoofing(street)) {
    SettleFlag flag{.interval = begin_of(first_of_days_ + finding.day * day_intervals_),
                    .household = "",
                    .meter = rules_.head_meters[place].meter,
                    .flag = "likely_meter",
                    .words = std::string("this day: ") + explain(finding.reason) + " (" +
                             commonwatt::to_text(finding.reason) + ", strength " +
                             std::to_string(finding.strength_permille) + " permille)"};
    if (finding.plant) {
      const std::uint32_t meter = head.plant_meters[*finding.plant];
      flag.meter = registers_.meters[meter];
      flag.household = households_[registers_.households[meter]];
    }
    flags.push_back(std::move(flag));
  }
}

std::string balance_csv(const std::vector<BalanceRow>& rows, const std::vector<std::string>& zone_names) {
  std::string text;
  for (const BalanceRow& row : rows) {
    text += std::to_string(row.interval) + ',' + (zone_names.empty() ? "" : zone_names[row.zone]);
    for (const Energy energy : {row.account.head, row.account.metered, row.account.loss, row.account.residual})
      text += ',' + std::to_string(energy.count);
    text += ',' + std::to_string(row.unmetered_permille) + ',' + to_text(row.verdict) + '\n';
  }
  return text;
}

}  // namespace commonwatt
