#include <algorithm>
#include <map>

#include <doctest/doctest.h>

#include "controller/tariff_file.hpp"
#include "tests/controller/temporary_directory.hpp"
#include "tests/market/tariffs.hpp"

namespace commonwatt {
namespace {

using test::interval_at;
using test::TemporaryDirectory;

const std::string flat = "[tariff]\nretail = 300000\nfeed_in = 80000\n";
const std::string local = "[tariff]\nzone = \"Europe/Zurich\"\nretail = 300000\nfeed_in = 80000\n";

struct Reading {
  TariffSchedule schedule;
  std::string faults;  ///< one a line
};

Reading read_file(const std::filesystem::path& file, std::int64_t interval_seconds = 900) {
  ConfigTable root = ConfigTable::open(file);
  ConfigTable table = root.table("tariff");
  Reading reading{.schedule = read_tariff(table, interval_seconds), .faults = {}};
  for (const std::string& fault : root.finish()) reading.faults += fault + "\n";
  return reading;
}

/// Beside the text lies prices.csv when there are rows for it.
Reading read(const std::string& text, const std::string& rows = "", std::int64_t interval_seconds = 900) {
  const TemporaryDirectory directory;
  test::write_text(directory / "tariff.toml", text);
  if (!rows.empty()) test::write_text(directory / "prices.csv", "time,price\n" + rows);
  Reading reading = read_file(directory / "tariff.toml", interval_seconds);
  const std::string place = directory.path().string() + "/";
  while (reading.faults.find(place) != std::string::npos) {
    reading.faults.erase(reading.faults.find(place), place.size());
  }
  return reading;
}

TariffSchedule good(const std::string& text, const std::string& rows = "") {
  Reading reading = read(text, rows);
  CHECK(reading.faults == "");
  return std::move(reading.schedule);
}

void check_fault(const std::string& text, const std::string& fault, const std::string& rows = "") {
  const Reading reading = read(text, rows);
  CAPTURE(reading.faults);
  CAPTURE(fault);
  CHECK(reading.faults.find(fault) != std::string::npos);
  CHECK(std::count(reading.faults.begin(), reading.faults.end(), '\n') == 1);
  // An unknown key is noted when the whole file has been read.
  if (fault.find("unknown key") == std::string::npos) CHECK(reading.schedule == TariffSchedule());
}

Tariff tariff_at(const TariffSchedule& schedule, const char* begin, std::int64_t length_seconds = 900) {
  const std::optional<IntervalTariff> found = schedule.at(interval_at(begin, length_seconds));
  REQUIRE(found.has_value());
  return found->tariff;
}

Tariff tariff_of(std::int64_t retail, std::int64_t feed_in) {
  return {.retail = Price{retail}, .feed_in = Price{feed_in}};
}

std::string period_text(const std::string& keys) {
  return "[[tariff.retail_period]]\nprice = 350000\n" + keys + "\n";
}

TEST_CASE("two prices are a tariff") {
  CHECK(good(flat) == TariffSchedule::constant(tariff_of(300'000, 80'000)));
}

TEST_CASE("periods hold at their local times, and on no holiday unless they say so") {
  const TariffSchedule schedule = good(
      "[tariff]\nzone = \"Europe/Zurich\"\nholidays = [\"easter+1\", \"08-01\"]\nfeed_in = 80000\nretail = 300000\n" +
      period_text("days = [\"mon-fri\"]\nhours = [\"07:00-12:00\", \"13:00-20:00\"]\nmonths = [\"oct-apr\"]") +
      period_text("days = [\"holiday\"]\nhours = [\"22:00-06:00\"]"));
  CHECK(tariff_at(schedule, "2026-04-07T05:00:00Z").retail == Price{350'000});  // Tuesday, 07:00
  CHECK(tariff_at(schedule, "2026-04-07T10:00:00Z").retail == Price{300'000});  // 12:00
  CHECK(tariff_at(schedule, "2026-04-07T11:00:00Z").retail == Price{350'000});  // 13:00
  CHECK(tariff_at(schedule, "2026-05-05T05:00:00Z").retail == Price{300'000});  // May
  CHECK(tariff_at(schedule, "2026-04-06T05:00:00Z").retail == Price{300'000});  // Easter Monday, 07:00
  CHECK(tariff_at(schedule, "2026-04-06T03:45:00Z").retail == Price{350'000});  // Easter Monday, 05:45
  CHECK(tariff_at(schedule, "2026-04-06T20:00:00Z").retail == Price{350'000});  // Easter Monday, 22:00
  CHECK(tariff_at(schedule, "2026-04-06T22:00:00Z").retail == Price{300'000});  // Tuesday, 00:00
  CHECK(tariff_at(schedule, "2030-08-01T20:00:00Z").retail == Price{350'000});
}

TEST_CASE("on every day of a year each quarter-hour has one price, whatever the clocks do") {
  struct Place {
    const char* zone;
    std::size_t shortest;  ///< quarter-hours of a local day
    std::size_t longest;
  };
  for (const Place& place : {Place{"Europe/Zurich", 92, 100}, Place{"Europe/London", 92, 100},
                             Place{"Australia/Lord_Howe", 94, 98}, Place{"Asia/Kolkata", 96, 96}}) {
    CAPTURE(place.zone);
    // A boundary within the hour that the clocks skip or show twice.
    const TariffSchedule schedule =
        good("[tariff]\nzone = \"" + std::string(place.zone) + "\"\nfeed_in = 0\n" +
             period_text("hours = [\"00:00-02:30\"]") + period_text("hours = [\"02:30-24:00\"]"));
    const LocalCalendar& calendar = schedule.terms().calendar;
    const std::chrono::sys_days first = std::chrono::year(2026) / 1 / 1;
    std::size_t shortest = 200;
    std::size_t longest = 0;
    for (int day = 0; day < 365; ++day) {
      const UtcTime begin = *calendar.day_begin(first + std::chrono::days(day));
      const UtcTime end = *calendar.day_begin(first + std::chrono::days(day + 1));
      std::size_t quarters = 0;
      for (Interval i = Interval::containing(begin, 900); i.begin() < end; i = i.next()) {
        REQUIRE(schedule.at(i).has_value());
        ++quarters;
      }
      shortest = std::min(shortest, quarters);
      longest = std::max(longest, quarters);
    }
    CHECK(shortest == place.shortest);
    CHECK(longest == place.longest);
  }
}

TEST_CASE("a version begins at the midnight of its date where it is valid, or at its instant") {
  const TariffSchedule schedule =
      good(local +
           "[[tariff.version]]\nvalid_from = \"2027-07-01\"\nretail = 2\nfeed_in = 1\n"
           "[[tariff.version.tax]]\nname = \"VAT\"\npermille = 81\napplies_to = [\"fees\"]\n"
           "[[tariff.version]]\nvalid_from = \"2027-07-02T12:00:00+01:00\"\nretail = 4\nfeed_in = 3\n");
  CHECK(tariff_at(schedule, "2027-06-30T21:45:00Z") == tariff_of(300'000, 80'000));
  CHECK(tariff_at(schedule, "2027-06-30T22:00:00Z") == tariff_of(2, 1));
  CHECK(schedule.at(interval_at("2027-06-30T22:00:00Z"))->taxes.size() == 1);
  CHECK(tariff_at(schedule, "2027-07-02T10:45:00Z") == tariff_of(2, 1));
  CHECK(tariff_at(schedule, "2027-07-02T11:00:00Z") == tariff_of(4, 3));
  CHECK(schedule.at(interval_at("2027-07-02T11:00:00Z"))->taxes.empty());
  const TariffSchedule later = good("[tariff]\nvalid_from = \"2027-07-01T00:00:00Z\"\nretail = 2\nfeed_in = 1\n");
  CHECK_FALSE(later.at(interval_at("2027-06-30T23:45:00Z")).has_value());
  CHECK(later.at(interval_at("2027-07-01T00:00:00Z")).has_value());
}

const std::string following =
    "[tariff]\nretail = 50000\nretail_day_ahead_permille = 1000\nfeed_in = 0\nfeed_in_day_ahead_permille = 900\n"
    "[tariff.day_ahead]\nfile = \"prices.csv\"\n";

TEST_CASE("prices follow the day-ahead file, below zero too") {
  const TariffSchedule schedule = good(following, "2026-06-21T10:00:00Z,100000\n2026-06-21T10:15:00Z,-100000\n");
  CHECK(tariff_at(schedule, "2026-06-21T10:00:00Z") == tariff_of(150'000, 90'000));
  CHECK(tariff_at(schedule, "2026-06-21T10:15:00Z") == tariff_of(-50'000, -90'000));
  CHECK(schedule.find(interval_at("2026-06-21T10:30:00Z")).error() == TariffGap::no_day_ahead_price);
  const TariffSchedule hourly = good(following + "resolution_seconds = 3600\n", "2026-06-21T10:00:00Z,100000\n");
  CHECK(tariff_at(hourly, "2026-06-21T10:45:00Z") == tariff_of(150'000, 90'000));
  CHECK_FALSE(hourly.at(interval_at("2026-06-21T11:00:00Z")).has_value());
}

TEST_CASE("a day-ahead price that puts feed-in above retail is an error that names the interval") {
  // At -500 000 per kWh both are -450 000: below that feed-in, which follows the market less, is the higher.
  const std::string equal = "2026-06-21T10:00:00Z,-500000\n";
  good(following, equal);
  check_fault(following,
              "tariff.toml:7:8: tariff.day_ahead.file: in the interval 2026-06-21T10:15:00Z to 2026-06-21T10:30:00Z "
              "feed-in is -450009 and retail -450010: every household could earn",
              equal + "2026-06-21T10:15:00Z,-500010\n2026-06-21T10:30:00Z,-900000\n");
}

TEST_CASE("every fault of a table is named with line and column") {
  check_fault("[tariff]\nfeed_in = 1\n", "tariff.toml:1:1: tariff.retail: is missing; a whole number is needed");
  check_fault(flat + "retial = 3\n", "tariff.toml:4:1: unknown key 'tariff.retial'; known here: ");
  check_fault(
      "[tariff]\nretail = 1\nfeed_in = 2\n",
      "tariff.toml:3:11: tariff.feed_in: is above retail on a Monday in January at 00:00: every household could");
  check_fault("[tariff]\nzone = \"Europe/Bern\"\nretail = 1\nfeed_in = 1\n",
              "tariff.toml:2:8: tariff.zone: 'Europe/Bern' is no zone of the IANA database; did you mean ");
  check_fault("[tariff]\nholidays = [\"easter+1\", \"1 August\"]\nretail = 1\nfeed_in = 1\n",
              "tariff.toml:2:12: tariff.holidays: '1 August' is none of 2026-08-01");
  check_fault("[tariff]\nholidays = \"easter\"\nretail = 1\nfeed_in = 1\n",
              "tariff.toml:2:12: tariff.holidays: must be a list of texts in quotes");
  check_fault(flat + "valid_from = \"2027-01-01\"\n",
              "tariff.toml:4:14: tariff.valid_from: '2027-01-01' is a local date, and tariff.zone does not say where");
  check_fault(local + "valid_from = \"1 Jan\"\n",
              "tariff.valid_from: '1 Jan' is neither a local date such as 2027-01-01");
  check_fault(local + "valid_from = \"2038-01-02\"\n",
              "tariff.valid_from: '2038-01-02' is not in the years 2000 to 2037");
  check_fault(local + "[[tariff.version]]\nretail = 1\nfeed_in = 1\n",
              "tariff.toml:5:1: tariff.version.valid_from: is missing; a later version needs its first day");
  check_fault(local +
                  "[[tariff.version]]\nvalid_from = \"2027-01-02\"\nretail = 1\nfeed_in = 1\n"
                  "[[tariff.version]]\nvalid_from = \"2027-01-01\"\nretail = 1\nfeed_in = 1\n",
              "tariff.toml:10:14: tariff.version.valid_from: is not after the valid_from of the version before");
}

TEST_CASE("every fault of a period is named with line and column") {
  check_fault(flat + period_text("hours = [\"07:00-20:00\"]"),
              "tariff.retail_period: is in local time; set tariff.zone");
  check_fault(local + period_text("hours = [\"07-20\", \"20:00-21:00\"]"),
              "tariff.toml:7:9: tariff.retail_period.hours: '07-20' is no time of day such as 07:00-20:00");
  check_fault(local + period_text("days = [\"monday\"]"),
              "tariff.toml:7:8: tariff.retail_period.days: 'monday' is none of mon to sun");
  check_fault(local + period_text("months = [\"13\"]"), "tariff.retail_period.months: '13' is none of jan to dec");
  check_fault(local + period_text("days = []"),
              "tariff.toml:7:8: tariff.retail_period.days: is empty; list some of mon to sun");
  check_fault(local + period_text("days = [\"holiday\"]"),
              "tariff.retail_period.days: there are no holidays; list them in tariff.holidays");
  check_fault(
      local + period_text("hours = [\"07:00-20:00\"]") + period_text("hours = [\"19:45-21:00\"]"),
      "tariff.retail_period: two periods hold at one time; make their months, days or hours differ (periods 1 and "
      "2 of this list)");
  check_fault(
      "[tariff]\nzone = \"UTC\"\nfeed_in = 80000\n" + period_text("hours = [\"07:00-24:00\"]"),
      "tariff.retail: there is no price on a Monday in January at 00:00; a price outside the periods would fill");
  check_fault(local + period_text("price_low = 3"), "tariff.toml:7:1: unknown key 'tariff.retail_period.price_low'");
}

TEST_CASE("every fault of levies and taxes is named") {
  const auto charge = [](const char* kind, const std::string& keys) {
    return flat + "[[tariff." + kind + "]]\nname = \"a\"\n" + keys + "\n";
  };
  check_fault(charge("levy", "price = 1"), "tariff.levy.applies_to: must be a list of some of utility, neighbours");
  check_fault(charge("levy", "price = 1\napplies_to = [\"fees\"]"),
              "tariff.toml:7:14: tariff.levy.applies_to: 'fees' is none of utility, neighbours");
  check_fault(charge("tax", "permille = 1001\napplies_to = [\"fees\"]"),
              "tariff.tax.permille: must be a whole number from 0 to 1000");
  check_fault(charge("tax", "permille = 1\napplies_to = [\"fee\"]"),
              "tariff.tax.applies_to: 'fee' is none of utility, neighbours, fees, levies");
  check_fault(charge("tax", "permille = 1\napplies_to = [\"fees\"]") +
                  "[[tariff.tax]]\nname = \"a\"\npermille = 2\napplies_to = [\"levies\"]\n",
              "tariff.tax: two are named 'a'");
}

TEST_CASE("every fault of the day-ahead prices is named, those of the file with its line") {
  const std::string row = "2026-06-21T10:00:00Z,0\n";
  check_fault(following, "tariff.toml:7:8: tariff.day_ahead.file: prices.csv: there is no such file");
  check_fault(following,
              "tariff.toml:7:8: tariff.day_ahead.file: prices.csv:3: 2026-06-21T10:00:00Z is on the line before",
              row + row);
  check_fault(following, "prices.csv:3: the price of 2026-06-21T10:15:00Z is missing",
              row + "2026-06-21T10:30:00Z,0\n");
  check_fault("[tariff]\nretail = 1\nfeed_in = 0\nretail_day_ahead_permille = 1\nday_ahead.file = \"/dev/zero\"\n",
              "tariff.toml:5:18: tariff.day_ahead.file: /dev/zero: there is no such file");
  check_fault(following + "resolution_seconds = 1800\n", "tariff.day_ahead.resolution_seconds: must be 900 or 3600",
              row);
  check_fault(flat + "retail_day_ahead_permille = 1\n", "tariff.retail: follows a day-ahead price, but there are none");
  check_fault(flat + "[tariff.day_ahead]\nfile = \"prices.csv\"\n",
              "tariff.day_ahead: is not used; set retail_day_ahead", row);
  check_fault(following, "feed-in is 900000000 and retail 1000050000, beyond 1000000000", "0,1000000000\n");
}

TEST_CASE("feed-in and retail are compared in the market's own intervals") {
  // In the second quarter-hour feed-in is above retail, in the hour it is not.
  const std::string text =
      "[tariff]\nretail = 100\nfeed_in = 0\nfeed_in_day_ahead_permille = 1000\n[tariff.day_ahead]\nfile = "
      "\"prices.csv\"\n";
  const std::string rows = "0,0\n900,101\n1800,0\n2700,0\n";
  CHECK(read(text, rows, 900)
            .faults.find("in the interval 1970-01-01T00:15:00Z to 1970-01-01T00:30:00Z feed-in is 101 "
                         "and retail 100: every household") != std::string::npos);
  CHECK(read(text, rows, 3'600).faults.empty());
}

/// The blocks of the documentation, by what they are written in.
std::multimap<std::string, std::string> examples() {
  const std::string page = test::file_text(std::filesystem::path(COMMONWATT_SOURCE_DIR) / "docs/tariffs.md");
  std::multimap<std::string, std::string> blocks;
  const std::string fence = "\n```";
  for (std::size_t at = page.find(fence); at != std::string::npos; at = page.find(fence, at)) {
    const std::size_t begin = page.find('\n', at + 1) + 1;
    const std::size_t end = page.find(fence, begin);
    REQUIRE(end != std::string::npos);
    blocks.emplace(page.substr(at + fence.size(), begin - 1 - at - fence.size()), page.substr(begin, end + 1 - begin));
    at = end + fence.size();
  }
  return blocks;
}

TEST_CASE("the examples of the documentation are read and give the prices that it says") {
  const std::multimap<std::string, std::string> blocks = examples();
  REQUIRE(blocks.count("toml") == 5);
  REQUIRE(blocks.count("csv") == 1);
  const TemporaryDirectory directory;
  test::write_text(directory / "day-ahead.csv", blocks.find("csv")->second);
  std::vector<TariffSchedule> schedules;
  for (auto [block, end] = blocks.equal_range("toml"); block != end; ++block) {
    test::write_text(directory / "tariff.toml", block->second);
    const Reading reading = read_file(directory / "tariff.toml");
    CHECK(reading.faults == "");
    schedules.push_back(reading.schedule);
  }
  CHECK(schedules[0] == TariffSchedule::constant(tariff_of(300'000, 80'000)));
  CHECK(tariff_at(schedules[1], "2026-04-06T10:00:00Z") == tariff_of(250'000, 80'000));  // Easter Monday
  CHECK(tariff_at(schedules[1], "2026-07-13T10:00:00Z") == tariff_of(320'000, 40'000));  // a Monday in July, noon
  CHECK(tariff_at(schedules[2], "2026-06-20T22:45:00Z") == tariff_of(143'300, 82'170));
  CHECK(tariff_at(schedules[2], "2026-06-21T00:00:00Z") == tariff_of(50'800, -1'080));
  const Interval interval = interval_at("2026-06-21T10:00:00Z");
  CHECK(schedules[3].at(interval)->levies[0] ==
        Levy{.name = "renewables", .price = Price{23'000}, .on_utility_energy = true});
  const Tax vat = schedules[3].at(interval)->taxes[0];
  const Purchase purchase{.utility_energy = {},
                          .neighbour_energy = {},
                          .utility_amount = Money{100'000'000},
                          .neighbour_amount = Money{30'000'000},
                          .fees = Money{5'000'001}};
  CHECK(tax_amount(vat, purchase, Money{6'900'000}) == TaxAmount{.amount = Money{11'493'900}, .residue = 81});
  CHECK(tariff_at(schedules[4], "2026-12-31T22:45:00Z") == tariff_of(300'000, 80'000));
  CHECK(tariff_at(schedules[4], "2026-12-31T23:00:00Z") == tariff_of(290'000, 70'000));
  CHECK(tariff_at(schedules[4], "2027-01-01T16:00:00Z") == tariff_of(340'000, 70'000));
}

}  // namespace
}  // namespace commonwatt
