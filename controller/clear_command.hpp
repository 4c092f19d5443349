// `commonwatt clear`: one auction from files, for analysts.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "core/bytes.hpp"
#include "market/mechanism.hpp"

namespace commonwatt {

struct ClearOptions {
  std::string orders;  ///< path of orders.csv; `-` is standard input
  std::string zones;   ///< path of zones.csv; empty: one zone
  Mechanism mechanism = Mechanism::uniform;
  std::int64_t k_permille = 500;
  Hash32 seed{};        ///< of the tie keys
  std::string fills;    ///< where fills.csv goes; empty: nowhere, `-` is standard output
  std::string plot;     ///< where the picture goes; empty: nowhere
  std::string explain;  ///< an order's id; empty: none
  bool json = false;
};

/// Runs the auction, checks what came out and reports it. Returns the exit status: 0, or 65 when a file is not as it
/// should be (sysexits.h), or 1 when something cannot be written.
int run_clear(const ClearOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
