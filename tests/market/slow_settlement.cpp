#include "tests/market/slow_settlement.hpp"

#include <algorithm>
#include <set>

#include "core/sha256.hpp"

namespace commonwatt::test {
namespace {

using Amounts = std::map<std::string, Wide>;

Wide sum_of(const Amounts& amounts) {
  Wide sum = 0;
  for (const auto& [name, amount] : amounts) sum += amount;
  return sum;
}

Hash32 tie_hash(const std::string& name) {
  const Bytes zeros(32);
  return sha256({zeros, as_bytes(name)});
}

/// The quotient rounded towards minus infinity, found without relying on how C++ rounds.
Wide floor_of(Wide dividend, Wide divisor) {
  Wide quotient = dividend / divisor;
  while (quotient * divisor > dividend) --quotient;
  while ((quotient + 1) * divisor <= dividend) ++quotient;
  return quotient;
}

/// Thousandths to the nearest whole number; from half way to the even one.
Wide half_even(Wide thousandths) {
  const Wide below = floor_of(thousandths, 1'000);
  const Wide rest = thousandths - below * 1'000;
  if (rest != 500) return rest < 500 ? below : below + 1;
  return floor_of(below, 2) * 2 == below ? below : below + 1;
}

Wide at_least_zero(Wide value) {
  return value > 0 ? value : 0;
}

bool is_within(const std::map<std::string, SlowZone>& zones, std::string zone, const std::string& of) {
  while (zone != of && !zone.empty()) zone = zones.at(zone).parent;
  return zone == of;
}

/// What every household would pay of the fees of all edges.
Amounts edge_fees(const SlowHouseholds& households, const std::map<std::string, SlowZone>& zones) {
  Amounts fees;
  for (const auto& [edge, zone] : zones) {
    if (zone.parent.empty()) continue;
    Wide net = 0;
    for (const auto& [name, household] : households) {
      if (is_within(zones, household.zone, edge)) net += household.contract;
    }
    Amounts carried;
    for (const auto& [name, household] : households) {
      const Wide wanted = net > 0 ? household.contract : -household.contract;
      if (wanted > 0 && is_within(zones, household.zone, edge)) carried[name] = wanted;
    }
    for (const auto& [name, energy] : slow_split(carried, net > 0 ? net : -net)) fees[name] += energy * zone.fee;
  }
  return fees;
}

/// The sums of a percentage: rounded for each, and exactly.
struct Rounded {
  Wide paid = 0;
  Wide thousandths = 0;

  Wide add(Wide base, std::int64_t permille) {
    paid += half_even(base * permille);
    thousandths += base * permille;
    return half_even(base * permille);
  }
  [[nodiscard]] Wide residue() const { return paid - half_even(thousandths); }
};

/// Levies, and taxes on what is paid and on levies.
Wide charges(const SlowFigures& figures, const SlowTerms& terms, Rounded& taxes) {
  const Wide bought_from_utility = at_least_zero(figures.delivered - figures.contract);
  const Wide bought_from_neighbours = at_least_zero(figures.contract);
  Wide levies = 0;
  for (const SlowCharge& levy : terms.levies) {
    if (levy.on_utility) levies += bought_from_utility * levy.rate;
    if (levy.on_neighbours) levies += bought_from_neighbours * levy.rate;
  }
  Wide amount = levies;
  for (const SlowCharge& tax : terms.taxes) {
    Wide base = 0;
    if (tax.on_utility) base += at_least_zero(figures.imbalance);
    if (tax.on_neighbours) base += at_least_zero(figures.energy);
    if (tax.on_fees) base += figures.fee + figures.loss;
    if (tax.on_levies) base += levies;
    amount += taxes.add(base, tax.rate);
  }
  return amount;
}

}  // namespace

Amounts slow_split(const Amounts& wants, Wide available) {
  const Wide all = sum_of(wants);
  Amounts shares;
  if (all == 0) return wants;
  std::vector<std::string> by_rank;
  for (const auto& [name, want] : wants) {
    shares[name] = want * available / all;
    by_rank.push_back(name);
  }
  const auto fraction = [&](const std::string& name) { return wants.at(name) * available % all; };
  std::sort(by_rank.begin(), by_rank.end(), [&](const std::string& a, const std::string& b) {
    return fraction(a) != fraction(b) ? fraction(a) > fraction(b) : tie_hash(a) < tie_hash(b);
  });
  const auto left = static_cast<std::size_t>(available - sum_of(shares));
  for (std::size_t i = 0; i < left; ++i) ++shares[by_rank[i]];
  return shares;
}

Amounts slow_allocation(const std::string& key, const SlowHouseholds& households) {
  Amounts surplus;
  Amounts got;
  std::set<std::int64_t> tiers;
  for (const auto& [name, household] : households) {
    surplus[name] = at_least_zero(-household.delivered);
    got[name] = 0;
    tiers.insert(household.tier);
  }
  const Wide supply = sum_of(surplus);
  const auto pass_on = [&](std::optional<std::int64_t> tier) {
    Amounts wants;
    for (const auto& [name, household] : households) {
      if (!tier || household.tier == *tier) wants[name] = at_least_zero(household.delivered) - got[name];
    }
    for (const auto& [name, share] : slow_split(wants, std::min(supply - sum_of(got), sum_of(wants))))
      got[name] += share;
  };
  if (key == "static" || key == "percentage") {
    for (const auto& [name, household] : households)
      got[name] = std::min(at_least_zero(household.delivered), supply * household.share_permille / 1'000);
  }
  if (key == "dynamic" || key == "percentage") pass_on(std::nullopt);
  if (key == "priority") {
    for (const std::int64_t tier : tiers) pass_on(tier);
  }
  for (const auto& [name, sold] : slow_split(surplus, sum_of(got))) got[name] -= sold;
  return got;
}

std::int64_t slow_internal_price(const std::optional<std::string>& rule, std::int64_t fixed, const SlowTerms& terms,
                                 const SlowHouseholds& households) {
  Wide supply = 0;
  Wide demand = 0;
  for (const auto& [name, household] : households) {
    supply += at_least_zero(-household.delivered);
    demand += at_least_zero(household.delivered);
  }
  const Wide retail = terms.retail;
  const Wide feed_in = terms.feed_in;
  Wide price = fixed;
  if (rule == "mid_market") price = floor_of(retail + feed_in, 2);
  if (rule == "supply_demand_ratio") {
    if (supply >= demand) {
      price = feed_in;
    } else if (feed_in > 0) {
      price = floor_of(feed_in * retail * demand, (retail - feed_in) * supply + feed_in * demand);
    } else {
      price = floor_of(retail * demand - (retail - feed_in) * supply, demand);
    }
  }
  return static_cast<std::int64_t>(price);
}

SlowInterval slow_settlement(const SlowHouseholds& households, const std::map<std::string, SlowZone>& zones,
                             const SlowTerms& terms) {
  SlowInterval result;
  const auto pay = [&](const std::string& from, const std::string& to, const std::string& kind, Wide amount) {
    if (amount != 0) result.postings[{from, to, kind}] += amount;
  };
  Amounts fees = edge_fees(households, zones);
  Wide gap = 0;  // what buyers pay beyond what sellers get
  for (const auto& [name, household] : households) gap += household.contract_amount;
  const Wide in_prices = std::min(at_least_zero(gap), sum_of(fees));
  fees = slow_split(fees, sum_of(fees) - in_prices);
  gap -= in_prices;

  Rounded losses;
  Rounded taxes;
  for (const auto& [name, household] : households) {
    SlowFigures& figures = result.statements[name];
    figures.contract = household.contract;
    figures.delivered = household.delivered;
    figures.energy = household.contract_amount;
    const Wide deviation = household.delivered - household.contract;
    figures.imbalance = deviation * (deviation > 0 ? terms.shortfall : terms.surplus);
    figures.fee = fees[name];
    figures.loss = losses.add(at_least_zero(household.contract) * terms.retail, zones.at(household.zone).loss_permille);
    figures.tax = charges(figures, terms, taxes);
    pay("household:" + name, "escrow", "energy", figures.energy);
    pay("household:" + name, "utility", "imbalance", figures.imbalance);
    pay("household:" + name, "fees", "fee", figures.fee);
    pay("household:" + name, "losses", "loss", figures.loss);
    pay("household:" + name, "utility", "tax", figures.tax);
  }
  pay("escrow", "fees", "fee", in_prices);
  const std::string rest = zones.size() > 1 && gap > 0 ? "congestion" : "spread";
  pay("escrow", rest, rest, gap);
  pay("losses", "rounding", "rounding", losses.residue());
  pay("utility", "rounding", "rounding", taxes.residue());
  return result;
}

}  // namespace commonwatt::test
