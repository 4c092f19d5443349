// The contract Disputes as somebody with a proof of fraud meets it: asked first, for nothing, what it would say, and
// only then sent the proof; or not sent, and the call told to whoever will send it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "controller/chain/chain_report.hpp"
#include "controller/chain/command_options.hpp"

namespace commonwatt {

struct CourtOptions {
  ChainAccess access = {};
  std::string disputes = {};  ///< address
  bool is_dry_run = false;    ///< then no key is needed, and nothing is sent
};

/// What the contract says to a call. Nobody pays for it.
struct Verdict {
  Bytes revert = {};        ///< the data of its error; empty when it takes the call, or gave no reason
  std::string reason = {};  ///< of the refusal, with its error's name; empty: it takes the call
  [[nodiscard]] bool is_taken() const { return reason.empty(); }
  /// Whether it refused with that error, as "ValidOrder()".
  [[nodiscard]] bool is(std::string_view error) const;
};

class Court {
 public:
  /// Reads the contract and its registry at the newest block. Refuses a registry that waits for rewind: until then it
  /// tells no newest anchor, and nothing can be proved.
  static Result<Court, Refusal> open(const CourtOptions& options);

  [[nodiscard]] const Address& registry() const { return registry_; }
  [[nodiscard]] const RegistryState& state() const { return state_; }
  ContractViews& views() { return *views_; }
  RpcPool& pool() { return *pool_; }

  /// What the contract says to a call, at the block of `views()`.
  Result<Verdict, Refusal> hear(const Bytes& call);
  /// Sends a call that the contract takes, or in a dry run tells it. `report` says what is proved. The receipt must
  /// have the event of that signature: else it is refused, as is a call that the contract no longer takes.
  Outcome submit(const Bytes& call, std::string_view event, Report report);

 private:
  Court() = default;
  Address disputes_;
  Address registry_;
  RegistryState state_;
  // On the heap: the views point at the pool.
  std::unique_ptr<RpcPool> pool_;
  std::unique_ptr<ContractViews> views_;
  std::unique_ptr<ChainAccount> payer_;  // none in a dry run
};

}  // namespace commonwatt
