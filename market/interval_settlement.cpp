#include "market/interval_settlement.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/wide.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t whole_permille = 1'000;

Wide magnitude(Wide value) {
  return value < 0 ? -value : value;
}

/// Thousandths to the nearest whole, a half to the even one.
Money half_to_even(Wide thousandths) {
  return Money{static_cast<std::int64_t>(half_even_divide(thousandths, whole_permille))};
}

/// The dearest way from a zone to the root, per watt-hour.
Wide path_fee_max(const ZoneTree& zones) {
  std::vector<Wide> path(zones.size());
  for (const ZoneIndex zone : zones.top_down()) {
    if (zones[zone].parent) path[zone] = path[*zones[zone].parent] + zones[zone].fee.count;
  }
  return *std::max_element(path.begin(), path.end());
}

std::optional<IntervalFault> fault_of(std::span<const SettlementMember> members, const ZoneTree& zones,
                                      const SettlementTerms& terms) {
  Wide energy = 0;
  Wide money = 0;
  for (const SettlementMember& member : members) {
    energy += magnitude(member.contract.count) + magnitude(member.delivered.count);
    money += magnitude(member.contract_amount.count);
  }
  const Wide limit = interval_money_max.count;
  if (energy > limit || money > limit) return IntervalFault::too_much_money;
  Wide levies = 0;
  for (const Levy& levy : terms.levies) levies += magnitude(levy.price.count);
  const Wide price = std::max({magnitude(terms.tariff.retail.count), magnitude(terms.tariff.feed_in.count),
                               magnitude(terms.imbalance.shortfall.count), magnitude(terms.imbalance.surplus.count),
                               path_fee_max(zones) + terms.network_fee.count, levies, Wide{1}});
  if (energy * price > limit) return IntervalFault::too_much_money;
  return std::nullopt;
}

/// The fees of the zone tree's edges, and who would pay them.
class EdgeFees {
 public:
  EdgeFees(std::span<const SettlementMember> members, const ZoneTree& zones, const TieKey& tie_key)
      : members_(members), zones_(zones), tie_key_(tie_key), shares_(members.size()) {
    const auto costs = [&](ZoneIndex zone) { return zones_[zone].parent && zones_[zone].fee > Price{0}; };
    const auto zone_list = zones_.top_down();
    if (std::none_of(zone_list.begin(), zone_list.end(), costs)) return;
    sort_by_subtree();
    for (const ZoneIndex zone : zone_list) {
      if (costs(zone)) add_edge(zone);
    }
  }

  [[nodiscard]] Money total() const { return total_; }
  /// What each pays of an amount up to the total, pro rata to what it would pay of the total.
  [[nodiscard]] std::vector<Money> shares_of(Money amount) {
    if (amount == total_) return shares_;
    claims_.clear();
    for (std::size_t i = 0; i < shares_.size(); ++i) {
      // The rule is about whole numbers; here they are nano-currency.
      if (shares_[i] > Money{0}) claims_.push_back({.index = i, .quantity = Energy{shares_[i].count}});
    }
    share_pro_rata(claims_, Energy{amount.count}, tie_key_);
    std::vector<Money> result(shares_.size());
    for (const Claim& claim : claims_) result[claim.index] = Money{claim.share.count};
    return result;
  }

 private:
  /// Puts the members in the sequence of a walk over the tree, in which every subtree is one stretch.
  void sort_by_subtree() {
    std::vector<std::vector<std::size_t>> in_zone(zones_.size());
    for (std::size_t i = 0; i < members_.size(); ++i) in_zone[members_[i].zone].push_back(i);
    begin_.resize(zones_.size());
    end_.resize(zones_.size());
    std::vector<std::pair<ZoneIndex, bool>> open{{zones_.root(), false}};
    while (!open.empty()) {
      const auto [zone, is_done] = open.back();
      open.pop_back();
      if (is_done) {
        end_[zone] = walk_.size();
        continue;
      }
      begin_[zone] = walk_.size();
      walk_.insert(walk_.end(), in_zone[zone].begin(), in_zone[zone].end());
      open.emplace_back(zone, true);
      for (const ZoneIndex child : zones_.children(zone)) open.emplace_back(child, false);
    }
  }

  void add_edge(ZoneIndex zone) {
    const auto inside = std::span(walk_).subspan(begin_[zone], end_[zone] - begin_[zone]);
    Energy imported;
    for (const std::size_t i : inside) imported += members_[i].contract;
    const bool imports = imported > Energy{0};
    claims_.clear();
    for (const std::size_t i : inside) {
      const Energy carried = imports ? members_[i].contract : -members_[i].contract;
      if (carried > Energy{0}) claims_.push_back({.index = i, .quantity = carried});
    }
    share_pro_rata(claims_, imports ? imported : -imported, tie_key_);
    for (const Claim& claim : claims_) {
      shares_[claim.index] += claim.share * zones_[zone].fee;
      total_ += claim.share * zones_[zone].fee;
    }
  }

  std::span<const SettlementMember> members_;
  const ZoneTree& zones_;
  const TieKey& tie_key_;
  std::vector<Money> shares_;
  Money total_;
  std::vector<std::size_t> walk_;
  std::vector<std::size_t> begin_;  // of each zone's subtree in walk_
  std::vector<std::size_t> end_;
  std::vector<Claim> claims_;
};

constexpr Party utility{.kind = AccountKind::utility, .household = 0};
constexpr Party escrow{.kind = AccountKind::escrow, .household = 0};
constexpr Party fees{.kind = AccountKind::fees, .household = 0};
constexpr Party congestion{.kind = AccountKind::congestion, .household = 0};
constexpr Party losses{.kind = AccountKind::losses, .household = 0};
constexpr Party spread{.kind = AccountKind::spread, .household = 0};
constexpr Party rounding{.kind = AccountKind::rounding, .household = 0};

