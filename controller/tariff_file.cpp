#include "controller/tariff_file.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "controller/calendar_text.hpp"
#include "controller/price_file.hpp"
#include "controller/time_zone.hpp"

namespace commonwatt {
namespace {

constexpr IntegerRange price_range{-price_magnitude_max.count, price_magnitude_max.count};
constexpr IntegerRange day_ahead_range{0, day_ahead_permille_max};
constexpr std::int64_t holiday_bit = 1 << static_cast<unsigned>(DayKind::holiday);

// --- levies and taxes ---

/// Calls `apply` with every entry of applies_to and notes those it does not know.
template <class Apply>
void read_applies_to(ConfigTable& table, const char* known, Apply apply) {
  const std::vector<std::string> names = table.texts("applies_to");
  if (names.empty()) table.fault("applies_to", std::string("must be a list of some of ") + known);
  for (const std::string& name : names) {
    if (!apply(name)) table.fault("applies_to", "'" + name + "' is none of " + known);
  }
}

bool set_if(bool is_it, bool& target) {
  if (is_it) target = true;
  return is_it;
}

std::vector<Levy> read_levies(ConfigTable& version) {
  std::vector<Levy> levies;
  for (ConfigTable& table : version.tables("levy")) {
    Levy& levy = levies.emplace_back();
    levy.name = table.text("name");
    levy.price = Price{table.integer("price", price_range)};
    read_applies_to(table, "utility, neighbours", [&](const std::string& name) {
      return set_if(name == "utility", levy.on_utility_energy) ||
             set_if(name == "neighbours", levy.on_neighbour_energy);
    });
  }
  return levies;
}

std::vector<Tax> read_taxes(ConfigTable& version) {
  std::vector<Tax> taxes;
  for (ConfigTable& table : version.tables("tax")) {
    Tax& tax = taxes.emplace_back();
    tax.name = table.text("name");
    tax.permille = table.integer("permille", {0, tax_permille_max});
    read_applies_to(table, "utility, neighbours, fees, levies", [&](const std::string& name) {
      return set_if(name == "utility", tax.on_utility_energy) ||
             set_if(name == "neighbours", tax.on_neighbour_energy) || set_if(name == "fees", tax.on_fees) ||
             set_if(name == "levies", tax.on_levies);
    });
  }
  return taxes;
}

/// On a bill two charges of one name cannot be told apart.
template <class ChargeList>
void check_names(ConfigTable& version, const char* key, const ChargeList& charges) {
  std::set<std::string> names;
  for (const auto& charge : charges) {
    if (!names.insert(charge.name).second) version.fault(key, "two are named '" + charge.name + "'");
  }
  if (charges.size() > tariff_charges_max) {
    version.fault(key, "there are more than " + std::to_string(tariff_charges_max));
  }
}

// --- the calendar and the day-ahead prices ---

LocalCalendar read_calendar(ConfigTable& table) {
  LocalCalendar calendar;
  const std::string zone = table.text("zone", "");
  if (table.has("zone")) {
    Result<LocalCalendar, std::string> known = calendar_of(zone);
    if (known) {
      calendar = std::move(*known);
    } else {
      table.fault("zone", known.error());
    }
  }
  const std::vector<std::string> holidays = table.texts("holidays");
  if (holidays.size() > tariff_holidays_max) {
    table.fault("holidays", "there are more than " + std::to_string(tariff_holidays_max));
    return calendar;
  }
  std::set<std::int64_t> days;
  for (const std::string& holiday : holidays) {
    const std::vector<std::int64_t> found = days_of_holiday(holiday);
    days.insert(found.begin(), found.end());
    if (found.empty()) {
      table.fault("holidays", "'" + holiday + "' is none of 2026-08-01 (that day, from 2000 to 2037), 08-01 (every " +
                                  "year), easter, easter+39, easter-2 (every year; at most 70 days from Easter)");
    }
  }
  calendar.holidays.assign(days.begin(), days.end());
  return calendar;
}

DayAheadPrices read_prices(ConfigTable& table) {
  const std::filesystem::path path = table.path("file");
  const std::int64_t resolution = table.integer("resolution_seconds", {900, 3'600}, 900);
  if (resolution != 900 && resolution != 3'600) {
    table.fault("resolution_seconds", "must be 900 or 3600");
    return {};
  }
  if (path.empty()) return {};
  // A device or a pipe could go on for ever.
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    table.fault("file", path.string() + ": there is no such file");
    return {};
  }
  constexpr std::uintmax_t bytes_max = day_ahead_rows_max * 64;
  if (std::filesystem::file_size(path, ignored) > bytes_max) {
    table.fault("file", path.string() + ": is larger than " + std::to_string(bytes_max) + " bytes");
    return {};
  }
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (text.empty()) {
    table.fault("file", path.string() + ": nothing can be read from it; see that it is not empty and may be read");
    return {};
  }
  Result<DayAheadPrices, std::string> prices = read_day_ahead(path.string(), text, resolution);
  if (prices) return std::move(*prices);
  table.fault("file", prices.error());
  return {};
}

// --- versions ---

/// A table of the file and the tables its periods come from, in the sequence of the terms.
struct VersionSource {
  ConfigTable table;
  std::vector<std::size_t> retail_places;   ///< of each period: its place in the list [[retail_period]]
  std::vector<std::size_t> feed_in_places;  ///< the same of [[feed_in_period]]
};

/// The bits that the entries of a list stand for; `all` when there is no list.
template <class BitsFromText>
std::int64_t read_bits(ConfigTable& table, const char* key, std::int64_t all, const char* expected,
                       BitsFromText bits_from_text) {
  const std::size_t faults_before = table.fault_count();
  std::int64_t bits = 0;
  for (const std::string& text : table.texts(key)) {
    const std::optional<std::int64_t> known = bits_from_text(text);
    if (!known) table.fault(key, "'" + text + "' is none of " + expected);
    bits |= known.value_or(0);
  }
  if (!table.has(key)) return all;
  if (bits == 0 && table.fault_count() == faults_before) {
    table.fault(key, std::string("is empty; list some of ") + expected);
  }
  return bits;
}

/// Reads one [[..._period]], which gives a period for every entry of its hours.
std::vector<TariffPeriod> read_period(ConfigTable& table, bool has_holidays) {
  TariffPeriod period;
  period.price = Price{table.integer("price", price_range)};
  period.months = read_bits(table, "months", all_months, "jan to dec, and ranges such as oct-mar", months_from_text);
  period.days = read_bits(table, "days", all_days, "mon to sun, ranges such as mon-fri, and holiday", days_from_text);
  if (table.has("days") && (period.days & holiday_bit) != 0 && !has_holidays) {
    table.fault("days", "there are no holidays; list them in tariff.holidays");
  }
  std::vector<TariffPeriod> periods;
  const std::size_t faults_before = table.fault_count();
  for (const std::string& text : table.texts("hours")) {
    const std::vector<Minutes> parts = minutes_from_text(text);
    if (parts.empty()) table.fault("hours", "'" + text + "' is no time of day such as 07:00-20:00 or 22:00-06:00");
    for (const Minutes& part : parts) {
      period.begin_minute = part.begin;
      period.end_minute = part.end;
      periods.push_back(period);
    }
  }
  if (!table.has("hours")) return {period};
  if (periods.empty() && table.fault_count() == faults_before) {
    table.fault("hours", "is empty; list some times of day such as 07:00-20:00");
  }
  return periods;
}

struct RateKeys {
  const char* price;
  const char* period;
  const char* day_ahead;
};
constexpr RateKeys retail_keys{.price = "retail", .period = "retail_period", .day_ahead = "retail_day_ahead_permille"};
constexpr RateKeys feed_in_keys{
    .price = "feed_in", .period = "feed_in_period", .day_ahead = "feed_in_day_ahead_permille"};

class TariffReader {
 public:
  TariffReader(ConfigTable& table, std::int64_t interval_seconds)
      : table_(table), interval_seconds_(interval_seconds) {}

  TariffSchedule read() {
    const std::size_t faults_before = table_.fault_count();
    terms_.calendar = read_calendar(table_);
    const bool has_prices = table_.has("day_ahead");
    ConfigTable day_ahead = table_.table("day_ahead");
    if (has_prices) terms_.day_ahead = read_prices(day_ahead);
    read_version(table_);
    std::vector<ConfigTable> versions = table_.tables("version");
    if (versions.size() > tariff_versions_max) {
      table_.fault("version", "there are more than " + std::to_string(tariff_versions_max));
      return {};
    }
    for (ConfigTable& version : versions) {
      if (!version.has("valid_from")) version.fault("valid_from", "is missing; a later version needs its first day");
      read_version(version);
    }
    const bool is_used = std::any_of(terms_.versions.begin(), terms_.versions.end(),
                                     [](const TariffVersion& version) { return version.is_day_ahead(); });
    if (has_prices && !is_used) {
      table_.fault("day_ahead", "is not used; set retail_day_ahead_permille or feed_in_day_ahead_permille");
    }
    // Faults that are known make others appear that are none.
    if (table_.fault_count() != faults_before) return {};
    Result<TariffSchedule, std::vector<TariffError>> schedule = TariffSchedule::from(std::move(terms_));
    if (!schedule) {
      for (const TariffError& error : schedule.error()) place(error);
      return {};
    }
    if (has_prices) check_day_ahead(day_ahead, *schedule);
    if (table_.fault_count() != faults_before) return {};
    return std::move(*schedule);
  }

 private:
  void read_version(ConfigTable& table) {
    VersionSource& source =
        sources_.emplace_back(VersionSource{.table = table, .retail_places = {}, .feed_in_places = {}});
    TariffVersion version;
    version.valid_from = read_valid_from(table);
    version.retail = read_rate(table, retail_keys, source.retail_places);
    version.feed_in = read_rate(table, feed_in_keys, source.feed_in_places);
    version.levies = read_levies(table);
    version.taxes = read_taxes(table);
    check_names(table, "levy", version.levies);
    check_names(table, "tax", version.taxes);
    terms_.versions.push_back(std::move(version));
  }

  std::optional<UtcTime> read_valid_from(ConfigTable& table) {
    const std::string text = table.text("valid_from", "");
    if (!table.has("valid_from")) return std::nullopt;
    if (const std::optional<std::chrono::sys_days> date = date_from_text(text)) {
      if (!table_.has("zone")) {
        table.fault("valid_from", "'" + text + "' is a local date, and tariff.zone does not say where; or write " +
                                      text + "T00:00:00Z");
        return std::nullopt;
      }
      const std::optional<UtcTime> begin = terms_.calendar.day_begin(*date);
      if (!begin) table.fault("valid_from", "'" + text + "' is not in the years 2000 to 2037");
      return begin;
    }
    const std::optional<UtcTime> instant = instant_from_text(text);
    if (!instant || text.find('T') == std::string::npos) {
      table.fault("valid_from", "'" + text +
                                    "' is neither a local date such as 2027-01-01 nor a time with its offset, " +
                                    "such as 2027-01-01T00:00:00+01:00");
      return std::nullopt;
    }
    return instant;
  }

  TariffRate read_rate(ConfigTable& table, const RateKeys& keys, std::vector<std::size_t>& places) {
    TariffRate rate;
    std::vector<ConfigTable> tables = table.tables(keys.period);
    for (std::size_t i = 0; i < tables.size(); ++i) {
      for (const TariffPeriod& period : read_period(tables[i], !terms_.calendar.holidays.empty())) {
        rate.periods.push_back(period);
        places.push_back(i);
      }
    }
    if (!tables.empty() && !table_.has("zone")) {
      table.fault(keys.period, "is in local time; set tariff.zone, for instance zone = \"Europe/Zurich\"");
    }
    if (rate.periods.size() > rate_periods_max) {
      table.fault(keys.period, "there are more than " + std::to_string(rate_periods_max) + " spans of hours");
    }
    const bool is_given = table.has(keys.price);
    const std::optional<std::int64_t> optional = tables.empty() ? std::nullopt : std::optional<std::int64_t>(0);
    const Price price{table.integer(keys.price, price_range, optional)};
    if (is_given) rate.otherwise = price;
    rate.day_ahead_permille = table.integer(keys.day_ahead, day_ahead_range, 0);
    return rate;
  }

  /// Notes an error of the terms where it is in the file.
  void place(const TariffError& error) {
    VersionSource& source = sources_[error.version];
    const RateKeys& keys = error.side == TariffSide::retail ? retail_keys : feed_in_keys;
    const std::vector<std::size_t>& places =
        error.side == TariffSide::retail ? source.retail_places : source.feed_in_places;
    switch (error.fault) {
      case TariffFault::version_order:
        return source.table.fault("valid_from", explain(error));
      case TariffFault::day_ahead_missing:
        return source.table.fault(retail_keys.price, explain(error));
      case TariffFault::periods_overlap:
        return source.table.fault(keys.period, explain(error) + " (periods " +
                                                   std::to_string(places[error.period] + 1) + " and " +
                                                   std::to_string(places[error.other_period] + 1) + " of this list)");
      case TariffFault::gap:
        return source.table.fault(keys.price, explain(error));
      case TariffFault::feed_in_above_retail:
        return source.table.fault(feed_in_keys.price, explain(error));
      case TariffFault::period_unsound:
      case TariffFault::value_out_of_range:
        return source.table.fault(keys.period, explain(error));
      case TariffFault::calendar_unsound:
        return table_.fault("zone", explain(error));
      case TariffFault::no_version:
      case TariffFault::day_ahead_unsound:
        return table_.fault("day_ahead", explain(error));
    }
  }

  /// Notes the first interval in which the day-ahead price makes prices that cannot be.
  void check_day_ahead(ConfigTable& day_ahead, const TariffSchedule& schedule) const {
    const DayAheadPrices& series = schedule.terms().day_ahead;
    const UtcTime begin = UtcTime::from_seconds(series.begin_seconds);
    for (Interval interval = Interval::containing(begin, interval_seconds_);
         interval.end().seconds() <= series.end_seconds(); interval = interval.next()) {
      const std::optional<IntervalTariff> found = schedule.at(interval);
      if (!found) continue;
      const Tariff& tariff = found->tariff;
      const bool is_in_range = tariff.retail <= price_magnitude_max && tariff.feed_in >= -price_magnitude_max;
      if (tariff.feed_in <= tariff.retail && is_in_range) continue;
      const std::string prices = "in the interval " + to_text(interval.begin()) + " to " + to_text(interval.end()) +
                                 " feed-in is " + std::to_string(tariff.feed_in.count) + " and retail " +
                                 std::to_string(tariff.retail.count);
      const std::string reason = is_in_range
                                     ? ": every household could earn by feeding in what it buys; lower feed-in's share "
                                       "of the day-ahead price, or raise retail"
                                     : ", beyond " + std::to_string(price_magnitude_max.count);
      return day_ahead.fault("file", prices + reason);
    }
  }

  ConfigTable& table_;
  std::int64_t interval_seconds_;
  TariffTerms terms_;
  std::vector<VersionSource> sources_;
};

}  // namespace

TariffSchedule read_tariff(ConfigTable& table, std::int64_t interval_seconds) {
  return TariffReader(table, interval_seconds).read();
}

}  // namespace commonwatt
