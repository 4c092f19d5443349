#include "market/explanation_text.hpp"

#include <algorithm>

namespace commonwatt {
namespace {

/// value / 10^decimals, exactly, with at least two decimals.
std::string decimal(Wide value, std::size_t decimals) {
  std::string digits = to_text(value);
  const bool is_negative = digits.front() == '-';
  if (is_negative) digits.erase(0, 1);
  if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
  digits.insert(digits.size() - decimals, 1, '.');
  const std::size_t shortest = digits.size() - decimals + 2;
  while (digits.size() > shortest && digits.back() == '0') digits.pop_back();
  return is_negative ? "-" + digits : digits;
}

std::string distance_text(Price a, Price b) {
  return price_text(a < b ? b - a : a - b);
}

class Words {
 public:
  Words(const Explanation& explanation, const OrderNames& names)
      : it_(explanation), names_(names), buys_(explanation.stated.side == Side::buy) {}

  [[nodiscard]] std::string all() const {
    std::string text = stated();
    for (const std::string& sentence : {reason(), payment(), externality(), whole_limit(), edge()}) {
      if (!sentence.empty()) text += " " + sentence;
    }
    return text;
  }

 private:
  [[nodiscard]] std::string zone() const { return "zone " + names_.zone(it_.stated.zone); }
  /// " in zone A"; nothing where there is one zone only.
  [[nodiscard]] std::string in_zone() const { return it_.zones > 1 ? " in " + zone() : ""; }
  [[nodiscard]] const char* own_side() const { return buys_ ? "bids" : "asks"; }
  [[nodiscard]] const char* worse_direction() const { return buys_ ? "below" : "above"; }

  [[nodiscard]] bool is_mcafee() const { return it_.mechanism == Mechanism::mcafee; }
  [[nodiscard]] std::string all_traders_whole() const {
    return std::string(", and all ") + own_side() + " that trade are filled whole.";
  }

  [[nodiscard]] std::string stated() const {
    std::string text = "Order " + names_.order(it_.order) + (buys_ ? " asked to buy " : " offered to sell ") +
                       energy_text(it_.stated.quantity) + in_zone() + " at " + price_text(it_.stated.limit) +
                       (buys_ ? " or less" : " or more");
    if (it_.fill == Energy{0}) return text + ", and was not filled.";
    if (it_.fill == it_.stated.quantity) return text + ", and was filled whole.";
    return text + (buys_ ? ", and bought " : ", and sold ") + energy_text(it_.fill) + " of it.";
  }

  /// "the price of zone A, 0.20 per kWh (200000)".
  [[nodiscard]] std::string the_price() const {
    std::string text = it_.mechanism == Mechanism::uniform ? "the price" : "the clearing price";
    if (is_mcafee()) text = buys_ ? "the price for buyers" : "the price for sellers";
    if (it_.zones > 1) text += " of " + zone();
    return text + ", " + price_text(*it_.price);
  }

