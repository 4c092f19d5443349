// What a command that sends transactions ends with: what it did, as words or as JSON, or why it did not.
#pragma once

#include <ostream>
#include <string>

#include <nlohmann/json.hpp>

#include "controller/chain/receipt.hpp"
#include "controller/command_output.hpp"

namespace commonwatt {

struct Report {
  nlohmann::ordered_json json;
  std::string words;
};
using Outcome = Result<Report, Refusal>;

/// Adds a transaction to a report.
void note(Report& report, const TransactionReceipt& mined);
/// Prints a report or a refusal; the exit status.
int finish(const Outcome& outcome, bool is_json, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
