#include <doctest/doctest.h>

#include "controller/local_time.hpp"

namespace commonwatt {
namespace {

LocalZone zone(const char* name) {
  return *LocalZone::open(name);
}
std::string local(const LocalZone& zone, const char* instant) {
  const LocalTime time = zone.at(*time_from_text(instant));
  return to_text(time.date) + " " + std::to_string(time.minute) + " " + offset_text(time.offset_seconds) + " " +
         time.abbreviation;
}
std::int64_t hours(const LocalZone& zone, const char* from, const char* to) {
  return (zone.day_begin(*local_date_from_text(to)).seconds() - zone.day_begin(*local_date_from_text(from)).seconds()) /
         3600;
}

TEST_CASE("an hour that comes twice is told apart by its offset") {
  const LocalZone zurich = zone("Europe/Zurich");
  CHECK(local(zurich, "2026-10-25T00:30:00Z") == "2026-10-25 150 +02:00 CEST");
  CHECK(local(zurich, "2026-10-25T01:30:00Z") == "2026-10-25 150 +01:00 CET");
  CHECK(local(zone("Asia/Kathmandu"), "2026-10-25T18:15:00Z") == "2026-10-26 0 +05:45 +0545");
  CHECK(local(zone("America/St_Johns"), "2026-01-01T03:29:00Z") == "2025-12-31 1439 -03:30 NST");
}

TEST_CASE("a local day has 23, 24 or 25 hours, and one whose midnight is skipped begins after the gap") {
  const LocalZone zurich = zone("Europe/Zurich");
  CHECK(hours(zurich, "2026-03-29", "2026-03-30") == 23);
  CHECK(hours(zurich, "2026-06-21", "2026-06-22") == 24);
  CHECK(hours(zurich, "2026-10-25", "2026-10-26") == 25);
  const LocalZone santiago = zone("America/Santiago");
  const UtcTime begin = santiago.day_begin(*local_date_from_text("2026-09-06"));
  CHECK(local(santiago, to_text(begin).c_str()) == "2026-09-06 60 -03:00 -03");
}

TEST_CASE("an unknown zone is named, with what to write") {
  for (const char* wrong : {"", "Mars/Olympus", "../../etc/passwd", "europe/zurich"}) {
    const auto opened = LocalZone::open(wrong);
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().find("'" + std::string(wrong) + "' is no zone") == 0);
    CHECK(opened.error().ends_with("write one such as Europe/Zurich or Etc/UTC"));
  }
}

TEST_CASE("only days that exist are read") {
  CHECK(to_text(*local_date_from_text("2024-02-29")) == "2024-02-29");
  CHECK(to_text(*month_from_text("2026-12")) == "2026-12-01");
  CHECK(next_month(*month_from_text("2026-12")) == *local_date_from_text("2027-01-01"));
  for (const char* wrong : {"", "2026-02-29", "2026-13-01", "2026-00-10", "2026-1-01", "26-01-01", "1969-12-31",
                            "2200-01-01", "2026-06-21x", "2026/06/21", "-026-06-21"})
    CHECK_FALSE(local_date_from_text(wrong).has_value());
  CHECK_FALSE(month_from_text("2026").has_value());
}

}  // namespace
}  // namespace commonwatt
