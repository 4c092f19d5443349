#include <doctest/doctest.h>

#include "market/tariff_terms.hpp"
#include "tests/market/tariffs.hpp"

namespace commonwatt {
namespace {

using namespace test;

/// The one fault of the terms, explained.
std::string fault_of(const TariffTerms& terms) {
  const std::vector<TariffError> errors = tariff_errors(terms);
  if (errors.empty()) return "none";
  CHECK(errors.size() == 1);
  return explain(errors.front());
}

TariffTerms with_retail(std::vector<TariffPeriod> periods, std::optional<Price> otherwise = std::nullopt) {
  TariffVersion version = flat_version(0, -1'000);
  version.retail.periods = std::move(periods);
  version.retail.otherwise = otherwise;
  return terms_of({version}, zurich_2026());
}

TEST_CASE("a period holds in its months, on its days and from its first minute up to its last") {
  const TariffPeriod morning = period(1, 420, 720, working_days, 0b11);
  CHECK(morning.holds({.month = 1, .day = DayKind::monday, .minute = 420}));
  CHECK(morning.holds({.month = 2, .day = DayKind::friday, .minute = 719}));
  CHECK_FALSE(morning.holds({.month = 2, .day = DayKind::friday, .minute = 720}));
  CHECK_FALSE(morning.holds({.month = 2, .day = DayKind::friday, .minute = 419}));
  CHECK_FALSE(morning.holds({.month = 3, .day = DayKind::friday, .minute = 500}));
  CHECK_FALSE(morning.holds({.month = 1, .day = DayKind::saturday, .minute = 500}));
  CHECK_FALSE(morning.holds({.month = 1, .day = DayKind::holiday, .minute = 500}));
}

TEST_CASE("periods that cover every day need no other price") {
  CHECK(tariff_errors(with_retail({period(1, 0, 420), period(2, 420, 1'200), period(1, 1'200, 1'440)})).empty());
  // Without holidays nobody asks for a price on one.
  CHECK(tariff_errors(with_retail({period(1, 0, 1'440, 0b0111'1111)})).empty());
}

TEST_CASE("a time without a price is named: the first of the year") {
  CHECK(fault_of(with_retail({period(1, 0, 420), period(2, 421, 1'440)}))
            .starts_with("there is no price on a Monday in January at 07:00"));
  CHECK(fault_of(with_retail({period(1, 0, 1'440, working_days)}))
            .starts_with("there is no price on a Saturday in January at 00:00"));
  CHECK(fault_of(with_retail({period(1, 0, 1'440, all_days, 0b0111'1111'1111)}))
            .starts_with("there is no price on a Monday in December at 00:00"));
  TariffTerms terms = with_retail({period(1, 0, 1'440, 0b0111'1111)});
  terms.calendar.holidays = {20'000};
  CHECK(fault_of(terms).starts_with("there is no price on a holiday in January at 00:00"));
  CHECK(fault_of(with_retail({})).starts_with("there is no price on a Monday in January at 00:00"));
}

TEST_CASE("two periods at one time are an error that names both") {
  const std::vector<TariffError> errors =
      tariff_errors(with_retail({period(1, 0, 720), period(2, 719, 1'440), period(3, 0, 10, 0b1000'0000)}, Price{9}));
  REQUIRE(errors.size() == 2);
  CHECK(errors[0].fault == TariffFault::periods_overlap);
  CHECK(errors[0].period == 0);
  CHECK(errors[0].other_period == 1);
  CHECK(errors[1].other_period == 2);
  CHECK(tariff_errors(with_retail({period(1, 0, 720), period(2, 0, 720, all_days, 0)}, Price{9})).size() == 1);
  CHECK(tariff_errors(with_retail({period(1, 0, 720, 0b1), period(2, 0, 720, 0b10)}, Price{9})).empty());
}

TEST_CASE("a period of no month, no day or no minute is an error") {
  for (const TariffPeriod& bad : {period(1, 0, 720, all_days, 0), period(1, 0, 720, 0), period(1, 720, 720),
                                  period(1, 0, 1'441), period(1, -1, 720), period(1, 0, 720, all_days + 1)}) {
    CHECK(fault_of(with_retail({bad}, Price{9})).starts_with("a period holds in no month"));
  }
}

TEST_CASE("feed-in above retail at any local time is an error that says when") {
  CHECK(fault_of(terms_of({flat_version(10, 11)})).starts_with("is above retail on a Monday in January at 00:00"));
  CHECK(fault_of(terms_of({flat_version(10, 10)})) == "none");
  TariffTerms terms = with_retail({period(-2'000, 600, 960, 0b0100'0000, 0b0010'0000)}, Price{9});
  CHECK(fault_of(terms).starts_with("is above retail on a Sunday in June at 10:00"));
  // With a day-ahead price it depends on prices that are not here.
  terms.versions[0].retail.day_ahead_permille = 1'000;
  terms.day_ahead.prices = {Price{0}};
  CHECK(fault_of(terms) == "none");
}

TEST_CASE("versions rise, and only the first may be valid since ever") {
  TariffVersion second = flat_version(3, 2);
  CHECK(fault_of(terms_of({flat_version(2, 1), second})).starts_with("is not after the valid_from"));
  second.valid_from = utc("2027-01-01T00:00:00Z");
  CHECK(fault_of(terms_of({flat_version(2, 1), second})) == "none");
  CHECK(fault_of(terms_of({second, second})).starts_with("is not after the valid_from"));
  CHECK(fault_of(terms_of({})) == "there is no version of the tariff");
}

TEST_CASE("values beyond their bounds are no terms") {
  TariffVersion version = flat_version(2, 1);
  version.retail.otherwise = price_magnitude_max + Price{1};
  CHECK(fault_of(terms_of({version})).ends_with("is out of range"));
  version = flat_version(2, 1);
  version.levies = {Levy{.name = "levy", .price = -price_magnitude_max - Price{1}}};
  CHECK(fault_of(terms_of({version})).ends_with("is out of range"));
  version = flat_version(2, 1);
  version.taxes = {Tax{.name = "tax", .permille = 1'001}};
  CHECK(fault_of(terms_of({version})).ends_with("is out of range"));
  version = flat_version(2, 1);
  version.feed_in.day_ahead_permille = -1;
  CHECK(tariff_errors(terms_of({version}, {}, {.begin_seconds = 0, .prices = {Price{1}}})).size() == 1);
  version.feed_in.day_ahead_permille = 1;
  CHECK(fault_of(terms_of({version})).starts_with("follows a day-ahead price, but there are none"));
  CHECK(fault_of(terms_of({version}, {}, {.begin_seconds = 1, .prices = {Price{1}}})).starts_with("day-ahead prices"));
  LocalCalendar calendar;
  calendar.offsets.clear();
  CHECK(fault_of(terms_of({flat_version(2, 1)}, calendar)).starts_with("the changes of the clocks"));
}

}  // namespace
}  // namespace commonwatt
