#include "controller/auction_plot.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "controller/plot_axis.hpp"
#include "controller/plot_staircase.hpp"
#include "controller/svg.hpp"

namespace commonwatt {
namespace {

constexpr double width = 960;
constexpr double height = 600;
constexpr double left = 92;
constexpr double right = 826;
constexpr double top = 138;
constexpr double bottom = 530;
constexpr double line_height = 16;
constexpr double mark_length_min = 4;
constexpr double letter_height = 9;
constexpr double letter_width = 7;  // of a text of 12 px, on the safe side

// The colours of the dashboard. A side is told by its dashes too.
constexpr const char* style = R"(<style>
text{fill:#14202B}
.title{font-size:17px;font-weight:600}
.muted{fill:#55626E}
.ground{fill:#FFFFFF}
.grid{stroke:#D5DCE4;stroke-width:1}
.bids,.asks,.mark{fill:none;stroke-width:2;stroke-linejoin:round}
.bids{stroke:#1B5FBF;stroke-dasharray:7 3}
.asks{stroke:#A15C00}
.price{stroke:#7C3AB8;stroke-width:1.5}
.range{fill:#7C3AB8;fill-opacity:0.13}
.volume{stroke:#2B8079;stroke-width:1.5;stroke-dasharray:3 3}
.mark{stroke:#A11C16;stroke-width:6;stroke-linecap:round}
.price-text{fill:#7C3AB8}
.volume-text{fill:#1F6B65}
.mark-text{fill:#A11C16;font-weight:600}
.halo{stroke:#FFFFFF;stroke-width:4;stroke-linejoin:round;font-weight:600}
@media (prefers-color-scheme:dark){
text{fill:#E9EEF4}
.muted{fill:#A2AFBC}
.ground{fill:#19202A}
.grid{stroke:#313C49}
.bids{stroke:#7DB1FF}
.asks{stroke:#F4B63F}
.price{stroke:#CDA2F7}
.range{fill:#CDA2F7}
.volume{stroke:#54B5AC}
.mark{stroke:#FFA59D}
.price-text{fill:#CDA2F7}
.volume-text{fill:#54B5AC}
.mark-text{fill:#FFA59D}
.halo{stroke:#19202A}
}
</style>
)";

/// No longer than a line's worth, and not cut inside a letter of several bytes.
std::string shortened(const std::string& text, std::size_t letters_max) {
  std::size_t letters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_begin = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
    if (is_begin && ++letters > letters_max) return text.substr(0, i) + "…";
  }
  return text;
}

struct EnergyUnit {
  double watt_hours = 1;
  const char* name = "Wh";
};
EnergyUnit unit_for(double watt_hours) {
  if (watt_hours < 1e4) return {1, "Wh"};
  if (watt_hours < 1e7) return {1e3, "kWh"};
  if (watt_hours < 1e10) return {1e6, "MWh"};
  if (watt_hours < 1e13) return {1e9, "GWh"};
  return {1e12, "TWh"};
}
std::string amount_text(Energy energy) {
  const EnergyUnit unit = unit_for(static_cast<double>(energy.count));
  return short_text(static_cast<double>(energy.count) / unit.watt_hours, unit.watt_hours > 1 ? 3 : 0, 0) + " " +
         unit.name;
}

std::string currency_text(Price price) {
  return short_text(currency_units(price), 6, 2);
}

/// Text in the middle of x where there is room, moved in where there is not.
double middle_within(double x, const std::string& words, double from, double to) {
  const double half = std::min(static_cast<double>(words.size()) * letter_width, to - from) / 2;
  return std::clamp(x, from + half, to - half);
}

/// What is drawn of the zone's orders and result.
struct Scene {
  ZoneIndex zone = 0;
  std::vector<PlotStep> bids;
  std::vector<PlotStep> asks;
  Energy bought;
  Energy sold;
  std::vector<std::pair<std::string, Price>> prices;  ///< with what they are called
  std::optional<std::pair<Price, Price>> range;       ///< of the prices that execute the volume
  Energy mark_begin;                                  ///< on its curve
};

Energy total(const std::vector<PlotStep>& steps) {
  return steps.empty() ? Energy{} : steps.back().end;
}

/// The prices that execute the volume, in an auction of one zone.
std::optional<std::pair<Price, Price>> price_range(const AuctionPicture& picture) {
  std::optional<Price> low;
  std::optional<Price> high;
  for (std::size_t i = 0; i < picture.orders.size(); ++i) {
    const LimitOrder& order = picture.orders[i];
    const Energy fill = picture.result.clearing.fills[i];
    const bool buys = order.side == Side::buy;
    // A filled ask and a bid left over bound the price from below, a filled bid and an ask left over from above.
    if (buys ? fill < order.quantity : fill > Energy{0}) low = std::max(low.value_or(order.limit), order.limit);
    if (buys ? fill > Energy{0} : fill < order.quantity) high = std::min(high.value_or(order.limit), order.limit);
  }
  if (!low || !high || *low >= *high) return std::nullopt;
  return std::pair(*low, *high);
}

Scene make_scene(const AuctionPicture& picture) {
  Scene scene;
  scene.zone = picture.marked ? picture.orders[*picture.marked].zone : picture.tree.root();
  scene.bids = plot_steps(picture.orders, scene.zone, Side::buy);
  scene.asks = plot_steps(picture.orders, scene.zone, Side::sell);
  for (std::size_t i = 0; i < picture.orders.size(); ++i) {
    const LimitOrder& order = picture.orders[i];
    if (order.zone != scene.zone) continue;
    (order.side == Side::buy ? scene.bought : scene.sold) += picture.result.clearing.fills[i];
    if (!picture.marked || order.side != picture.orders[*picture.marked].side) continue;
    const LimitOrder& marked = picture.orders[*picture.marked];
    const bool is_better = order.side == Side::buy ? order.limit > marked.limit : order.limit < marked.limit;
    if (is_better || (order.limit == marked.limit && i < *picture.marked)) scene.mark_begin += order.quantity;
  }
  const std::optional<Price>& price = picture.result.clearing.zones[scene.zone].price;
  const bool is_parted = picture.result.sellers_price && picture.result.sellers_price != price;
  if (price) {
    const char* const name = is_parted                                    ? "buyers pay"
                             : picture.mechanism == Mechanism::continuous ? "last trade"
                                                                          : "price";
    scene.prices.emplace_back(name, *price);
  }
  if (is_parted) scene.prices.emplace_back("sellers get", *picture.result.sellers_price);
  const bool is_call = picture.mechanism != Mechanism::mcafee && picture.mechanism != Mechanism::continuous;
  if (price && is_call && picture.tree.size() == 1) scene.range = price_range(picture);
  return scene;
}

class Drawing {
 public:
  Drawing(const AuctionPicture& picture, const OrderNames& names, Scene scene)
      : picture_(picture), names_(names), scene_(std::move(scene)) {
    const double shown = energy_shown();
    unit_ = unit_for(shown);
    x_ = round_axis(0, shown / unit_.watt_hours, 9, left, right);
    x_.high = shown / unit_.watt_hours * 1.02;
    y_ = price_axis();
  }

  [[nodiscard]] std::string svg() const {
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + pixels_text(width) + " " + pixels_text(height) +
           "\" font-family=\"system-ui,DejaVu Sans,sans-serif\" font-size=\"12\" role=\"img\" aria-labelledby=\"title "
           "desc\">\n<title id=\"title\">" +
           svg_escaped(title()) + "</title>\n<desc id=\"desc\">" + svg_escaped(caption() + legend_words()) +
           "</desc>\n" + style + svg_rectangle("ground", 0, 0, width, height) + head() + axes() + body() + "</svg>\n";
  }

 private:
  /// Where one side is far larger than all that trades, the rest of it is not shown: it would hide the crossing.
  [[nodiscard]] double energy_shown() const {
    const auto count = [](Energy energy) { return static_cast<double>(energy.count); };
    const double bids = count(total(scene_.bids));
    const double asks = count(total(scene_.asks));
    double enough = std::max(3 * count(std::max(scene_.bought, scene_.sold)), 2 * std::min(bids, asks));
    if (picture_.marked) {
      const double marked = count(picture_.orders[*picture_.marked].quantity);
      enough = std::max(enough, 1.1 * count(scene_.mark_begin) + std::min(marked, enough / 4));
    }
    const double all = std::max(bids, asks);
    return std::max(enough > 0 ? std::min(all, enough) : all, 1.0);
  }

  [[nodiscard]] PlotAxis price_axis() const {
    std::vector<double> values;
    for (const std::vector<PlotStep>* const steps : {&scene_.bids, &scene_.asks}) {
      Energy begin;
      for (const PlotStep& step : *steps) {
        if (static_cast<double>(begin.count) < x_.high * unit_.watt_hours) values.push_back(currency_units(step.limit));
        begin = step.end;
      }
    }
    for (const auto& [name, price] : scene_.prices) values.push_back(currency_units(price));
    if (values.empty()) return round_axis(0, 1, 9, bottom, top);
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const double margin = (*high - *low) * 0.04;
    return round_axis(*low - margin, *high + margin, 9, bottom, top);
  }

  [[nodiscard]] std::string zone() const { return "zone " + names_.zone(scene_.zone); }
  [[nodiscard]] std::string title() const {
    return "Bids and asks" + (picture_.tree.size() > 1 ? " in " + shortened(zone(), 60) : "") + ", " +
           to_text(picture_.mechanism);
  }
  [[nodiscard]] std::string caption() const {
    if (scene_.bids.empty() && scene_.asks.empty()) return "No orders.";
    if (scene_.bought == Energy{0} && scene_.sold == Energy{0}) return "Nothing trades.";
    std::string words;
    for (const auto& [name, price] : scene_.prices) words += name + " " + currency_text(price) + " per kWh, ";
    words.front() = static_cast<char>(words.front() - 'a' + 'A');
    if (scene_.bought == scene_.sold) return words + "volume " + amount_text(scene_.bought) + ".";
    const bool imports = scene_.bought > scene_.sold;
    const Energy net = imports ? scene_.bought - scene_.sold : scene_.sold - scene_.bought;
    return words + "bought " + amount_text(scene_.bought) + ", sold " + amount_text(scene_.sold) + ": " +
           amount_text(net) + (imports ? " come from" : " go to") + " other zones.";
  }
  [[nodiscard]] std::string mark_words() const {
    const LimitOrder& order = picture_.orders[*picture_.marked];
    return "Order " + shortened(names_.order(*picture_.marked), 40) + ": " +
           (order.side == Side::buy ? "bid for " : "ask for ") + amount_text(order.quantity) + " at " +
           currency_text(order.limit) + ", " + amount_text(picture_.result.clearing.fills[*picture_.marked]) +
           " filled";
  }
  [[nodiscard]] std::string legend_words() const {
    return " Bids for " + amount_text(total(scene_.bids)) + ", asks for " + amount_text(total(scene_.asks)) + "." +
           (picture_.marked ? " " + mark_words() + "." : "");
  }

  /// Title, caption and legend, above the plot.
  [[nodiscard]] std::string head() const {
    std::string drawn = svg_text("title", left, 30, "start", title()) + svg_text("muted", left, 50, "start", caption());
    const auto entry = [&](const char* kind, double x, double y, const std::string& words) {
      drawn += svg_line(kind, x, y - 4, x + 26, y - 4) + svg_text("", x + 34, y, "start", words);
    };
    entry("bids", left, 74, "bids, " + amount_text(total(scene_.bids)) + " in all");
    entry("asks", left + 220, 74, "asks, " + amount_text(total(scene_.asks)) + " in all");
    if (scene_.range) {
      drawn += svg_rectangle("range", left + 440, 63, 26, 14);
      drawn += svg_text("", left + 474, 74, "start", "prices that execute the volume");
    }
    if (picture_.marked) entry("mark", left, 94, mark_words());
    return drawn;
  }

  [[nodiscard]] std::string axes() const {
    std::string drawn;
    for (const double tick : y_.ticks()) {
      const double y = y_.place(tick);
      drawn += svg_line("grid", left, y, right, y) + svg_text("muted", left - 8, y + 4, "end", y_.tick_text(tick));
    }
    for (const double tick : x_.ticks()) {
      const double x = x_.place(tick);
      drawn += svg_line("grid", x, top, x, bottom) + svg_text("muted", x, bottom + 20, "middle", x_.tick_text(tick));
    }
    drawn += svg_text("muted", (left + right) / 2, bottom + 46, "middle",
                      std::string("energy of all orders up to here, ") + unit_.name);
    const double middle = (top + bottom) / 2;
    return drawn + "<text class=\"muted\" text-anchor=\"middle\" transform=\"translate(20 " + pixels_text(middle) +
           ") rotate(-90)\">price, currency per kWh</text>\n";
  }

  [[nodiscard]] std::string body() const {
    if (scene_.bids.empty() && scene_.asks.empty()) {
      return svg_text("muted", (left + right) / 2, (top + bottom) / 2, "middle", "no orders");
    }
    std::string drawn;
    if (scene_.range) {
      const double high = y_.place(currency_units(scene_.range->second));
      const double low = y_.place(currency_units(scene_.range->first));
      drawn += svg_rectangle("range", left, high, right - left, low - high);
    }
    drawn += volumes() + prices();
    drawn += svg_path("asks", staircase_path(scene_.asks, x_, y_, unit_.watt_hours));
    drawn += svg_path("bids", staircase_path(scene_.bids, x_, y_, unit_.watt_hours));
    return drawn + mark();
  }

  /// Labels stand in rows of their own above the plot, so that they meet no curve and not each other.
  [[nodiscard]] std::string volumes() const {
    std::string drawn;
    const auto draw = [&](const char* name, Energy energy, double row) {
      const double x = x_.place(static_cast<double>(energy.count) / unit_.watt_hours);
      const std::string words = name + amount_text(energy);
      drawn += svg_line("volume", x, row + 3, x, bottom);
      drawn += svg_text("volume-text", middle_within(x, words, left, right), row, "middle", words);
    };
    const double row = top - 6;
    if (scene_.bought == scene_.sold) {
      if (scene_.bought > Energy{0}) draw("volume ", scene_.bought, row);
      return drawn;
    }
    if (scene_.bought > Energy{0}) draw("bought ", scene_.bought, row - line_height);
    if (scene_.sold > Energy{0}) draw("sold ", scene_.sold, row);
    return drawn;
  }

  /// Labels stand beside the plot, the higher price above the other.
  [[nodiscard]] std::string prices() const {
    std::string drawn;
    double lowest = top - 2 * line_height;
    for (const auto& [name, price] : scene_.prices) {
      const double y = y_.place(currency_units(price));
      const double label = std::clamp(y, lowest + 2 * line_height, bottom);
      lowest = label;
      drawn += svg_line("price", left, y, right, y) + svg_text("price-text", right + 8, label - 2, "start", name) +
               svg_text("price-text", right + 8, label - 2 + line_height, "start", currency_text(price));
    }
    return drawn;
  }

  [[nodiscard]] std::string mark() const {
    if (!picture_.marked) return "";
    const LimitOrder& order = picture_.orders[*picture_.marked];
    const auto place = [&](Energy energy) { return x_.place(static_cast<double>(energy.count) / unit_.watt_hours); };
    const double y = y_.place(currency_units(order.limit));
    const double begin = place(scene_.mark_begin);
    const double end = std::min(std::max(place(scene_.mark_begin + order.quantity), begin + mark_length_min), right);
    const std::string words = shortened(names_.order(*picture_.marked), 16);
    // To the right of a bid the curve runs lower, to the right of an ask higher: on the other side there is room.
    const double room = static_cast<double>(words.size()) * letter_width;
    const double x = std::max(left, std::min(begin + 4, right - room));
    const bool is_above = order.side == Side::buy ? y - 12 - line_height > top : y + 2 * line_height > bottom;
    const double label = is_above ? y - 12 : y + 12 + letter_height;
    return svg_line("mark", begin, y, end, y) + svg_text("halo", x, label, "start", words) +
           svg_text("mark-text", x, label, "start", words);
  }

  const AuctionPicture& picture_;
  const OrderNames& names_;
  Scene scene_;
  EnergyUnit unit_;
  PlotAxis x_;
  PlotAxis y_;
};

}  // namespace

std::string auction_svg(const AuctionPicture& picture, const OrderNames& names) {
  return Drawing(picture, names, make_scene(picture)).svg();
}

}  // namespace commonwatt
