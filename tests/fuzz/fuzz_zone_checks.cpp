// What head meters say, as a file from outside: every text is refused with its line or read, and what is read is whole.
#include <cstdlib>

#include "controller/reward_report.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  const std::string text = as_text({data, size});
  const auto checks = read_zone_checks("balance.csv", text);
  if (!checks) {
    if (checks.error().find("balance.csv") != 0) std::abort();
    return 0;
  }
  for (const auto& [place, check] : *checks) {
    if (place.first < 0 || (!place.second.empty() && !is_name(place.second))) std::abort();
  }
  return 0;
}
