#include "market/rewards.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <map>

#include "core/wide.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t whole_permille = 1'000;

/// Rounded down; nothing of nothing.
Energy part_of(Energy energy, Energy numerator, Energy denominator) {
  if (denominator == Energy{0}) return {};
  return {static_cast<std::int64_t>(wide(energy.count) * numerator.count / denominator.count)};
}

/// Parts of numerator / denominator <= 1 for energies that come one after the other: none above its energy, and all
/// together the part of the sum, rounded down once. How a sum is cut changes nothing.
class RunningPart {
 public:
  Energy next(Energy energy, Energy numerator, Energy denominator) {
    const Energy before = part_of(passed_, numerator, denominator);
    passed_ += energy;
    return part_of(passed_, numerator, denominator) - before;
  }

 private:
  Energy passed_;
};

/// What the households of one owner come to in an interval.
struct OwnerEnergy {
  Energy contracts_bought;
  Energy contracts_sold;
  Energy fed_in;  ///< of what was sold, what counts
  Energy used;    ///< of what was bought, what counts
  RunningPart net_parts;
  RunningPart used_parts;

  [[nodiscard]] Energy net_sale() const { return std::max(fed_in - contracts_bought, Energy{0}); }
  [[nodiscard]] Energy net_use() const { return std::max(used - contracts_sold, Energy{0}); }
};

/// All net sales and uses of an interval.
struct PoolEnergy {
  Energy sold;
  Energy used;
  bool is_paid = true;  ///< all buyers paid the fee
};

/// A household while its epoch is counted.
struct Tally {
  HouseholdReward reward;
  std::int64_t intervals = 0;
  std::int64_t read = 0;

  void add(RewardReason reason, Energy energy) { reward.unpaid[static_cast<std::size_t>(reason)] += energy; }
};

class EpochTally {
 public:
  EpochTally(const RewardParameters& parameters, const RewardRules& rules) : parameters_(parameters), rules_(rules) {}

  void add(const RewardInterval& interval) {
    std::vector<Energy> fed_in(interval.members.size());
    std::map<HouseholdId, OwnerEnergy> owners;
    PoolEnergy pool;
    for (std::size_t i = 0; i < interval.members.size(); ++i) {
      const RewardMember& member = interval.members[i];
      fed_in[i] = count_household(member);
      OwnerEnergy& owner = owners[owner_of(member)];
      owner.contracts_bought += std::max(member.contract, Energy{0});
      owner.contracts_sold += std::max(-member.contract, Energy{0});
      owner.fed_in += fed_in[i];
      owner.used += used_by(member);
      pool.is_paid = pool.is_paid && has_paid(member);
    }
    for (const auto& [id, owner] : owners) {
      pool.sold += owner.net_sale();
      pool.used += owner.net_use();
    }
    for (std::size_t i = 0; i < interval.members.size(); ++i) {
      const RewardMember& member = interval.members[i];
      match(tallies_[member.household], fed_in[i], owners[owner_of(member)], pool);
    }
  }

  std::vector<HouseholdReward> take(TokenAmount budget) {
    Wide weights = 0;
    for (auto& [id, tally] : tallies_) {
      tally.reward.household = id;
      tally.reward.quality_permille = tally.read * whole_permille / tally.intervals;
      weights += weight(tally.reward);
    }
    // Per unit of weight, in millionths: exact, so that splits change nothing but what they round away.
    const Wide full_rate = wide(parameters_.fee.count) * parameters_.reward_to_fee_permille;
    constexpr Wide million = 1'000'000;
    const bool is_enough = weights * full_rate <= wide(budget.count) * million;
    std::vector<HouseholdReward> rewards;
    for (auto& [id, tally] : tallies_) {
      HouseholdReward& reward = tally.reward;
      const Wide full = weight(reward) * full_rate / million;
      const Wide earned = is_enough ? full : weight(reward) * budget.count / weights;
      assert(earned <= full && earned <= budget.count);
      reward.full =
          TokenAmount{static_cast<std::int64_t>(std::min<Wide>(full, std::numeric_limits<std::int64_t>::max()))};
      reward.reward = TokenAmount{static_cast<std::int64_t>(earned)};
      if (earned < full) {
        const Wide paid = wide(reward.verified.count) * earned / full;
        tally.add(RewardReason::budget, reward.verified - Energy{static_cast<std::int64_t>(paid)});
      }
      rewards.push_back(reward);
    }
    return rewards;
  }

