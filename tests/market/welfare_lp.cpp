#include "tests/market/welfare_lp.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>

#include <coin/Clp_C_Interface.h>

namespace commonwatt::test {
namespace {

/// The program column by column. Quantities and prices are scaled to about 1, where CLP's tolerances are meant to be.
class Program {
 public:
  Program(std::span<const LimitOrder> orders, const ZoneTree& tree) : tree_(tree) {
    for (const LimitOrder& order : orders) {
      quantity_scale_ = std::max(quantity_scale_, static_cast<double>(order.quantity.count));
      price_scale_ = std::max(price_scale_, std::abs(static_cast<double>(order.limit.count)));
    }
    for (const LimitOrder& order : orders) {
      // A row is what its zone sells less what it buys and sends up: zero.
      const double sign = order.side == Side::buy ? -1 : 1;
      add_column(order.quantity, sign * static_cast<double>(order.limit.count) / price_scale_);
      add_entry(order.zone, sign);
    }
    for (ZoneIndex zone = 0; zone < tree.size(); ++zone) {
      if (!tree[zone].parent) continue;
      for (const bool exports : {true, false}) {
        add_column(exports ? tree[zone].export_limit : tree[zone].import_limit,
                   static_cast<double>(tree[zone].fee.count) / price_scale_);
        add_entry(zone, exports ? -1 : 1);
        add_entry(*tree[zone].parent, exports ? 1 : -1);
      }
    }
  }

  LpResult solve(Simplex simplex) {
    const std::unique_ptr<Clp_Simplex, decltype(&Clp_deleteModel)> model(Clp_newModel(), Clp_deleteModel);
    Clp_setLogLevel(model.get(), 0);
    starts_.push_back(static_cast<CoinBigIndex>(rows_.size()));
    const std::vector<double> balance(tree_.size(), 0.0);
    Clp_loadProblem(model.get(), static_cast<int>(cost_.size()), static_cast<int>(tree_.size()), starts_.data(),
                    rows_.data(), values_.data(), nullptr, upper_.data(), cost_.data(), balance.data(), balance.data());
    const auto begin = std::chrono::steady_clock::now();
    simplex == Simplex::dual ? Clp_initialDualSolve(model.get()) : Clp_initialPrimalSolve(model.get());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    return {.solved = Clp_status(model.get()) == 0,
            .welfare = -Clp_objectiveValue(model.get()) * quantity_scale_ * price_scale_,
            .solve_seconds = took.count()};
  }

 private:
  void add_column(const std::optional<Energy>& limit, double cost) {
    starts_.push_back(static_cast<CoinBigIndex>(rows_.size()));
    upper_.push_back(limit ? static_cast<double>(limit->count) / quantity_scale_ : std::numeric_limits<double>::max());
    cost_.push_back(cost);
  }
  void add_entry(ZoneIndex zone, double value) {
    rows_.push_back(static_cast<int>(zone));
    values_.push_back(value);
  }

  const ZoneTree& tree_;
  double quantity_scale_ = 1;
  double price_scale_ = 1;
  std::vector<CoinBigIndex> starts_;
  std::vector<int> rows_;
  std::vector<double> values_;
  std::vector<double> upper_;
  std::vector<double> cost_;
};

}  // namespace

LpResult best_welfare(std::span<const LimitOrder> orders, const ZoneTree& tree, Simplex simplex) {
  return Program(orders, tree).solve(simplex);
}

}  // namespace commonwatt::test
