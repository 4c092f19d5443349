#include "meter/machine_time.hpp"

namespace commonwatt {

std::chrono::nanoseconds machine_time() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace commonwatt
