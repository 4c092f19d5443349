#include "ui/overview_text.hpp"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "ui/quantity_text.hpp"

namespace commonwatt::ui {
namespace {

struct Overview {
  Q_DECLARE_TR_FUNCTIONS(Overview)
};

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double day_seconds = 86'400;
constexpr double day_seconds_min = 6 * 3600;
constexpr double book_stretch_max = 3;

double kilo(std::optional<Energy> energy) {
  return energy ? static_cast<double>(energy->count) / 1000 : nan;
}

Plot day_plot(const Intervals& intervals, const State& state, const QString& empty_text) {
  Plot plot;
  plot.x = day_span(intervals, state.interval_seconds);
  plot.empty_text = empty_text;
  return plot;
}

/// One value of every interval within the plot, and a break where an interval is not known.
template <class Value>
Series series_of(const Intervals& intervals, const Plot& plot, std::int64_t interval_seconds, Value value) {
  Series series;
  series.width = static_cast<double>(interval_seconds);
  std::optional<std::int64_t> expected;
  for (const auto& [begin, interval] : intervals) {
    const auto x = static_cast<double>(begin);
    if (x < plot.x.begin) continue;
    if (expected && begin != *expected) series.points.emplace_back(static_cast<double>(*expected), nan);
    series.points.emplace_back(x, value(interval));
    expected = begin + interval_seconds;
  }
  return series;
}

Series named(Series series, const QString& name, Ink ink, Shape shape, Side side = Side::left) {
  series.name = name;
  series.ink = ink;
  series.shape = shape;
  series.side = side;
  return series;
}

/// The outline of cumulated orders: from (0, first limit) along each step to the sum of the quantities.
Series curve_of(const std::vector<BookStep>& steps, const QString& currency, double& quantity) {
  Series series;
  quantity = 0;
  for (const BookStep& step : steps) {
    const double price = price_in_unit(step.limit, currency);
    series.points.emplace_back(quantity, price);
    quantity += kilo(step.quantity);
    series.points.emplace_back(quantity, price);
  }
  return series;
}

}  // namespace

QString state_sentence(const State& state) {
  QString text;
  if (!state.production && !state.consumption) {
    text = Overview::tr("No household has reported its power yet");
  } else {
    text = Overview::tr("The neighbourhood makes %1 and uses %2")
               .arg(power_text(state.production), power_text(state.consumption));
  }
  if (state.network == Network::islanded) text += Overview::tr(", cut off from the grid");
  if (!state.last_clearing) return text + Overview::tr("; no market interval has been cleared yet.");
  const LastClearing& clearing = *state.last_clearing;
  if (!clearing.price || !clearing.volume || clearing.volume->count == 0) {
    return text + Overview::tr("; nothing changes hands at the moment.");
  }
  return text + Overview::tr("; %1 change hands at %2.")
                    .arg(energy_text(clearing.volume), price_text(clearing.price, state.currency));
}

std::optional<std::int64_t> local_share(const Intervals& intervals) {
  double used = 0;
  double local = 0;
  for (const auto& [begin, interval] : intervals) {
    if (!interval.used || !interval.local_share_permille) continue;
    used += static_cast<double>(interval.used->count);
    local += static_cast<double>(interval.used->count) * static_cast<double>(*interval.local_share_permille);
  }
  if (used <= 0) return std::nullopt;
  return std::llround(local / used);
}

QString gateways_text(const Households& households) {
  std::int64_t online = 0, bills = 0, disputes = 0, known = 0;
  for (const Household& household : households.list) {
    if (!household.gateway) continue;
    ++known;
    if (household.gateway->online) ++online;
    bills += household.gateway->bills_checked.value_or(0);
    disputes += household.gateway->disputes.value_or(0);
  }
  if (known == 0) return Overview::tr("No gateway has reported yet");
  const QString mark = disputes == 0 ? QStringLiteral("✓ ") : QStringLiteral("✗ ");
  return mark + Overview::tr("%1 of %2 gateways online: %3 bills computed again, %4 disputed")
                    .arg(count_text(online), count_text(std::int64_t{std::ssize(households.list)}), count_text(bills),
                         count_text(disputes));
}

QString chain_text(const std::optional<Chain>& chain) {
  if (!chain) return {};
  if (chain->epoch.value_or(0) == 0) return Overview::tr("No anchor has been made yet");
  QString text =
      Overview::tr("Anchors %1 · %2 signed by a quorum").arg(count_text(chain->epoch), count_text(chain->attested));
  if (chain->mode != QStringLiteral("none")) {
    text +=
        Overview::tr(" · %1 on chain %2, %3 final")
            .arg(count_text(chain->anchored), QString::number(chain->chain_id.value_or(0)), count_text(chain->final));
  }
  return text;
}

QString alarm_text(const std::vector<Alarm>& alarms) {
  if (alarms.empty()) return {};
  const auto worst = std::max_element(alarms.begin(), alarms.end(), [](const Alarm& a, const Alarm& b) {
    return a.severity != b.severity ? a.severity < b.severity : a.time < b.time;
  });
  QString text = worst->text;
  if (!worst->source.isEmpty()) text = worst->source + QStringLiteral(": ") + text;
  if (worst->time) text = clock_text(worst->time) + QStringLiteral("  ") + text;
  const auto others = static_cast<int>(alarms.size()) - 1;
  if (others > 0) text += Overview::tr("  (and %1 more)").arg(others);
  return text;
}

Span day_span(const Intervals& intervals, std::int64_t interval_seconds) {
  if (intervals.empty()) return {0, day_seconds};
  const auto end = static_cast<double>(intervals.rbegin()->first + interval_seconds);
  const auto first = static_cast<double>(intervals.begin()->first);
  return {std::min(std::max(first, end - day_seconds), end - day_seconds_min), end};
}

std::vector<Span> gaps_of(const Intervals& intervals, const Span& span, std::int64_t interval_seconds) {
  std::vector<Span> gaps;
  const auto length = static_cast<double>(interval_seconds);
  std::optional<double> known_end;
  for (const auto& [begin, interval] : intervals) {
    const auto x = static_cast<double>(begin);
    if (!interval.produced || x < span.begin) continue;
    // What lies before the first and after the last known interval is not a gap: nobody has promised it.
    if (known_end && x > *known_end) gaps.push_back({*known_end, x});
    known_end = x + length;
  }
  return gaps;
}

Plot energy_plot(const Intervals& intervals, const State& state) {
  Plot plot = day_plot(intervals, state, Overview::tr("The first interval is drawn as soon as it is settled."));
  plot.left_unit = QStringLiteral("kWh");
  const auto produced = [](const MarketInterval& i) { return kilo(i.produced); };
  const auto used = [](const MarketInterval& i) { return kilo(i.used); };
  plot.series.push_back(named(series_of(intervals, plot, state.interval_seconds, produced), Overview::tr("Production"),
                              Ink::production, Shape::area));
  plot.series.push_back(
      named(series_of(intervals, plot, state.interval_seconds, used), Overview::tr("Use"), Ink::use, Shape::area));
  plot.gaps = gaps_of(intervals, plot.x, state.interval_seconds);
  Energy produced_sum, used_sum;
  for (const auto& [begin, interval] : intervals) {
    if (static_cast<double>(begin) < plot.x.begin) continue;
    produced_sum += interval.produced.value_or(Energy{});
    used_sum += interval.used.value_or(Energy{});
  }
  plot.summary = Overview::tr("Production %1 and use %2 in the intervals shown; %3 gaps.")
                     .arg(energy_text(produced_sum), energy_text(used_sum))
                     .arg(plot.gaps.size());
  return plot;
}

Plot price_plot(const Intervals& intervals, const State& state) {
  Plot plot = day_plot(intervals, state, Overview::tr("The first price is drawn as soon as an interval is cleared."));
  plot.left_unit = price_unit(state.currency);
  plot.right_unit = QStringLiteral("kWh");
  const auto price = [&state](const MarketInterval& i) {
    return i.price ? price_in_unit(*i.price, state.currency) : nan;
  };
  const auto volume = [](const MarketInterval& i) { return kilo(i.volume); };
  plot.series.push_back(
      named(series_of(intervals, plot, state.interval_seconds, price), Overview::tr("Price"), Ink::price, Shape::step));
  plot.series.push_back(named(series_of(intervals, plot, state.interval_seconds, volume), Overview::tr("Traded"),
                              Ink::volume, Shape::bars, Side::right));
  std::swap(plot.series[0], plot.series[1]);  // The price is drawn over the bars.
  if (state.retail_price) {
    plot.markers.push_back(
        {Overview::tr("grid sells"), Ink::muted, Qt::Horizontal, price_in_unit(*state.retail_price, state.currency)});
  }
  if (state.feed_in_price) {
    plot.markers.push_back(
        {Overview::tr("grid buys"), Ink::muted, Qt::Horizontal, price_in_unit(*state.feed_in_price, state.currency)});
  }
  if (state.last_clearing) {
    plot.summary =
        Overview::tr("The last clearing price is %1 for %2.")
            .arg(price_text(state.last_clearing->price, state.currency), energy_text(state.last_clearing->volume));
  }
  return plot;
}

Plot book_plot(const Book& book, const QString& currency) {
  Plot plot;
  plot.x_axis = XAxis::value;
  plot.x_unit = QStringLiteral("kWh");
  plot.left_unit = price_unit(currency);
  plot.empty_text = Overview::tr("No order was placed for this interval.");
  double bid_quantity = 0;
  double ask_quantity = 0;
  plot.series.push_back(
      named(curve_of(book.bids, currency, bid_quantity), Overview::tr("Bids"), Ink::bid, Shape::line));
  plot.series.push_back(
      named(curve_of(book.asks, currency, ask_quantity), Overview::tr("Asks"), Ink::ask, Shape::line));
  // The demand ends where the last bid ends; drawn down to the axis, the curves cross where they meet.
  if (bid_quantity > 0) plot.series[0].points.emplace_back(bid_quantity, 0);
  // The crossing is what the picture is about: of a much longer side only the beginning is shown.
  const double shorter = std::min(bid_quantity, ask_quantity);
  const double longer = std::max(bid_quantity, ask_quantity);
  plot.x = {0, std::max(shorter > 0 ? std::min(longer, shorter * book_stretch_max) : longer, 0.001)};
  if (book.price) {
    plot.markers.push_back(
        {price_text(book.price, currency), Ink::price, Qt::Horizontal, price_in_unit(*book.price, currency)});
  }
  if (book.volume && book.volume->count > 0) {
    plot.markers.push_back({energy_text(book.volume), Ink::volume, Qt::Vertical, kilo(book.volume)});
  }
  plot.summary = Overview::tr("%1 wanted, %2 offered; %3 trade at %4.")
                     .arg(QString::number(bid_quantity, 'f', 1) + QStringLiteral(" kWh"),
                          QString::number(ask_quantity, 'f', 1) + QStringLiteral(" kWh"), energy_text(book.volume),
                          price_text(book.price, currency));
  return plot;
}

}  // namespace commonwatt::ui