  [[nodiscard]] std::string reason() const {
    switch (it_.outcome) {
      case Outcome::better_than_price:
        return "Its limit is better than " + the_price() + ", by " + distance_text(it_.stated.limit, *it_.price) +
               (is_mcafee() ? all_traders_whole() : ", and every such order is filled whole.");
      case Outcome::at_price_whole:
        return "Its limit is exactly " + the_price() +
               (is_mcafee()
                    ? all_traders_whole()
                    : ", and there was enough for all " + std::string(own_side()) + " at this limit" + in_zone() + ".");
      case Outcome::at_price_shared:
        return "Its limit is exactly " + the_price() + ". " + at_price_shared();
      case Outcome::at_price_unserved:
        return "Its limit is exactly " + the_price() + ", and nothing was left for the " + own_side() + in_zone() +
               " at this limit.";
      case Outcome::worse_than_price:
        return "Its limit is " + std::string(worse_direction()) + " " + the_price() + ", by " +
               distance_text(it_.stated.limit, *it_.price) + ", and no such order is filled.";
      case Outcome::no_buyers:
        return "There was nobody to sell to: no order asked to buy" + reach() + ".";
      case Outcome::no_sellers:
        return "There was nobody to buy from: no order offered to sell" + reach() + ".";
      case Outcome::best_apart:
        return apart();
      case Outcome::marginal:
        return matching() + ". This order is the last " + (buys_ ? "bid" : "ask") +
               " that matches: the last ones decide the prices and do not trade themselves, so that nobody's "
               "limit moves the price at which it trades.";
      case Outcome::household_marginal:
        return matching() +
               ". It matches too, but the last bid or the last ask is of the same household, and none of "
               "the orders of such a household trades.";
      case Outcome::behind_marginal:
        return behind_marginal();
      case Outcome::left_without_partner:
        return matching() + ". It matches too, but all " + (buys_ ? "asks" : "bids") +
               " that match are of the households behind the last bid and the last ask, which stay out.";
      case Outcome::rationed:
        return "The " + std::string(own_side()) + " that trade are for " + energy_text(it_.sharing->wanted) +
               " and the other side for " + energy_text(it_.sharing->available) +
               ", which are shared in proportion to quantity" + own_share() + ".";
      case Outcome::traded_whole:
      case Outcome::traded_in_part:
      case Outcome::untraded:
        return reason_of_continuous();
    }
    return "";
  }

  [[nodiscard]] std::string at_price_shared() const {
    const Sharing& sharing = *it_.sharing;
    if (sharing.wanted == it_.stated.quantity) {
      return std::string("It is the only ") + (buys_ ? "bid" : "ask") + " at this limit" + in_zone() + ", and " +
             energy_text(sharing.available) + " was left for it.";
    }
    return std::string("The ") + own_side() + " at this limit" + in_zone() + " are for " + energy_text(sharing.wanted) +
           ", with " + energy_text(sharing.available) + " left for them, shared in proportion to quantity" +
           own_share() + ".";
  }

  [[nodiscard]] std::string reach() const {
    if (it_.zones == 1) return "";
    return buys_ ? " in any zone whose energy can reach " + zone()
                 : " in any zone that energy from " + zone() + " can reach";
  }

  [[nodiscard]] std::string apart() const {
    const Counterpart& best = *it_.counterpart;
    const Price worth = buys_ ? best.limit + best.fees : best.limit - best.fees;
    std::string text = "Nothing traded anywhere: ";
    if (it_.zones == 1) {
      const Price bid = buys_ ? *it_.best_own_side : worth;
      const Price ask = buys_ ? worth : *it_.best_own_side;
      return text + "the highest bid, " + price_text(bid) + ", was below the lowest ask, " + price_text(ask) + ".";
    }
    text += buys_ ? "the cheapest energy that could reach " : "the most that a buyer would have left to sellers in ";
    text += zone() + (buys_ ? " would have cost " : " was ") + price_text(worth);
    if (best.zone != it_.stated.zone) {
      text += std::string(buys_ ? ", an ask of " : ", a bid of ") + price_text(best.limit) + " in zone " +
              names_.zone(best.zone) + (buys_ ? " plus " : " less ") + price_text(best.fees) + " of fees";
    }
    return text + (buys_ ? ". The highest bid in " : ". The lowest ask in ") + zone() + " was " +
           price_text(*it_.best_own_side) + ".";
  }