/// The transfers of an interval, in their sequence as they are added.
class Transfers {
 public:
  explicit Transfers(std::size_t households) { list_.reserve(5 * households + 4); }
  void add(Party from, Party to, PostingKind kind, Money amount) {
    if (amount != Money{0}) list_.push_back({.from = from, .to = to, .kind = kind, .amount = amount});
  }
  void add_household(const SettledMember& member, GridState grid) {
    const Party household{.kind = AccountKind::household, .household = member.household};
    const bool is_island = grid == GridState::islanded;
    if (!is_island) add(household, utility, PostingKind::imbalance, member.imbalance_amount);
    add(household, utility, PostingKind::tax, member.tax_amount);
    add(household, escrow, PostingKind::energy, member.energy_amount);
    add(household, fees, PostingKind::fee, member.fee_amount);
    add(household, losses, PostingKind::loss, member.loss_amount);
    if (is_island) add(household, spread, PostingKind::imbalance, member.imbalance_amount);
  }
  std::vector<Transfer> take() { return std::move(list_); }

 private:
  std::vector<Transfer> list_;
};

/// Percentages paid by households one by one: what was paid, and what they come to exactly.
struct Percentages {
  Money paid;
  Wide thousandths = 0;

  Money add(Money base, std::int64_t permille) { return add_thousandths(wide(base.count) * permille); }
  Money add_thousandths(Wide exact) {
    const Money rounded = half_to_even(exact);
    thousandths += exact;
    paid += rounded;
    return rounded;
  }
  Money add(const TaxAmount& tax) {
    thousandths += wide(tax.amount.count) * whole_permille + tax.residue;
    paid += tax.amount;
    return tax.amount;
  }
  [[nodiscard]] Money residue() const { return paid - half_to_even(thousandths); }
};

/// What levies and taxes are on: energy that is paid for, not energy that is paid out.
Purchase purchase_of(const SettledMember& member, GridState grid) {
  Purchase purchase{.utility_energy = std::max(member.deviation(), Energy{0}),
                    .neighbour_energy = std::max(member.contract, Energy{0}),
                    .utility_amount = std::max(member.imbalance_amount, Money{0}),
                    .neighbour_amount = std::max(member.energy_amount, Money{0}),
                    .fees = member.fee_amount + member.loss_amount};
  if (grid == GridState::islanded) {
    purchase.neighbour_energy += std::exchange(purchase.utility_energy, {});
    purchase.neighbour_amount += std::exchange(purchase.utility_amount, {});
  }
  return purchase;
}

/// The network fee of a household, in thousandths.
Wide network_fee_of(const SettlementMember& member, Price fee) {
  const Energy drawn = std::max(member.contract, Energy{0}) + std::max(member.delivered - member.contract, Energy{0});
  return (wide(drawn.count) * whole_permille - member.fee_relief) * fee.count;
}

}  // namespace

const char* explain(IntervalFault fault) {
  switch (fault) {
    case IntervalFault::too_much_money:
      return "energy times price passes 10^17 nano-currency; check the units";
  }
  return "";
}

Result<SettledInterval, IntervalFault> settle_interval(std::span<const SettlementMember> members, const ZoneTree& zones,
                                                       const SettlementTerms& terms, const TieKey& tie_key) {
  assert(terms.loss_permille.size() == zones.size());
  if (const std::optional<IntervalFault> fault = fault_of(members, zones, terms)) return Fail{*fault};
  Money residual;  // what buyers pay beyond what sellers get
  for (const SettlementMember& member : members) residual += member.contract_amount;
  EdgeFees edges(members, zones, tie_key);
  const Money in_prices = std::clamp(residual, Money{0}, edges.total());
  const std::vector<Money> fee_shares = edges.shares_of(edges.total() - in_prices);
  residual -= in_prices;

  SettledInterval settled;
  settled.members.reserve(members.size());
  Transfers transfers(members.size());
  Percentages network;
  Percentages loss;
  Percentages tax;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const SettlementMember& member = members[i];
    assert(i == 0 || members[i - 1].household < member.household);
    SettledMember& bill = settled.members.emplace_back();
    bill.household = member.household;
    bill.contract = member.contract;
    bill.delivered = member.delivered;
    bill.energy_amount = member.contract_amount;
    bill.imbalance_amount = imbalance_amount(bill.deviation(), terms.imbalance);
    bill.fee_amount = fee_shares[i] + network.add_thousandths(network_fee_of(member, terms.network_fee));
    const Money bought = std::max(member.contract, Energy{0}) * terms.tariff.retail;
    bill.loss_amount = loss.add(bought, terms.loss_permille[member.zone]);
    const Purchase purchase = purchase_of(bill, terms.grid);
    const Money levies = levies_amount(terms.levies, purchase);
    bill.tax_amount = levies;
    for (const Tax& one : terms.taxes) bill.tax_amount += tax.add(tax_amount(one, purchase, levies));
    transfers.add_household(bill, terms.grid);
  }
  transfers.add(utility, rounding, PostingKind::rounding, tax.residue());
  transfers.add(escrow, fees, PostingKind::fee, in_prices);
  const bool is_rent = zones.size() > 1 && residual > Money{0};
  if (is_rent) transfers.add(escrow, congestion, PostingKind::congestion, residual);
  if (!is_rent) transfers.add(escrow, spread, PostingKind::spread, residual);
  transfers.add(fees, rounding, PostingKind::rounding, network.residue());
  transfers.add(losses, rounding, PostingKind::rounding, loss.residue());
  settled.transfers = transfers.take();
  return settled;
}

}  // namespace commonwatt
