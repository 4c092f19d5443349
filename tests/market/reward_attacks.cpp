#include "tests/market/reward_attacks.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "market/interval_settlement.hpp"
#include "market/zone_balance.hpp"
#include "sim/random.hpp"

namespace commonwatt::test {
namespace {

constexpr std::int64_t epochs = 5;
constexpr std::int64_t epoch_intervals = 4;
constexpr std::int64_t quarter = 900;
constexpr Energy export_max{5'000};
constexpr Energy circle_max{2'500};
constexpr std::int64_t whole_permille = 1'000;

/// What a draw is for.
enum Purpose : std::uint64_t { street_draw, terms_draw, trade_draw, attack_draw, split_draw, defence_draw };

/// A household of an interval: what it contracted, what its meter shows, and what is true.
struct Home {
  Energy contract;
  Energy shown;
  Energy truth;
  std::size_t owner = 0;
  bool is_coalition = false;
  bool is_estimated = false;
  bool is_relieved = false;

  void trade(Energy energy) {
    contract += energy;
    shown += energy;
    truth += energy;
  }
};

// The first two of a street honestly trade and are the coalition's; then come its members that only circle.
constexpr std::size_t seller = 0;
constexpr std::size_t buyer = 1;
constexpr std::size_t ring_begin = 2;

struct Street {
  std::size_t ring = 0;    ///< even
  std::size_t honest = 0;  ///< sellers and buyers in turn, the first a buyer
  std::size_t parts = 0;   ///< that a household is split into

  [[nodiscard]] std::size_t honest_begin() const { return ring_begin + ring; }
  [[nodiscard]] std::size_t homes() const { return honest_begin() + honest; }
};

Street draw_street(std::uint64_t seed) {
  Draw draw{seed, street_draw};
  return {.ring = 2 * static_cast<std::size_t>(draw.whole(1, 4)),
          .honest = static_cast<std::size_t>(draw.whole(2, 12)),
          .parts = static_cast<std::size_t>(draw.whole(2, 6))};
}

/// The prices of a street. Whole ten-thousandths and percents, so that no percentage is rounded: what splitting gains
/// by the rounding of bills is not what is asked here.
struct StreetTerms {
  Tariff tariff;
  Price price;
  Price network_fee;
  std::array<std::int64_t, 1> loss_permille{};
  std::vector<Tax> taxes;
};

StreetTerms draw_terms(std::uint64_t seed, const RewardDefence& defence) {
  constexpr std::int64_t step = 10'000;
  Draw draw{seed, terms_draw};
  StreetTerms terms;
  const std::int64_t feed_in = draw.whole(2, 8);
  const std::int64_t retail = draw.whole(feed_in + 5, 40);
  terms.tariff = {.retail = Price{retail * step}, .feed_in = Price{feed_in * step}};
  terms.price = Price{draw.whole(feed_in, retail) * step};
  terms.network_fee = defence.parameters.fee;
  if (defence.is_bare) return terms;
  terms.network_fee = terms.network_fee + Price{draw.whole(0, 2) * step};
  terms.loss_permille = {10 * draw.whole(0, 5)};
  terms.taxes.push_back({.name = "tax",
                         .permille = 10 * draw.whole(0, 20),
                         .on_utility_energy = true,
                         .on_neighbour_energy = true,
                         .on_fees = true});
  return terms;
}

/// The interval as it honestly is. Whoever is of the coalition delivers what it contracted.
std::vector<Home> honest_homes(const Street& street, Draw& draw) {
  std::vector<Home> homes(street.homes());
  for (std::size_t i = 0; i < homes.size(); ++i) {
    homes[i].owner = i;
    homes[i].is_coalition = i < street.honest_begin();
  }
  std::vector<std::size_t> sellers{seller};
  std::vector<std::size_t> buyers{buyer};
  for (std::size_t i = street.honest_begin(); i < homes.size(); ++i) {
    ((i - street.honest_begin()) % 2 == 0 ? buyers : sellers).push_back(i);
  }
  for (const std::size_t one : sellers) {
    const std::size_t other =
        buyers[static_cast<std::size_t>(draw.whole(0, static_cast<std::int64_t>(buyers.size()) - 1))];
    const Energy energy{draw.whole(0, 1'500)};
    homes[one].trade(-energy);
    homes[other].trade(energy);
  }
  for (std::size_t i = street.honest_begin(); i < homes.size(); ++i) {
    const Energy noise{homes[i].truth.count * draw.whole(-100, 100) / whole_permille};
    // Buyers use more than they contracted: whoever has energy to sell, real or not, finds somebody.
    const bool buys = (i - street.honest_begin()) % 2 == 0;
    homes[i].truth += noise + (buys ? export_max : Energy{0});
    homes[i].shown = homes[i].truth;
  }
  return homes;
}

Energy flow_of(const std::vector<Home>& homes) {
  Energy flow;
  for (const Home& home : homes) flow += std::max(home.truth, Energy{0});
  return flow;
}

/// The household's trades as several accounts, each part of another account; the first is the household itself.
void split(std::vector<Home>& homes, std::size_t home, std::size_t parts, Draw& draw) {
  for (std::size_t part = 1; part < parts; ++part) {
    const Energy moved{homes[home].contract.count * draw.whole(0, whole_permille) / whole_permille};
    Home other{.contract = {}, .shown = {}, .truth = {}, .owner = homes.size(), .is_coalition = true};
    homes[home].trade(-moved);
    other.trade(moved);
    homes.push_back(other);
  }
}

void circle(Home& from, Home& to, Energy energy) {
  from.trade(-energy);
  to.trade(energy);
}

/// A meter shows more feed-in than there is, and an honest neighbour buys it. What that neighbour draws stays.
Energy fake(std::vector<Home>& homes, const Street& street, std::int64_t permille) {
  const Energy room = export_max + homes[seller].shown;
  const Energy energy = std::min(room, Energy{flow_of(homes).count * permille / whole_permille});
  homes[seller].contract -= energy;
  homes[seller].shown -= energy;
  homes[street.honest_begin()].contract += energy;
  return energy;
}

/// Returns the energy that was sold to others and is not there.
Energy attack_homes(RewardAttack attack, std::vector<Home>& homes, const Street& street, std::int64_t number,
                    const RewardDefence& defence, Draw& draw) {
  const Energy energy{draw.whole(1, circle_max.count)};
  switch (attack) {
    case RewardAttack::wash_trade:
      homes[seller].contract -= energy;
      homes[buyer].contract += energy;
      return {};
    case RewardAttack::declared_circle:
    case RewardAttack::hidden_circle:
    case RewardAttack::split_accounts:
      circle(homes[seller], homes[buyer], energy);
      return {};
    case RewardAttack::unpaid_fee:
      circle(homes[ring_begin], homes[ring_begin + 1], energy);
      return {};
    case RewardAttack::ring:
      for (std::size_t i = 0; i < street.ring; i += 2) {
        const std::size_t turn = (i + static_cast<std::size_t>(number)) % street.ring;
        const std::size_t next = (turn + 1) % street.ring;
        circle(homes[ring_begin + turn], homes[ring_begin + next], Energy{draw.whole(1, circle_max.count)});
      }
      return {};
    case RewardAttack::fake_pair:
      for (const auto& [home, shown] : {std::pair(seller, -energy), std::pair(buyer, energy)}) {
        homes[home].contract += shown;
        homes[home].shown += shown;
      }
      return {};
    case RewardAttack::withheld_reading:
      homes[seller].is_estimated = true;
      return fake(homes, street, defence.fake_permille);
    case RewardAttack::fake_production:
      return fake(homes, street, defence.fake_permille);
    case RewardAttack::replayed_interval:
      return {};
  }
  return {};
}

ZoneCheck check_of(const std::vector<Home>& homes) {
  ZoneEnergy energy;
  Energy net;
  for (const Home& home : homes) {
    net += home.truth;
    energy.households += {std::max(home.shown, Energy{0}), std::max(-home.shown, Energy{0})};
    ++energy.meters;
  }
  energy.head = {std::max(net, Energy{0}), std::max(-net, Energy{0})};
  const bool holds = is_in_tolerance(energy, residual_of(energy, 0), UnmeteredShare{}, BalanceRules{});
  return holds ? ZoneCheck::balanced : ZoneCheck::out_of_tolerance;
}

HouseholdId name_of(std::size_t number) {
  const std::string digits = std::to_string(1'000 + number);
  return *HouseholdId::from("h" + digits.substr(1));
}

/// What a coalition comes to over all epochs.
struct Books {
  Money paid;
  Money fees;
  Money stolen;
  Money rewards;
  Energy faked;
};

class Play {
 public:
  Play(std::uint64_t seed, const RewardDefence& defence, std::optional<RewardAttack> attack, RewardAttack against)
      : seed_(seed),
        defence_(defence),
        attack_(attack),
        against_(against),
        street_(draw_street(seed)),
        terms_(draw_terms(seed, defence)) {}

  Books run() {
    std::vector<Money> burned;
    for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
      epoch_fees_ = {};
      std::vector<RewardInterval> intervals;
      for (std::int64_t i = 0; i < epoch_intervals; ++i) {
        intervals.push_back(live(epoch, i));
        if (attack_ == RewardAttack::replayed_interval) intervals.push_back(intervals.back());
      }
      add_rewards(reward_epoch(intervals, epoch, burned, defence_.parameters, defence_.rules));
      burned.push_back(epoch_fees_);
    }
    return books_;
  }

 private:
  RewardInterval live(std::int64_t epoch, std::int64_t i) {
    const std::int64_t number = epoch * epoch_intervals + i;
    Draw trades{seed_, trade_draw, static_cast<std::uint64_t>(number)};
    Draw epoch_draw{seed_, attack_draw, static_cast<std::uint64_t>(epoch)};
    Draw draw{seed_, attack_draw, static_cast<std::uint64_t>(number), 1};
    std::vector<Home> homes = honest_homes(street_, trades);
    // What holds of the street whether or not it is attacked.
    if (against_ == RewardAttack::declared_circle) homes[buyer].owner = homes[seller].owner;
    if (against_ == RewardAttack::unpaid_fee) homes[ring_begin + 1].is_relieved = true;
    const bool is_active = epoch == 0 || epoch_draw.chance(0.7);
    if (attack_ && is_active) {
      const Energy faked = attack_homes(*attack_, homes, street_, number, defence_, draw);
      books_.faked += faked;
      books_.stolen += faked * terms_.price;
    }
    if (attack_ == RewardAttack::split_accounts) {
      Draw splits{seed_, split_draw};
      for (const std::size_t home : {seller, buyer}) split(homes, home, street_.parts, splits);
    }
    return settle(homes, Interval(number * quarter, quarter));
  }

  RewardInterval settle(const std::vector<Home>& homes, const Interval& interval) {
    static const ZoneTree one_zone = ZoneTree::single();
    std::vector<SettlementMember> members;
    for (const Home& home : homes) {
      const Energy drawn = std::max(home.contract, Energy{0}) + std::max(home.shown - home.contract, Energy{0});
      members.push_back({.household = static_cast<std::uint32_t>(members.size()),
                         .contract = home.contract,
                         .contract_amount = home.contract * terms_.price,
                         .delivered = home.shown,
                         .fee_relief = home.is_relieved ? wide(drawn.count) * whole_permille : 0});
    }
    const Result<SettledInterval, IntervalFault> settled = settle_interval(members, one_zone,
                                                                           {.tariff = terms_.tariff,
                                                                            .imbalance = dual_prices(terms_.tariff),
                                                                            .loss_permille = terms_.loss_permille,
                                                                            .taxes = terms_.taxes,
                                                                            .network_fee = terms_.network_fee},
                                                                           [](std::size_t) { return Hash32{}; });
    if (!settled) std::abort();
    RewardInterval result{.interval = interval, .members = {}};
    const ZoneCheck check = check_of(homes);
    for (std::size_t i = 0; i < homes.size(); ++i) {
      const SettledMember& bill = settled->members[i];
      epoch_fees_ += bill.fee_amount;
      if (homes[i].is_coalition) {
        books_.paid += bill.total();
        books_.fees += bill.fee_amount;
      }
      result.members.push_back({.household = name_of(i),
                                .owner = name_of(homes[i].owner),
                                .contract = bill.contract,
                                .delivered = bill.delivered,
                                .quality = homes[i].is_estimated ? DeliveryQuality::estimated : DeliveryQuality::good,
                                .zone = check,
                                .export_max = export_max,
                                .fee = bill.fee_amount});
    }
    return result;
  }

  void add_rewards(const Result<EpochRewards, RewardFault>& rewards) {
    // An epoch that is refused mints nothing.
    if (!rewards) return;
    for (std::size_t i = 0; i < rewards->households.size(); ++i) {
      const bool is_honest = i >= street_.honest_begin() && i < street_.homes();
      if (!is_honest) books_.rewards += Money{rewards->households[i].reward.count};
    }
  }

  std::uint64_t seed_;
  const RewardDefence& defence_;
  std::optional<RewardAttack> attack_;
  RewardAttack against_;
  Street street_;
  StreetTerms terms_;
  Money epoch_fees_;
  Books books_;
};

/// A reward far above the fee, a budget that is never short, and no cap by what was burned.
void pay_above_fee(RewardDefence& defence) {
  defence.rules.below_fee = false;
  defence.parameters.reward_to_fee_permille = 100'000;
  defence.parameters.base_budget = reward_budget_max;
  defence.rules.burn_cap = false;
}

void pay_without_end(RewardDefence& defence) {
  defence.parameters.base_budget = reward_budget_max;
  defence.rules.burn_cap = false;
}

}  // namespace

const char* to_text(RewardAttack attack) {
  switch (attack) {
    case RewardAttack::wash_trade:
      return "wash_trade";
    case RewardAttack::declared_circle:
      return "declared_circle";
    case RewardAttack::hidden_circle:
      return "hidden_circle";
    case RewardAttack::split_accounts:
      return "split_accounts";
    case RewardAttack::ring:
      return "ring";
    case RewardAttack::fake_pair:
      return "fake_pair";
    case RewardAttack::fake_production:
      return "fake_production";
    case RewardAttack::withheld_reading:
      return "withheld_reading";
    case RewardAttack::replayed_interval:
      return "replayed_interval";
    case RewardAttack::unpaid_fee:
      return "unpaid_fee";
  }
  return "";
}

RewardDefence default_defence(std::uint64_t seed) {
  Draw draw{seed, defence_draw};
  RewardDefence defence;
  constexpr std::array<std::int64_t, 4> budgets{1'000'000, 30'000'000, 200'000'000, 100'000'000'000};
  defence.parameters.base_budget = TokenAmount{budgets[static_cast<std::size_t>(draw.whole(0, 3))]};
  defence.parameters.bootstrap_epochs = draw.whole(0, epochs);
  defence.parameters.window_epochs = draw.whole(1, 3);
  defence.parameters.halving_epochs = draw.whole(1, 2 * epochs);
  defence.is_bare = draw.chance(0.5);
  return defence;
}

RewardDefence without_protection(RewardAttack attack, std::uint64_t seed) {
  RewardDefence defence = with_one_protection(attack, seed);
  switch (attack) {
    case RewardAttack::wash_trade:
      defence.rules.delivery = false;
      break;
    case RewardAttack::declared_circle:
      defence.rules.owners = false;
      break;
    case RewardAttack::hidden_circle:
    case RewardAttack::split_accounts:
    case RewardAttack::ring:
    case RewardAttack::fake_pair:
      pay_above_fee(defence);
      break;
    case RewardAttack::fake_production:
      defence.rules.balance = false;
      break;
    case RewardAttack::withheld_reading:
      defence.rules.readings = false;
      break;
    case RewardAttack::replayed_interval:
      defence.rules.repeats = false;
      break;
    case RewardAttack::unpaid_fee:
      defence.rules.fees = false;
      break;
  }
  return defence;
}

RewardDefence with_one_protection(RewardAttack attack, std::uint64_t seed) {
  RewardDefence defence = default_defence(seed);
  pay_without_end(defence);
  const bool is_made_for = attack == RewardAttack::wash_trade || attack == RewardAttack::declared_circle;
  if (is_made_for) pay_above_fee(defence);
  if (attack == RewardAttack::withheld_reading) defence.rules.balance = false;
  // Else losses and taxes do what the fee should.
  if (attack == RewardAttack::unpaid_fee) defence.is_bare = true;
  return defence;
}

AttackResult try_attack(RewardAttack attack, std::uint64_t seed, const RewardDefence& defence) {
  const Books honest = Play(seed, defence, std::nullopt, attack).run();
  const Books attacked = Play(seed, defence, attack, attack).run();
  const Money fees = attacked.fees - honest.fees;
  const Money returned{fees.count / whole_permille * defence.returned_permille};
  return {.rewards = attacked.rewards - honest.rewards,
          .settlement = honest.paid - attacked.paid + returned,
          .stolen = attacked.stolen,
          .faked = attacked.faked};
}

}  // namespace commonwatt::test
