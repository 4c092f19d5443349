#include "tests/market/settlement_years.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "tests/market/year_books.hpp"

namespace commonwatt::test {
namespace {

constexpr std::int64_t week_seconds = 7 * 86'400;
constexpr std::int64_t final_horizon_seconds = 14 * 86'400;
constexpr std::int64_t forever = std::numeric_limits<std::int64_t>::max();
/// Of each year, so many intervals are settled by the slow oracle too; and one in so many that readings came too late
/// for is settled again from what was known at its final run.
constexpr std::size_t oracle_intervals = 200;
constexpr std::size_t incomplete_every = 29;

IntervalSpan life_of(const YearMeter& meter, std::int64_t length) {
  return {.first = Interval(meter.begin, length),
          .count = static_cast<std::size_t>((meter.end - meter.begin) / length)};
}

/// What is known of one meter so far.
class KnownMeter {
 public:
  KnownMeter(const YearMeter& meter, Defect defect) : meter_(&meter), defect_(defect) {}

  void arrive(const BoundaryReading& reading) {
    const auto later = std::upper_bound(all_.begin(), all_.end(), reading,
                                        [](const auto& a, const auto& b) { return a.time < b.time; });
    all_.insert(later, reading);
    changed_from_ = std::min(changed_from_, reading.time);
  }
  [[nodiscard]] bool lives_at(const Interval& interval) const {
    return interval.begin_seconds() >= meter_->begin && interval.begin_seconds() < meter_->end;
  }
  [[nodiscard]] std::uint32_t household() const { return meter_->household; }
  [[nodiscard]] std::size_t held() {
    refresh();
    return all_.size() - good_.size();
  }

  /// The intervals from `begin` to `end`, all within the meter's life, with a week before them to estimate from.
  std::vector<Delivery> deliveries(std::int64_t begin, std::int64_t end, std::int64_t length) {
    refresh();
    const std::int64_t from = std::max(meter_->begin, begin - week_seconds);
    std::vector<Delivery> found = of_span(from, end, length);
    found.erase(found.begin(), found.begin() + static_cast<std::ptrdiff_t>((begin - from) / length));
    return found;
  }
  Delivery delivery(const Interval& interval) {
    refresh();
    const std::int64_t begin = interval.begin_seconds();
    const std::int64_t end = begin + interval.length_seconds();
    // Between two readings the week before has no say.
    if (!good_.empty() && good_.front().time <= begin && good_.back().time >= end)
      return of_span(begin, end, interval.length_seconds()).back();
    return deliveries(begin, end, interval.length_seconds()).back();
  }

 private:
  [[nodiscard]] auto first_at(std::int64_t time) const {
    return std::lower_bound(good_.begin(), good_.end(), time,
                            [](const BoundaryReading& reading, std::int64_t at) { return reading.time < at; });
  }
  /// From the last reading at or before the span to the first at or after it, which is all that matters to it.
  [[nodiscard]] std::vector<Delivery> of_span(std::int64_t begin, std::int64_t end, std::int64_t length) const {
    auto first = first_at(begin);
    if (first != good_.begin() && (first == good_.end() || first->time != begin)) --first;
    auto last = first_at(end);
    if (last != good_.end()) ++last;
    const IntervalSpan span{.first = Interval(begin, length),
                            .count = static_cast<std::size_t>((end - begin) / length)};
    return commonwatt::deliveries({first, last}, span);
  }

  /// Judges anew what came and all that was read after it: a late reading may clear or convict those.
  void refresh() {
    if (changed_from_ == forever) return;
    good_.erase(first_at(changed_from_), good_.end());
    std::vector<BoundaryReading> judged;
    if (!good_.empty()) judged.push_back(good_.back());
    const auto changed =
        std::lower_bound(all_.begin(), all_.end(), changed_from_,
                         [](const BoundaryReading& reading, std::int64_t at) { return reading.time < at; });
    judged.insert(judged.end(), changed, all_.end());
    if (defect_ != Defect::liar_believed) hold_implausible(judged, meter_->rating);
    good_.insert(good_.end(), judged.begin() + (good_.empty() ? 0 : 1), judged.end());
    changed_from_ = forever;
  }

