// A second settlement of one interval, written from docs/settlement.md alone: by name, one household after the other,
// in wide integers and without a line of market/interval_settlement.cpp or market/allocation.cpp. It is an oracle:
// slow, and meant to be checked against the document with a finger on the page.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/wide.hpp"

namespace commonwatt::test {

struct SlowZone {
  std::string parent = {};  ///< empty for the root
  std::int64_t fee = 0;
  std::int64_t loss_permille = 0;
};

struct SlowHousehold {
  std::string zone = {};
  Wide contract = 0;         ///< Wh bought, sold below zero
  Wide contract_amount = 0;  ///< what it costs
  Wide delivered = 0;        ///< Wh, import - export
  std::int64_t share_permille = 0;
  std::int64_t tier = 0;
};

/// A levy per Wh or a tax in permille, and what it is on.
struct SlowCharge {
  std::int64_t rate = 0;
  bool on_utility = false;
  bool on_neighbours = false;
  bool on_fees = false;
  bool on_levies = false;
};

struct SlowTerms {
  std::int64_t retail = 0;
  std::int64_t feed_in = 0;
  std::int64_t shortfall = 0;  ///< what a deviation above zero costs
  std::int64_t surplus = 0;    ///< what one below zero earns
  std::vector<SlowCharge> levies;
  std::vector<SlowCharge> taxes;
};

/// The amounts of a statement, as the columns of statements.csv.
struct SlowFigures {
  Wide contract = 0;
  Wide delivered = 0;
  Wide energy = 0;
  Wide imbalance = 0;
  Wide fee = 0;
  Wide loss = 0;
  Wide tax = 0;

  friend bool operator==(const SlowFigures&, const SlowFigures&) = default;
};

using SlowHouseholds = std::map<std::string, SlowHousehold>;
/// Who pays whom for what, net: "household:h1", "escrow", "energy". Those that come to nothing are left out.
using SlowPostings = std::map<std::tuple<std::string, std::string, std::string>, Wide>;

struct SlowInterval {
  std::map<std::string, SlowFigures> statements;
  SlowPostings postings;
};

/// floor(want x available / all wants) each, the rest one each to the largest fractions, ties to the smaller
/// SHA-256(32 zero bytes || name).
std::map<std::string, Wide> slow_split(const std::map<std::string, Wide>& wants, Wide available);

/// What each household bought from the surplus of the others or sold of its own. `key` is a word of docs/settlement.md.
std::map<std::string, Wide> slow_allocation(const std::string& key, const SlowHouseholds& households);

/// "mid_market", "supply_demand_ratio", or nothing for `fixed`.
std::int64_t slow_internal_price(const std::optional<std::string>& rule, std::int64_t fixed, const SlowTerms& terms,
                                 const SlowHouseholds& households);

SlowInterval slow_settlement(const SlowHouseholds& households, const std::map<std::string, SlowZone>& zones,
                             const SlowTerms& terms);

}  // namespace commonwatt::test
