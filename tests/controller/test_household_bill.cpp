#include <algorithm>
#include <set>
#include <sstream>

#include <doctest/doctest.h>

#include "controller/bill_files.hpp"
#include "controller/bill_page.hpp"
#include "controller/bill_tables.hpp"
#include "controller/bill_words.hpp"
#include "controller/household_bill.hpp"
#include "tests/campaign.hpp"
#include "tests/controller/bill_sample.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using test::bill_household;
using test::plain_row;
using test::random_row;
using test::zone_of;

std::int64_t seconds_of(const char* text) {
  return time_from_text(text)->seconds();
}

HouseholdBill bill_of(std::vector<BillRow> rows, const char* zone, const BillPeriod& period = {}) {
  Result<HouseholdBill, std::string> bill = make_household_bill(
      bill_household(), std::move(rows), {.zone = zone_of(zone), .period = period, .currency = "EUR"});
  REQUIRE(bill.ok());
  return std::move(*bill);
}

/// A local day of plain rows.
HouseholdBill day_of(const char* day) {
  const LocalZone zurich = zone_of("Europe/Zurich");
  const UtcTime begin = zurich.day_begin(*local_date_from_text(day));
  std::vector<BillRow> rows;
  for (std::int64_t at = begin.seconds(); to_text(zurich.at(UtcTime::from_seconds(at)).date) == day; at += 900)
    rows.push_back(plain_row(at));
  return bill_of(std::move(rows), "Europe/Zurich");
}

BillSums sums_of(const std::vector<BillSpan>& spans) {
  BillSums all;
  for (const BillSpan& span : spans) {
    const BillSums& sums = span.sums;
    all.rows += sums.rows;
    all.estimated += sums.estimated;
    if (sums.own_use) all.own_use = all.own_use.value_or(Energy{0}) + *sums.own_use;
    all.used += sums.used;
    all.from_neighbours += sums.from_neighbours;
    all.to_neighbours += sums.to_neighbours;
    all.from_grid += sums.from_grid;
    all.to_grid += sums.to_grid;
    for (std::size_t i = 0; i < all.amounts.size(); ++i) all.amounts[i] += sums.amounts[i];
    all.total += sums.total;
    all.without_market += sums.without_market;
  }
  return all;
}

/// The sum of a CSV column that holds whole numbers.
std::int64_t column_sum(const std::string& csv, const std::string& name) {
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  const auto fields_of = [](const std::string& text) {
    std::vector<std::string> fields;
    std::istringstream in(text);
    for (std::string field; std::getline(in, field, ',');) fields.push_back(field);
    return fields;
  };
  const std::vector<std::string> head = fields_of(line);
  const auto at = static_cast<std::size_t>(std::find(head.begin(), head.end(), name) - head.begin());
  REQUIRE(at < head.size());
  std::int64_t sum = 0;
  while (std::getline(lines, line)) {
    const std::vector<std::string> fields = fields_of(line);
    REQUIRE(fields.size() == head.size());
    if (!fields[at].empty()) sum += std::stoll(fields[at]);
  }
  return sum;
}

