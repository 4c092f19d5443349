// The clearing of zone trees against a linear program solved by CLP.
#pragma once

#include <cstddef>

namespace commonwatt::bench {

struct ZoneTreeFigures {
  std::size_t households = 0;
  std::size_t zones = 0;
  std::size_t depth = 0;
  std::size_t limits_binding = 0;
  double clear_seconds = 0;
  double clp_seconds = 0;  ///< from a cold start, the faster of its primal and dual simplex; 0 when it was not run
};

/// One order per household, transformers of about 200 households, `depth` edges from them to the root, fees on every
/// edge and limits that bind. The median of `rounds` fresh trees; stops the program when certificate or welfare
/// disagree.
ZoneTreeFigures measure_zone_tree(std::size_t households, std::size_t depth, int rounds, bool with_clp);

}  // namespace commonwatt::bench
