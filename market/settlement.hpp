// What every household owes or gets for an interval (RULEBOOK section 6, auction settlement).
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "market/delivery.hpp"
#include "market/ledger.hpp"
#include "market/participants.hpp"

namespace commonwatt {

/// The run an interval is settled in: early, with estimates; again as late readings come; and once for good.
enum class Run : std::uint8_t { initial, revised, final };
constexpr Run enum_last(Run) {
  return Run::final;
}
const char* to_text(Run run);
std::optional<Run> run_from_text(std::string_view text);

/// What a deviation from the contract costs: use beyond it is bought at `shortfall`, what is left of it sold at
/// `surplus`. Alike where the rule has a single price.
struct ImbalancePrices {
  Price shortfall;
  Price surplus;

  friend bool operator==(const ImbalancePrices&, const ImbalancePrices&) = default;
};
/// The rule of the grid-connected market: bought at retail, sold at feed-in.
constexpr ImbalancePrices dual_prices(const Tariff& tariff) {
  return {.shortfall = tariff.retail, .surplus = tariff.feed_in};
}
/// The money of a deviation, delivered - contract. Every settlement of the project comes through here.
Money imbalance_amount(Energy deviation, const ImbalancePrices& prices);

/// A household's figures before prices: what it contracted and what its meters say, all meters together.
struct Position {
  HouseholdId household;
  Energy contract;                 ///< net bought in the auction, sold negative
  Registers grid;                  ///< rise of its billing meters
  std::optional<Energy> produced;  ///< rise of its production meters; nothing when it has none
  DeliveryQuality quality = DeliveryQuality::good;

  friend bool operator==(const Position&, const Position&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.household, self.contract, self.grid, self.produced, self.quality);
  }
};

/// One household's settled interval. Energy bought and money it pays are positive.
struct Statement {
  HouseholdId household;
  Interval interval;
  Run run = Run::initial;
  std::optional<Price> price;  ///< the clearing price
  Tariff tariff;               ///< of the interval
  Energy contract;
  Energy import;
  Energy export_;
  std::optional<Energy> produced;
  DeliveryQuality quality = DeliveryQuality::good;
  Money energy_amount;     ///< contract x price
  Money imbalance_amount;  ///< deviation x retail when positive, x feed-in when negative
  Money fee_amount;        ///< the network fee on what it drew
  Money loss_amount;       ///< for energy lost on the way from neighbours
  Money tax_amount;        ///< levies and taxes
  Money total;             ///< of the five
  Money without_market;    ///< what the same delivery would have cost with the utility alone, levies and taxes too

  [[nodiscard]] Energy delivered() const { return import - export_; }
  [[nodiscard]] Energy deviation() const { return delivered() - contract; }
  /// Production - use = export - import, so use follows from the three others.
  [[nodiscard]] Energy used() const { return produced.value_or(Energy{0}) + import - export_; }
  [[nodiscard]] Money saved() const { return without_market - total; }

  friend bool operator==(const Statement&, const Statement&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.household, self.interval, self.run, self.price, self.tariff, self.contract, self.import,
                    self.export_, self.produced, self.quality, self.energy_amount, self.imbalance_amount,
                    self.fee_amount, self.loss_amount, self.tax_amount, self.total, self.without_market);
  }
};

}  // namespace commonwatt