  /// The order's own part of a split.
  [[nodiscard]] std::string own_share() const {
    if (!it_.sharing->floor_share) return "";
    const bool is_rounded = it_.sharing->last != LastWattHour::none_left;
    std::string share =
        (is_rounded ? ": its part, rounded down, is " : ": its part is ") + energy_text(*it_.sharing->floor_share);
    switch (it_.sharing->last) {
      case LastWattHour::none_left:
        return share;
      case LastWattHour::got_by_remainder:
        return share + ", and its remainder was large enough for one of the watt-hours left over by rounding";
      case LastWattHour::got_by_tie_key:
        return share + ", and of equal remainders its tie key won it one of the watt-hours left over by rounding";
      case LastWattHour::missed_by_remainder:
        return share + ", and the watt-hours left over by rounding went to larger remainders";
      case LastWattHour::missed_by_tie_key:
        return share +
               ", and the watt-hours left over by rounding went to larger remainders and, of equal ones, to "
               "smaller tie keys";
    }
    return "";
  }

  [[nodiscard]] std::string matching() const {
    return "Of the best bids and asks, matched in turn, " + energy_text(it_.margin->volume) +
           " match, down to a bid of " + price_text(it_.margin->bid) + " and up to an ask of " +
           price_text(it_.margin->ask);
  }

  [[nodiscard]] std::string behind_marginal() const {
    const bool is_tie = it_.stated.limit == (buys_ ? it_.margin->bid : it_.margin->ask);
    return matching() + ". This order stands behind " +
           (is_tie ? "the last of them, for of equal limits the smaller tie key comes first." : "the last of them.");
  }

  [[nodiscard]] std::string reason_of_continuous() const {
    std::string text;
    if (it_.fill > Energy{0}) text = "Each trade was made at the limit of the order that was in the book first.";
    if (it_.outcome == Outcome::traded_whole) return text;
    if (it_.fill > Energy{0}) text += " ";
    text += it_.fill > Energy{0} ? "For the rest" : "For it";
    text += " nobody within its limit was left to trade with";
    if (it_.met_own_order) text += ", or it left the book when a newer order of its own household met it";
    return text + ".";
  }

  [[nodiscard]] std::string amount(WideMoney payment) const {
    if (payment == 0) return "pays nothing";
    return payment > 0 ? "pays " + money_text(payment) : "gets " + money_text(-payment);
  }

  [[nodiscard]] std::string payment() const {
    if (it_.fill == Energy{0}) return "";
    std::string text = "Its household " + amount(it_.payment) + " for " + energy_text(it_.fill);
    if (it_.mechanism == Mechanism::pay_as_bid) return text + ": here every order trades at its own limit.";
    if (is_mcafee() || it_.mechanism == Mechanism::uniform) {
      text += " at " + price_text(*it_.price);
    }
    if (it_.mechanism == Mechanism::continuous || it_.mechanism == Mechanism::vcg) text += average();
    return text +
           (it_.gain == 0 ? ", exactly its limit." : ", which is " + money_text(it_.gain) + " better than its limit.");
  }

  /// ", on average about 0.25 per kWh (250000)".
  [[nodiscard]] std::string average() const {
    const WideMoney received = buys_ ? it_.payment : -it_.payment;
    const Price price{static_cast<std::int64_t>(floor_divide(received, it_.fill.count))};
    const bool is_exact = wide_product(it_.fill, price) == received;
    return std::string(", on average ") + (is_exact ? "" : "about ") + price_text(price);
  }

  [[nodiscard]] std::string externality() const {
    if (!it_.externality || it_.fill == Energy{0}) return "";
    const Externality& found = *it_.externality;
    const std::string orders = found.household_orders == 1
                                   ? "That is"
                                   : "For its " + to_text(Wide{found.household_orders}) + " orders together it " +
                                         amount(found.household_payment) + ", which is";
    const std::string others = "by their limits (bids less asks) what the others trade is worth " +
                               money_text(found.others_with) + " with it and would be worth " +
                               money_text(found.others_without) + " without it.";
    if (found.household_payment > 0) return orders + " what its presence costs the others: " + others;
    if (found.household_payment < 0) return orders + " what its presence brings the others: " + others;
    return orders + " because its presence costs the others nothing: " + others;
  }

