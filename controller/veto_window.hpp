// How many anchors may go to the registry before the oldest can no longer be vetoed, and when the operator is told that
// they come too fast for it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace commonwatt {

class VetoWindow {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// Anchors the registry takes within its veto window: AnchorRegistry's RING - 1.
  static constexpr std::int64_t pending_max = 7;
  /// How long anchors may wait for it before the operator is told.
  static constexpr std::chrono::minutes patience{10};

  /// The newest epoch that may go to the registry; behind it a transaction would only burn gas. `final` is the newest
  /// epoch there that nobody can veto any more.
  static std::int64_t limit(std::int64_t attested, std::int64_t final);

  /// What to say of epochs that wait: once, when they have waited for long, and again after they could go on.
  /// `drafted` is the newest epoch that has gone.
  std::optional<std::string> complaint(std::int64_t drafted, std::int64_t attested, std::int64_t final, Time now);

 private:
  std::optional<Time> waits_since_;
  bool told_ = false;
};

}  // namespace commonwatt
