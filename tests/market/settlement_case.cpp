#include "tests/market/settlement_case.hpp"

#include <cstdlib>

namespace commonwatt::test {
namespace {

std::string party_name(std::span<const HouseholdId> names, const Party& party) {
  const std::string kind = to_text(party.kind);
  return party.kind == AccountKind::household ? kind + ":" + names[party.household].text() : kind;
}

std::string zone_name(ZoneIndex zone) {
  return "z" + std::to_string(zone);
}

std::optional<std::string> rule_name(InternalPriceRule rule) {
  if (rule == InternalPriceRule::mid_market) return "mid_market";
  if (rule == InternalPriceRule::supply_demand_ratio) return "supply_demand_ratio";
  return std::nullopt;
}

std::map<std::string, SlowZone> slow_zones(const ZoneTree& zones, std::span<const std::int64_t> loss_permille) {
  std::map<std::string, SlowZone> result;
  for (ZoneIndex i = 0; i < zones.size(); ++i) {
    result[zone_name(i)] = {.parent = zones[i].parent ? zone_name(*zones[i].parent) : "",
                            .fee = zones[i].fee.count,
                            .loss_permille = loss_permille[i]};
  }
  return result;
}

SlowTerms slow_terms(const SettlementTerms& terms) {
  SlowTerms result{.retail = terms.tariff.retail.count,
                   .feed_in = terms.tariff.feed_in.count,
                   .shortfall = terms.imbalance.shortfall.count,
                   .surplus = terms.imbalance.surplus.count,
                   .levies = {},
                   .taxes = {}};
  for (const Levy& levy : terms.levies) {
    result.levies.push_back(
        {.rate = levy.price.count, .on_utility = levy.on_utility_energy, .on_neighbours = levy.on_neighbour_energy});
  }
  for (const Tax& tax : terms.taxes) {
    result.taxes.push_back({.rate = tax.permille,
                            .on_utility = tax.on_utility_energy,
                            .on_neighbours = tax.on_neighbour_energy,
                            .on_fees = tax.on_fees,
                            .on_levies = tax.on_levies});
  }
  return result;
}

}  // namespace

SettledInterval settle_case(SettlementCase work) {
  const TieKey tie_key = [&](std::size_t place) {
    return allocation_tie_key(work.names[work.members[place].household]);
  };
  if (work.allocation) {
    std::vector<Membership> memberships;
    for (std::size_t i = 0; i < work.members.size(); ++i) memberships.push_back({.member = i, .share = work.shares[i]});
    if (!allocate_contracts(work.members, memberships, *work.allocation, work.terms.tariff, tie_key)) std::abort();
  }
  Result<SettledInterval, IntervalFault> settled = settle_interval(work.members, *work.zones, work.terms, tie_key);
  if (!settled) std::abort();  // Whoever draws cases keeps their money within bounds.
  return std::move(*settled);
}

SlowInterval settle_slowly(const SettlementCase& work) {
  SlowHouseholds households;
  for (std::size_t i = 0; i < work.members.size(); ++i) {
    const SettlementMember& member = work.members[i];
    SlowHousehold& household = households[work.names[member.household].text()];
    household = {.zone = zone_name(member.zone),
                 .contract = member.contract.count,
                 .contract_amount = member.contract_amount.count,
                 .delivered = member.delivered.count};
    if (work.allocation) household.share_permille = work.shares[i].permille;
    if (work.allocation) household.tier = work.shares[i].tier;
  }
  const SlowTerms terms = slow_terms(work.terms);
  if (work.allocation) {
    const InternalPrice& rule = work.allocation->internal_price;
    const Wide price = slow_internal_price(rule_name(rule.rule), rule.fixed.count, terms, households);
    for (const auto& [name, energy] : slow_allocation(to_text(work.allocation->key), households)) {
      households[name].contract = energy;
      households[name].contract_amount = energy * price;
    }
  }
  return slow_settlement(households, slow_zones(*work.zones, work.terms.loss_permille), terms);
}

std::string first_difference(std::span<const HouseholdId> names, std::span<const SettledMember> statements,
                             std::span<const Transfer> transfers, const SlowInterval& slow) {
  if (statements.size() != slow.statements.size()) return "the number of statements";
  for (const SettledMember& member : statements) {
    const std::string& name = names[member.household].text();
    const auto found = slow.statements.find(name);
    if (found == slow.statements.end()) return "the statement of " + name + " is missing";
    const SlowFigures figures{.contract = member.contract.count,
                              .delivered = member.delivered.count,
                              .energy = member.energy_amount.count,
                              .imbalance = member.imbalance_amount.count,
                              .fee = member.fee_amount.count,
                              .loss = member.loss_amount.count,
                              .tax = member.tax_amount.count};
    if (figures != found->second) return "the statement of " + name;
  }
  SlowPostings postings;
  for (const Transfer& transfer : transfers) {
    const auto key =
        std::tuple(party_name(names, transfer.from), party_name(names, transfer.to), to_text(transfer.kind));
    postings[key] += transfer.amount.count;
  }
  for (const auto& [key, amount] : slow.postings) {
    const auto found = postings.find(key);
    if (found == postings.end() || found->second != amount) {
      return "the " + std::get<2>(key) + " from " + std::get<0>(key) + " to " + std::get<1>(key) + ", " +
             (found == postings.end() ? "nothing" : to_text(found->second)) + " and not " + to_text(amount);
    }
  }
  return postings.size() == slow.postings.size() ? "" : "a posting that the document does not know";
}

}  // namespace commonwatt::test
