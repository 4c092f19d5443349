// One interval to be settled twice: by the market's code, and by the slow oracle beside it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/id.hpp"
#include "market/community_allocation.hpp"
#include "tests/market/slow_settlement.hpp"

namespace commonwatt::test {

struct SettlementCase {
  std::span<const HouseholdId> names;  ///< by number
  const ZoneTree* zones = nullptr;
  SettlementTerms terms;
  std::vector<SettlementMember> members;      ///< with contracts, unless they are allocated
  std::optional<AllocationTerms> allocation;  ///< nothing: an auction
  std::vector<MemberShare> shares;            ///< of the members; for an allocation
};

/// As `commonwatt settle` does it: contracts are allocated first where that is the method.
SettledInterval settle_case(SettlementCase work);
/// As docs/settlement.md says it.
SlowInterval settle_slowly(const SettlementCase& work);

/// The first thing the two say differently about a statement or a netted posting, in words; empty when they agree.
std::string first_difference(std::span<const HouseholdId> names, std::span<const SettledMember> statements,
                             std::span<const Transfer> transfers, const SlowInterval& slow);

}  // namespace commonwatt::test