 private:
  static Wide weight(const HouseholdReward& reward) { return wide(reward.verified.count) * reward.quality_permille; }
  [[nodiscard]] const HouseholdId& owner_of(const RewardMember& member) const {
    return rules_.owners ? member.owner : member.household;
  }
  [[nodiscard]] bool is_read(const RewardMember& member) const {
    return !rules_.readings || member.quality == DeliveryQuality::good;
  }
  [[nodiscard]] bool is_balanced(const RewardMember& member) const {
    return !rules_.balance || member.zone == ZoneCheck::balanced;
  }
  [[nodiscard]] Energy used_by(const RewardMember& member) const {
    if (!is_read(member) || !is_balanced(member)) return {};
    const Energy bought = std::max(member.contract, Energy{0});
    return rules_.delivery ? std::min(bought, std::max(member.delivered, Energy{0})) : bought;
  }
  [[nodiscard]] bool has_paid(const RewardMember& member) const {
    if (!rules_.fees || member.contract <= Energy{0}) return true;
    // What the fee is on: contracts, and what is drawn beyond them.
    const Energy drawn = member.contract + std::max(member.delivered - member.contract, Energy{0});
    return wide(member.fee.count) >= wide_product(drawn, parameters_.fee);
  }

  /// Of what the household sold, what it fed in by itself; the rest gets its reason.
  Energy count_household(const RewardMember& member) {
    Tally& tally = tallies_[member.household];
    ++tally.intervals;
    if (is_read(member)) ++tally.read;
    const Energy sold = std::max(-member.contract, Energy{0});
    tally.reward.sold += sold;
    if (!is_read(member)) {
      tally.add(RewardReason::estimated, sold);
      return {};
    }
    if (!is_balanced(member)) {
      tally.add(RewardReason::not_balanced, sold);
      return {};
    }
    const Energy delivered = rules_.delivery ? std::min(sold, std::max(-member.delivered, Energy{0})) : sold;
    tally.add(RewardReason::not_delivered, sold - delivered);
    const bool is_bounded = rules_.nameplates && member.export_max.has_value();
    const Energy possible = is_bounded ? std::min(delivered, std::max(*member.export_max, Energy{0})) : delivered;
    tally.add(RewardReason::over_nameplate, delivered - possible);
    return possible;
  }

  static void match(Tally& tally, Energy fed_in, OwnerEnergy& owner, const PoolEnergy& pool) {
    const Energy net = owner.net_parts.next(fed_in, owner.net_sale(), owner.fed_in);
    const Energy used = owner.used_parts.next(net, std::min(pool.sold, pool.used), pool.sold);
    const Energy verified = pool.is_paid ? used : Energy{0};
    tally.add(RewardReason::same_owner, fed_in - net);
    tally.add(RewardReason::not_used, net - used);
    tally.add(RewardReason::fee_unpaid, used - verified);
    tally.reward.verified += verified;
  }

  const RewardParameters& parameters_;
  const RewardRules& rules_;
  std::map<HouseholdId, Tally> tallies_;
};

std::optional<RewardFault> fault_of(const RewardParameters& parameters, const RewardRules& rules) {
  const bool is_in_range = parameters.base_budget >= TokenAmount{0} && parameters.base_budget <= reward_budget_max &&
                           parameters.limit.value_or(TokenAmount{0}) >= TokenAmount{0} &&
                           parameters.halving_epochs > 0 && parameters.bootstrap_epochs >= 0 &&
                           parameters.window_epochs > 0 && parameters.fee > Price{0} &&
                           parameters.fee <= price_magnitude_max && parameters.reward_to_fee_permille > 0 &&
                           parameters.reward_to_fee_permille <= 1'000'000;
  if (!is_in_range) return RewardFault::parameter_out_of_range;
  if (rules.below_fee && parameters.reward_to_fee_permille >= whole_permille) return RewardFault::reward_not_below_fee;
  return std::nullopt;
}

std::optional<RewardFault> fault_of(std::span<const RewardInterval> intervals, const RewardRules& rules) {
  Wide energy = 0;
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    const RewardInterval& interval = intervals[i];
    if (rules.repeats && i > 0 && intervals[i - 1].interval.end() > interval.interval.begin()) {
      return RewardFault::interval_repeated;
    }
    for (std::size_t j = 0; j < interval.members.size(); ++j) {
      const RewardMember& member = interval.members[j];
      if (j > 0 && interval.members[j - 1].household >= member.household) return RewardFault::household_repeated;
      for (const Energy one : {member.contract, member.delivered, member.export_max.value_or(Energy{0})}) {
        energy += one.count < 0 ? -wide(one.count) : wide(one.count);
      }
    }
  }
  if (energy > reward_energy_max.count) return RewardFault::energy_out_of_range;
  return std::nullopt;
}

}  // namespace

