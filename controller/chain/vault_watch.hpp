// What a vault holds for the households (contracts/src/SettlementVault.sol), followed from one final block to the next:
// what it has is the most that its account may owe.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/chain/contract_views.hpp"
#include "controller/state.hpp"

namespace commonwatt {

/// The households' accounts in the vault, and what is known of them.
struct VaultAccounts {
  std::map<Address, HouseholdId> households;
  std::map<HouseholdId, VaultFunds> known;
};

class VaultWatch {
 public:
  static constexpr std::size_t accounts_per_look = 64;
  static constexpr std::int64_t blocks_per_look = 2'000;

  VaultWatch(const Address& vault, const Address& registry, VaultAccounts accounts);

  /// What has changed at the newest final block of all nodes. The first looks read every account, so many at a time;
  /// later ones only those that the vault's events name since. Bounded work; call it once a block or so. The error says
  /// what could not be read; the next look begins where this one did.
  Result<std::vector<CollateralKnown>, std::string> look(RpcPool& pool);
  /// Whether every account was read once.
  [[nodiscard]] bool has_read_all() const { return seen_ && unread_.empty(); }

 private:
  Result<Done, std::string> look_at_vault(ContractViews& views);
  Result<Done, std::string> look_for_events(ContractViews& views);
  Result<std::optional<CollateralKnown>, std::string> read(ContractViews& views, const Address& account);

  Address vault_;
  Address registry_;
  VaultAccounts accounts_;
  std::optional<int> decimals_;       // of the currency; nothing before the vault was looked at
  std::optional<std::int64_t> seen_;  // the block up to which events are known
  std::set<Address> unread_;
};

}  // namespace commonwatt
