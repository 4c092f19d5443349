// The chain of a demo: a node, the contracts, attesters as processes of their own, and at the end the households, who
// claim what the ledger owes them and verify their bills against the chain.
#pragma once

#include <memory>

#include "controller/state.hpp"
#include "sim/child_process.hpp"
#include "sim/demo.hpp"
#include "sim/demo_files.hpp"

namespace commonwatt {

struct DemoChainResult {
  std::int64_t chain_id = 0;
  std::string registry;
  std::string vault;
  std::int64_t anchors = 0;  ///< Anchored events of the registry
  std::int64_t final = 0;    ///< the newest final epoch
  std::int64_t claims = 0;   ///< households whose account was settled, and paid if it is in credit
  bool claims_equal_ledger = false;
  std::int64_t gas_per_anchor = 0;  ///< of the newest one: the first fill the registry's slots
  std::int64_t gas_per_claim = 0;   ///< the mean of those that were paid out
  bool verified = false;            ///< every household's newest bill, with its proof, against the chain
  std::vector<std::string> faults;
};

class DemoChain {
 public:
  static constexpr unsigned attesters = 5;
  static constexpr unsigned quorum = 3;

  /// All three must outlive it.
  DemoChain(DemoPlan& plan, const DemoOptions& options, Supervisor& children);
  ~DemoChain();
  DemoChain(const DemoChain&) = delete;
  DemoChain& operator=(const DemoChain&) = delete;

  /// Starts a node, unless there is one already.
  Result<Done, std::string> start_node(std::uint16_t port);
  [[nodiscard]] bool node_answers();
  /// Makes keys, asks the node for play money, deploys everything, and gives every household its collateral. The plan
  /// has its chain from then on.
  Result<Done, std::string> deploy();
  /// Starts those that are not to be dead; some lie if asked to.
  Result<Done, std::string> start_attesters();
  /// A node that makes blocks for transactions alone never becomes final: asks it for one.
  void ask_for_block();
  /// Lets every household claim and verify; `state` is what the controller left.
  DemoChainResult finish(const State& state);

 private:
  struct Node;
  Result<std::string, std::string> run(const std::string& what, std::vector<std::string> arguments);
  Result<Done, std::string> fund(const std::string& address);
  Result<Done, std::string> deposit(const HouseholdPlan& household);
  Result<Done, std::string> await_final();
  Result<std::int64_t, std::string> claim(const HouseholdPlan& household);
  Result<Done, std::string> verify(const HouseholdPlan& household);
  std::optional<std::string> payout_fault(const HouseholdPlan& household, const State& state);
  Result<Done, std::string> count_anchors(DemoChainResult& result);
  [[nodiscard]] std::filesystem::path directory() const { return plan_.directory / "chain"; }

  DemoPlan& plan_;
  const DemoOptions& options_;
  Supervisor& children_;
  std::string rpc_;
  std::unique_ptr<Node> node_;
};

}  // namespace commonwatt
