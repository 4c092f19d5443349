#include <algorithm>

#include <doctest/doctest.h>

#include "controller/calendar_text.hpp"
#include "market/tariff_calendar.hpp"

namespace commonwatt {
namespace {

using namespace std::chrono_literals;

TEST_CASE("an instant is read with its offset, and is none without") {
  const UtcTime instant = *time_from_text("2026-06-21T08:15:00Z");
  CHECK(instant_from_text("2026-06-21T08:15:00Z") == instant);
  CHECK(instant_from_text("2026-06-21T10:15:00+02:00") == instant);
  CHECK(instant_from_text("2026-06-21T04:45:00-03:30") == instant);
  CHECK(instant_from_text("2026-06-22T07:14:00+22:59") == instant);
  CHECK(instant_from_text("1782029700") == instant);
  for (const char* text : {"", "2026-06-21T10:15:00", "2026-06-21T10:15:00+0200", "2026-06-21T10:15:00+24:00",
                           "2026-06-21T10:15:00+02:60", "2026-06-21T10:15:00+2:000", "2026-06-21T24:15:00+02:00",
                           "2026-06-21 10:15:00+02:00", "2026-06-21T10:15:00 02:00", "2026-06-21T10:15:00+-2:00"}) {
    CAPTURE(text);
    CHECK_FALSE(instant_from_text(text).has_value());
  }
}

TEST_CASE("a date is a day that exists") {
  CHECK(date_from_text("2028-02-29") == std::chrono::sys_days(2028y / 2 / 29));
  CHECK_FALSE(date_from_text("2026-02-29").has_value());
  CHECK_FALSE(date_from_text("2026-2-28").has_value());
  CHECK_FALSE(date_from_text("28.02.2026").has_value());
  CHECK_FALSE(date_from_text("").has_value());
}

TEST_CASE("a holiday is one date, a day of every year, or so many days from Easter Sunday") {
  const auto falls_on = [](const char* text, std::chrono::sys_days day) {
    const std::vector<std::int64_t> days = days_of_holiday(text);
    return std::find(days.begin(), days.end(), day.time_since_epoch().count()) != days.end();
  };
  CHECK(days_of_holiday("2026-08-01").size() == 1);
  CHECK(falls_on("2026-08-01", 2026y / 8 / 1));
  CHECK(days_of_holiday("08-01").size() == 38);
  CHECK(falls_on("08-01", 2000y / 8 / 1));
  CHECK(falls_on("08-01", 2037y / 8 / 1));
  CHECK(days_of_holiday("02-29").size() == 10);
  CHECK(falls_on("easter", 2026y / 4 / 5));
  CHECK(falls_on("easter+1", 2024y / 4 / 1));
  CHECK(falls_on("easter+1", 2025y / 4 / 21));
  CHECK(falls_on("easter+1", 2026y / 4 / 6));
  CHECK(falls_on("easter-2", 2026y / 4 / 3));
  CHECK(falls_on("easter+39", 2026y / 5 / 14));
  CHECK(falls_on("easter+50", 2026y / 5 / 25));
  CHECK(falls_on("easter+60", 2026y / 6 / 4));
  for (const char* text : {"", "easter+", "easter1", "easter+71", "easter+100", "easter+-1", "Easter", "13-01", "02-30",
                           "8-1", "1999-12-31", "2038-01-01", "2026-02-30", "holiday"}) {
    CAPTURE(text);
    CHECK(days_of_holiday(text).empty());
  }
}

TEST_CASE("a time of day past midnight is both ends of a day") {
  REQUIRE(minutes_from_text("07:00-20:30").size() == 1);
  CHECK(minutes_from_text("07:00-20:30")[0].begin == 420);
  CHECK(minutes_from_text("07:00-20:30")[0].end == 1'230);
  CHECK(minutes_from_text("00:00-24:00")[0].end == day_minutes);
  REQUIRE(minutes_from_text("22:00-06:00").size() == 2);
  CHECK(minutes_from_text("22:00-06:00")[0].begin == 1'320);
  CHECK(minutes_from_text("22:00-06:00")[0].end == day_minutes);
  CHECK(minutes_from_text("22:00-06:00")[1].begin == 0);
  CHECK(minutes_from_text("22:00-06:00")[1].end == 360);
  CHECK(minutes_from_text("22:00-00:00").size() == 1);
  for (const char* text : {"", "-", "07:00", "7:00-20:00", "07:00-07:00", "24:00-06:00", "07:00-24:01", "07:60-08:00",
                           "07:00-20:00-21:00", "07.00-20.00", " 07:00-20:00"}) {
    CAPTURE(text);
    CHECK(minutes_from_text(text).empty());
  }
}

TEST_CASE("months and days are named alone or as a range, which may go past the end") {
  CHECK(months_from_text("jan") == 0b1);
  CHECK(months_from_text("oct-mar") == 0b1110'0000'0111);
  CHECK(months_from_text("mar-oct") == 0b0011'1111'1100);
  CHECK(months_from_text("may-may") == 0b1'0000);
  CHECK(months_from_text("jan-dec") == 0b1111'1111'1111);
  CHECK(days_from_text("mon-fri") == 0b1'1111);
  CHECK(days_from_text("sat-mon") == 0b110'0001);
  CHECK(days_from_text("holiday") == 0b1000'0000);
  for (const char* text : {"", "-", "monday", "Mon", "mon-", "-mon", "sat-holiday", "mon-wed-fri"}) {
    CAPTURE(text);
    CHECK_FALSE(days_from_text(text).has_value());
    CHECK_FALSE(months_from_text(text).has_value());
  }
}

}  // namespace
}  // namespace commonwatt
