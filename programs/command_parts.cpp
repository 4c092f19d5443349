#include "programs/command_parts.hpp"

#include <iostream>

#include "controller/paced_clock.hpp"
#include "controller/system_clock.hpp"

namespace commonwatt {

Result<std::unique_ptr<Clock>, std::string> open_clock(const std::filesystem::path& file) {
  if (file.empty()) return std::unique_ptr<Clock>(std::make_unique<SystemClock>());
  Result<std::unique_ptr<PacedClock>, std::string> paced = PacedClock::join(file);
  if (!paced) return Fail{paced.error()};
  return std::unique_ptr<Clock>(std::move(*paced));
}

int complain(const std::string& text, int status) {
  std::cerr << "commonwatt: " << text << "\n";
  return status;
}

int complain(const ConfigFaults& faults) {
  constexpr int status_config = 78;
  for (const std::string& fault : faults) std::cerr << fault << "\n";
  return status_config;
}

}  // namespace commonwatt