  const YearMeter* meter_;
  Defect defect_;
  std::vector<BoundaryReading> all_;   // rising time
  std::vector<BoundaryReading> good_;  // rising time
  std::int64_t changed_from_ = forever;
};

/// One meter's whole life at once, from the readings that had arrived by some time.
struct WholeLife {
  std::vector<BoundaryReading> good;
  std::vector<Delivery> energies;

  WholeLife(const YearMeter& meter, std::int64_t length, std::int64_t arrived_by) {
    for (const YearReading& reading : meter.readings) {
      if (reading.arrival <= arrived_by) good.push_back(reading.reading);
    }
    hold_implausible(good, meter.rating);
    energies = deliveries(good, life_of(meter, length));
  }
};

/// When the last reading arrives that has a say in each interval of a meter: those up to the first good one at or after
/// its end.
std::vector<std::int64_t> decided_at(const YearMeter& meter, const WholeLife& life, std::int64_t length) {
  std::vector<std::int64_t> result;
  auto good = life.good.begin();
  auto reading = meter.readings.begin();
  std::int64_t arrival = 0;
  for (std::int64_t end = meter.begin + length; end <= meter.end; end += length) {
    while (good != life.good.end() && good->time < end) ++good;
    const std::int64_t until = good == life.good.end() ? forever : good->time;
    for (; reading != meter.readings.end() && reading->reading.time <= until; ++reading)
      arrival = std::max(arrival, reading->arrival);
    result.push_back(arrival);
  }
  return result;
}

struct Happening {
  enum class Kind : std::uint8_t { initial, revised, final } kind = Kind::initial;
  std::int64_t time = 0;
  std::size_t place = 0;
};

struct Arrival {
  std::int64_t time = 0;
  std::size_t meter = 0;
  const BoundaryReading* reading = nullptr;
};

/// A defect that would be the market's own: in every settlement, also in the one that the others are compared with.
void round_down(SettledInterval& settled) {
  const auto taxed = std::find_if(settled.members.begin(), settled.members.end(),
                                  [](const SettledMember& member) { return member.tax_amount > Money{0}; });
  if (taxed == settled.members.end()) return;
  taxed->tax_amount -= Money{1};
  for (Transfer& transfer : settled.transfers) {
    if (transfer.kind == PostingKind::tax && transfer.from.household == taxed->household) transfer.amount -= Money{1};
  }
  std::erase_if(settled.transfers, [](const Transfer& transfer) { return transfer.amount == Money{0}; });
}

class YearRun {
 public:
  YearRun(const CommunityYear& year, Defect defect)
      : year_(year), defect_(defect), length_(year.span.first.length_seconds()), books_(year.names, year.span.count) {
    for (const YearMeter& meter : year.meters) meters_.emplace_back(meter, defect);
  }

  YearResult live() {
    list_arrivals();
    const std::vector<Happening> happenings = list_happenings();
    for (std::size_t i = 0; i < happenings.size() && !fault_; ++i) {
      take_arrivals(happenings[i].time);
      happen(happenings[i]);
      const bool is_quarter = i % (happenings.size() / 4 + 1) == 0;
      if (is_quarter && i > 0) note(books_.check_history(), happenings[i].place);
      if (is_quarter && final_end_ > 0 && defect_ == Defect::history_changed) books_.tamper();
    }
    if (!fault_) note(books_.check_history(), 0);
    if (!fault_) note(books_.check_balances(), 0);
    if (!fault_) check_against_one_run();
    count();
    return {.figures = figures_, .fault = fault_};
  }

 private:
  void note(const std::optional<std::string>& fault, std::size_t place) {
    if (fault && !fault_) fault_ = to_text(year_.interval(place).begin()) + ": " + *fault;
  }
  [[nodiscard]] std::int64_t final_time(std::size_t place) const {
    return year_.interval(place).end().seconds() + final_horizon_seconds;
  }

