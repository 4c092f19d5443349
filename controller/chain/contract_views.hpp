// What the registry, the vault and its currency say, all of it at one block.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "controller/anchor.hpp"
#include "controller/chain/chain_view.hpp"
#include "controller/chain/rpc_pool.hpp"

namespace commonwatt {

struct RegistryState {
  Hash32 community{};
  std::int64_t epoch = 0;
  std::int64_t final_epoch = 0;  // 0: none yet
  std::int64_t quorum = 0;
  std::int64_t veto_window = 0;  // seconds
  bool is_paused = false;
  bool is_vetoed = false;  // what is newer than `epoch` is undone, and the registry waits for rewind
};

/// An ERC-20 currency.
struct CurrencyInfo {
  Address address;
  std::string symbol;
  int decimals = 0;  // 0 to 18
};

/// Amounts in the currency's smallest units.
struct VaultState {
  Address registry;
  CurrencyInfo currency;
  Uint256 holdings = 0;
  Uint256 outflow_cap = 0;
  Uint256 outflow_left = 0;  // of the cap, while the newest final epoch is the newest
};

struct VaultAccount {
  Int256 net = 0;  // nano-currency, of the newest applied epoch; positive: the account is owed
  Uint256 paid = 0;
  std::int64_t epoch = 0;  // newest applied; 0: none
  Uint256 collateral = 0;
  Uint256 exit_amount = 0;      // 0: none requested
  std::int64_t exit_epoch = 0;  // newest anchored at the request
};

/// A RewardMinter with its schedule; amounts in base units of its token.
struct MinterState {
  Hash32 community{};
  CurrencyInfo token;
  Hash32 root{};  // zeros: nothing was published yet
  Uint256 total = 0;
  std::int64_t next_epoch = 0;     // the first that may still be published
  std::int64_t current_epoch = 0;  // not over yet
  std::int64_t start = 0;          // of epoch 0, seconds since 1970
  std::int64_t epoch_seconds = 0;
  std::int64_t base_budget = 0;
  std::int64_t halving_epochs = 0;
  std::int64_t bootstrap_epochs = 0;
  std::int64_t window_epochs = 0;
};

/// Reads contracts at the newest block that all nodes have. Errors name the contract and what it was asked.
class ContractViews {
 public:
  static Result<ContractViews, std::string> open(RpcPool& pool);
  /// At the newest block that all nodes have as final instead. A node must keep the state of that block.
  static Result<ContractViews, std::string> open_final(RpcPool& pool);

  [[nodiscard]] std::int64_t chain_id() const { return chain_id_; }
  [[nodiscard]] const BlockHead& block() const { return block_; }

  Result<RegistryState, std::string> registry(const Address& registry);
  /// Whether that account may veto and pause.
  Result<bool, std::string> is_guardian(const Address& registry, const Address& account);
  /// The registry's newest epoch.
  Result<Uint256, std::string> epoch(const Address& registry);
  Result<VaultState, std::string> vault(const Address& vault);
  Result<CurrencyInfo, std::string> currency(const Address& token);
  Result<VaultAccount, std::string> account(const Address& vault, const Address& account);
  Result<Uint256, std::string> balance(const Address& account);  // wei
  Result<Uint256, std::string> currency_balance(const Address& token, const Address& account);
  Result<Uint256, std::string> allowance(const Address& token, const Address& owner, const Address& spender);
  Result<MinterState, std::string> minter(const Address& minter);
  /// The most that the minter's epoch may grant.
  Result<Uint256, std::string> reward_limit(const Address& minter, std::int64_t epoch);
  /// What of its rewards an account has claimed.
  Result<Uint256, std::string> claimed_rewards(const Address& minter, const Address& account);
  /// The settlement root of an epoch that is final and still kept; the error has the registry's reason.
  Result<Hash32, std::string> final_root(const Address& registry, std::int64_t epoch);
  /// What a function without arguments answers with an address, as "token()".
  Result<Address, std::string> address(const Address& contract, const std::string& signature);
  Result<bool, std::string> has_code(const Address& address);
  /// The newest event that anchored this epoch, looked for backwards down to `first_block`; nothing when there is none.
  Result<std::optional<AnchoredEvent>, std::string> anchored(const Address& registry, std::int64_t epoch,
                                                             std::int64_t first_block);

  /// The accounts that a contract's events in these blocks name first, once each.
  Result<std::vector<Address>, std::string> accounts_named(const Address& contract, std::int64_t first,
                                                           std::int64_t last);

 private:
  static Result<ContractViews, std::string> open_at(RpcPool& pool, const std::string& tag);
  ContractViews(RpcPool& pool, std::int64_t chain_id, BlockHead block)
      : pool_(&pool), chain_id_(chain_id), block_(std::move(block)) {}
  [[nodiscard]] nlohmann::json at() const;
  Result<Bytes, std::string> call(const Address& to, const Bytes& data, const std::string& what);
  Result<Hash32, std::string> word(const Address& to, const std::string& signature);
  Result<Uint256, std::string> number(const Address& to, const Bytes& data, const std::string& what);
  Result<Done, std::string> small_numbers(const Address& to,
                                          const std::vector<std::pair<const char*, std::int64_t*>>& questions);

  RpcPool* pool_;
  std::int64_t chain_id_ = 0;
  BlockHead block_;
};

/// The nodes under these URLs, all of which must agree. The error names the URL that is none.
Result<RpcPool, std::string> open_pool(const std::vector<std::string>& urls);

}  // namespace commonwatt
