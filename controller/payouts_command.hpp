// `commonwatt payouts`: what can be paid out to whom, from a controller's journal.
#pragma once

#include <ostream>
#include <string>

namespace commonwatt {

struct PayoutsOptions {
  std::string directory;         ///< with journal.sqlite; its controller may run
  std::string minimum = "1.00";  ///< units of the currency
  std::string until;             ///< YYYY-MM-DD or an instant, UTC; empty: now
  std::string csv;               ///< where the file for the bank goes, - for standard output; empty: none is written
  bool include_provisional = false;
};

/// Returns the exit status: 0; 64 for an option that cannot be read; 65 when the journal cannot be; 1 when the output
/// cannot be written (sysexits.h). With `csv` on standard output the table is left out.
int run_payouts(const PayoutsOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