TEST_CASE("sums equal rows over any range, across changes of the clocks and months, in both languages") {
  constexpr std::array zones{"Europe/Zurich",  "America/New_York", "Australia/Lord_Howe",
                             "Asia/Kathmandu", "America/Santiago", "Etc/UTC"};
  const std::uint64_t seed = test::seed(20261121);
  CAPTURE(seed);
  std::mt19937_64 draw(seed);
  for (std::uint64_t number = 0; number < test::cases(40); ++number) {
    const char* zone = zones[draw() % zones.size()];
    // Around the changes of 2026 on both halves of the earth, or anywhere.
    constexpr std::array anchors{1'774'742'400, 1'792'886'400, 1'772'900'000, 1'793'500'000, 1'775'300'000};
    const std::int64_t anchor = (anchors[draw() % anchors.size()] / 900) * 900;
    const auto length = static_cast<std::int64_t>(1 + draw() % 900);
    std::vector<BillRow> rows;
    BillSums expected;
    for (std::int64_t i = 0; i < length; ++i) {
      if (draw() % 20 == 0 && i > 0) continue;
      rows.push_back(random_row(draw, anchor - 450 * 900 + i * 900));
      expected.add(rows.back());
    }
    std::shuffle(rows.begin(), rows.end(), draw);
    const HouseholdBill bill = bill_of(rows, zone);
    CHECK(bill.sums == expected);
    CHECK(sums_of(bill.days) == expected);
    CHECK(sums_of(bill.months) == expected);
    std::size_t next = 0;
    for (const BillSpan& day : bill.days) {
      CHECK(day.first == next);
      next += day.count;
      for (std::size_t i = day.first; i < next; ++i) {
        CHECK(bill.local(bill.rows[i].interval.begin()).date == day.date);
      }
      CHECK(day.count <= 100);
    }
    CHECK(next == bill.rows.size());
    const std::string csv = bill_csv(bill);
    CHECK(column_sum(csv, "total_nano") == expected.total.count);
    CHECK(column_sum(csv, "used_wh") == expected.used.count);
    CHECK(column_sum(csv, "tax_nano") == expected.amounts[index_of(BillAmount::tax)].count);
    for (const Language language : {Language::en, Language::de}) {
      const std::string shown = amount_text(expected.total, language);
      CHECK(amounts_table(bill, language).sums.back() == shown);
      const BillTable days = span_table(bill, bill.days, BillText::column_day, language);
      CHECK(std::find(days.sums.begin(), days.sums.end(), shown) != days.sums.end());
      for (std::size_t i = 0; i < bill.days.size(); ++i) {
        const BillTable day = day_table(bill, bill.days[i], language);
        CHECK(day.rows.size() == bill.days[i].count);
        CHECK(day.sums[day.sums.size() - 2] == amount_text(bill.days[i].sums.total, language));
        for (const auto& cells : day.rows) CHECK(cells.size() == day.columns.size());
        CHECK(day.sums.size() == day.columns.size());
      }
    }
  }
}

TEST_CASE("a day has 92, 96 or 100 quarter-hours, and times that come twice are told apart") {
  CHECK(day_of("2026-03-29").rows.size() == 92);
  CHECK(day_of("2026-06-21").rows.size() == 96);
  const HouseholdBill autumn = day_of("2026-10-25");
  CHECK(autumn.rows.size() == 100);
  REQUIRE(autumn.days.size() == 1);
  const BillTable table = day_table(autumn, autumn.days[0], Language::en);
  std::set<std::string> times;
  for (const auto& cells : table.rows) times.insert(cells[0]);
  CHECK(times.size() == 100);
  CHECK(times.contains("02:15\u00a0+02:00"));
  CHECK(times.contains("02:15\u00a0+01:00"));
  CHECK(day_table(day_of("2026-06-21"), day_of("2026-06-21").days[0], Language::en).rows[1][0] == "00:15");
  CHECK(day_words(autumn, autumn.days[0], Language::en).back() ==
        "Clocks change on this day: times are shown with their offset from UTC.");
}

TEST_CASE("intervals that follow each other are one sentence, and a gap parts them") {
  const std::int64_t ten = seconds_of("2026-06-21T08:00:00Z");
  std::vector<BillRow> rows;
  for (std::int64_t i = 0; i < 16; ++i) rows.push_back(plain_row(ten + i * 900, Energy{-200}));
  rows.push_back(plain_row(ten + 17 * 900, Energy{-100}));
  rows.push_back(plain_row(ten + 18 * 900, Energy{250}));
  const HouseholdBill bill = bill_of(rows, "Europe/Zurich");
  const std::vector<std::string> words = day_words(bill, bill.days[0], Language::en);
  REQUIRE(words.size() == 4);
  CHECK(words[0] == "You sold 3.2\u00a0kWh to neighbours between 10:00 and 14:00 at 14.1\u00a0ct/kWh on average.");
  CHECK(words[1] == "You sold 100\u00a0Wh to neighbours between 14:15 and 14:30 at 14.1\u00a0ct/kWh on average.");
  CHECK(words[2] == "You bought 250\u00a0Wh from neighbours between 14:30 and 14:45 at 14.1\u00a0ct/kWh on average.");
  CHECK(words[3] == "From the grid you took 7.6\u00a0kWh over the day at 30.0\u00a0ct/kWh on average.");
  CHECK(day_words(bill, bill.days[0], Language::de)[0] ==
        "Zwischen 10:00 und 14:00 haben Sie 3,2\u00a0kWh an Nachbarn verkauft, im Mittel zu 14,1\u00a0ct/kWh.");
  CHECK(estimate_words(bill, Language::en).back() == "There is no bill for 15 minutes of this period.");
}

TEST_CASE("what is estimated is named with its time and why it may change") {
  const std::int64_t begin = seconds_of("2026-06-21T00:00:00Z");
  std::vector<BillRow> rows;
  for (std::int64_t i = 0; i < 8; ++i) rows.push_back(plain_row(begin + i * 900));
  rows[2].quality = rows[3].quality = DeliveryQuality::estimated;
  const std::vector<std::string> words = estimate_words(bill_of(rows, "Europe/Zurich"), Language::en);
  REQUIRE(words.size() == 3);
  CHECK(words[0] == "2 intervals are estimated:");
  CHECK(words[1] == "From 21 June 2026, 02:30\u00a0+02:00 to 03:00\u00a0+02:00 the energy is estimated.");
  CHECK(words[2].find("may be corrected") != std::string::npos);
  rows.clear();
  for (std::int64_t i = 0; i < 40; ++i) {
    rows.push_back(plain_row(begin + i * 900));
    if (i % 2 == 0) rows.back().quality = DeliveryQuality::estimated;
  }
  const std::vector<std::string> many = estimate_words(bill_of(rows, "Europe/Zurich"), Language::en);
  REQUIRE(many.size() == 11);
  CHECK(many[9] == "And 12 more times, marked in the tables.");
}

TEST_CASE("a whole month is called by its name, a day by its date, anything else from when to when") {
  const BillRow row = plain_row(seconds_of("2026-03-15T12:00:00Z"));
  const LocalZone zurich = zone_of("Europe/Zurich");
  const auto at = [&](const char* day) { return zurich.day_begin(*local_date_from_text(day)); };
  const auto named = [&](const BillPeriod& period) {
    return period_text(bill_of({row}, "Europe/Zurich", period), Language::en);
  };
  CHECK(named({.begin = at("2026-03-01"), .end = at("2026-04-01")}) == "March 2026");
  CHECK(named({.begin = at("2026-03-15"), .end = at("2026-03-16")}) == "15 March 2026");
  CHECK(named({.begin = at("2026-03-15"), .end = at("2026-04-01")}) == "15 March 2026 – 31 March 2026");
  CHECK(named({}) == "15 March 2026, 13:00 – 15 March 2026, 13:15");
}

TEST_CASE("of several bills of an interval the same counts once, and different ones are refused") {
  const BillRow row = plain_row(seconds_of("2026-03-15T12:00:00Z"));
  CHECK(bill_of({row, row}, "Etc/UTC").rows.size() == 1);
  BillRow other = plain_row(row.interval.begin_seconds(), Energy{5});
  const BillRequest request{.zone = zone_of("Etc/UTC"), .period = {}, .currency = "EUR"};
  const auto refused = [&](std::vector<BillRow> rows) {
    const auto bill = make_household_bill(bill_household(), std::move(rows), request);
    return bill ? std::string("none") : bill.error();
  };
  CHECK(refused({row, other}) == "there are two different bills of 2026-03-15T12:00:00Z");
  CHECK(refused({}) == "there is no bill in this period");
  other.interval = Interval(row.interval.begin_seconds(), 3600);
  CHECK(refused({row, other}).ends_with("overlaps the one before it"));
  other = row;
  other.total = Money{std::int64_t{1} << 61U};
  CHECK(refused({other}) == "the figures are too large to be of one household");
}

TEST_CASE("a sealed bill becomes a row with its proof, and bills that do not add up or of two households are refused") {
  test::Neighbourhood street;
  street.live(4);
  const Bill bill = street.bill(0, 2);
  const auto rows = rows_of({bill, street.bill(0, 1)});
  REQUIRE(rows.ok());
  CHECK(rows->front().total == bill.statement.total);
  CHECK(rows->front().without_market == bill.statement.without_market);
  CHECK(rows->front().evidence.batch_root == bill.batch_root);
  CHECK(rows->front().evidence.log_index == bill.log_index);
  CHECK(rows_of({bill, street.bill(1, 2)}).error() == "these are bills of hh01 and of hh02; a bill is one household's");
  Bill wrong = bill;
  wrong.statement.total += Money{1};
  CHECK(rows_of({wrong}).error().ends_with("does not add up: its total is not the sum"));
  wrong = bill;
  wrong.statement.import = Energy{std::int64_t{1} << 40U};
  CHECK(rows_of({wrong}).error().ends_with("has a figure that is out of range"));
}

TEST_CASE("a page holds no script, nothing from elsewhere, and no other household") {
  const HouseholdBill bill = day_of("2026-10-25");
  for (const Language language : {Language::en, Language::de}) {
    const std::string page = bill_page(bill, "", language);
    for (const char* foreign : {"<script", "http:", "https:", "url(", "src=", "href=", "@import", "hh02"})
      CHECK(page.find(foreign) == std::string::npos);
    CHECK(page.find("lang=\"" + std::string(to_text(language))) != std::string::npos);
    CHECK(page.find("commonwatt verify --bill hh01.jsonl --log-key KEY") != std::string::npos);
  }
}

TEST_CASE("decimal amounts are exact") {
  CHECK(exact_decimal(Money{-1}) == "-0.000000001");
  CHECK(exact_decimal(Money{1'500'000'001}) == "1.500000001");
  CHECK(exact_decimal(Money{std::numeric_limits<std::int64_t>::min()}) == "-9223372036.854775808");
}

}  // namespace
}  // namespace commonwatt
