// What a gateway computes again before it believes it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/gateway_store.hpp"
#include "controller/message.hpp"
#include "controller/split_view.hpp"

namespace commonwatt {

/// What is wrong with a clearing, computed again from its own book; nothing when it is right. `accepted` are the
/// household's accepted orders of the interval: each must stand in the book as it was sent.
std::optional<std::string> clearing_dispute(const ClearingRecord& record, const std::vector<Order>& accepted);

/// The household's net contract out of a right clearing.
Contract contract_of(const ClearingRecord& record, const std::vector<Order>& own);

/// What a household knows of an interval itself.
struct OwnFigures {
  Contract contract;
  std::optional<Registers> grid;   ///< rise of its billing meters, if all were read at both boundaries
  std::optional<Energy> produced;  ///< rise of its production meters, if all were read at both boundaries
  bool produces = false;
};

/// What is wrong with a bill, computed again from the household's own figures and the controller's key.
std::optional<std::string> bill_dispute(const Bill& bill, const HouseholdId& household, const OwnFigures& own,
                                        ByteView log_key);

/// Whether a checkpoint may be cosigned: signed by this log and an extension of what was cosigned before. Says why not.
std::optional<std::string> checkpoint_fault(const CheckpointMessage& message, const std::string& origin,
                                            ByteView log_key, const Witnessed& last);

/// The evidence against a log that signed a checkpoint which is not proved to extend what was cosigned; nothing when
/// one of the two signatures does not hold, or there is nothing wrong.
std::optional<SplitView> split_view_of(const CheckpointMessage& message, const std::string& origin, ByteView log_key,
                                       const Witnessed& last);

}  // namespace commonwatt
