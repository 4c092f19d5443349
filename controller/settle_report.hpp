// What `commonwatt settle` says about a run: to machines and to people.
#pragma once

#include <string>

#include "controller/settle_run.hpp"

namespace commonwatt {

struct SettleSummary {
  Run run = Run::initial;
  std::size_t postings_before = 0;
  const SettleOutcome& outcome;
};

/// One JSON object. Energy and money are numbers, or strings of digits where they pass 2^53. `money` is the balance of
/// every kind of account in nano-currency, all households together: above zero it has been paid.
std::string settle_json(const SettleSummary& summary);

/// The same for people.
std::string settle_text(const SettleSummary& summary);

}  // namespace commonwatt
