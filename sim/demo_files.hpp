// Everything a neighbourhood needs on disk before it can start: authority and certificates, keys, configurations.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "core/time.hpp"
#include "market/participants.hpp"
#include "sim/household_profile.hpp"
#include "sim/simulated_meter.hpp"

namespace commonwatt {

inline constexpr const char* demo_origin = "commonwatt.example/demo";

/// Who attests on a demo's chain, and with what the controller reaches it.
struct DemoChainPlan {
  std::string table;  ///< the controller's [chain] as the deployment wrote it
  std::int64_t chain_id = 0;
  std::string registry;
  std::string vault;
  std::vector<std::string> attesters;  ///< their addresses; the first is attester-1
};

struct DemoPlan {
  std::filesystem::path directory;
  std::uint64_t seed = 1;
  std::vector<HouseholdPlan> households;
  UtcTime clock_begin;  ///< market time at which the clock starts
  UtcTime begin;        ///< of the first interval
  UtcTime end;          ///< of the last interval
  std::int64_t poll_seconds = 60;
  std::uint16_t broker_port = 0;
  std::uint16_t api_port = 0;
  std::optional<DemoChainPlan> chain;  ///< nothing: a demo without one
};

/// The devices a household has.
std::vector<SimulatedDevice> devices_of(const HouseholdPlan& household);
MeterId meter_id(const HouseholdPlan& household, SimulatedDevice device);
std::filesystem::path household_directory(const DemoPlan& plan, const HouseholdPlan& household);
/// Where a simulated device tells its port or terminal, and where it writes its own registers.
std::filesystem::path port_file(const DemoPlan& plan, const HouseholdPlan& household, SimulatedDevice device);
std::filesystem::path registers_file(const DemoPlan& plan, const HouseholdPlan& household, SimulatedDevice device);
std::filesystem::path clock_file(const DemoPlan& plan);

/// Makes an empty directory ready for a demo: a new one, or one that a demo has left behind. Refuses any other.
Result<Done, std::string> prepare_directory(const std::filesystem::path& directory);
/// Authority, certificates and keys of broker, controller and households.
Result<Done, std::string> write_identities(const DemoPlan& plan);
/// controller.toml, from the keys on disk.
Result<Done, std::string> write_controller_config(const DemoPlan& plan);
/// Keys and certificates of `count` attesters; returns their addresses.
Result<std::vector<std::string>, std::string> write_attester_identities(const DemoPlan& plan, unsigned count);
std::filesystem::path attester_directory(const DemoPlan& plan, std::size_t index);
/// "attester-1" of index 0.
std::string attester_name(std::size_t index);
/// An attester's attester.toml.
Result<Done, std::string> write_attester_config(const DemoPlan& plan, std::size_t index);
/// A household's gateway.toml, once its devices have told where they listen.
Result<Done, std::string> write_gateway_config(const DemoPlan& plan, const HouseholdPlan& household);

}  // namespace commonwatt
