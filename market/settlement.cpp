#include "market/settlement.hpp"

#include <cassert>

namespace commonwatt {
namespace {

void post(std::vector<Posting>& postings, const Account& payer, const Account& payee, Money amount, PostingKind kind) {
  if (amount > Money{0}) postings.push_back({.debit = payer, .credit = payee, .amount = amount, .kind = kind});
  if (amount < Money{0}) postings.push_back({.debit = payee, .credit = payer, .amount = -amount, .kind = kind});
}

/// What a statement's household has to pay beyond what is posted.
void post_statement(std::vector<Posting>& postings, const Statement& statement, Money energy_posted,
                    Money imbalance_posted) {
  const Account household{.kind = AccountKind::household, .household = statement.household};
  const Account escrow{.kind = AccountKind::escrow, .household = {}};
  const Account utility{.kind = AccountKind::utility, .household = {}};
  post(postings, household, escrow, statement.energy_amount - energy_posted, PostingKind::energy);
  post(postings, household, utility, statement.imbalance_amount - imbalance_posted, PostingKind::imbalance);
}

}  // namespace

const char* to_text(Run run) {
  switch (run) {
    case Run::initial:
      return "initial";
    case Run::revised:
      return "revised";
    case Run::final:
      return "final";
  }
  return "";
}

std::optional<Run> run_from_text(std::string_view text) {
  for (const Run run : {Run::initial, Run::revised, Run::final}) {
    if (text == to_text(run)) return run;
  }
  return std::nullopt;
}

Money imbalance_amount(Energy deviation, const ImbalancePrices& prices) {
  return deviation * (deviation > Energy{0} ? prices.shortfall : prices.surplus);
}

Money Statement::without_market() const {
  return commonwatt::imbalance_amount(delivered(), dual_prices(tariff));
}

Statement settle(const Position& position, const SettlementBasis& basis) {
  Statement statement{.household = position.household,
                      .interval = basis.interval,
                      .run = basis.run,
                      .price = basis.price,
                      .tariff = basis.tariff,
                      .contract = position.contract,
                      .import = position.grid.import,
                      .export_ = position.grid.export_,
                      .produced = position.produced,
                      .quality = position.quality,
                      .energy_amount = {},
                      .imbalance_amount = {},
                      .total = {}};
  assert(basis.price || position.contract == Energy{0});
  if (basis.price) statement.energy_amount = position.contract * *basis.price;
  statement.imbalance_amount = imbalance_amount(statement.deviation(), dual_prices(basis.tariff));
  statement.total = statement.energy_amount + statement.imbalance_amount;
  return statement;
}

std::vector<Posting> postings(std::span<const Statement> statements) {
  std::vector<Posting> result;
  for (const Statement& statement : statements) post_statement(result, statement, {}, {});
  return result;
}

std::vector<Posting> postings(std::span<const Statement> statements, std::span<const Statement> before) {
  assert(statements.size() == before.size());
  std::vector<Posting> result;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    assert(statements[i].household == before[i].household);
    post_statement(result, statements[i], before[i].energy_amount, before[i].imbalance_amount);
  }
  return result;
}

}  // namespace commonwatt
