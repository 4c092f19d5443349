// `commonwatt chain dispute --dir`: looks in a journal for a trade without a valid order, and proves it to the
// contract.
#pragma once

#include <string>

#include "controller/chain/dispute_court.hpp"

namespace commonwatt {

struct TradeDisputeOptions {
  std::string directory = {};  ///< with a controller's journal, or a copy of it
  std::string interval = {};   ///< its begin: "2026-06-21T10:15:00Z" or seconds since the epoch
  std::string run = {};        ///< initial, revised or final; empty: all of them
  std::string order = {};      ///< the order's hash; empty: every one
  std::string household = {};  ///< whose orders; empty: everybody's
};

/// Judges the orders of an interval's batches that the journal has, in the sequence in which they came, and submits the
/// first that is wrong by itself (proveOrder) or in its fill (proveFill). Refused with what was found of each when
/// nothing is wrong with any.
Outcome dispute_trade(const CourtOptions& court, const TradeDisputeOptions& options);

}  // namespace commonwatt