  void list_arrivals() {
    for (std::size_t i = 0; i < year_.meters.size(); ++i) {
      for (const YearReading& reading : year_.meters[i].readings) {
        const bool is_lost = defect_ == Defect::late_reading_lost && reading.arrival > reading.reading.time + 3'600;
        if (!is_lost) arrivals_.push_back({.time = reading.arrival, .meter = i, .reading = &reading.reading});
      }
    }
    std::stable_sort(arrivals_.begin(), arrivals_.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  }
  void take_arrivals(std::int64_t now) {
    for (; next_arrival_ < arrivals_.size() && arrivals_[next_arrival_].time <= now; ++next_arrival_)
      meters_[arrivals_[next_arrival_].meter].arrive(*arrivals_[next_arrival_].reading);
  }

  [[nodiscard]] std::vector<Happening> list_happenings() const {
    std::vector<Happening> result;
    using Kind = Happening::Kind;
    for (std::size_t i = 0; i < year_.span.count; ++i) {
      const std::int64_t end = year_.interval(i).end().seconds();
      result.push_back({.kind = Kind::initial, .time = end + year_.settlement_lag_seconds, .place = i});
      result.push_back({.kind = Kind::final, .time = final_time(i), .place = i});
    }
    for (const std::int64_t time : year_.revised_runs) result.push_back({.kind = Kind::revised, .time = time});
    std::stable_sort(result.begin(), result.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
    return result;
  }

  void happen(const Happening& happening) {
    switch (happening.kind) {
      case Happening::Kind::initial:
        settle(happening.place, Run::initial, delivered_at(happening.place), happening.time);
        initial_end_ = happening.place + 1;
        break;
      case Happening::Kind::revised:
        revise(happening.time);
        break;
      case Happening::Kind::final:
        settle(happening.place, Run::final, delivered_at(happening.place), happening.time);
        final_end_ = happening.place + 1;
        break;
    }
  }

  [[nodiscard]] std::vector<Energy> delivered_at(std::size_t place) {
    const Interval interval = year_.interval(place);
    std::vector<Energy> delivered(year_.names.size());
    for (KnownMeter& meter : meters_) {
      if (!meter.lives_at(interval)) continue;
      const Registers energy = meter.delivery(interval).energy;
      delivered[meter.household()] += energy.import - energy.export_;
    }
    return delivered;
  }

  /// A revised run over everything that is settled and not final, posting where the figures have changed.
  void revise(std::int64_t now) {
    std::size_t first = final_end_;
    if (defect_ == Defect::posted_after_final) first -= std::min<std::size_t>(first, 4 * 96);
    const std::int64_t begin = year_.interval(first).begin_seconds();
    const std::size_t count = initial_end_ - std::min(first, initial_end_);
    std::vector<std::vector<Energy>> delivered(count, std::vector<Energy>(year_.names.size()));
    for (std::size_t i = 0; i < meters_.size(); ++i) {
      const YearMeter& meter = year_.meters[i];
      const std::int64_t from = std::max(begin, meter.begin);
      const std::int64_t to = std::min(begin + static_cast<std::int64_t>(count) * length_, meter.end);
      if (from >= to) continue;
      auto place = static_cast<std::size_t>((from - begin) / length_);
      for (const Delivery& delivery : meters_[i].deliveries(from, to, length_))
        delivered[place++][meter.household] += delivery.energy.import - delivery.energy.export_;
    }
    for (std::size_t i = 0; i < count && !fault_; ++i) {
      const std::vector<SettledMember>& before = books_.statements(first + i);
      const bool is_same = std::all_of(before.begin(), before.end(), [&](const SettledMember& member) {
        return member.delivered == delivered[i][member.household];
      });
      if (!is_same) settle(first + i, Run::revised, delivered[i], now);
    }
  }

  [[nodiscard]] SettledInterval settled(SettlementCase work, const std::vector<Energy>& delivered) const {
    for (SettlementMember& member : work.members) member.delivered = delivered[member.household];
    SettledInterval result = settle_case(std::move(work));
    if (defect_ == Defect::rounded_down) round_down(result);
    return result;
  }

  void settle(std::size_t place, Run run, const std::vector<Energy>& delivered, std::int64_t now) {
    SettlementCase work = year_.case_of(place);
    RunPosting posting{.place = place, .run = run, .missing = {}, .statements = {}, .open_contracts = {}};
    for (const SettlementMember& member : work.members) posting.open_contracts += member.contract;
    if (defect_ == Defect::energy_from_nowhere && !work.members.empty()) work.members.front().contract += Energy{1};
    if (defect_ == Defect::tariff_of_the_run && run != Run::initial) {
      const auto today = Interval::containing(UtcTime::from_seconds(now), length_);
      work.terms = year_.terms(std::min(today, year_.interval(year_.span.count - 1)));
    }
    SettledInterval result = settled(std::move(work), delivered);
    const std::vector<Transfer> before = books_.in_force(place);
    posting.missing = differences(before, result.transfers);
    break_posting(posting, result, run);
    posting.statements = std::move(result.members);
    if (run != Run::initial && !posting.missing.empty()) ++figures_.revised;
    note(books_.post(std::move(posting)), place);
  }

  void break_posting(RunPosting& posting, SettledInterval& result, Run run) const {
    if (defect_ == Defect::posted_whole && run != Run::initial) posting.missing = result.transfers;
    if (defect_ == Defect::deviation_twice && run != Run::initial) {
      for (Transfer& transfer : posting.missing) {
        if (transfer.kind == PostingKind::imbalance) transfer.amount += transfer.amount;
      }
    }
    if (defect_ == Defect::escrow_left) {
      std::erase_if(posting.missing, [](const Transfer& transfer) { return transfer.kind == PostingKind::spread; });
    }
    if (defect_ == Defect::statement_changed && !result.members.empty())
      result.members.front().imbalance_amount += Money{1};
  }

  /// Every interval as one run settles it from all readings; where some arrived too late for its final run, from those
  /// that had not.
  void check_against_one_run() {
    std::vector<WholeLife> lives;
    std::vector<std::vector<std::int64_t>> decided;
    for (const YearMeter& meter : year_.meters) {
      lives.emplace_back(meter, length_, forever);
      decided.push_back(decided_at(meter, lives.back(), length_));
      check_meter(meter, lives.back());
    }
    std::size_t incomplete = 0;
    const std::size_t every = year_.span.count / oracle_intervals + 1;
    for (std::size_t place = 0; place < year_.span.count && !fault_; ++place) {
      const Interval interval = year_.interval(place);
      std::vector<Energy> delivered(year_.names.size());
      std::vector<std::size_t> late;
      for (std::size_t i = 0; i < meters_.size(); ++i) {
        if (!meters_[i].lives_at(interval)) continue;
        const auto at = static_cast<std::size_t>((interval.begin_seconds() - year_.meters[i].begin) / length_);
        const Delivery& delivery = lives[i].energies[at];
        delivered[year_.meters[i].household] += delivery.energy.import - delivery.energy.export_;
        figures_.estimated += delivery.quality == DeliveryQuality::estimated ? 1U : 0U;
        if (decided[i][at] > final_time(place)) late.push_back(i);
      }
      if (late.empty()) {
        compare(place, delivered);
      } else {
        figures_.after_final += is_in_force(place, delivered) ? 0U : 1U;
        if (incomplete++ % incomplete_every == 0)
          compare(place, delivered_by_final(place, std::move(delivered), late, lives));
      }
      if (place % every == 0) check_against_oracle(place);
    }
  }

  /// What the intervals of a meter sum to is what its register rose by.
  void check_meter(const YearMeter& meter, const WholeLife& life) {
    if (life.good.empty() || life.good.front().time != meter.begin || life.good.back().time != meter.end) return;
    Registers sum;
    for (const Delivery& delivery : life.energies) sum += delivery.energy;
    if (sum != life.good.back().registers - life.good.front().registers)
      note("the intervals of a meter are not what it counted", 0);
  }

  [[nodiscard]] bool is_in_force(std::size_t place, const std::vector<Energy>& delivered) const {
    const std::vector<SettledMember>& members = books_.statements(place);
    return std::all_of(members.begin(), members.end(),
                       [&](const SettledMember& member) { return member.delivered == delivered[member.household]; });
  }

  /// `delivered` with the late meters as they were known at the final run.
  [[nodiscard]] std::vector<Energy> delivered_by_final(std::size_t place, std::vector<Energy> delivered,
                                                       const std::vector<std::size_t>& late,
                                                       const std::vector<WholeLife>& lives) const {
    for (const std::size_t i : late) {
      const YearMeter& meter = year_.meters[i];
      const auto at = static_cast<std::size_t>((year_.interval(place).begin_seconds() - meter.begin) / length_);
      const Registers later = lives[i].energies[at].energy;
      const Registers then = WholeLife(meter, length_, final_time(place)).energies[at].energy;
      delivered[meter.household] += (then.import - then.export_) - (later.import - later.export_);
    }
    return delivered;
  }

  void compare(std::size_t place, const std::vector<Energy>& delivered) {
    const SettledInterval expected = settled(year_.case_of(place), delivered);
    if (books_.statements(place) != expected.members)
      return note("the final statements are not those of one run with everything on time", place);
    if (books_.in_force(place) != expected.transfers)
      note("the postings are not those of one run with everything on time", place);
  }

  void check_against_oracle(std::size_t place) {
    SettlementCase work = year_.case_of(place);
    const std::vector<SettledMember>& statements = books_.statements(place);
    for (std::size_t i = 0; i < work.members.size(); ++i) work.members[i].delivered = statements[i].delivered;
    const std::string difference =
        first_difference(year_.names, statements, books_.in_force(place), settle_slowly(work));
    if (!difference.empty()) note("the slow settlement says otherwise: " + difference, place);
    ++figures_.beside_oracle;
  }

  void count() {
    figures_.intervals = year_.span.count;
    for (std::size_t i = 0; i < year_.span.count; ++i) figures_.statements += books_.statements(i).size();
    figures_.postings = books_.postings();
    for (KnownMeter& meter : meters_) figures_.held += meter.held();
    const LocalCalendar& calendar = year_.tariff.terms().calendar;
    const std::int64_t begin = year_.span.first.begin_seconds();
    const std::int64_t end = year_.interval(year_.span.count - 1).end().seconds();
    for (auto date = std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(begin)));;
         date += std::chrono::days(1)) {
      const std::int64_t from = calendar.day_begin(date)->seconds();
      const std::int64_t to = calendar.day_begin(date + std::chrono::days(1))->seconds();
      if (to > end) break;
      if (from < begin) continue;
      figures_.short_days += to - from == 23 * 3'600 ? 1U : 0U;
      figures_.long_days += to - from == 25 * 3'600 ? 1U : 0U;
    }
  }

  const CommunityYear& year_;
  Defect defect_;
  std::int64_t length_;
  YearBooks books_;
  std::vector<KnownMeter> meters_;
  std::vector<Arrival> arrivals_;  // rising time
  std::size_t next_arrival_ = 0;
  std::size_t initial_end_ = 0;  // intervals before it have had their initial run
  std::size_t final_end_ = 0;
  YearFigures figures_;
  std::optional<std::string> fault_;
};

}  // namespace

YearFigures& YearFigures::operator+=(const YearFigures& other) {
  intervals += other.intervals;
  statements += other.statements;
  revised += other.revised;
  postings += other.postings;
  held += other.held;
  estimated += other.estimated;
  after_final += other.after_final;
  beside_oracle += other.beside_oracle;
  short_days += other.short_days;
  long_days += other.long_days;
  return *this;
}

YearResult live_through(const CommunityYear& year, Defect defect) {
  return YearRun(year, defect).live();
}

}  // namespace commonwatt::test
