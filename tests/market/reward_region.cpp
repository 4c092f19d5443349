#include "tests/market/reward_region.hpp"

#include <array>

#include "controller/plot_axis.hpp"
#include "controller/svg.hpp"

namespace commonwatt::test {
namespace {

constexpr std::int64_t step = 50;
constexpr std::int64_t reward_max = 1'500;
constexpr std::int64_t returned_max = 1'000;
constexpr std::uint64_t streets = 3;
/// The attacks that only the fee stands against.
constexpr std::array attacks{RewardAttack::hidden_circle, RewardAttack::ring, RewardAttack::fake_pair};

constexpr double width = 760;
constexpr double height = 500;
constexpr double left = 76;
constexpr double right = 730;
constexpr double top = 92;
constexpr double bottom = 430;

// The colours of the dashboard. What pays is told by its cross too.
constexpr const char* style = R"(<style>
text{fill:#14202B}
.title{font-size:17px;font-weight:600}
.muted{fill:#55626E}
.ground{fill:#FFFFFF}
.grid{stroke:#D5DCE4;stroke-width:1}
.safe{fill:#2B8079;fill-opacity:0.55}
.pays{stroke:#A11C16;stroke-width:1.5;fill:none}
.edge{stroke:#7C3AB8;stroke-width:2;stroke-dasharray:7 3}
.default{stroke:#1B5FBF;stroke-width:2}
.default-text{fill:#1B5FBF;font-weight:600}
.edge-text{fill:#7C3AB8}
@media (prefers-color-scheme:dark){
text{fill:#E9EEF4}
.muted{fill:#A2AFBC}
.ground{fill:#19202A}
.grid{stroke:#313C49}
.safe{fill:#54B5AC}
.pays{stroke:#FFA59D}
.edge{stroke:#CDA2F7}
.default{stroke:#7DB1FF}
.default-text{fill:#7DB1FF}
.edge-text{fill:#CDA2F7}
}
</style>
)";

RegionPoint point_at(std::int64_t reward, std::int64_t returned, std::uint64_t seed) {
  RegionPoint point{.reward_permille = reward, .returned_permille = returned, .profit = {}};
  bool is_first = true;
  for (const RewardAttack attack : attacks) {
    for (std::uint64_t street = seed; street < seed + streets; ++street) {
      RewardDefence defence = default_defence(street);
      defence.parameters.base_budget = reward_budget_max;
      defence.rules.burn_cap = false;
      defence.rules.below_fee = false;
      defence.parameters.reward_to_fee_permille = reward;
      defence.returned_permille = returned;
      defence.is_bare = true;
      const Money profit = try_attack(attack, street, defence).profit();
      if (is_first || profit > point.profit) {
        point.profit = profit;
        point.best = attack;
      }
      is_first = false;
    }
  }
  return point;
}

std::string axes(const PlotAxis& x, const PlotAxis& y) {
  std::string drawn;
  for (const double tick : y.ticks()) {
    const double place = y.place(tick);
    drawn +=
        svg_line("grid", left, place, right, place) + svg_text("muted", left - 8, place + 4, "end", y.tick_text(tick));
  }
  for (const double tick : x.ticks()) {
    const double place = x.place(tick);
    drawn += svg_line("grid", place, top, place, bottom) +
             svg_text("muted", place, bottom + 20, "middle", x.tick_text(tick));
  }
  drawn +=
      svg_text("muted", (left + right) / 2, bottom + 46, "middle", "worth of what a kWh earns, permille of the fee");
  return drawn + "<text class=\"muted\" text-anchor=\"middle\" transform=\"translate(20 " +
         pixels_text((top + bottom) / 2) + ") rotate(-90)\">of the fee that comes back, permille</text>\n";
}

std::string marks(const std::vector<RegionPoint>& region, const PlotAxis& x, const PlotAxis& y) {
  constexpr double half = 3.5;
  std::string drawn;
  for (const RegionPoint& point : region) {
    const double at_x = x.place(static_cast<double>(point.reward_permille));
    const double at_y = y.place(static_cast<double>(point.returned_permille));
    if (point.pays()) {
      drawn += svg_line("pays", at_x - half, at_y - half, at_x + half, at_y + half);
      drawn += svg_line("pays", at_x - half, at_y + half, at_x + half, at_y - half);
    } else {
      drawn += svg_rectangle("safe", at_x - half, at_y - half, 2 * half, 2 * half);
    }
  }
  return drawn;
}

}  // namespace

std::vector<RegionPoint> scan_region(std::uint64_t seed) {
  std::vector<RegionPoint> region;
  for (std::int64_t reward = step; reward <= reward_max; reward += step) {
    for (std::int64_t returned = 0; returned <= returned_max; returned += step) {
      region.push_back(point_at(reward, returned, seed));
    }
  }
  return region;
}

std::string region_csv(const std::vector<RegionPoint>& region) {
  std::string text = "reward_to_fee_permille,fee_returned_permille,best_attack,profit_nano,pays\n";
  for (const RegionPoint& point : region) {
    text += std::to_string(point.reward_permille) + "," + std::to_string(point.returned_permille) + "," +
            to_text(point.best) + "," + std::to_string(point.profit.count) + "," + (point.pays() ? "1" : "0") + "\n";
  }
  return text;
}

std::string region_svg(const std::vector<RegionPoint>& region) {
  const PlotAxis x = round_axis(0, static_cast<double>(reward_max), 8, left, right);
  const PlotAxis y = round_axis(0, static_cast<double>(returned_max), 6, bottom, top);
  const char* const title = "Where dealing with oneself would pay";
  const char* const caption =
      "Squares: it costs. Crosses: it pays. Dashed: reward + what comes back = the fee. No losses, no taxes.";
  const auto fee = static_cast<double>(returned_max);
  const auto usual = static_cast<double>(RewardParameters{}.reward_to_fee_permille);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + pixels_text(width) + " " + pixels_text(height) +
         "\" font-family=\"system-ui,DejaVu Sans,sans-serif\" font-size=\"12\" role=\"img\" aria-labelledby=\"title "
         "desc\">\n<title id=\"title\">" +
         svg_escaped(title) + "</title>\n<desc id=\"desc\">" + svg_escaped(caption) + "</desc>\n" + style +
         svg_rectangle("ground", 0, 0, width, height) + svg_text("title", left, 34, "start", title) +
         svg_text("muted", left, 56, "start", caption) + axes(x, y) + marks(region, x, y) +
         svg_line("edge", x.place(0), y.place(fee), x.place(fee), y.place(0)) +
         svg_line("default", x.place(usual), y.place(0), x.place(usual), top - 12) +
         svg_text("default-text", x.place(usual) + 6, top - 14, "start", "the default") + "</svg>\n";
}

}  // namespace commonwatt::test
