#include <string>

#include <doctest/doctest.h>

#include "controller/time_zone.hpp"

namespace commonwatt {
namespace {

using namespace std::chrono_literals;

LocalCalendar known(const std::string& zone) {
  Result<LocalCalendar, std::string> calendar = calendar_of(zone);
  REQUIRE(calendar.ok());
  CHECK(calendar->is_sound());
  CHECK(calendar->zone == zone);
  return std::move(*calendar);
}

/// Quarter-hours from the midnight of one local date to that of the next.
std::int64_t quarter_hours(const LocalCalendar& calendar, std::chrono::sys_days date) {
  return (*calendar.day_begin(date + std::chrono::days(1)) - *calendar.day_begin(date)) / 15min;
}

TEST_CASE("a local day has 92, 96 or 100 quarter-hours") {
  const LocalCalendar zurich = known("Europe/Zurich");
  CHECK(quarter_hours(zurich, 2026y / 3 / 28) == 96);
  CHECK(quarter_hours(zurich, 2026y / 3 / 29) == 92);
  CHECK(quarter_hours(zurich, 2026y / 10 / 25) == 100);
  const LocalCalendar london = known("Europe/London");
  CHECK(quarter_hours(london, 2027y / 3 / 28) == 92);
  CHECK(quarter_hours(london, 2027y / 10 / 31) == 100);
}

TEST_CASE("half an hour of summer time makes days of 94 and 98 quarter-hours") {
  const LocalCalendar island = known("Australia/Lord_Howe");
  CHECK(quarter_hours(island, 2026y / 4 / 5) == 98);
  CHECK(quarter_hours(island, 2026y / 10 / 4) == 94);
  CHECK(quarter_hours(island, 2026y / 10 / 5) == 96);
  CHECK(island.moment(*time_from_text("2026-07-01T00:00:00Z"))->minute == 10 * 60 + 30);
  CHECK(island.moment(*time_from_text("2026-12-01T00:00:00Z"))->minute == 11 * 60);
}

TEST_CASE("a zone without summer time has one offset for all its years") {
  const LocalCalendar kolkata = known("Asia/Kolkata");
  REQUIRE(kolkata.offsets.size() == 1);
  CHECK(kolkata.offsets[0] == OffsetChange{.from_seconds = calendar_begin.seconds(), .offset_seconds = 19'800});
  CHECK(known("UTC").offsets == LocalCalendar{}.offsets);
}

TEST_CASE("clocks change twice in every year up to the last of the calendar") {
  const LocalCalendar zurich = known("Europe/Zurich");
  CHECK(zurich.offsets.size() == 1 + 2 * 38);
  CHECK(quarter_hours(zurich, 2037y / 3 / 29) == 92);
  CHECK(quarter_hours(zurich, 2037y / 10 / 25) == 100);
}

TEST_CASE("where the clocks skip midnight the day begins after it") {
  const LocalCalendar cairo = known("Africa/Cairo");
  CHECK(cairo.day_begin(2026y / 4 / 24) == *time_from_text("2026-04-23T22:00:00Z"));
  CHECK(cairo.moment(*cairo.day_begin(2026y / 4 / 24))->minute == 60);
}

TEST_CASE("an unknown zone is an error with the one that was perhaps meant") {
  const auto error_of = [](const char* zone) { return calendar_of(zone).error(); };
  CHECK(error_of("Europe/Zürich") == "'Europe/Zürich' is no zone of the IANA database; did you mean Europe/Zurich?");
  CHECK(error_of("Zurich") == "'Zurich' is no zone of the IANA database; did you mean Europe/Zurich?");
  CHECK(error_of("europe/london").ends_with("did you mean Europe/London?"));
  CHECK(error_of("Middle-earth/Hobbiton").ends_with("write one such as Europe/Zurich"));
  CHECK(error_of("").ends_with("write one such as Europe/Zurich"));
  CHECK(error_of("../../etc/passwd").ends_with("write one such as Europe/Zurich"));
  CHECK(error_of(std::string(10'000, 'x').c_str()).ends_with("write one such as Europe/Zurich"));
}

}  // namespace
}  // namespace commonwatt
