#include "controller/bill_chart.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "controller/bill_words.hpp"
#include "controller/plot_axis.hpp"
#include "controller/svg.hpp"

namespace commonwatt {
namespace {

constexpr double chart_width = 720;
constexpr double chart_height = 220;
constexpr double left = 44;
constexpr double right = 716;
constexpr double top = 30;
constexpr double bottom = 198;

/// Energies in kWh; for drawing only.
struct Bar {
  std::string label;
  double from_neighbours = 0;
  double from_grid = 0;
  double to_neighbours = 0;
  double to_grid = 0;
};

double kwh(Energy energy) {
  return static_cast<double>(energy.count) / 1000.0;
}

std::vector<Bar> bars_of(const HouseholdBill& bill) {
  std::vector<Bar> bars;
  if (bill.days.size() <= 2) {
    for (const BillRow& row : bill.rows) {
      bars.push_back({clock_text(bill.local(row.interval.begin()), false), kwh(row.from_neighbours()),
                      kwh(row.from_grid()), kwh(row.to_neighbours()), kwh(row.to_grid())});
    }
    return bars;
  }
  for (const BillSpan& day : bill.days) {
    const BillSums& sums = day.sums;
    bars.push_back({std::to_string(day.date.day), kwh(sums.from_neighbours), kwh(sums.from_grid),
                    kwh(sums.to_neighbours), kwh(sums.to_grid)});
  }
  return bars;
}

/// A rectangle between two values of the axis.
std::string block(const char* kind, const PlotAxis& axis, double x, double width, double low, double high) {
  if (high <= low) return "";
  return svg_rectangle(kind, x, axis.place(high), width, axis.place(low) - axis.place(high));
}

std::string legend(Language language) {
  std::string text;
  double x = left;
  const std::array entries{std::pair("from-neighbours", BillText::legend_from_neighbours),
                           std::pair("from-grid", BillText::legend_from_grid),
                           std::pair("to-neighbours", BillText::legend_to_neighbours),
                           std::pair("to-grid", BillText::legend_to_grid)};
  for (const auto& [kind, words] : entries) {
    text += svg_rectangle(kind, x, 6, 10, 10) + svg_text("label", x + 14, 15, "start", text_of(words, language));
    x += 140;
  }
  return text;
}

}  // namespace

std::string bill_chart(const HouseholdBill& bill, Language language) {
  const std::vector<Bar> bars = bars_of(bill);
  double high = 0.1;
  double low = 0;
  for (const Bar& bar : bars) {
    high = std::max(high, bar.from_neighbours + bar.from_grid);
    low = std::min(low, -bar.to_neighbours - bar.to_grid);
  }
  const PlotAxis axis = round_axis(low, high, 6, bottom, top);
  std::string text = "<svg class=\"chart\" viewBox=\"0 0 " + pixels_text(chart_width) + " " +
                     pixels_text(chart_height) + "\" role=\"img\" aria-label=\"" +
                     svg_escaped(text_of(BillText::chart, language)) + "\">\n" + legend(language);
  const int decimals = axis.step < 0.1 ? 2 : axis.step < 1 ? 1 : 0;
  for (const double tick : axis.ticks()) {
    const auto thousandths = static_cast<std::int64_t>(tick * 1000 + (tick < 0 ? -0.5 : 0.5));
    text += svg_line("grid", left, axis.place(tick), right, axis.place(tick)) +
            svg_text("label", left - 6, axis.place(tick) + 3.5, "end",
                     decimal_text(thousandths < 0 ? -thousandths : thousandths, 3, decimals, language));
  }
  const double pitch = (right - left) / static_cast<double>(bars.size());
  const double width = std::min(pitch * 0.8, 40.0);
  const std::size_t every = (bars.size() + 31) / 32 > 1 ? (bars.size() + 11) / 12 : 1;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Bar& bar = bars[i];
    const double x = left + pitch * static_cast<double>(i) + (pitch - width) / 2;
    text += block("from-neighbours", axis, x, width, 0, bar.from_neighbours);
    text += block("from-grid", axis, x, width, bar.from_neighbours, bar.from_neighbours + bar.from_grid);
    text += block("to-neighbours", axis, x, width, -bar.to_neighbours, 0);
    text += block("to-grid", axis, x, width, -bar.to_neighbours - bar.to_grid, -bar.to_neighbours);
    if (i % every == 0) text += svg_text("label", x + width / 2, chart_height - 6, "middle", bar.label);
  }
  text += svg_line("zero", left, axis.place(0), right, axis.place(0));
  return text + "</svg>\n";
}

}  // namespace commonwatt
