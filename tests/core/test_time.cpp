#include <vector>

#include <doctest/doctest.h>

#include "core/time.hpp"
#include "tests/core/stops.hpp"

namespace commonwatt {
namespace {

TEST_CASE("known instants are written and read as their dates") {
  struct Known {
    std::int64_t seconds;
    const char* text;
  };
  const std::vector<Known> instants = {{0, "1970-01-01T00:00:00Z"},
                                       {-1, "1969-12-31T23:59:59Z"},
                                       {951'782'400, "2000-02-29T00:00:00Z"},
                                       {1'234'567'890, "2009-02-13T23:31:30Z"},
                                       {2'147'483'648, "2038-01-19T03:14:08Z"},
                                       {1'782'036'900, "2026-06-21T10:15:00Z"},
                                       {-2'208'988'800, "1900-01-01T00:00:00Z"},
                                       {8'867'491'199, "2250-12-31T23:59:59Z"}};
  for (const Known& known : instants) {
    CAPTURE(known.text);
    CHECK(to_text(UtcTime::from_seconds(known.seconds)) == known.text);
    CHECK(time_from_text(known.text) == UtcTime::from_seconds(known.seconds));
  }
}

TEST_CASE("an instant between two seconds belongs to the earlier one, before the epoch too") {
  CHECK(UtcTime{1}.seconds() == 0);
  CHECK(UtcTime{999'999'999}.seconds() == 0);
  CHECK(UtcTime{1'000'000'000}.seconds() == 1);
  CHECK(UtcTime{-1}.seconds() == -1);
  CHECK(UtcTime{-1'000'000'000}.seconds() == -1);
  CHECK(UtcTime{-1'000'000'001}.seconds() == -2);
  CHECK(to_text(UtcTime{-1}) == "1969-12-31T23:59:59Z");
}

TEST_CASE("plain seconds since the epoch are an instant, as far as nanoseconds reach") {
  CHECK(time_from_text("0") == UtcTime{});
  CHECK(time_from_text("1750500000") == UtcTime::from_seconds(1'750'500'000));
  CHECK(time_from_text("-900") == UtcTime::from_seconds(-900));
  CHECK(time_from_text("9000000000") == UtcTime::from_seconds(9'000'000'000));
  CHECK_FALSE(time_from_text("9000000001"));
  CHECK_FALSE(time_from_text("-9000000001"));
  CHECK_FALSE(time_from_text("99999999999999999999"));
}

TEST_CASE("a text that is not exactly an instant is refused") {
  for (const char* text : {"",
                           " ",
                           "0 ",
                           " 0",
                           "+1",
                           "1e9",
                           "1.5",
                           "2026-06-21",
                           "2026-06-21T10:15:00",
                           "2026-06-21 10:15:00Z",
                           "2026-06-21T10:15:00+",
                           "2026-06-21T10:15:00z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-06-00T00:00:00Z",
                           "2026-06-21T24:00:00Z",
                           "2026-06-21T10:60:00Z",
                           "2026-06-21T10:15:60Z",
                           "1899-12-31T23:59:59Z",
                           "2251-01-01T00:00:00Z",
                           "-026-06-21T10:15:00Z",
                           "2026-+6-21T10:15:00Z",
                           "2026-06-21T1 :15:00Z",
                           "2026-06-21T10:15:00ZZ"}) {
    CAPTURE(text);
    CHECK_FALSE(time_from_text(text));
  }
}

TEST_CASE("an instant moves by spans of any unit") {
  using namespace std::chrono_literals;
  const UtcTime noon = *time_from_text("2026-06-21T12:00:00Z");
  CHECK(noon + 15min == *time_from_text("2026-06-21T12:15:00Z"));
  CHECK(noon - 12h == *time_from_text("2026-06-21T00:00:00Z"));
  CHECK((noon + 1500ms) - noon == 1500ms);
}

TEST_CASE("an interval holds its begin and not its end") {
  const std::int64_t begin = 1'750'500'000;
  const Interval interval(begin, 900);
  CHECK(Interval::containing(interval.begin(), 900) == interval);
  CHECK(Interval::containing(UtcTime{interval.end().nanoseconds - 1}, 900) == interval);
  CHECK(Interval::containing(interval.end(), 900) == interval.next());
  CHECK(Interval::containing(UtcTime{interval.begin().nanoseconds - 1}, 900) == interval.previous());
}

TEST_CASE("intervals are aligned to the epoch on both sides of it") {
  CHECK(Interval::containing(UtcTime{0}, 900).begin_seconds() == 0);
  CHECK(Interval::containing(UtcTime{-1}, 900).begin_seconds() == -900);
  CHECK(Interval::containing(UtcTime::from_seconds(-900), 900).begin_seconds() == -900);
  CHECK(Interval::containing(UtcTime::from_seconds(-901), 900).begin_seconds() == -1800);
}

TEST_CASE("neighbouring intervals touch, whatever their length") {
  for (const std::int64_t length : {300, 900, 1800, 3600}) {
    const Interval interval = Interval::containing(UtcTime::from_seconds(1'750'500'123), length);
    CHECK(interval.next().begin() == interval.end());
    CHECK(interval.next().previous() == interval);
    CHECK(interval.begin_seconds() % length == 0);
    CHECK(interval < interval.next());
  }
}

TEST_CASE("a market interval is 5, 15, 30 or 60 minutes long") {
  int accepted = 0;
  for (std::int64_t seconds = -1; seconds <= 7200; ++seconds) accepted += is_interval_length(seconds) ? 1 : 0;
  CHECK(accepted == 4);
  CHECK(is_interval_length(300));
  CHECK(is_interval_length(900));
  CHECK(is_interval_length(1800));
  CHECK(is_interval_length(3600));
}

TEST_CASE("an interval that is not aligned to its length stops the program") {
  CHECK(stops([] { static_cast<void>(Interval(1, 900)); }));
  CHECK(stops([] { static_cast<void>(Interval(0, 0)); }));
  CHECK_FALSE(stops([] { static_cast<void>(Interval(900, 900)); }));
}

}  // namespace
}  // namespace commonwatt
