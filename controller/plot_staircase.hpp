// The bids or asks of a zone as a staircase to be drawn.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "controller/plot_axis.hpp"
#include "market/order.hpp"

namespace commonwatt {

/// A step of a staircase of orders, best limit first: all orders of one limit.
struct PlotStep {
  Price limit;
  Energy end;  ///< of all orders up to and including these

  friend bool operator==(const PlotStep&, const PlotStep&) = default;
};
std::vector<PlotStep> plot_steps(std::span<const LimitOrder> orders, ZoneIndex zone, Side side);

/// The staircase as an SVG path, up to the end of the x axis. Steps that no one could see, of less than half a pixel
/// in both directions, are joined: the path has a few thousand corners however many steps there are.
/// x is in `unit` watt-hours, y in currency per kWh.
std::string staircase_path(std::span<const PlotStep> steps, const PlotAxis& x, const PlotAxis& y, double unit);

/// In the units people pay in: what a price is drawn at.
double currency_units(Price price);

}  // namespace commonwatt
