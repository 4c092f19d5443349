// A Modbus client that nobody here wrote reads the simulated SunSpec meter. mbpoll is a package of Debian.
#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "sim/simulated_meter.hpp"
#include "tests/meter/frozen_clock.hpp"
#include "tests/meter/serving.hpp"

using namespace commonwatt;

namespace {

/// What a command prints, on either stream, and its exit status behind it.
std::string said_by(const std::string& command) {
  std::FILE* const pipe = ::popen((command + " 2>&1; echo status $?").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string said;
  std::array<char, 256> buffer{};
  while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr) said += buffer.data();
  ::pclose(pipe);
  return said;
}

/// The value mbpoll prints behind "[address]:".
std::string value_at(const std::string& said, int address) {
  const std::string label = "[" + std::to_string(address) + "]:";
  const std::size_t at = said.find(label);
  INFO(said);
  REQUIRE(at != std::string::npos);
  const std::size_t begin = said.find_first_not_of(" \t", at + label.size());
  return said.substr(begin, said.find_first_of(" \t\n", begin) - begin);
}

}  // namespace

TEST_CASE("mbpoll reads the marker, the models and the registers of a simulated meter") {
  const HouseholdPlan plan = plan_neighbourhood(1, 2)[1];
  const HouseholdEnergy household(plan, sunny_day_begin, sunny_day_end);
  const FrozenClock clock(sunny_day_begin + std::chrono::hours{11});
  const Serving serving("127.0.0.1:0", simulated_registers(household, SimulatedDevice::main, clock, 3));
  const std::string mbpoll = "mbpoll -m tcp -p " + serving.address() + " -a 3 -0 -1 -q -o 5";

  const std::string head = said_by(mbpoll + " -t 4:hex -r 40000 -c 4 127.0.0.1");
  CHECK(value_at(head, 40000) == "0x5375");  // "Su"
  CHECK(value_at(head, 40001) == "0x6E53");  // "nS"
  CHECK(value_at(head, 40002) == "0x0001");
  CHECK(value_at(head, 40003) == "0x0042");

  // Model 203 follows model 1 at 40070: W at offset 18, TotWhExp at 38 and TotWhImp at 46.
  CHECK(value_at(said_by(mbpoll + " -t 4 -r 40070 -c 1 127.0.0.1"), 40070) == "203");
  const HouseholdRegisters shown = household.registers(clock.now());
  const std::string energy = said_by(mbpoll + " -t 4:int -B -r 40108 -c 5 127.0.0.1");
  CHECK(value_at(energy, 40108) == std::to_string(shown.grid_export.count));
  CHECK(value_at(energy, 40116) == std::to_string(shown.grid_import.count));

  const std::string refused = said_by(mbpoll + " -t 4 -r 30000 -c 1 127.0.0.1");
  CHECK(refused.find("Illegal data address") != std::string::npos);
  const std::string written = said_by(mbpoll + " -t 4 -r 40088 127.0.0.1 5");
  CHECK(written.find("Illegal function") != std::string::npos);
}
