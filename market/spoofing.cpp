#include "market/spoofing.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>
#include <tuple>
#include <utility>

#include "core/wide.hpp"
#include "market/robust_statistics.hpp"

namespace commonwatt {
namespace {

constexpr std::int64_t whole_permille = 1'000;
constexpr std::int64_t whole_ppm = 1'000'000;
constexpr std::size_t window_days = 20;
/// Of the baseline's days so many must have been read to tell what is usual.
constexpr std::size_t usual_days_min = spoof_baseline_min * 3 / 4;

/// How a rule adds up a street's days. Figures are thousandths of a standard deviation.
struct Accumulation {
  std::int64_t allowance = 0;  ///< taken off each day
  std::int64_t day_max = 0;    ///< one day counts at most as this
  std::int64_t threshold = 0;
};

/// The threshold grows with the number of plants, since each of them may be suspected by chance. It is where honest
/// streets of 5 to 500 plants, whose figures are normal and independent, are suspected in less than 1 of 100 cases
/// within twenty days (`bench-spoofing --calibrate`); those of the benchmark, whose figures are neither, in 1 to 2.
Accumulation peer_accumulation(std::size_t plants) {
  const std::int64_t threshold = 14'500 + 1'100 * static_cast<std::int64_t>(std::bit_width(plants));
  return {.allowance = 250, .day_max = 4'000, .threshold = threshold};
}

/// One series: a day of 3.4 + 18 / f standard deviations, of which the baseline leaves f degrees of freedom (4.4 after
/// twenty days), or several of more than two. A normal series passes that within twenty days after 0.5 to 1 of 100
/// baselines, of fifteen days or of sixty; one with Student's distribution of five degrees of freedom after 5 of 100.
Accumulation feeder_accumulation(std::int64_t degrees_of_freedom) {
  return {.allowance = 2'000, .day_max = 20'000, .threshold = 1'400 + 18'000 / degrees_of_freedom};
}
/// Figures that hardly scatter are taken to scatter so much: rounding of registers, and what a baseline is too short to
/// have seen.
constexpr std::int64_t peer_spread_min_ppm = 5'000;
/// Plants that face different ways drift apart with the season, by about a hundredth within weeks.
constexpr std::int64_t peer_drift_ppm = 10'000;

Energy sum(const std::vector<Energy>& energies) {
  Energy total;
  for (const Energy energy : energies) total += energy;
  return total;
}

/// A tenth above what is possible, and a quantum of the registers.
std::int64_t with_tolerance(Wide watt_hours) {
  constexpr Wide quantum = 10;
  return static_cast<std::int64_t>(watt_hours * 11 / 10 + quantum);
}

class Street {
 public:
  explicit Street(const StreetRecord& record) : record_(record) {
    for (const PlantRecord& plant : record_.plants) days_ = std::max(days_, plant.days.size());
    days_ = std::max(days_, record_.feeder.size());
  }

  std::vector<SpoofFinding> find(const SpoofRules& rules) {
    for (std::size_t plant = 0; plant < record_.plants.size(); ++plant) {
      if (rules.physical) judge_physics(plant);
      if (rules.shape) judge_shape(plant);
    }
    if (record_.baseline_days >= spoof_baseline_min) {
      const Scores peers = rules.peers ? peer_scores() : Scores{};
      Accumulation of_peers = peer_accumulation(record_.plants.size());
      of_peers.threshold = of_peers.threshold * persistence_permille(peers) / whole_permille;
      for (std::size_t plant = 0; plant < peers.size(); ++plant) {
        for (std::size_t day = record_.baseline_days; day < days_; ++day)
          note(plant, day, SpoofReason::above_peers, trailing(peers[plant], day, of_peers), of_peers.threshold);
      }
      if (rules.feeder) judge_feeder(peers, of_peers);
    }
    std::stable_sort(findings_.begin(), findings_.end(), [](const SpoofFinding& a, const SpoofFinding& b) {
      const auto place = [](const SpoofFinding& one) {
        return one.plant.value_or(std::numeric_limits<std::size_t>::max());
      };
      return std::make_tuple(a.day, place(a), a.reason) < std::make_tuple(b.day, place(b), b.reason);
    });
    return std::move(findings_);
  }

 private:
  /// By day: how many thousandths of a standard deviation a figure is above the usual; nothing where it is not known.
  using Score = std::vector<std::optional<std::int64_t>>;
  using Scores = std::vector<Score>;

  [[nodiscard]] bool is_read(std::size_t plant, std::size_t day) const {
    const auto& days = record_.plants[plant].days;
    return day < days.size() && !days[day].empty();
  }
  [[nodiscard]] const std::vector<Energy>& day_of(std::size_t plant, std::size_t day) const {
    return record_.plants[plant].days[day];
  }

  void note(std::optional<std::size_t> plant, std::size_t day, SpoofReason reason, Wide found, Wide enough) {
    if (found < enough) return;
    const Wide strength = std::min<Wide>(found * whole_permille / enough, whole_ppm);
    findings_.push_back(
        {.plant = plant, .day = day, .reason = reason, .strength_permille = static_cast<std::int64_t>(strength)});
  }

  // Physical.

  void judge_physics(std::size_t plant) {
    std::int64_t night_max = 0;
    for (std::size_t day = 0; day < std::min(days_, record_.baseline_days); ++day)
      night_max = std::max(night_max, night_energy(plant, day));
    for (std::size_t day = record_.baseline_days; day < days_; ++day) {
      if (!is_read(plant, day)) continue;
      note(plant, day, SpoofReason::at_night, night_energy(plant, day), wide(night_max) * 2 + 10);
      if (const auto nameplate = record_.plants[plant].nameplate) judge_power(plant, day, *nameplate);
    }
  }

  [[nodiscard]] std::int64_t night_energy(std::size_t plant, std::size_t day) const {
    Energy night;
    if (!is_read(plant, day) || day >= record_.sun_max.size()) return 0;
    const std::vector<Energy>& sun = record_.sun_max[day];
    const std::vector<Energy>& fed_in = day_of(plant, day);
    for (std::size_t i = 0; i < std::min(sun.size(), fed_in.size()); ++i) {
      if (sun[i] == Energy{0}) night += fed_in[i];
    }
    return night.count;
  }

  /// The interval that is furthest above what the plant could make.
  void judge_power(std::size_t plant, std::size_t day, Power nameplate) {
    const std::vector<Energy>& fed_in = day_of(plant, day);
    const std::int64_t rated = with_tolerance(wide(nameplate.count) * record_.interval_seconds / 3'600);
    note(plant, day, SpoofReason::above_nameplate, std::max_element(fed_in.begin(), fed_in.end())->count, rated);
    if (day >= record_.sun_max.size()) return;
    const std::vector<Energy>& sun = record_.sun_max[day];
    for (std::size_t i = 0; i < std::min(sun.size(), fed_in.size()); ++i) {
      const std::int64_t most = with_tolerance(wide(nameplate.count) * sun[i].count / whole_permille);
      if (sun[i] == Energy{0} || fed_in[i].count < most) continue;
      return note(plant, day, SpoofReason::above_sun, fed_in[i].count, most);
    }
  }

  // Shape.

  void judge_shape(std::size_t plant) {
    constexpr std::int64_t replayed_permille = 900;
    for (std::size_t day = 1; day < std::min(days_, record_.baseline_days); ++day) {
      if (most_alike(plant, day) >= replayed_permille) return;
    }
    for (std::size_t day = record_.baseline_days; day < days_; ++day)
      note(plant, day, SpoofReason::replayed_day, most_alike(plant, day), replayed_permille);
  }

  /// The largest share of intervals, in permille, that a day has in common with one of the days before it.
  [[nodiscard]] std::int64_t most_alike(std::size_t plant, std::size_t day) const {
    std::int64_t most = 0;
    for (std::size_t back = 1; back <= std::min(window_days, day); ++back) {
      if (is_read(plant, day) && is_read(plant, day - back))
        most = std::max(most, alike(day_of(plant, day), day_of(plant, day - back)));
    }
    return most;
  }

  static std::int64_t alike(const std::vector<Energy>& a, const std::vector<Energy>& b) {
    constexpr std::int64_t at_least = 10;  // below, rounding makes all days alike
    constexpr std::int64_t active_min = 8;
    std::int64_t active = 0;
    std::int64_t same = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
      const auto [low, high] = std::minmax(a[i].count, b[i].count);
      if (high < at_least) continue;
      ++active;
      if (high - low <= 1 + high / whole_permille) ++same;
    }
    return active < active_min ? 0 : same * whole_permille / active;
  }

  // Peers and feeder.

  /// Each plant's day over the street's: millionths of the median of all plants', each over its own median baseline
  /// day.
  [[nodiscard]] Scores peer_ratios() const {
    Scores ratios(record_.plants.size(), Score(days_));
    for (std::size_t plant = 0; plant < ratios.size(); ++plant) {
      std::vector<std::int64_t> usual;
      for (std::size_t day = 0; day < record_.baseline_days; ++day) {
        if (is_read(plant, day)) usual.push_back(sum(day_of(plant, day)).count);
      }
      const std::int64_t own = usual.size() < usual_days_min ? 0 : median(std::move(usual));
      for (std::size_t day = 0; own > 0 && day < days_; ++day) {
        if (is_read(plant, day))
          ratios[plant][day] = static_cast<std::int64_t>(wide(sum(day_of(plant, day)).count) * whole_ppm / own);
      }
    }
    for (std::size_t day = 0; day < days_; ++day) {
      std::vector<std::int64_t> of_day;
      for (const Score& ratio : ratios) {
        if (ratio[day]) of_day.push_back(*ratio[day]);
      }
      const std::int64_t street = of_day.size() < spoof_peers_min ? 0 : median(std::move(of_day));
      for (Score& ratio : ratios) {
        if (street <= 0) ratio[day].reset();
        if (ratio[day]) ratio[day] = static_cast<std::int64_t>(wide(*ratio[day]) * whole_ppm / street);
      }
    }
    return ratios;
  }

  /// Twenty days tell a plant's own spread to a sixth only; half of it is taken from all plants of the street, but not
  /// so that a plant that scatters more than others seems to scatter much less than it does.
  [[nodiscard]] Scores peer_scores() const {
    Scores scores = peer_ratios();
    std::vector<std::int64_t> spreads;
    for (const Score& score : scores) {
      if (const auto usual = baseline_of(score); usual.size() >= usual_days_min)
        spreads.push_back(robust_spread(usual));
    }
    if (spreads.size() < spoof_peers_min) return {};
    const std::int64_t of_street = median(std::move(spreads));
    for (Score& score : scores) {
      const std::vector<std::int64_t> usual = baseline_of(score);
      const std::int64_t own = usual.size() < usual_days_min ? 0 : robust_spread(usual);
      score = standardised(
          score, usual,
          {.spread = std::max({(own + of_street) / 2, own * 9 / 10, peer_spread_min_ppm}), .drift = peer_drift_ppm});
    }
    return scores;
  }

  [[nodiscard]] std::vector<std::int64_t> baseline_of(const Score& figures) const {
    std::vector<std::int64_t> usual;
    for (std::size_t day = 0; day < std::min(record_.baseline_days, figures.size()); ++day) {
      if (figures[day]) usual.push_back(*figures[day]);
    }
    return usual;
  }

  struct Scatter {
    std::int64_t spread = 0;
    std::int64_t drift = 0;  ///< of the usual within the baseline and the window, for honest reasons
  };

  /// Figures as what they are above the usual ones, in thousandths of a standard deviation.
  static Score standardised(const Score& figures, const std::vector<std::int64_t>& usual, const Scatter& scatter) {
    Score score(figures.size());
    if (usual.size() < usual_days_min) return score;
    const std::int64_t location = robust_location(usual) + scatter.drift;
    for (std::size_t day = 0; day < figures.size(); ++day) {
      if (figures[day])
        score[day] = static_cast<std::int64_t>((wide(*figures[day]) - location) * whole_permille / scatter.spread);
    }
    return score;
  }

  /// By how much, in permille, sums over days scatter more than they would if days knew nothing of each other: with r
  /// for the correlation of a day with the next, sqrt((1 + r) / (1 - r)), here to the second order. Dirt, shadow and
  /// season last for days.
  [[nodiscard]] std::int64_t persistence_permille(const Scores& scores) const {
    constexpr std::int64_t outlier = 3'000;
    Wide products = 0;
    Wide squares = 1;
    for (const Score& score : scores) {
      for (std::size_t day = 1; day < std::min(record_.baseline_days, score.size()); ++day) {
        if (!score[day] || !score[day - 1]) continue;
        const Wide before = std::clamp(*score[day - 1], -outlier, outlier);
        const Wide after = std::clamp(*score[day], -outlier, outlier);
        products += before * after;
        squares += (before * before + after * after) / 2;
      }
    }
    // What a mean of twenty days takes from the correlation is given back.
    const Wide bias = whole_permille / static_cast<std::int64_t>(spoof_baseline_min);
    const Wide r = std::clamp<Wide>(products * whole_permille / squares + bias, 0, 700);
    return static_cast<std::int64_t>(whole_permille + r + r * r / (2 * whole_permille));
  }

  /// The largest sum over the judged days that end with this one, at most the window's.
  [[nodiscard]] std::int64_t trailing(const Score& score, std::size_t day, const Accumulation& rule) const {
    std::int64_t most = 0;
    std::int64_t total = 0;
    for (std::size_t back = 0; back < window_days && day - back >= record_.baseline_days; ++back) {
      if (const auto& figure = score[day - back]) total += std::min(*figure, rule.day_max) - rule.allowance;
      most = std::max(most, total);
      if (day == back) break;
    }
    return most;
  }

  void judge_feeder(const Scores& peers, const Accumulation& of_peers) {
    const auto first = record_.feeder.begin();
    const std::size_t usual = std::min(record_.baseline_days, record_.feeder.size());
    const auto model = FeederModel::learn({first, first + static_cast<std::ptrdiff_t>(usual)});
    if (!model) return;
    const Accumulation rule = feeder_accumulation(model->degrees_of_freedom());
    Score score;
    for (const std::optional<FeederDay>& day : record_.feeder) score.push_back(day ? model->score(*day) : std::nullopt);
    for (std::size_t day = record_.baseline_days; day < score.size(); ++day) {
      const std::int64_t total = trailing(score, day, rule);
      note(std::nullopt, day, SpoofReason::above_feeder, total, rule.threshold);
      if (total >= rule.threshold) name_plants(peers, day, of_peers);
    }
  }

  /// Those who stand out beside their neighbours on a day on which the head meter saw too little: three
  /// quarters of the way to where that alone would be a finding, and not dwarfed by another plant, which then explains
  /// the day.
  void name_plants(const Scores& peers, std::size_t day, const Accumulation& of_peers) {
    std::vector<std::int64_t> totals;
    for (const Score& score : peers) totals.push_back(trailing(score, day, of_peers));
    for (std::size_t plant = 0; plant < totals.size(); ++plant) {
      const std::int64_t highest = *std::max_element(totals.begin(), totals.end());
      note(plant, day, SpoofReason::feeder_and_peers, totals[plant], std::max(of_peers.threshold * 3 / 4, highest / 2));
    }
  }

  const StreetRecord& record_;
  std::size_t days_ = 0;
  std::vector<SpoofFinding> findings_;
};

}  // namespace

std::vector<SpoofFinding> find_spoofing(const StreetRecord& street, const SpoofRules& rules) {
  return Street(street).find(rules);
}

const char* to_text(SpoofReason reason) {
  switch (reason) {
    case SpoofReason::above_nameplate:
      return "above_nameplate";
    case SpoofReason::above_sun:
      return "above_sun";
    case SpoofReason::at_night:
      return "at_night";
    case SpoofReason::replayed_day:
      return "replayed_day";
    case SpoofReason::above_peers:
      return "above_peers";
    case SpoofReason::above_feeder:
      return "above_feeder";
    case SpoofReason::feeder_and_peers:
      return "feeder_and_peers";
  }
  return "";
}

const char* explain(SpoofReason reason) {
  switch (reason) {
    case SpoofReason::above_nameplate:
      return "an interval is more than the plant's nameplate can make; check the nameplate on file, then the meter";
    case SpoofReason::above_sun:
      return "an interval is more than the sun can give to a plant of this size; check the nameplate on file, then the "
             "meter and its clock";
    case SpoofReason::at_night:
      return "energy was fed in while the sun was down, more than ever on the baseline days; ask about a battery, then "
             "check the meter and its clock";
    case SpoofReason::replayed_day:
      return "the day repeats an earlier one interval by interval; check whether the gateway sends old readings";
    case SpoofReason::above_peers:
      return "over the last days the plant made more, beside its neighbours, than it used to; ask about new modules, "
             "then check meter and transformer ratio on site";
    case SpoofReason::above_feeder:
      return "the whole feeder: its head meter saw less energy than the households' meters say; check the meters named "
             "with it; where none is, or they are right, the head meter, and several meters on site";
    case SpoofReason::feeder_and_peers:
      return "the head meter saw less energy than the households' meters say, and this plant made more beside its "
             "neighbours than it used to; check its meter first";
  }
  return "";
}

}  // namespace commonwatt
