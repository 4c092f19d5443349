// A run of the running market over one interval: the statement of every household, and what is posted. One zone; the
// money is interval_settlement's.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "market/market_rules.hpp"
#include "market/settlement.hpp"

namespace commonwatt {

/// What an interval is settled at.
struct RunBasis {
  Interval interval;
  Run run = Run::initial;
  std::optional<Price> price;  ///< the clearing price; nothing when nobody has a contract
  IntervalTerms terms;
};

struct MarketRun {
  std::vector<Statement> statements;  ///< as the positions came
  std::vector<Posting> postings;
};

/// Settles positions, which come in order of household, once each. Stops the program when an interval's money passes
/// interval_money_max, as sums of money do that leave 63 bits.
MarketRun settle(std::span<const Position> positions, const RunBasis& basis);

/// The same for a run after another: the postings are the differences to those of `before`, the positions of the same
/// households as they were settled last.
MarketRun settle_again(std::span<const Position> positions, std::span<const Position> before, const RunBasis& basis);

/// The statement of one household alone. What it says does not depend on others.
Statement statement_of(const Position& position, const RunBasis& basis);

}  // namespace commonwatt
