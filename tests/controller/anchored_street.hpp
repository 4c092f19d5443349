// The street of controller/neighbourhood.hpp with anchors, and its journal on disk.
#pragma once

#include <memory>

#include "controller/journal.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt::test {

inline std::unique_ptr<Neighbourhood> anchored_street(std::int64_t anchor_intervals) {
  auto street = std::make_unique<Neighbourhood>();
  MarketConfigured configured = street_configuration();
  configured.anchor_intervals = anchor_intervals;
  street->happen(configured, UtcTime::from_seconds(street_begin - 120));
  return street;
}

/// Writes what happened into a journal, each event with what it made, as the controller does.
inline std::unique_ptr<Journal> write_journal(const std::vector<Neighbourhood::Happened>& events,
                                              const std::filesystem::path& directory) {
  auto journal = std::move(Journal::open(directory)).value();
  State state;
  for (const Neighbourhood::Happened& happened : events) {
    std::vector<StoreBatch> batches;
    std::vector<StorePayment> payments;
    std::vector<StoreAnchor> anchors;
    for (const Effect& effect : step(state, happened.event, happened.time)) {
      if (const auto* store = std::get_if<StoreBatch>(&effect)) batches.push_back(*store);
      if (const auto* store = std::get_if<StorePayment>(&effect)) payments.push_back(*store);
      if (const auto* store = std::get_if<StoreAnchor>(&effect)) anchors.push_back(*store);
    }
    if (!journal->append({{happened.time, happened.event}}, batches, payments, anchors)) std::abort();
  }
  return journal;
}

}  // namespace commonwatt::test
