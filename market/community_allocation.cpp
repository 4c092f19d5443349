#include "market/community_allocation.hpp"

#include <algorithm>
#include <cassert>

#include "core/wide.hpp"

namespace commonwatt {

Energy participating(Energy delivered, std::int64_t permille) {
  assert(permille >= 0 && permille <= 1'000);
  // Integer division rounds towards zero, which is down for demand and surplus alike.
  return Energy{static_cast<std::int64_t>(wide(delivered.count) * permille / 1'000)};
}

Result<CommunityAllocation, IntervalFault> allocate_contracts(std::span<SettlementMember> members,
                                                              std::span<const Membership> memberships,
                                                              const AllocationTerms& terms, const Tariff& tariff,
                                                              const TieKey& tie_key) {
  Wide surplus = 0;
  Wide demand = 0;
  std::vector<AllocationMember> sharers;
  sharers.reserve(memberships.size());
  for (const Membership& membership : memberships) {
    const Energy energy = participating(members[membership.member].delivered, membership.participation_permille);
    (energy > Energy{0} ? demand : surplus) += energy.count;
    sharers.push_back(
        {.delivered = energy, .share_permille = membership.share.permille, .tier = membership.share.tier});
  }
  surplus = -surplus;
  const Wide limit = interval_money_max.count;
  if (surplus > limit || demand > limit) return Fail{IntervalFault::too_much_money};
  const auto energy = [](Wide count) { return Energy{static_cast<std::int64_t>(count)}; };
  CommunityAllocation result;
  result.price = internal_price(terms.internal_price, tariff, energy(surplus), energy(demand));
  const Wide price = result.price.count;
  if (std::min(surplus, demand) * (price < 0 ? -price : price) > limit / 2) return Fail{IntervalFault::too_much_money};

  const Result<std::vector<Energy>, AllocationFault> allocated =
      allocate(terms.key, sharers, [&](std::size_t place) { return tie_key(memberships[place].member); });
  assert(allocated);  // Shares are checked where they are read.
  // Nothing can be refused from here on.
  result.contracts.reserve(memberships.size());
  for (std::size_t i = 0; i < memberships.size(); ++i) {
    const MemberContract contract{.energy = (*allocated)[i], .amount = (*allocated)[i] * result.price};
    SettlementMember& member = members[memberships[i].member];
    member.contract += contract.energy;
    member.contract_amount += contract.amount;
    member.fee_relief += wide(std::max(contract.energy, Energy{0}).count) * terms.fee_reduction_permille;
    result.contracts.push_back(contract);
  }
  return result;
}

}  // namespace commonwatt
