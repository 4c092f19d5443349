// What the demo says at its end, computed from what it left behind.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "controller/journal.hpp"
#include "controller/verify.hpp"
#include "sim/demo_chain.hpp"
#include "sim/demo_files.hpp"

namespace commonwatt {

struct DemoResult {
  DemoPlan plan;
  std::int64_t intervals = 0;
  State state;  ///< of the replayed journal
  VerifyReport verified;
  std::vector<std::string> faults;          ///< beyond those of `verified`
  std::vector<HouseholdId> estimated_ends;  ///< settled on an estimate at either end, after an outage
  std::map<HouseholdId, std::int64_t> disputes;
  int restarts = 0;
  std::optional<DemoChainResult> chain;  ///< of a demo with one

  [[nodiscard]] bool good() const { return verified.verified() && faults.empty(); }
};

/// Reads journal, registers and bills, verifies them, and compares each household's settled energy with its meters' own
/// registers. Writes DIR/bills and DIR/log first.
DemoResult examine(const DemoPlan& plan, std::int64_t intervals);

/// The table of households and the verdict.
std::string result_text(const DemoResult& result);
/// One JSON object.
std::string result_json(const DemoResult& result);

/// "12.34" of nano-currency, to a hundredth, half away from zero.
std::string rounded_money(Money money);
/// "1.234" kWh of Wh.
std::string kilowatt_hours(Energy energy);
/// "14.25" ct of micro-currency per kWh.
std::string cents_per_kilowatt_hour(Price price);

}  // namespace commonwatt
