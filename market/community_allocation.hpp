// Energy shared within a community, as contracts of an interval (RULEBOOK section 6, allocation settlement). A
// household may take part in several communities, each with a share of its energy (Austria: the participation factor of
// a metering point); what no community shares is the utility's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "market/allocation.hpp"
#include "market/interval_settlement.hpp"

namespace commonwatt {

/// How a community shares after delivery.
struct AllocationTerms {
  AllocationKey key = AllocationKey::dynamic;
  InternalPrice internal_price;
  /// How much of the network fee falls away for energy bought within the community, 0 to 1000.
  std::int64_t fee_reduction_permille = 0;
};

/// What a household is entitled to, for the keys that ask.
struct MemberShare {
  std::int64_t permille = 0;
  std::int64_t tier = 0;
};

/// Who takes part in a community, and how.
struct Membership {
  std::size_t member = 0;                       ///< place among the members of the interval
  std::int64_t participation_permille = 1'000;  ///< of its energy, 0 to 1000
  MemberShare share = {};
};

/// What a membership came to: bought above zero, sold below.
struct MemberContract {
  Energy energy;
  Money amount;

  friend bool operator==(const MemberContract&, const MemberContract&) = default;
};

struct CommunityAllocation {
  Price price;                            ///< of the interval
  std::vector<MemberContract> contracts;  ///< as the memberships came
};

/// The part of a delivery that takes part: floor(|delivered| x permille / 1000), with the sign of `delivered`. What
/// rounding leaves takes part nowhere.
Energy participating(Energy delivered, std::int64_t permille);

/// Shares the participating energy of a community's interval at its internal price, and adds what each gets to the
/// contracts of `members`, with the reduction of its network fee. Each household is in `memberships` once; their shares
/// are within 0 and 1000 permille, and so is their sum. On a fault nothing is added.
Result<CommunityAllocation, IntervalFault> allocate_contracts(std::span<SettlementMember> members,
                                                              std::span<const Membership> memberships,
                                                              const AllocationTerms& terms, const Tariff& tariff,
                                                              const TieKey& tie_key);

}  // namespace commonwatt
