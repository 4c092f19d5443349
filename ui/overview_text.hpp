// What the overview says and plots, computed from what the controller tells. No widgets here.
#pragma once

#include <QString>
#include <cstdint>
#include <map>
#include <optional>

#include "ui/neighbourhood.hpp"
#include "ui/plot_view.hpp"

namespace commonwatt::ui {

/// The known intervals by their begin, in seconds.
using Intervals = std::map<std::int64_t, MarketInterval>;
/// Two days of quarter hours; older ones are dropped.
inline constexpr std::size_t intervals_max = 192;

/// The neighbourhood in one sentence of plain words.
QString state_sentence(const State& state);
/// The part of the use in these intervals that came from the neighbourhood itself, weighted by use.
std::optional<std::int64_t> local_share(const Intervals& intervals);
/// What all the gateways have computed again, and whether one disputes anything.
QString gateways_text(const Households& households);
/// How far the anchors have come, in words; empty when none are made.
QString chain_text(const std::optional<Chain>& chain);
/// The line of the most severe alarm, and how many more there are.
QString alarm_text(const std::vector<Alarm>& alarms);

/// What the time axis of the day's charts spans.
Span day_span(const Intervals& intervals, std::int64_t interval_seconds);
/// Stretches up to the last settled interval whose production is not known.
std::vector<Span> gaps_of(const Intervals& intervals, const Span& span, std::int64_t interval_seconds);
Plot energy_plot(const Intervals& intervals, const State& state);
Plot price_plot(const Intervals& intervals, const State& state);
Plot book_plot(const Book& book, const QString& currency);

}  // namespace commonwatt::ui
