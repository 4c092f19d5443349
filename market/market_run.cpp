#include "market/market_run.hpp"

#include <array>
#include <cassert>
#include <cstdlib>

#include "market/allocation.hpp"
#include "market/interval_settlement.hpp"

namespace commonwatt {
namespace {

/// The market's figures of the positions, as numbered members of one zone.
SettledInterval settled(std::span<const Position> positions, const RunBasis& basis) {
  static const ZoneTree one_zone = ZoneTree::single();
  std::vector<SettlementMember> members;
  members.reserve(positions.size());
  for (const Position& position : positions) {
    assert(members.empty() || positions[members.size() - 1].household < position.household);
    assert(basis.price || position.contract == Energy{0});
    SettlementMember& member = members.emplace_back();
    member.household = static_cast<std::uint32_t>(members.size() - 1);
    member.zone = one_zone.root();
    member.contract = position.contract;
    member.contract_amount = position.contract * basis.price.value_or(Price{0});
    member.delivered = position.grid.import - position.grid.export_;
  }
  const Tariff& tariff = basis.terms.tariff;
  const Charges& charges = basis.terms.charges;
  const std::array<std::int64_t, 1> loss_permille{charges.loss_permille};
  const TieKey tie_key = [&](std::size_t place) { return allocation_tie_key(positions[place].household); };
  Result<SettledInterval, IntervalFault> result = settle_interval(members, one_zone,
                                                                  {.tariff = tariff,
                                                                   .imbalance = dual_prices(tariff),
                                                                   .loss_permille = loss_permille,
                                                                   .levies = charges.levies,
                                                                   .taxes = charges.taxes,
                                                                   .network_fee = charges.network_fee},
                                                                  tie_key);
  if (!result) std::abort();
  return std::move(*result);
}

/// The same deliveries without any contract: what the utility alone would have billed.
std::vector<Money> totals_without_market(std::span<const Position> positions, const RunBasis& basis) {
  std::vector<Position> alone(positions.begin(), positions.end());
  for (Position& position : alone) position.contract = Energy{0};
  std::vector<Money> totals;
  totals.reserve(alone.size());
  for (const SettledMember& member : settled(alone, basis).members) totals.push_back(member.total());
  return totals;
}

std::vector<Statement> statements_of(std::span<const Position> positions, const RunBasis& basis,
                                     const SettledInterval& interval) {
  const std::vector<Money> without_market = totals_without_market(positions, basis);
  std::vector<Statement> statements;
  statements.reserve(positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const Position& position = positions[i];
    const SettledMember& member = interval.members[i];
    statements.push_back({.household = position.household,
                          .interval = basis.interval,
                          .run = basis.run,
                          .price = basis.price,
                          .tariff = basis.terms.tariff,
                          .contract = position.contract,
                          .import = position.grid.import,
                          .export_ = position.grid.export_,
                          .produced = position.produced,
                          .quality = position.quality,
                          .energy_amount = member.energy_amount,
                          .imbalance_amount = member.imbalance_amount,
                          .fee_amount = member.fee_amount,
                          .loss_amount = member.loss_amount,
                          .tax_amount = member.tax_amount,
                          .total = member.total(),
                          .without_market = without_market[i]});
  }
  return statements;
}

Account account_of(const Party& party, std::span<const Position> positions) {
  if (party.kind != AccountKind::household) return {.kind = party.kind, .household = {}};
  return {.kind = party.kind, .household = positions[party.household].household};
}

std::vector<Posting> postings_of(std::span<const Transfer> transfers, std::span<const Position> positions) {
  std::vector<Posting> postings;
  postings.reserve(transfers.size());
  for (const Transfer& transfer : transfers) {
    const bool pays = transfer.amount > Money{0};
    postings.push_back({.debit = account_of(pays ? transfer.from : transfer.to, positions),
                        .credit = account_of(pays ? transfer.to : transfer.from, positions),
                        .amount = pays ? transfer.amount : -transfer.amount,
                        .kind = transfer.kind});
  }
  return postings;
}

}  // namespace

MarketRun settle(std::span<const Position> positions, const RunBasis& basis) {
  const SettledInterval interval = settled(positions, basis);
  return {.statements = statements_of(positions, basis, interval),
          .postings = postings_of(interval.transfers, positions)};
}

MarketRun settle_again(std::span<const Position> positions, std::span<const Position> before, const RunBasis& basis) {
  assert(positions.size() == before.size());
  const SettledInterval interval = settled(positions, basis);
  const std::vector<Transfer> missing = differences(settled(before, basis).transfers, interval.transfers);
  return {.statements = statements_of(positions, basis, interval), .postings = postings_of(missing, positions)};
}

Statement statement_of(const Position& position, const RunBasis& basis) {
  return settle(std::span(&position, 1), basis).statements.front();
}

}  // namespace commonwatt
