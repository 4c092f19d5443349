#include "controller/veto_window.hpp"

#include <algorithm>

namespace commonwatt {

std::int64_t VetoWindow::limit(std::int64_t attested, std::int64_t final) {
  return std::min(attested, final + pending_max);
}

std::optional<std::string> VetoWindow::complaint(std::int64_t drafted, std::int64_t attested, std::int64_t final,
                                                 Time now) {
  if (drafted == attested || drafted < final + pending_max) {
    waits_since_.reset();
    told_ = false;
    return std::nullopt;
  }
  if (!waits_since_) waits_since_ = now;
  if (told_ || now - *waits_since_ < patience) return std::nullopt;
  told_ = true;
  return "epoch " + std::to_string(drafted + 1) + " waits: the registry takes " + std::to_string(pending_max) +
         " anchors within its veto window; raise anchor_intervals if they come faster than that";
}

}  // namespace commonwatt
