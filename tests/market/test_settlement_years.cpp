#include <doctest/doctest.h>

#include "tests/campaign.hpp"
#include "tests/market/settlement_years.hpp"
#include "tests/market/year_books.hpp"

namespace commonwatt::test {
namespace {

TEST_CASE("whatever comes late, every year ends as one run with everything on time, and the money always adds up") {
  const std::uint64_t first = seed(1);
  MESSAGE("seeds from ", first);
  YearFigures figures;
  for (std::uint64_t i = first; i < first + cases(6); ++i) {
    const YearResult result = live_through(draw_year(i, 16));
    REQUIRE_MESSAGE(!result.fault, "seed ", i, ": ", result.fault.value_or(""));
    figures += result.figures;
  }
  // The years reach what they are about.
  CHECK(figures.revised > 1'000);
  CHECK(figures.held > 10);
  CHECK(figures.estimated > 1'000);
  CHECK(figures.after_final > 0);
  CHECK(figures.short_days > 0);
  CHECK(figures.long_days > 0);
}

/// The first fault that six short years of a broken settlement show.
std::string fault_of(Defect defect, std::int64_t days = 6) {
  for (std::uint64_t i = 1; i <= 6; ++i) {
    const YearResult result = live_through(draw_year(i, days), defect);
    if (result.fault) return result.fault->substr(result.fault->find(": ") + 2);
  }
  return "none";
}

TEST_CASE("each check fails where it must") {
  CHECK(fault_of(Defect::tariff_of_the_run) == "the final statements are not those of one run with everything on time");
  CHECK(fault_of(Defect::deviation_twice) == "a statement is not what its household paid");
  CHECK(fault_of(Defect::rounded_down).starts_with("the slow settlement says otherwise: "));
  CHECK(fault_of(Defect::posted_whole) == "a statement is not what its household paid");
  CHECK(fault_of(Defect::escrow_left) == "escrow is not empty");
  CHECK(fault_of(Defect::energy_from_nowhere) == "energy bought is not energy sold");
  CHECK(fault_of(Defect::statement_changed) == "a statement is not what its household paid");
  CHECK(fault_of(Defect::history_changed) == "a posting has changed");
  CHECK(fault_of(Defect::late_reading_lost) == "the final statements are not those of one run with everything on time");
  CHECK(fault_of(Defect::posted_after_final, 20) == "posted after the final run");
  CHECK(fault_of(Defect::liar_believed) == "the final statements are not those of one run with everything on time");
}

TEST_CASE("a seed draws the same year every time") {
  const YearFigures once = live_through(draw_year(2, 3)).figures;
  const YearFigures again = live_through(draw_year(2, 3)).figures;
  CHECK(once.postings == again.postings);
  CHECK(once.revised == again.revised);
}

}  // namespace
}  // namespace commonwatt::test