const char* to_text(RewardReason reason) {
  switch (reason) {
    case RewardReason::estimated:
      return "estimated";
    case RewardReason::not_balanced:
      return "not_balanced";
    case RewardReason::not_delivered:
      return "not_delivered";
    case RewardReason::over_nameplate:
      return "over_nameplate";
    case RewardReason::same_owner:
      return "same_owner";
    case RewardReason::not_used:
      return "not_used";
    case RewardReason::fee_unpaid:
      return "fee_unpaid";
    case RewardReason::budget:
      return "budget";
  }
  return "";
}

const char* explain(RewardReason reason) {
  switch (reason) {
    case RewardReason::estimated:
      return "was sold in intervals for which the meter was not read: the energy is an estimate";
    case RewardReason::not_balanced:
      return "was sold while the head meter of the zone did not confirm its meters, or while there was none";
    case RewardReason::not_delivered:
      return "was sold but not fed in";
    case RewardReason::over_nameplate:
      return "is more than the plants can feed in";
    case RewardReason::same_owner:
      return "is what the same owner bought at the same time";
    case RewardReason::not_used:
      return "was fed in but not used by the household of another owner, as far as meters confirm it";
    case RewardReason::fee_unpaid:
      return "was sold while a buyer did not pay the whole fee, so less was burned than the reward rests on";
    case RewardReason::budget:
      return "is verified, but more was than the budget pays for";
  }
  return "";
}

const char* explain(RewardFault fault) {
  switch (fault) {
    case RewardFault::parameter_out_of_range:
      return "a parameter is out of range: numbers of epochs and the fee are above zero, the base budget is at most "
             "10^18";
    case RewardFault::reward_not_below_fee:
      return "the reward is not below the fee, so dealing with oneself would pay; it is 1 to 999 permille of it";
    case RewardFault::interval_repeated:
      return "an interval comes twice or out of order; give each once, in order";
    case RewardFault::household_repeated:
      return "a household comes twice in an interval or out of order; give each once, in order";
    case RewardFault::energy_out_of_range:
      return "the energy of the epoch passes 10^17 Wh; check the units";
  }
  return "";
}

EpochBudget epoch_budget(std::int64_t epoch, std::span<const Money> burned, const RewardParameters& parameters,
                         const RewardRules& rules) {
  assert(epoch >= 0);
  constexpr std::int64_t halvings_max = 62;
  const std::int64_t halvings = std::min(epoch / parameters.halving_epochs, halvings_max);
  EpochBudget budget{.base = TokenAmount{parameters.base_budget.count >> halvings}, .cap = {}, .budget = {}};
  budget.budget = std::min(budget.base, parameters.limit.value_or(budget.base));
  if (epoch < parameters.bootstrap_epochs || !rules.burn_cap) return budget;
  const std::size_t counted = std::min(burned.size(), static_cast<std::size_t>(parameters.window_epochs));
  Wide sum = 0;
  for (const Money fees : burned.last(counted)) sum += std::max(fees.count, std::int64_t{0});
  budget.cap = TokenAmount{static_cast<std::int64_t>(sum / parameters.window_epochs)};
  budget.budget = std::min(budget.budget, *budget.cap);
  return budget;
}

Result<EpochRewards, RewardFault> reward_epoch(std::span<const RewardInterval> intervals, std::int64_t epoch,
                                               std::span<const Money> burned, const RewardParameters& parameters,
                                               const RewardRules& rules) {
  if (const std::optional<RewardFault> fault = fault_of(parameters, rules)) return Fail{*fault};
  if (const std::optional<RewardFault> fault = fault_of(intervals, rules)) return Fail{*fault};
  EpochTally tally(parameters, rules);
  for (const RewardInterval& interval : intervals) tally.add(interval);
  EpochRewards rewards{.budget = epoch_budget(epoch, burned, parameters, rules), .minted = {}, .households = {}};
  rewards.households = tally.take(rewards.budget.budget);
  for (const HouseholdReward& household : rewards.households) rewards.minted += household.reward;
  assert(rewards.minted <= rewards.budget.budget);
  return rewards;
}

}  // namespace commonwatt
