#include "market/feeder_model.hpp"

#include <algorithm>
#include <utility>

#include "core/wide.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t whole_permille = 1'000;
constexpr std::int64_t whole_ppm = 1'000'000;
/// Days that hardly scatter are taken to scatter so much: rounding of registers, and what a baseline is too short to
/// have seen.
constexpr std::int64_t spread_min_ppm = 500;
/// The variance of a day over that of the feed-in's coefficient, (1 % / 0.5 %) squared, in squared millionths.
constexpr Wide ridge = wide(4) * whole_ppm * whole_ppm;

std::int64_t magnitude(std::int64_t value) {
  return value < 0 ? -value : value;
}

/// Rounded down. Newton's steps from above fall until they have arrived.
std::int64_t square_root(Wide square) {
  Wide root = square;
  for (Wide next = (square + 1) / 2; next < root; next = (root + square / root) / 2) root = next;
  return static_cast<std::int64_t>(root);
}

}  // namespace

std::optional<FeederModel::Shares> FeederModel::shares_of(const FeederDay& day) {
  if (day.flow <= Energy{0}) return std::nullopt;
  const auto share = [&](Energy energy) {
    const Wide ppm = half_even_divide(wide(energy.count) * whole_ppm, day.flow.count);
    return static_cast<std::int64_t>(std::clamp<Wide>(ppm, -2 * whole_ppm, 2 * whole_ppm));
  };
  return Shares{.residual = share(day.residual), .fed_in = share(day.fed_in), .drawn = share(day.drawn)};
}

FeederModel FeederModel::fit(const std::vector<Shares>& days) {
  // Products of two of these sums, over some dozens of days of shares of at most two wholes, are below 2^105, and with
  // their quotients in millionths below 2^125.
  Wide fed_in_squared = ridge;
  Wide drawn_squared = 1;
  Wide product = 0;
  Wide of_fed_in = 0;
  Wide of_drawn = 0;
  for (const Shares& day : days) {
    fed_in_squared += wide(day.fed_in) * day.fed_in;
    drawn_squared += wide(day.drawn) * day.drawn;
    product += wide(day.fed_in) * day.drawn;
    of_fed_in += wide(day.residual) * day.fed_in;
    of_drawn += wide(day.residual) * day.drawn;
  }
  const Wide determinant = fed_in_squared * drawn_squared - product * product;
  const auto coefficient = [&](Wide share) {
    return static_cast<std::int64_t>(half_even_divide(share * whole_ppm, determinant));
  };
  FeederModel model;
  model.per_fed_in_ = coefficient(of_fed_in * drawn_squared - of_drawn * product);
  model.per_drawn_ = coefficient(of_drawn * fed_in_squared - of_fed_in * product);
  model.freedom_ = static_cast<std::int64_t>(days.size()) - 2;
  Wide squares = 0;
  for (const Shares& day : days) squares += wide(model.remainder(day)) * model.remainder(day);
  model.spread_ = std::max(square_root(squares / model.freedom_), spread_min_ppm);
  return model;
}

std::optional<FeederModel> FeederModel::learn(const std::vector<std::optional<FeederDay>>& days) {
  constexpr std::int64_t outlier_spreads = 6;
  std::vector<Shares> usual;
  for (const std::optional<FeederDay>& day : days) {
    if (const auto shares = day ? shares_of(*day) : std::nullopt) usual.push_back(*shares);
  }
  if (usual.size() < feeder_days_min) return std::nullopt;
  FeederModel model = fit(usual);
  for (std::size_t left_out = usual.size() / 10; left_out > 0; --left_out) {
    const auto worst = std::max_element(usual.begin(), usual.end(), [&](const Shares& a, const Shares& b) {
      return magnitude(model.remainder(a)) < magnitude(model.remainder(b));
    });
    const Shares suspect = *worst;
    usual.erase(worst);
    const FeederModel without = fit(usual);
    if (magnitude(without.remainder(suspect)) <= outlier_spreads * without.spread_) break;
    model = without;
  }
  return model;
}

std::int64_t FeederModel::remainder(const Shares& day) const {
  const Wide expected = wide(per_fed_in_) * day.fed_in + wide(per_drawn_) * day.drawn;
  return day.residual - static_cast<std::int64_t>(half_even_divide(expected, whole_ppm));
}

std::optional<std::int64_t> FeederModel::score(const FeederDay& day) const {
  const auto shares = shares_of(day);
  if (!shares) return std::nullopt;
  return static_cast<std::int64_t>(half_even_divide(wide(remainder(*shares)) * whole_permille, spread_));
}

}  // namespace commonwatt
