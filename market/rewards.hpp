// What an epoch mints, and for whom (RULEBOOK section 8): rewards pay for energy that one household sold and delivered
// and another owner's household used, for a part of the fee that was burned for it, and never for existing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/id.hpp"
#include "core/result.hpp"
#include "core/time.hpp"
#include "core/units.hpp"
#include "market/delivery.hpp"

namespace commonwatt {

/// The token in base units. Burning one pays one nano-currency of fees: that is what the rule takes it to be worth.
using TokenAmount = Quantity<struct TokenBaseUnit>;

/// What the head meter of a zone says of an interval (market/zone_balance.hpp). Without one nothing is verified.
enum class ZoneCheck : std::uint8_t { balanced, out_of_tolerance, not_judged };

/// A household of an interval, as it was settled.
struct RewardMember {
  HouseholdId household;
  HouseholdId owner;  ///< the beneficial owner, as far as it is known
  Energy contract;    ///< net bought, sold below zero
  Energy delivered;   ///< import - export of all its billing meters
  DeliveryQuality quality = DeliveryQuality::good;
  ZoneCheck zone = ZoneCheck::not_judged;
  std::optional<Energy> export_max;  ///< what its plants and storage can feed in; nothing: not known
  Money fee;                         ///< what it paid into the fees of the network, tax not counted
};
struct RewardInterval {
  Interval interval;
  std::vector<RewardMember> members;  ///< in order of household, once each
};

struct RewardParameters {
  TokenAmount base_budget{100'000'000'000};  ///< of an epoch, before it halves; at most reward_budget_max
  std::int64_t halving_epochs = 1'461;
  std::int64_t bootstrap_epochs = 90;         ///< so many epochs are not capped by what was burned
  std::int64_t window_epochs = 30;            ///< trailing, the epoch itself not counted
  Price fee{10'000};                          ///< the least that any buyer pays for what it draws
  std::int64_t reward_to_fee_permille = 500;  ///< the most a kWh earns, of `fee`; 1 to 999
  std::optional<TokenAmount> limit = {};      ///< what a contract lets the epoch mint; nothing: no contract mints
};

/// The protections; controls in tests switch them off one by one.
struct RewardRules {
  bool below_fee = true;   ///< reward_to_fee_permille stays below 1000
  bool burn_cap = true;    ///< after the bootstrap no more is minted than was burned
  bool owners = true;      ///< an owner's sales are netted with its purchases
  bool delivery = true;    ///< only what was fed in and used counts, not what was contracted
  bool nameplates = true;  ///< nobody feeds in more than its plants can
  bool readings = true;    ///< estimates do not count
  bool balance = true;     ///< the zone must balance
  bool fees = true;        ///< every buyer must have paid the fee
  bool repeats = true;     ///< an interval counts once
};

/// Why a watt-hour that was sold earned nothing. Each has one reason, the first that applies.
enum class RewardReason : std::uint8_t {
  estimated,
  not_balanced,
  not_delivered,
  over_nameplate,
  same_owner,
  not_used,
  fee_unpaid,
  budget,  ///< verified all the same
};
inline constexpr std::size_t reward_reasons = 8;
const char* to_text(RewardReason reason);
/// The reason as a household would understand it.
const char* explain(RewardReason reason);

struct HouseholdReward {
  HouseholdId household;
  Energy sold;      ///< by contract
  Energy verified;  ///< sold less what has another reason than `budget`
  std::array<Energy, reward_reasons> unpaid{};
  std::int64_t quality_permille = 0;  ///< of its intervals, how many were read and not estimated
  TokenAmount full;                   ///< what the budget might have reduced; at most 63 bits are told
  TokenAmount reward;

  [[nodiscard]] Energy unpaid_for(RewardReason reason) const { return unpaid[static_cast<std::size_t>(reason)]; }
};

struct EpochBudget {
  TokenAmount base;                ///< after halving
  std::optional<TokenAmount> cap;  ///< burned per epoch of the window; nothing in the bootstrap
  TokenAmount budget;              ///< the smaller of the two, and no more than the contract's limit
};
struct EpochRewards {
  EpochBudget budget;
  TokenAmount minted;
  std::vector<HouseholdReward> households;  ///< in order of household
};

/// Why an epoch is not rewarded at all.
enum class RewardFault : std::uint8_t {
  parameter_out_of_range,
  reward_not_below_fee,
  interval_repeated,
  household_repeated,
  energy_out_of_range,
};
/// The fault as an operator would understand it, with what to do.
const char* explain(RewardFault fault);

inline constexpr TokenAmount reward_budget_max{1'000'000'000'000'000'000};
inline constexpr Energy reward_energy_max{100'000'000'000'000'000};  ///< of an epoch, contracts and deliveries together

/// What an epoch may mint: base >> (epoch / halving), and after the bootstrap at most what the epochs of the window
/// burned on average, rounded down. Whatever was burned counts in as many epochs as the average has, so all epochs
/// after the bootstrap together mint no more than was ever burned. `burned` is of the epochs before, oldest first;
/// those before the first burned nothing. A contract that mints knows what was burned on its chain: its limit holds
/// too.
EpochBudget epoch_budget(std::int64_t epoch, std::span<const Money> burned, const RewardParameters& parameters,
                         const RewardRules& rules = {});

/// Rewards the sellers of an epoch. Intervals come in rising order.
///
/// Within an interval, of what a household sold counts what it fed in, up to what its plants can. From that an owner's
/// purchases are taken off, all that it contracted; of what the other owners' households bought and drew, their owners'
/// sales likewise. Households of one owner share what is left in their sequence, pro rata. So an owner stands on one
/// side, and whatever sellers and buyers are matched have different owners. Where more is sold than used, an owner's
/// part is floor(its energy x used / sold). If one buyer paid less than the fee, nobody earns: in a pool it could be
/// anybody's energy that it bought, and an accomplice's first of all. So `fee` is at most what the buyers with the
/// largest relief pay.
///
/// With w = verified Wh x quality_permille a household earns floor(w x r), where r is the smaller of fee x
/// reward_to_fee_permille and of budget / (sum of all w). Everything is rounded down and nothing is handed out by
/// remainder: else accounts that are split would gain by it. What rounding leaves is not minted.
Result<EpochRewards, RewardFault> reward_epoch(std::span<const RewardInterval> intervals, std::int64_t epoch,
                                               std::span<const Money> burned, const RewardParameters& parameters,
                                               const RewardRules& rules = {});

}  // namespace commonwatt
