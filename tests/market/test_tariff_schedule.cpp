#include <limits>
#include <random>

#include <doctest/doctest.h>

#include "market/tariff_schedule.hpp"
#include "tests/market/books.hpp"
#include "tests/market/tariffs.hpp"

namespace commonwatt {
namespace {

using namespace test;

TariffSchedule schedule_of(TariffTerms terms) {
  Result<TariffSchedule, std::vector<TariffError>> schedule = TariffSchedule::from(std::move(terms));
  REQUIRE(schedule.ok());
  return std::move(*schedule);
}

Tariff tariff_at(const TariffSchedule& schedule, const char* begin, std::int64_t length_seconds = 900) {
  const std::optional<IntervalTariff> found = schedule.at(interval_at(begin, length_seconds));
  REQUIRE(found.has_value());
  return found->tariff;
}

/// High from 07:00 to 20:00 on working days; day-ahead prices none.
TariffTerms high_and_low() {
  TariffVersion version = flat_version(200'000, 80'000);
  version.retail.periods = {period(300'000, 420, 1'200, working_days)};
  return terms_of({version}, zurich_2026());
}

/// Retail is the day-ahead price and 50 000 on top, feed-in nine tenths of it.
TariffSchedule following(std::vector<Price> prices) {
  TariffVersion version = flat_version(50'000, 0);
  version.retail.day_ahead_permille = 1'000;
  version.feed_in.day_ahead_permille = 900;
  return schedule_of(
      terms_of({version}, {}, {.begin_seconds = utc("2026-06-21T10:00:00Z").seconds(), .prices = std::move(prices)}));
}

TEST_CASE("a constant tariff holds in every interval of every year") {
  const Tariff tariff{.retail = Price{300'000}, .feed_in = Price{80'000}};
  const TariffSchedule schedule = TariffSchedule::constant(tariff);
  CHECK(tariff_at(schedule, "1970-01-01T00:00:00Z") == tariff);
  CHECK(tariff_at(schedule, "2026-06-21T10:15:00Z", 300) == tariff);
  CHECK(tariff_at(schedule, "2250-01-01T00:00:00Z", 3'600) == tariff);
  CHECK(tariff_at(TariffSchedule(), "2026-06-21T10:15:00Z") == Tariff{});
}

TEST_CASE("a high tariff holds from its first local minute up to its last, in summer and in winter") {
  const TariffSchedule schedule = schedule_of(high_and_low());
  CHECK(tariff_at(schedule, "2026-01-12T05:45:00Z").retail == Price{200'000});
  CHECK(tariff_at(schedule, "2026-01-12T06:00:00Z").retail == Price{300'000});
  CHECK(tariff_at(schedule, "2026-07-13T04:45:00Z").retail == Price{200'000});
  CHECK(tariff_at(schedule, "2026-07-13T05:00:00Z").retail == Price{300'000});
  CHECK(tariff_at(schedule, "2026-07-13T17:45:00Z").retail == Price{300'000});
  CHECK(tariff_at(schedule, "2026-07-13T18:00:00Z").retail == Price{200'000});
  CHECK(tariff_at(schedule, "2026-07-12T10:00:00Z").retail == Price{200'000});  // a Sunday
  CHECK(tariff_at(schedule, "2026-07-13T10:00:00Z").feed_in == Price{80'000});
}

TEST_CASE("an interval across a boundary has the price of its own beginning") {
  TariffTerms terms = high_and_low();
  terms.versions[0].retail.periods[0].begin_minute = 430;  // 07:10
  const TariffSchedule schedule = schedule_of(terms);
  CHECK(tariff_at(schedule, "2026-01-12T06:00:00Z", 900).retail == Price{200'000});
  CHECK(tariff_at(schedule, "2026-01-12T06:15:00Z", 900).retail == Price{300'000});
  CHECK(tariff_at(schedule, "2026-01-12T06:10:00Z", 300).retail == Price{300'000});
  CHECK(tariff_at(schedule, "2026-01-12T06:00:00Z", 3'600).retail == Price{200'000});
}

TEST_CASE("a boundary at 02:30 follows the clock on the wall on the days it is changed") {
  TariffTerms terms = high_and_low();
  terms.versions[0].retail.periods = {period(300'000, 150, 1'440)};
  const TariffSchedule schedule = schedule_of(terms);
  // In spring 02:30 is skipped with the hour from 02:00: the new price begins at 03:00, when the hour has gone.
  CHECK(tariff_at(schedule, "2026-03-29T00:45:00Z").retail == Price{200'000});  // 01:45
  CHECK(tariff_at(schedule, "2026-03-29T01:00:00Z").retail == Price{300'000});  // 03:00
  // In autumn the clock shows 02:00 to 03:00 twice, and each time the price changes in the middle.
  CHECK(tariff_at(schedule, "2026-10-25T00:15:00Z").retail == Price{200'000});  // 02:15, summer time
  CHECK(tariff_at(schedule, "2026-10-25T00:30:00Z").retail == Price{300'000});  // 02:30
  CHECK(tariff_at(schedule, "2026-10-25T01:00:00Z").retail == Price{200'000});  // 02:00 again
  CHECK(tariff_at(schedule, "2026-10-25T01:30:00Z").retail == Price{300'000});  // 02:30 again
}

TEST_CASE("a version that begins in the middle of a day prices the intervals that begin from then on") {
  TariffVersion second = flat_version(500'000, 90'000);
  second.valid_from = utc("2026-05-05T13:37:00Z");
  TariffVersion third = flat_version(600'000, 95'000);
  third.valid_from = utc("2026-05-05T15:00:00Z");
  third.levies = {Levy{.name = "levy", .price = Price{1}, .on_utility_energy = true}};
  third.taxes = {Tax{.name = "tax", .permille = 81, .on_fees = true}};
  const TariffSchedule schedule = schedule_of(terms_of({flat_version(400'000, 80'000), second, third}));
  CHECK(tariff_at(schedule, "2026-05-05T13:15:00Z").retail == Price{400'000});
  CHECK(tariff_at(schedule, "2026-05-05T13:30:00Z").retail == Price{400'000});
  CHECK(tariff_at(schedule, "2026-05-05T13:45:00Z").retail == Price{500'000});
  CHECK(tariff_at(schedule, "2026-05-05T14:45:00Z").retail == Price{500'000});
  CHECK(tariff_at(schedule, "2026-05-05T15:00:00Z").retail == Price{600'000});
  const IntervalTariff found = *schedule.at(interval_at("2026-05-05T15:00:00Z"));
  CHECK(found.levies.front().name == "levy");
  CHECK(found.taxes.front().permille == 81);
  CHECK(schedule.at(interval_at("2026-05-05T14:45:00Z"))->levies.empty());
}

TEST_CASE("before the first version there is no tariff, and the interval is named") {
  TariffVersion only = flat_version(400'000, 80'000);
  only.valid_from = utc("2026-05-05T13:37:00Z");
  const TariffSchedule schedule = schedule_of(terms_of({only}));
  const Interval interval = interval_at("2026-05-05T13:30:00Z");
  CHECK_FALSE(schedule.at(interval).has_value());
  REQUIRE(schedule.find(interval).error() == TariffGap::before_first_version);
  CHECK(explain(TariffGap::before_first_version, interval)
            .starts_with("the interval 2026-05-05T13:30:00Z to 2026-05-05T13:45:00Z begins before"));
}

TEST_CASE("local prices are known in the years of the calendar, and the error says so outside of them") {
  const TariffSchedule schedule = schedule_of(high_and_low());
  CHECK(schedule.at(interval_at("2000-01-01T00:00:00Z")).has_value());
  CHECK(schedule.find(interval_at("1999-12-31T23:45:00Z")).error() == TariffGap::outside_calendar);
  CHECK(schedule.at(interval_at("2037-12-31T23:45:00Z")).has_value());
  CHECK(schedule.find(interval_at("2038-01-01T00:00:00Z")).error() == TariffGap::outside_calendar);
}

TEST_CASE("a day-ahead price sets both prices of its quarter-hour, below zero too") {
  const TariffSchedule schedule = following({Price{100'000}, Price{-30'000}, Price{-90'000}, Price{7}});
  CHECK(tariff_at(schedule, "2026-06-21T10:00:00Z") == Tariff{.retail = Price{150'000}, .feed_in = Price{90'000}});
  CHECK(tariff_at(schedule, "2026-06-21T10:15:00Z") == Tariff{.retail = Price{20'000}, .feed_in = Price{-27'000}});
  CHECK(tariff_at(schedule, "2026-06-21T10:30:00Z") == Tariff{.retail = Price{-40'000}, .feed_in = Price{-81'000}});
  // 6.3 is rounded to 6; within a quarter-hour the price does not change.
  CHECK(tariff_at(schedule, "2026-06-21T10:55:00Z", 300) == Tariff{.retail = Price{50'007}, .feed_in = Price{6}});
}

TEST_CASE("a longer interval has the mean of its quarter-hours, rounded half to even once") {
  const TariffSchedule schedule = following({Price{1}, Price{2}, Price{3}, Price{4}});
  CHECK(tariff_at(schedule, "2026-06-21T10:00:00Z", 1'800).retail == Price{50'002});  // 1.5
  CHECK(tariff_at(schedule, "2026-06-21T10:30:00Z", 1'800).retail == Price{50'004});  // 3.5
  CHECK(tariff_at(schedule, "2026-06-21T10:00:00Z", 3'600).retail == Price{50'002});  // 2.5
  CHECK(tariff_at(schedule, "2026-06-21T10:00:00Z", 3'600).feed_in == Price{2});      // 2.25
}

TEST_CASE("an interval without a day-ahead price for all of it has no tariff") {
  const TariffSchedule schedule = following({Price{1}, Price{2}, Price{3}});
  CHECK(schedule.find(interval_at("2026-06-21T09:45:00Z")).error() == TariffGap::no_day_ahead_price);
  CHECK(schedule.at(interval_at("2026-06-21T10:30:00Z")).has_value());
  CHECK(schedule.find(interval_at("2026-06-21T10:45:00Z")).error() == TariffGap::no_day_ahead_price);
  CHECK(schedule.find(interval_at("2026-06-21T10:00:00Z", 3'600)).error() == TariffGap::no_day_ahead_price);
  CHECK(schedule.find(interval_at("2026-06-22T10:00:00Z")).error() == TariffGap::no_day_ahead_price);
  CHECK(explain(TariffGap::no_day_ahead_price, interval_at("2026-06-22T10:00:00Z"))
            .starts_with("the interval 2026-06-22T10:00:00Z to 2026-06-22T10:15:00Z has no day-ahead price"));
}

TEST_CASE("the largest prices and shares that may be stay within 63 bits") {
  TariffVersion version = flat_version(price_magnitude_max.count, 0);
  version.retail.day_ahead_permille = day_ahead_permille_max;
  const TariffSchedule schedule =
      schedule_of(terms_of({version}, {}, {.begin_seconds = 0, .prices = {price_magnitude_max}}));
  CHECK(tariff_at(schedule, "1970-01-01T00:00:00Z").retail == Price{11'000'000'000});
}

TEST_CASE("a later version never changes what an earlier interval costs") {
  TariffTerms terms = high_and_low();
  const TariffSchedule before = schedule_of(terms);
  terms.versions.push_back(flat_version(1, 0));
  terms.versions.back().valid_from = utc("2026-05-05T12:00:00Z");
  const TariffSchedule after = schedule_of(terms);
  for (Interval i = interval_at("2026-05-01T00:00:00Z"); i.begin() < utc("2026-05-10T00:00:00Z"); i = i.next()) {
    const bool is_old = i.begin() < utc("2026-05-05T12:00:00Z");
    CHECK(after.at(i)->tariff.retail == (is_old ? before.at(i)->tariff.retail : Price{1}));
  }
}

/// Random splits of the day for random groups of months and days: at every moment exactly one period holds.
TariffRate random_rate(Random& random, std::int64_t low, std::int64_t high) {
  TariffRate rate;
  const std::int64_t months = between(random, 1, all_months - 1);
  const std::int64_t days = between(random, 1, all_days - 1);
  for (const std::int64_t month_group : {months, all_months & ~months}) {
    for (const std::int64_t day_group : {days, all_days & ~days}) {
      for (std::int64_t minute = 0; minute < day_minutes;) {
        const bool may_end = rate.periods.size() + 4 < rate_periods_max;
        const std::int64_t end = may_end ? std::min(day_minutes, minute + between(random, 1, 900)) : day_minutes;
        rate.periods.push_back(period(between(random, low, high), minute, end, day_group, month_group));
        minute = end;
      }
    }
  }
  return rate;
}

TEST_CASE("every interval of a random year has one tariff, the one that its local time says") {
  const std::uint32_t seed = std::random_device{}();
  CAPTURE(seed);
  Random random(seed);
  for (const std::int64_t length : {300, 900, 1'800, 3'600}) {
    TariffVersion version;
    version.retail = random_rate(random, 500, 1'000);
    version.feed_in = random_rate(random, 0, 500);
    LocalCalendar calendar = zurich_2026();
    calendar.holidays = {20'454 + between(random, 0, 364)};
    const TariffSchedule schedule = schedule_of(terms_of({version}, calendar));
    const Interval first = interval_at("2026-01-01T00:00:00Z", length);
    for (Interval i = first; i.begin() < utc("2027-01-01T00:00:00Z"); i = i.next()) {
      const LocalMoment moment = *calendar.moment(i.begin());
      std::size_t holding = 0;
      Price expected;
      for (const TariffPeriod& each : version.retail.periods) {
        if (!each.holds(moment)) continue;
        ++holding;
        expected = each.price;
      }
      const std::optional<IntervalTariff> found = schedule.at(i);
      REQUIRE(found.has_value());
      REQUIRE(holding == 1);
      REQUIRE(found->tariff.retail == expected);
      REQUIRE(found->tariff.feed_in <= found->tariff.retail);
    }
  }
}

TEST_CASE("a schedule is read back from its one encoding, and terms that are no schedule are refused") {
  TariffTerms terms = high_and_low();
  terms.calendar.holidays = {20'454, 20'500};
  terms.versions[0].retail.day_ahead_permille = 250;
  terms.versions[0].levies = {Levy{.name = "levy", .price = Price{5}, .on_utility_energy = true}};
  terms.versions[0].taxes = {Tax{.name = "VAT", .permille = 81, .on_fees = true, .on_levies = true}};
  terms.day_ahead = {.begin_seconds = 900, .prices = {Price{-5}, Price{6}}};
  const TariffSchedule schedule = schedule_of(terms);
  const Bytes bytes = encode(schedule);
  const Result<TariffSchedule, CborError> back = decode<TariffSchedule>(bytes);
  REQUIRE(back.ok());
  CHECK(*back == schedule);
  CHECK(encode(*back) == bytes);
  const Result<TariffSchedule, CborError> constant =
      decode<TariffSchedule>(encode(TariffSchedule::constant({.retail = Price{2}, .feed_in = Price{1}})));
  CHECK(constant.ok());
  // The encoding of a schedule is that of its terms in an array of one.
  terms.versions[0].retail.periods.push_back(terms.versions[0].retail.periods[0]);
  Bytes unsound{0x81};
  const Bytes item = encode(terms);
  unsound.insert(unsound.end(), item.begin(), item.end());
  const Result<TariffSchedule, CborError> refused = decode<TariffSchedule>(unsound);
  REQUIRE_FALSE(refused.ok());
  CHECK(std::string(refused.error().what) == "the terms of a tariff are no schedule");
}

}  // namespace
}  // namespace commonwatt
