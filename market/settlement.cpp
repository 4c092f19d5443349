#include "market/settlement.hpp"

namespace commonwatt {
namespace {

/// A deviation at the imbalance price: the shortfall is bought at retail, the surplus sold at feed-in.
Money at_utility(Energy energy, const Tariff& tariff) {
  return energy * (energy > Energy{0} ? tariff.retail : tariff.feed_in);
}

void post(std::vector<Posting>& postings, const Account& payer, const Account& payee, Money amount, PostingKind kind) {
  if (amount > Money{0}) postings.push_back({.debit = payer, .credit = payee, .amount = amount, .kind = kind});
  if (amount < Money{0}) postings.push_back({.debit = payee, .credit = payer, .amount = -amount, .kind = kind});
}

}  // namespace

const char* to_text(Run run) {
  switch (run) {
    case Run::initial:
      return "initial";
  }
  return "";
}

Money Statement::without_market() const {
  return at_utility(delivered(), tariff);
}

Statement settle(const Position& position, const Interval& interval, std::optional<Price> price, const Tariff& tariff) {
  Statement statement{.household = position.household,
                      .interval = interval,
                      .run = Run::initial,
                      .price = price,
                      .tariff = tariff,
                      .contract = position.contract,
                      .import = position.grid.import,
                      .export_ = position.grid.export_,
                      .produced = position.produced,
                      .quality = position.quality,
                      .energy_amount = {},
                      .imbalance_amount = {},
                      .total = {}};
  assert(price || position.contract == Energy{0});
  if (price) statement.energy_amount = position.contract * *price;
  statement.imbalance_amount = at_utility(statement.deviation(), tariff);
  statement.total = statement.energy_amount + statement.imbalance_amount;
  return statement;
}

std::vector<Posting> postings(std::span<const Statement> statements) {
  std::vector<Posting> result;
  const Account escrow{.kind = AccountKind::escrow, .household = {}};
  const Account utility{.kind = AccountKind::utility, .household = {}};
  for (const Statement& statement : statements) {
    const Account household{.kind = AccountKind::household, .household = statement.household};
    post(result, household, escrow, statement.energy_amount, PostingKind::energy);
    post(result, household, utility, statement.imbalance_amount, PostingKind::imbalance);
  }
  return result;
}

}  // namespace commonwatt
