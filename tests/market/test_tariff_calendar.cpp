#include <array>

#include <doctest/doctest.h>

#include "market/tariff_calendar.hpp"
#include "tests/market/tariffs.hpp"

namespace commonwatt {
namespace {

using namespace std::chrono_literals;
using test::utc;

LocalMoment moment_at(const LocalCalendar& calendar, const char* text) {
  const std::optional<LocalMoment> moment = calendar.moment(utc(text));
  REQUIRE(moment.has_value());
  return *moment;
}

TEST_CASE("Easter Sunday is where the tables of known years have it") {
  // The earliest and the latest date there are, and years in which simpler rules than the computus fail.
  CHECK(easter_sunday(1818) == std::chrono::sys_days(1818y / 3 / 22));
  CHECK(easter_sunday(1943) == std::chrono::sys_days(1943y / 4 / 25));
  CHECK(easter_sunday(1954) == std::chrono::sys_days(1954y / 4 / 18));
  CHECK(easter_sunday(1981) == std::chrono::sys_days(1981y / 4 / 19));
  CHECK(easter_sunday(2000) == std::chrono::sys_days(2000y / 4 / 23));
  CHECK(easter_sunday(2024) == std::chrono::sys_days(2024y / 3 / 31));
  CHECK(easter_sunday(2025) == std::chrono::sys_days(2025y / 4 / 20));
  CHECK(easter_sunday(2026) == std::chrono::sys_days(2026y / 4 / 5));
  CHECK(easter_sunday(2027) == std::chrono::sys_days(2027y / 3 / 28));
  CHECK(easter_sunday(2038) == std::chrono::sys_days(2038y / 4 / 25));
  CHECK(easter_sunday(2049) == std::chrono::sys_days(2049y / 4 / 18));
}

TEST_CASE("Easter Sunday is a Sunday between 22 March and 25 April in every year") {
  for (int y = 1583; y < 4100; ++y) {
    const std::chrono::sys_days easter = easter_sunday(y);
    CHECK(std::chrono::weekday(easter) == std::chrono::Sunday);
    CHECK(easter >= std::chrono::sys_days(std::chrono::year(y) / 3 / 22));
    CHECK(easter <= std::chrono::sys_days(std::chrono::year(y) / 4 / 25));
  }
}

TEST_CASE("the clock on the wall shows local time, before and after the clocks change") {
  const LocalCalendar zurich = test::zurich_2026();
  const LocalMoment before = moment_at(zurich, "2026-03-29T00:59:59Z");
  CHECK(before.minute == 119);
  CHECK(before.day == DayKind::sunday);
  CHECK(before.month == 3);
  CHECK(moment_at(zurich, "2026-03-29T01:00:00Z").minute == 180);
  CHECK(moment_at(zurich, "2026-10-25T00:59:59Z").minute == 179);
  CHECK(moment_at(zurich, "2026-10-25T01:00:00Z").minute == 120);
  const LocalMoment evening = moment_at(zurich, "2026-06-30T22:00:00Z");
  CHECK(evening.minute == 0);
  CHECK(evening.month == 7);
  CHECK(evening.day == DayKind::wednesday);
}

TEST_CASE("a holiday is no day of the week, from its local midnight to the next") {
  LocalCalendar zurich = test::zurich_2026();
  zurich.holidays = {std::chrono::sys_days(2026y / 8 / 1).time_since_epoch().count()};
  CHECK(moment_at(zurich, "2026-07-31T21:59:59Z").day == DayKind::friday);
  CHECK(moment_at(zurich, "2026-07-31T22:00:00Z").day == DayKind::holiday);
  CHECK(moment_at(zurich, "2026-08-01T21:59:59Z").day == DayKind::holiday);
  CHECK(moment_at(zurich, "2026-08-01T22:00:00Z").day == DayKind::sunday);
}

TEST_CASE("outside its years a calendar knows no time") {
  const LocalCalendar calendar;
  CHECK(calendar.moment(calendar_begin).has_value());
  CHECK_FALSE(calendar.moment(calendar_begin - 1s).has_value());
  CHECK(calendar.moment(calendar_end - 1s).has_value());
  CHECK_FALSE(calendar.moment(calendar_end).has_value());
  CHECK_FALSE(calendar.day_begin(1999y / 12 / 31).has_value());
  CHECK(calendar.day_begin(2000y / 1 / 1) == calendar_begin);
  CHECK(calendar.day_begin(2037y / 12 / 31) == calendar_end - 24h);
  CHECK_FALSE(calendar.day_begin(2038y / 1 / 1).has_value());
}

TEST_CASE("a day begins at its midnight, at the first of two, and after one that the clocks skip") {
  CHECK(test::zurich_2026().day_begin(2026y / 7 / 1) == utc("2026-06-30T22:00:00Z"));
  LocalCalendar calendar;  // The clocks go from 23:59:59 to 01:00 and, later, from 00:59:59 to 00:00.
  calendar.offsets = {{calendar_begin.seconds(), 0},
                      {utc("2026-04-24T00:00:00Z").seconds(), 3'600},
                      {utc("2026-10-30T00:00:00Z").seconds(), 0}};
  CHECK(calendar.day_begin(2026y / 4 / 24) == utc("2026-04-24T00:00:00Z"));
  CHECK(moment_at(calendar, "2026-04-24T00:00:00Z").minute == 60);
  CHECK(calendar.day_begin(2026y / 10 / 30) == utc("2026-10-29T23:00:00Z"));
  CHECK(moment_at(calendar, "2026-10-29T23:00:00Z").minute == 0);
  CHECK(moment_at(calendar, "2026-10-30T00:00:00Z").minute == 0);
}

TEST_CASE("a calendar whose changes or holidays do not rise, or lie outside its years, is unsound") {
  CHECK(LocalCalendar{}.is_sound());
  CHECK(test::zurich_2026().is_sound());
  const auto with = [](std::vector<OffsetChange> offsets) {
    LocalCalendar calendar;
    calendar.offsets = std::move(offsets);
    return calendar.is_sound();
  };
  const std::int64_t begin = calendar_begin.seconds();
  CHECK_FALSE(with({}));
  CHECK_FALSE(with({{begin - 1, 0}}));
  CHECK_FALSE(with({{begin, 86'400}}));
  CHECK_FALSE(with({{begin, -86'400}}));
  CHECK_FALSE(with({{begin, 0}, {begin, 3'600}}));
  CHECK_FALSE(with({{calendar_end.seconds(), 0}}));
  LocalCalendar calendar;
  calendar.holidays = {3, 3};
  CHECK_FALSE(calendar.is_sound());
  calendar = {};
  calendar.end_seconds = calendar_end.seconds() + 1;
  CHECK_FALSE(calendar.is_sound());
}

}  // namespace
}  // namespace commonwatt
