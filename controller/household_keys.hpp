// Tables of settlement.toml whose keys are households: shares, participation, zones, fuses.
#pragma once

#include "controller/config_reader.hpp"
#include "core/id.hpp"

namespace commonwatt {

/// Calls `each` with every key of the table, in alphabetical order. A key that cannot be a household is a fault.
template <class Each>
void for_households(ConfigTable& table, Each each) {
  for (const std::string& name : table.keys()) {
    if (!is_name(name)) {
      table.fault(name.c_str(), "is not the name of a household: 1 to 32 characters of a-z, 0-9, '-' and '_'");
    }
    each(name);
  }
}

}  // namespace commonwatt
