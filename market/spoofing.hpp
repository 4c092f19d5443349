// Which meters of a street probably say more than their plants fed in: each plant against physics, against its own past
// days and against its neighbours, and all of them against the head meter. What the rules find and what they cannot:
// docs/spoofing.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/units.hpp"
#include "market/feeder_model.hpp"

namespace commonwatt {

/// What a plant's meter said it fed in, by day and interval of the day. A day without intervals was not read and is not
/// judged. Days have the same intervals for all plants of a street; one day may have more than another.
struct PlantRecord {
  std::optional<Power> nameplate;
  std::vector<std::vector<Energy>> days;
};

/// Days that follow each other: first those that tell what is usual, then those that are judged.
struct StreetRecord {
  std::int64_t interval_seconds = 900;
  std::size_t baseline_days = 0;
  std::vector<PlantRecord> plants;
  /// The most a plant of 1 kW could make, by day and interval; 0 while the sun is down. Empty when nobody knows.
  std::vector<std::vector<Energy>> sun_max;
  /// By day; nothing for a day that cannot be judged. Empty without a head meter.
  std::vector<std::optional<FeederDay>> feeder;
};

enum class SpoofReason : std::uint8_t {
  above_nameplate,
  above_sun,
  at_night,
  replayed_day,
  above_peers,
  above_feeder,
  feeder_and_peers,
};
constexpr SpoofReason enum_last(SpoofReason) {
  return SpoofReason::feeder_and_peers;
}
const char* to_text(SpoofReason reason);
/// The reason as an operator would understand it, with what to do.
const char* explain(SpoofReason reason);

struct SpoofFinding {
  std::optional<std::size_t> plant;  ///< place in the street; nothing when the whole feeder is meant
  std::size_t day = 0;               ///< place in the days
  SpoofReason reason = SpoofReason::above_nameplate;
  std::int64_t strength_permille = 0;  ///< 1000 is just enough to be found

  friend bool operator==(const SpoofFinding&, const SpoofFinding&) = default;
};

/// Which rules apply; controls in tests switch them off one by one.
struct SpoofRules {
  bool physical = true;
  bool shape = true;
  bool peers = true;
  bool feeder = true;
};

/// With fewer days before them days cannot be judged by what is usual, with fewer plants there are no peers.
inline constexpr std::size_t spoof_baseline_min = 20;
inline constexpr std::size_t spoof_peers_min = 5;

/// Every rule on every day after the baseline, by day, then plant (the feeder last), then reason. In a street whose
/// meters are honest all rules together find something within twenty days in at most 5 of 100 cases; the thresholds
/// follow from how far the street's own figures scattered on the baseline days, from the number of plants, and from
/// nothing else.
///
/// - Physical: an interval above nameplate or sun (a tenth and one quantum allowed, as for readings); a day's energy
///   while the sun is down above twice the most of a baseline day and 10 Wh.
/// - Shape: nine tenths of the intervals in which the plant fed in are, to 1 Wh and 1 permille, those of one of the
///   twenty days before, unless the plant's baseline days already repeat each other.
/// - Peers: the day's energy over the median of all plants', each in units of its own median baseline day; how many
///   standard deviations of the baseline that is above the usual. Over the last up to twenty days together these come
///   to more than a threshold, after an allowance for each day.
/// - Feeder: the head meter's residual beyond what the day's feed-in and use let expect, in standard deviations
///   (market/feeder_model.hpp), added up likewise with a larger allowance and a lower threshold. That is said of the
///   whole feeder. Plants that day that are three quarters of the way to the threshold of the peers, and whose sum is
///   at least half the highest, are named besides; when all lie alike, nobody is.
std::vector<SpoofFinding> find_spoofing(const StreetRecord& street, const SpoofRules& rules = {});

}  // namespace commonwatt
