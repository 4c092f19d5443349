#include "market/settlement.hpp"

namespace commonwatt {
namespace {

void post(std::vector<Posting>& postings, const Account& payer, const Account& payee, Money amount, PostingKind kind) {
  if (amount > Money{0}) postings.push_back({.debit = payer, .credit = payee, .amount = amount, .kind = kind});
  if (amount < Money{0}) postings.push_back({.debit = payee, .credit = payer, .amount = -amount, .kind = kind});
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
  statement.imbalance_amount = imbalance_amount(statement.deviation(), dual_prices(tariff));
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
