// A whole neighbourhood on this machine: meters on real Modbus, a broker with mutual TLS, gateways, controller,
// dashboard, each a process of its own, at many times real speed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace commonwatt {

enum class DashboardChoice : std::uint8_t { automatic, yes, no };

struct DemoOptions {
  unsigned households = 12;
  std::int64_t intervals = 96;  ///< a day, up to 96; a shorter one lies around noon
  std::int64_t days = 1;
  std::int64_t speed = 900;  ///< market seconds in a real one
  std::uint64_t seed = 1;
  DashboardChoice dashboard = DashboardChoice::automatic;
  std::int64_t poll_seconds = 60;  ///< market seconds between two polls of the meters; divides 900
  std::filesystem::path keep;      ///< empty: a temporary directory that is removed
  bool json = false;
  bool outbox_off = false;          ///< for the test that shows what the outbox is for
  bool chain = false;               ///< anchors every interval on an EVM chain and lets the households claim
  std::string rpc;                  ///< of a node that runs; empty: the demo starts one of its own
  std::filesystem::path contracts;  ///< with the compiled contracts in out/ and the node's program in node_modules/
  unsigned lying_attesters = 0;     ///< of five, which sign something else
  unsigned dead_attesters = 0;      ///< of five, which are never started
  std::filesystem::path program;    ///< of commonwatt itself, started again for every part
};

/// Runs the demo. Returns 0 only when everything that is promised was verified; 130 after Ctrl-C.
int run_demo(const DemoOptions& options);

}  // namespace commonwatt
