// A community's year as time passes: readings become known when they arrive, initial, revised and final runs settle
// what is known by then, and each posts the difference to what is posted. Whatever came late, the year must end as one
// run with everything on time would have ended it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/market/community_year.hpp"

namespace commonwatt::test {

/// What a broken settlement would do: the controls, each of which some check must find.
enum class Defect : std::uint8_t {
  none,
  tariff_of_the_run,    ///< a later run takes the tariff of its own time
  deviation_twice,      ///< a later run posts a deviation a second time
  rounded_down,         ///< tax loses what is below a whole unit
  posted_whole,         ///< a later run posts everything anew, not the difference
  escrow_left,          ///< a payment between neighbours reaches nobody
  energy_from_nowhere,  ///< somebody bought a watt-hour that nobody sold
  statement_changed,    ///< a bill says something else than the books
  history_changed,      ///< a posting is edited
  late_reading_lost,    ///< what comes later than an hour is never looked at
  posted_after_final,   ///< readings after the final run are posted all the same
  liar_believed,        ///< readings that must be held are used
};
constexpr Defect enum_last(Defect) {
  return Defect::liar_believed;
}

struct YearFigures {
  std::size_t intervals = 0;
  std::size_t statements = 0;  ///< of final runs
  std::size_t revised = 0;     ///< intervals that a revised or final run posted a difference for
  std::size_t postings = 0;
  std::size_t held = 0;           ///< readings
  std::size_t estimated = 0;      ///< meters' intervals in the final run
  std::size_t after_final = 0;    ///< intervals that readings after their final run would have changed
  std::size_t beside_oracle = 0;  ///< intervals that the slow settlement has seen too
  std::size_t short_days = 0;     ///< local days of 23 hours
  std::size_t long_days = 0;      ///< and of 25

  YearFigures& operator+=(const YearFigures& other);
};

struct YearResult {
  YearFigures figures;
  std::optional<std::string> fault;  ///< the first thing that did not hold, and at which interval
};

/// Lives through the year and checks it.
YearResult live_through(const CommunityYear& year, Defect defect = Defect::none);

}  // namespace commonwatt::test
