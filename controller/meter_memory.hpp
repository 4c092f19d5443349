// What a gateway stores of a meter, so that its series of registers goes on after a restart.
#pragma once

#include <tuple>

#include "core/cbor.hpp"
#include "core/id.hpp"
#include "meter/validation.hpp"

namespace commonwatt {

struct MeterMemory {
  MeterId meter;
  ValidationState state;

  friend bool operator==(const MeterMemory&, const MeterMemory&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.meter, self.state);
  }
};

}  // namespace commonwatt
