#include "controller/chain/vault_watch.hpp"

#include <algorithm>

#include "controller/chain/token_amount.hpp"

namespace commonwatt {

VaultWatch::VaultWatch(const Address& vault, const Address& registry, VaultAccounts accounts)
    : vault_(vault), registry_(registry), accounts_(std::move(accounts)) {
  for (const auto& [account, household] : accounts_.households) unread_.insert(account);
}

Result<std::vector<CollateralKnown>, std::string> VaultWatch::look(RpcPool& pool) {
  std::vector<CollateralKnown> changed;
  Result<ContractViews, std::string> views = ContractViews::open_final(pool);
  if (!views) return Fail{views.error()};
  if (seen_ >= views->block().number && unread_.empty()) return changed;
  if (const Result<Done, std::string> good = look_at_vault(*views); !good) return Fail{good.error()};
  if (const Result<Done, std::string> good = look_for_events(*views); !good) return Fail{good.error()};
  for (std::size_t i = 0; i < accounts_per_look && !unread_.empty(); ++i) {
    const Result<std::optional<CollateralKnown>, std::string> news = read(*views, *unread_.begin());
    // What was read before is told; the rest stays unread.
    if (!news && changed.empty()) return Fail{news.error()};
    if (!news) break;
    unread_.erase(unread_.begin());
    if (*news) changed.push_back(**news);
  }
  return changed;
}

Result<Done, std::string> VaultWatch::look_at_vault(ContractViews& views) {
  if (decimals_) return Done{};
  const Result<VaultState, std::string> state = views.vault(vault_);
  if (!state) return Fail{state.error()};
  if (state->registry != registry_) {
    return Fail{to_text(vault_) + " is a vault of the registry " + to_text(state->registry) +
                "; name the one of this registry in [chain]"};
  }
  decimals_ = state->currency.decimals;
  return Done{};
}

Result<Done, std::string> VaultWatch::look_for_events(ContractViews& views) {
  const std::int64_t last = views.block().number;
  if (!seen_) {
    seen_ = last;
    return Done{};
  }
  const std::int64_t until = std::min(last, *seen_ + blocks_per_look);
  if (until <= *seen_) return Done{};
  const Result<std::vector<Address>, std::string> named = views.accounts_named(vault_, *seen_ + 1, until);
  if (!named) return Fail{named.error()};
  for (const Address& account : *named) {
    if (accounts_.households.contains(account)) unread_.insert(account);
  }
  seen_ = until;
  return Done{};
}

Result<std::optional<CollateralKnown>, std::string> VaultWatch::read(ContractViews& views, const Address& account) {
  const Result<VaultAccount, std::string> has = views.account(vault_, account);
  if (!has) return Fail{has.error()};
  const Uint256 free = has->collateral > has->exit_amount ? Uint256(has->collateral - has->exit_amount) : Uint256(0);
  const CollateralKnown now{.household = accounts_.households.at(account),
                            .block = views.block().number,
                            .free = money_below(free, *decimals_),
                            .paid = money_above(has->paid, *decimals_)};
  const auto [known, is_new] = accounts_.known.try_emplace(now.household);
  if (!is_new && known->second.free == now.free && known->second.paid == now.paid)
    return std::optional<CollateralKnown>();
  known->second = {.block = now.block, .free = now.free, .paid = now.paid};
  return std::optional(now);
}

}  // namespace commonwatt