  [[nodiscard]] std::string whole_limit() const {
    const bool is_call = it_.mechanism == Mechanism::uniform || it_.mechanism == Mechanism::pay_as_bid ||
                         it_.mechanism == Mechanism::vcg;
    const bool is_hopeless = it_.outcome == Outcome::no_buyers || it_.outcome == Outcome::no_sellers;
    if (!is_call || is_hopeless || it_.fill == it_.stated.quantity) return "";
    if (!it_.whole_limit) return "All else the same, no limit an order may state would have filled it whole.";
    std::string text = "All else the same, it would have been filled whole with a limit of " +
                       price_text(it_.whole_limit->limit) + (buys_ ? " or more" : " or less");
    if (it_.mechanism == Mechanism::uniform) {
      text +=
          "; with exactly that limit the price" + in_zone() + " would have been " + price_text(it_.whole_limit->price);
    }
    return text + ".";
  }

  [[nodiscard]] std::string edge() const {
    if (!it_.edge) return "";
    const EdgeReason& edge = *it_.edge;
    const std::string parent = "zone " + names_.zone(edge.parent);
    const std::string fee = "the fee of " + price_text(edge.fee);
    const auto carried = [&](const char* verb, const char* preposition) {
      return "Zone " + names_.zone(it_.stated.zone) + " " + verb + " " + energy_text(edge.flow) + " " + preposition +
             " " + parent;
    };
    switch (edge.state) {
      case EdgeState::exports:
        return carried("exported", "to") + ", so its price is that of " + parent + " less " + fee + ".";
      case EdgeState::imports:
        return carried("imported", "from") + ", so its price is that of " + parent + " plus " + fee + ".";
      case EdgeState::exports_to_limit:
        return carried("exported", "to") + ", all that may be carried, and its price is " +
               distance_text(*edge.parent_price, *it_.price) + " below that of " + parent + ", of which " +
               price_text(edge.fee) + " is the fee.";
      case EdgeState::imports_to_limit:
        return carried("imported", "from") + ", all that may be carried, and its price is " +
               distance_text(*edge.parent_price, *it_.price) + " above that of " + parent + ", of which " +
               price_text(edge.fee) + " is the fee.";
      case EdgeState::idle:
        return idle(edge, parent);
      case EdgeState::cut_off:
        return "No energy can flow between " + zone() + " and " + parent + ", so the price is its own.";
      case EdgeState::parent_unpriced:
        return "No order reaches " + parent + ", which has no price, so that of " + zone() + " is its own.";
    }
    return "";
  }

  [[nodiscard]] std::string idle(const EdgeReason& edge, const std::string& parent) const {
    const std::string text = "Between " + zone() + " and " + parent + " nothing flowed: ";
    const Price above = *edge.parent_price - *it_.price;
    if (above > edge.fee) {
      return text + zone() + " may not export, although the price of " + parent + " is " + price_text(above) +
             " higher.";
    }
    if (-above > edge.fee) {
      return text + zone() + " may not import, although the price of " + parent + " is " + price_text(-above) +
             " lower.";
    }
    return text + "their prices differ by " + price_text(above < Price{0} ? -above : above) +
           ", no more than the fee of " + price_text(edge.fee) + ".";
  }

  const Explanation& it_;
  const OrderNames& names_;
  bool buys_;
};

}  // namespace

std::string energy_text(Energy energy) {
  std::string digits = to_text(wide(energy.count));
  const std::size_t first = energy < Energy{0} ? 1 : 0;
  for (std::size_t place = digits.size(); place > first + 3;) {
    place -= 3;
    digits.insert(place, 1, ',');
  }
  return digits + " Wh";
}

std::string price_text(Price price) {
  return decimal(price.count, 6) + " per kWh (" + to_text(wide(price.count)) + ")";
}

std::string money_text(WideMoney money) {
  return decimal(money, 9);
}

std::string to_text(const Explanation& explanation, const OrderNames& names) {
  return Words(explanation, names).all();
}

}  // namespace commonwatt
