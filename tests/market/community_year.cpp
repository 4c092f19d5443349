#include "tests/market/community_year.hpp"

#include <algorithm>
#include <cstdlib>

#include "tests/market/books.hpp"
#include "tests/market/tariffs.hpp"

namespace commonwatt::test {
namespace {

constexpr std::int64_t hour = 3'600;
constexpr std::int64_t day = 24 * hour;
/// How late a reading comes; in one year of four some come after the final run.
constexpr std::int64_t late_max = 13 * day;
constexpr std::int64_t too_late_max = 25 * day;

LocalCalendar zurich_to_2027() {
  LocalCalendar calendar = zurich_2026();
  calendar.offsets.push_back({utc("2027-03-28T01:00:00Z").seconds(), 7'200});
  calendar.offsets.push_back({utc("2027-10-31T01:00:00Z").seconds(), 3'600});
  calendar.holidays = {std::chrono::sys_days(std::chrono::year(2026) / 12 / 25).time_since_epoch().count()};
  return calendar;
}

class YearDraw {
 public:
  YearDraw(std::uint64_t seed, std::int64_t days) : random_(seed) {
    draw_span(days);
    draw_zones();
    draw_households();
    draw_tariff();
    draw_rules();
    draw_contracts();
    for (std::uint32_t household = 0; household < year_.households.size(); ++household) draw_meters(household);
  }
  CommunityYear take() { return std::move(year_); }

 private:
  std::int64_t draw(std::int64_t low, std::int64_t high) { return between(random_, low, high); }
  bool chance(std::int64_t one_in) { return draw(1, one_in) == 1; }
  std::int64_t boundary(std::int64_t low, std::int64_t high) {
    const std::int64_t time = draw(low, high);
    return time - time % length_;
  }

  void draw_span(std::int64_t days) {
    const std::int64_t which = draw(1, 20);
    length_ = which == 1 ? 300 : which <= 4 ? hour : 900;
    if (length_ == 300) days = std::min<std::int64_t>(days, 122);
    std::int64_t begin = utc("2026-01-01T00:00:00Z").seconds() + draw(0, 59 * 24) * hour;
    if (days < 365) {
      const char* change = chance(2) ? "2026-03-29T01:00:00Z" : "2026-10-25T01:00:00Z";
      begin = utc(change).seconds() - days / 2 * day;
    }
    year_.span = {.first = Interval(begin, length_), .count = static_cast<std::size_t>(days * day / length_)};
    begin_ = begin;
    end_ = begin + days * day;
    year_.settlement_lag_seconds = draw(0, 2 * hour);
    for (std::int64_t at = begin + draw(1, 4 * day); at < end_ + 14 * day; at += draw(1, 4 * day))
      year_.revised_runs.push_back(at);
    has_late_ = chance(4);
  }

  void draw_zones() {
    std::vector<Zone> zones{Zone{}};
    for (std::int64_t more = chance(3) ? 0 : draw(1, 5); more > 0; --more) {
      const auto parent = static_cast<ZoneIndex>(draw(0, static_cast<std::int64_t>(zones.size()) - 1));
      zones.push_back({.parent = parent, .fee = Price{draw(0, 20'000)}, .export_limit = {}, .import_limit = {}});
    }
    const bool has_losses = !chance(3);
    for (std::size_t i = 0; i < zones.size(); ++i) year_.loss_permille.push_back(has_losses ? draw(0, 60) : 0);
    year_.zones = *ZoneTree::from(std::move(zones));
  }

  void draw_households() {
    const std::int64_t count = draw(3, 12);
    std::int64_t shares_left = 1'000;
    for (std::int64_t i = 0; i < count; ++i) {
      YearHousehold household{
          .zone = static_cast<ZoneIndex>(draw(0, static_cast<std::int64_t>(year_.zones.size()) - 1)),
          .share = {.permille = draw(0, shares_left), .tier = draw(0, 2)},
          .joined = begin_,
          .left = end_};
      shares_left -= household.share.permille;
      if (chance(4)) household.joined = boundary(begin_, end_);
      if (chance(4)) household.left = boundary(household.joined, end_);
      year_.households.push_back(household);
      year_.names.push_back(*HouseholdId::from("h" + std::to_string(10 + i)));
    }
  }

  /// Night, day and a weekend rate, as the clock on the wall shows them; now and then nothing but one price.
  TariffRate draw_rate(std::int64_t low, std::int64_t high) {
    TariffRate rate;
    rate.otherwise = Price{draw(low, high)};
    if (chance(3)) return rate;
    const std::int64_t morning = draw(1, 12) * 60;
    const std::int64_t evening = morning + draw(1, 11) * 60;
    rate.periods.push_back(period(draw(low, high), 0, morning));
    rate.periods.push_back(period(draw(low, high), morning, evening, working_days));
    return rate;
  }

  void draw_charges(TariffVersion& version) {
    for (std::int64_t more = draw(0, 2); more > 0; --more) {
      version.levies.push_back({.name = "levy",
                                .price = Price{draw(1, 30'000)},
                                .on_utility_energy = chance(2),
                                .on_neighbour_energy = chance(2)});
    }
    for (std::int64_t more = draw(0, 2); more > 0; --more) {
      version.taxes.push_back({.name = "tax",
                               .permille = draw(1, 250),
                               .on_utility_energy = !chance(4),
                               .on_neighbour_energy = chance(2),
                               .on_fees = chance(2),
                               .on_levies = chance(2)});
    }
  }

  void draw_tariff() {
    TariffTerms terms;
    terms.calendar = zurich_to_2027();
    std::int64_t from = begin_;
    for (std::int64_t more = draw(1, 4); more > 0; --more) {
      TariffVersion version;
      if (!terms.versions.empty()) {
        from += draw(1, (end_ - begin_) / 3);
        version.valid_from = UtcTime::from_seconds(from);
      }
      version.retail = draw_rate(200'000, 400'000);
      version.feed_in = draw_rate(-20'000, 120'000);
      // The same share in both: feed-in never passes retail, whatever the day-ahead price does.
      if (chance(2)) version.retail.day_ahead_permille = version.feed_in.day_ahead_permille = draw(1, 1'500);
      draw_charges(version);
      terms.versions.push_back(std::move(version));
    }
    // A wave over the day, below zero around many a noon.
    const std::int64_t quarters = (end_ - begin_) / DayAheadPrices::quarter_seconds + 96;
    terms.day_ahead.begin_seconds = begin_ - begin_ % DayAheadPrices::quarter_seconds;
    for (std::int64_t i = 0; i < quarters; ++i) {
      const std::int64_t from_noon = std::abs(i % 96 - 48);
      terms.day_ahead.prices.push_back(Price{draw(-120'000, 60'000) + from_noon * 2'500});
    }
    year_.tariff = *TariffSchedule::from(std::move(terms));
  }

  void draw_rules() {
    if (chance(5)) year_.single_imbalance = Price{draw(50'000, 300'000)};
    for (std::int64_t more = draw(0, 6); more > 0; --more) {
      const std::int64_t begin = boundary(begin_, end_);
      year_.islands.push_back({.begin = begin,
                               .end = begin + draw(1, 3 * day),
                               .prices = {Price{draw(200'000, 900'000)}, Price{draw(0, 200'000)}}});
    }
    year_.allocation = {
        .key = static_cast<AllocationKey>(draw(0, 3)),
        .internal_price = {.rule = static_cast<InternalPriceRule>(draw(0, 2)), .fixed = Price{draw(-10'000, 250'000)}}};
    // Some communities only trade, some only share, and some do both.
    const std::int64_t method = draw(0, 2);
    for (std::size_t i = 0; i < year_.span.count; ++i)
      year_.is_auction.push_back(method == 0 || (method == 2 && chance(2)));
  }

  void draw_contracts() {
    year_.contracts.resize(year_.span.count);
    for (std::size_t i = 0; i < year_.span.count; ++i) {
      if (year_.is_auction[i] && !chance(10)) draw_contracts(i);
    }
  }

  /// At one price, or at prices that differ between buyers and sellers; balanced but for one in thirty.
  void draw_contracts(std::size_t place) {
    std::vector<YearContract>& contracts = year_.contracts[place];
    const std::int64_t price = draw(-20'000, 250'000);
    const std::int64_t margin = chance(2) ? 0 : draw(-2'000, 30'000);
    const std::int64_t most = 1 + length_ / 2;
    Energy open;
    const auto add = [&](std::uint32_t household, Energy energy) {
      if (energy == Energy{0}) return;
      open += energy;
      const Price paid{energy > Energy{0} ? price + margin : price};
      contracts.push_back({.household = household, .energy = energy, .amount = energy * paid});
    };
    for (std::uint32_t i = 0; i < year_.households.size(); ++i) {
      // A household that has left an hour ago still has what it had bought ahead.
      const YearHousehold& household = year_.households[i];
      const std::int64_t at = year_.interval(place).begin_seconds();
      const bool trades = at >= household.joined && at < household.left + hour && !chance(3);
      if (trades) add(i, Energy{draw(-most, most)});
    }
    if (contracts.empty() || chance(30)) return;
    const YearContract last = contracts.back();
    contracts.pop_back();
    open -= last.energy;
    add(last.household, -open);
  }

  void draw_meters(std::uint32_t household) {
    const YearHousehold& home = year_.households[household];
    for (std::int64_t more = draw(1, 3); more > 0; --more) {
      const bool has_plant = chance(3);
      std::int64_t begin = home.joined;
      while (begin < home.left) {
        YearMeter meter{.household = household, .begin = begin, .end = home.left, .rating = {}, .readings = {}};
        if (chance(4)) meter.end = boundary(begin + length_, home.left);
        if (chance(2)) meter.rating = Power{draw(4'000, 11'000)};
        draw_readings(meter, has_plant);
        begin = meter.end;
        year_.meters.push_back(std::move(meter));
      }
    }
  }

  /// What a meter does to its readings for a while.
  struct Spell {
    enum class Kind : std::uint8_t { none, silent, buffered, lying } kind = Kind::none;
    std::int64_t end = 0;  ///< seconds
    Energy error{};
    std::int64_t arrival = 0;  ///< of what was buffered
  };

  std::int64_t draw_length(std::int64_t most) {
    const std::int64_t which = draw(0, 9);
    return draw(length_, which < 6 ? 2 * hour : which < 9 ? day : most);
  }

  Spell draw_spell(std::int64_t time) {
    const std::int64_t most = has_late_ ? too_late_max : 10 * day;
    if (chance(200 * 900 / length_)) {
      return {.kind = Spell::Kind::silent, .end = time + draw_length(most)};
    }
    if (chance(200 * 900 / length_)) {
      const std::int64_t end = time + draw_length(has_late_ ? too_late_max : late_max - day);
      return {.kind = Spell::Kind::buffered, .end = end, .arrival = end + draw(0, 12 * hour)};
    }
    if (chance(1'000 * 900 / length_)) {
      const Energy error{chance(2) ? -draw(1, 20'000) : draw(20'000, 200'000)};
      return {.kind = Spell::Kind::lying, .end = time + draw(1, 4) * length_, .error = error};
    }
    return {};
  }

  void draw_readings(YearMeter& meter, bool has_plant) {
    Registers registers{Energy{draw(0, 1'000'000)}, Energy{draw(0, 1'000'000)}};
    Spell spell;
    for (std::int64_t time = meter.begin; time <= meter.end; time += length_) {
      if (time > meter.begin) registers += draw_energy(time, has_plant);
      if (time >= spell.end) spell = time == meter.begin || time == meter.end ? Spell{} : draw_spell(time);
      if (spell.kind == Spell::Kind::silent) continue;
      YearReading reading{.reading = {.time = time, .registers = registers}, .arrival = time + draw(1, 90)};
      if (spell.kind == Spell::Kind::buffered) reading.arrival = spell.arrival;
      if (chance(100)) reading.arrival += chance(20) ? draw(60, late_max) : draw(60, 2 * hour);
      if (!has_late_) reading.arrival = std::min(reading.arrival, time + late_max);
      // Without a rating nobody would know a register that has risen too far from one that has not.
      if (spell.kind == Spell::Kind::lying && (meter.rating || spell.error < Energy{0})) {
        Energy& told = has_plant ? reading.reading.registers.export_ : reading.reading.registers.import;
        told = std::max(told + spell.error, Energy{0});
      }
      meter.readings.push_back(reading);
    }
  }

  /// Use at any time; feeding in around noon.
  Registers draw_energy(std::int64_t time, bool has_plant) {
    const std::int64_t from_noon = std::abs(time % day - 12 * hour);
    const bool is_sunny = has_plant && from_noon < 6 * hour;
    if (is_sunny && !chance(4))
      return {{}, Energy{draw(0, 1'000) * (6 * hour - from_noon) / (6 * hour) * length_ / 900}};
    return {Energy{draw(0, 900) * length_ / 900}, {}};
  }

  Random random_;
  CommunityYear year_;
  std::int64_t length_ = 900;
  std::int64_t begin_ = 0;
  std::int64_t end_ = 0;
  bool has_late_ = false;
};

}  // namespace

SettlementTerms CommunityYear::terms(const Interval& at) const {
  const std::optional<IntervalTariff> found = tariff.at(at);
  if (!found) std::abort();
  SettlementTerms result{.tariff = found->tariff,
                         .imbalance = dual_prices(found->tariff),
                         .loss_permille = loss_permille,
                         .levies = found->levies,
                         .taxes = found->taxes};
  if (single_imbalance) result.imbalance = {*single_imbalance, *single_imbalance};
  for (const IslandSpell& island : islands) {
    if (at.begin_seconds() >= island.begin && at.begin_seconds() < island.end) result.imbalance = island.prices;
  }
  return result;
}

SettlementCase CommunityYear::case_of(std::size_t place) const {
  SettlementCase result{
      .names = names, .zones = &zones, .terms = terms(interval(place)), .members = {}, .allocation = {}, .shares = {}};
  if (!is_auction[place]) result.allocation = allocation;
  const std::int64_t begin = interval(place).begin_seconds();
  auto contract = contracts[place].begin();
  for (std::uint32_t i = 0; i < households.size(); ++i) {
    const bool has_contract = contract != contracts[place].end() && contract->household == i;
    if (!has_contract && (begin < households[i].joined || begin >= households[i].left)) continue;
    SettlementMember member{
        .household = i, .zone = households[i].zone, .contract = {}, .contract_amount = {}, .delivered = {}};
    if (has_contract) {
      member.contract = contract->energy;
      member.contract_amount = contract->amount;
      ++contract;
    }
    result.members.push_back(member);
    result.shares.push_back(households[i].share);
  }
  return result;
}

CommunityYear draw_year(std::uint64_t seed, std::int64_t days) {
  return YearDraw(seed, days).take();
}

}  // namespace commonwatt::test
