// Follows a journal as a replica: puts pages together, checks that they are one history, and steps.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "controller/attester_store.hpp"
#include "controller/effect.hpp"

namespace commonwatt {

class JournalFollower {
 public:
  /// Only a journal of this evidence log, whose checkpoints this key signs, is followed.
  struct Market {
    std::string origin;
    Bytes log_key;
  };
  JournalFollower(Market market, JournalPlace place) : market_(std::move(market)), place_(std::move(place)) {}

  /// Takes a page. The anchors that its events made, in order, and what the operator is to know; an error when it does
  /// not continue what was followed: then nothing is followed any more.
  struct Step {
    std::vector<Anchor> anchors;
    std::vector<std::string> notes;
    bool moved = false;  ///< there is a new place
  };
  Result<Step, std::string> take(const JournalPage& page);

  /// What to ask for next.
  [[nodiscard]] std::int64_t after() const { return place_.number; }
  [[nodiscard]] std::int64_t offset() const { return static_cast<std::int64_t>(assembled_.size()); }
  [[nodiscard]] const JournalPlace& place() const { return place_; }

 private:
  Result<Step, std::string> follow(const JournalExtract& extract);
  Result<Step, std::string> begin_at(const JournalExtract& extract);
  [[nodiscard]] std::optional<std::string> market_fault(const MarketConfigured& configured) const;
  [[nodiscard]] std::optional<std::string> line_fault(const JournalLine& line) const;

  Market market_;
  JournalPlace place_;
  UtcTime time_;     // of the last entry
  Bytes assembled_;  // the parts of an extract so far
  Hash32 assembled_hash_{};
};

}  // namespace commonwatt
