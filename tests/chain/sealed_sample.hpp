// A sealed batch in an evidence log, for the contract that judges trades: three signed orders, one that a stranger
// signed, and the clearing's record, each with its way to the log's root. Always the same.
#pragma once

#include <nlohmann/json.hpp>

namespace commonwatt {

nlohmann::json sealed_sample();

}  // namespace commonwatt
