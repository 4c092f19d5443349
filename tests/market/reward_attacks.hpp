// Coalitions that try to earn rewards with energy nobody needed: random streets, settled by market/interval_settlement
// and rewarded by market/rewards, with an attack and without it. What differs is the coalition's profit.
#pragma once

#include <cstdint>
#include <span>

#include "market/rewards.hpp"

namespace commonwatt::test {

enum class RewardAttack : std::uint8_t {
  wash_trade,         ///< contracts between two of them, and no energy at all
  declared_circle,    ///< one owner's battery feeds another of its batteries, over the wires
  hidden_circle,      ///< the same, and nobody knows that the owner is one
  split_accounts,     ///< the same, both households split into many, what they honestly trade too
  ring,               ///< many of them in turn, so that nobody sees a pair
  fake_pair,          ///< one meter shows feed-in, the other use: the head meter sees neither
  fake_production,    ///< a meter shows feed-in, up to what its plant can; neighbours buy it
  withheld_reading,   ///< no reading, where the estimate is above the truth
  replayed_interval,  ///< what was counted is handed in again
  unpaid_fee,         ///< hidden_circle, where the buyer is relieved of the fee
};
constexpr RewardAttack enum_last(RewardAttack) {
  return RewardAttack::unpaid_fee;
}
const char* to_text(RewardAttack attack);

/// What an attack is tried against.
struct RewardDefence {
  RewardParameters parameters;
  RewardRules rules;
  std::int64_t returned_permille = 0;  ///< of the fees they pay, what comes back to the coalition instead of burning
  bool is_bare = false;                ///< no losses, no taxes, and the fee as low as it may be
  std::int64_t fake_permille = 125;    ///< of what flows in the zone; above 50 the head meter notices
};

/// The defaults, with budget, bootstrap and halving drawn from the seed, so that the budget binds in some streets and
/// nothing but the fee stands against the attack in some.
RewardDefence default_defence(std::uint64_t seed);
/// All that protects from the attack switched off: the attack must pay.
RewardDefence without_protection(RewardAttack attack, std::uint64_t seed);
/// The same with one protection on again, that which is made for the attack: it must not pay.
RewardDefence with_one_protection(RewardAttack attack, std::uint64_t seed);

/// What the coalition has more than if it had been honest; nano-currency, a base unit of the token at one.
struct AttackResult {
  Money rewards;
  Money settlement;  ///< below zero: it paid more
  Money stolen;      ///< of that, what the settlement paid for energy that was not there
  Energy faked;

  /// Theft is there with rewards or without; it is not what they can prevent.
  [[nodiscard]] Money profit() const { return rewards + settlement - stolen; }
};
AttackResult try_attack(RewardAttack attack, std::uint64_t seed, const RewardDefence& defence);

}  // namespace commonwatt::test
