#include "market/allocation.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "core/sha256.hpp"
#include "core/wide.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t whole_permille = 1'000;

/// One allocation at work: what everybody has so far, and who may have more.
class Sharing {
 public:
  Sharing(std::span<const AllocationMember> members, const TieKey& tie_key)
      : members_(members), tie_key_(tie_key), allocated_(members.size()) {
    for (const AllocationMember& member : members_) {
      if (member.delivered < Energy{0}) surplus_ -= member.delivered;
    }
  }

  void by_demand() {
    share_among_buyers([](const AllocationMember&) { return true; });
  }

  void by_share() {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (members_[i].delivered <= Energy{0}) continue;
      const Wide entitled = wide(surplus_.count) * members_[i].share_permille / whole_permille;
      allocated_[i] = std::min(Energy{static_cast<std::int64_t>(entitled)}, members_[i].delivered);
      taken_ += allocated_[i];
    }
  }

  void by_tier() {
    std::vector<std::int64_t> tiers;
    for (const AllocationMember& member : members_) tiers.push_back(member.tier);
    std::sort(tiers.begin(), tiers.end());
    tiers.erase(std::unique(tiers.begin(), tiers.end()), tiers.end());
    for (const std::int64_t tier : tiers) {
      if (taken_ == surplus_) return;
      share_among_buyers([tier](const AllocationMember& member) { return member.tier == tier; });
    }
  }

  /// What the buyers took is what the sellers sold.
  std::vector<Energy> with_sellers() && {
    claims_.clear();
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (members_[i].delivered < Energy{0}) claims_.push_back({.index = i, .quantity = -members_[i].delivered});
    }
    share_pro_rata(claims_, taken_, tie_key_);
    for (const Claim& claim : claims_) allocated_[claim.index] = -claim.share;
    return std::move(allocated_);
  }

 private:
  /// Shares what is untaken among the demand left of those who are `served`.
  template <class Served>
  void share_among_buyers(Served served) {
    claims_.clear();
    Energy demand;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (members_[i].delivered <= Energy{0} || !served(members_[i])) continue;
      const Energy left = members_[i].delivered - allocated_[i];
      claims_.push_back({.index = i, .quantity = left});
      demand += left;
    }
    const Energy available = std::min(surplus_ - taken_, demand);
    share_pro_rata(claims_, available, tie_key_);
    for (const Claim& claim : claims_) allocated_[claim.index] += claim.share;
    taken_ += available;
  }

  std::span<const AllocationMember> members_;
  const TieKey& tie_key_;
  std::vector<Energy> allocated_;
  std::vector<Claim> claims_;
  Energy surplus_;
  Energy taken_;
};

std::optional<AllocationFault> fault_of(std::span<const AllocationMember> members) {
  std::int64_t sum = 0;
  for (const AllocationMember& member : members) {
    if (member.share_permille < 0 || member.share_permille > whole_permille) return AllocationFault::share_out_of_range;
    sum += member.share_permille;
    if (sum > whole_permille) return AllocationFault::shares_above_whole;
  }
  return std::nullopt;
}

}  // namespace

const char* to_text(AllocationKey key) {
  switch (key) {
    case AllocationKey::dynamic:
      return "dynamic";
    case AllocationKey::static_shares:
      return "static";
    case AllocationKey::percentage:
      return "percentage";
    case AllocationKey::priority:
      return "priority";
  }
  return "";
}

std::optional<AllocationKey> allocation_key_from_text(std::string_view text) {
  for (const AllocationKey key :
       {AllocationKey::dynamic, AllocationKey::static_shares, AllocationKey::percentage, AllocationKey::priority}) {
    if (text == to_text(key)) return key;
  }
  return std::nullopt;
}

const char* explain(AllocationFault fault) {
  switch (fault) {
    case AllocationFault::share_out_of_range:
      return "a share is not between 0 and 1000 permille";
    case AllocationFault::shares_above_whole:
      return "the shares sum to more than 1000 permille; together they divide one whole";
  }
  return "";
}

Result<std::vector<Energy>, AllocationFault> allocate(AllocationKey key, std::span<const AllocationMember> members,
                                                      const TieKey& tie_key) {
  if (const std::optional<AllocationFault> fault = fault_of(members)) return Fail{*fault};
  Sharing sharing(members, tie_key);
  switch (key) {
    case AllocationKey::dynamic:
      sharing.by_demand();
      break;
    case AllocationKey::static_shares:
      sharing.by_share();
      break;
    case AllocationKey::percentage:
      sharing.by_share();
      sharing.by_demand();
      break;
    case AllocationKey::priority:
      sharing.by_tier();
      break;
  }
  return std::move(sharing).with_sellers();
}

Hash32 allocation_tie_key(const HouseholdId& household) {
  constexpr Hash32 no_seed{};
  return sha256({no_seed, as_bytes(household.text())});
}

Price internal_price(const InternalPrice& rule, const Tariff& tariff, Energy surplus, Energy demand) {
  const Wide retail = tariff.retail.count;
  const Wide feed_in = tariff.feed_in.count;
  const auto price = [](Wide value) { return Price{static_cast<std::int64_t>(value)}; };
  switch (rule.rule) {
    case InternalPriceRule::fixed:
      return rule.fixed;
    case InternalPriceRule::mid_market:
      return price(floor_divide(retail + feed_in, 2));
    case InternalPriceRule::supply_demand_ratio:
      assert(retail >= feed_in);
      if (surplus >= demand) return tariff.feed_in;
      if (feed_in > 0)
        return price(feed_in * retail * demand.count / ((retail - feed_in) * surplus.count + feed_in * demand.count));
      return price(retail - floor_divide((retail - feed_in) * surplus.count + demand.count - 1, demand.count));
  }
  return {};
}

}  // namespace commonwatt
