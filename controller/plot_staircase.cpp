#include "controller/plot_staircase.hpp"

#include <algorithm>
#include <cmath>

#include "controller/svg.hpp"

namespace commonwatt {
namespace {

constexpr double visible = 0.5;  // pixels

}  // namespace

std::vector<PlotStep> plot_steps(std::span<const LimitOrder> orders, ZoneIndex zone, Side side) {
  std::vector<PlotStep> steps;
  for (const LimitOrder& order : orders) {
    if (order.side == side && order.zone == zone) steps.push_back({order.limit, order.quantity});
  }
  std::sort(steps.begin(), steps.end(), [side](const PlotStep& a, const PlotStep& b) {
    return side == Side::buy ? a.limit > b.limit : a.limit < b.limit;
  });
  std::size_t joined = 0;
  for (std::size_t i = 1; i < steps.size(); ++i) {
    const Energy end = steps[joined].end + steps[i].end;
    if (steps[i].limit != steps[joined].limit) ++joined;
    steps[joined] = {steps[i].limit, end};
  }
  if (!steps.empty()) steps.resize(joined + 1);
  return steps;
}

std::string staircase_path(std::span<const PlotStep> steps, const PlotAxis& x, const PlotAxis& y, double unit) {
  if (steps.empty()) return "";
  double at_x = x.place(0);
  double at_y = y.place(currency_units(steps.front().limit));
  std::string corners = "M" + pixels_text(at_x) + " " + pixels_text(at_y);
  for (const PlotStep& step : steps) {
    const double next_x = std::min(x.place(static_cast<double>(step.end.count) / unit), x.end);
    const double next_y = y.place(currency_units(step.limit));
    const bool is_last = &step == &steps.back() || next_x >= x.end;
    if (!is_last && std::abs(next_x - at_x) < visible && std::abs(next_y - at_y) < visible) continue;
    if (next_y != at_y) corners += "V" + pixels_text(next_y);
    corners += "H" + pixels_text(next_x);
    at_x = next_x;
    at_y = next_y;
    if (next_x >= x.end) break;
  }
  return corners;
}

double currency_units(Price price) {
  return static_cast<double>(price.count) / 1e6;
}

}  // namespace commonwatt
