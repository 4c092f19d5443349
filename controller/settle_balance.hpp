// The head meters of a settlement run beside the households' meters: balance.csv, and flags for intervals that do not
// balance and for meters that probably lie (docs/settlement.md, docs/spoofing.md). Nothing here changes what anybody
// pays.
#pragma once

#include <string>
#include <vector>

#include "controller/settle_files.hpp"
#include "market/register_series.hpp"
#include "market/spoofing.hpp"
#include "market/zone_balance.hpp"

namespace commonwatt {

enum class BalanceVerdict : std::uint8_t { within, outside, not_judged };

/// A row of balance.csv: what the head meter of a zone says of an interval.
struct BalanceRow {
  std::int64_t interval = 0;
  ZoneIndex zone = 0;
  ZoneResidual account;
  std::int64_t unmetered_permille = 0;
  BalanceVerdict verdict = BalanceVerdict::within;
};

/// Is given every household's meter in turn, then judges. Without head meters it does nothing. What it is made of must
/// outlive it.
class HeadBalance {
 public:
  HeadBalance(const SettleRules& rules, const SettleRegisters& registers, const NameTable& households,
              const IntervalSpan& span);

  void add(std::uint32_t meter, const std::vector<Delivery>& energies);
  /// Adds the flags balance_out_of_tolerance, balance_not_judged and likely_meter, and what is wrong with the head
  /// meters' readings.
  std::vector<BalanceRow> judge(std::vector<SettleFlag>& flags);

 private:
  /// A stretch of time, and how many of its meters were not read at its ends.
  struct Stretch {
    ZoneEnergy energy;
    std::int64_t unread = 0;
  };
  struct Head {
    std::vector<bool> zones;  ///< which lie below it
    std::vector<Stretch> intervals;
    std::vector<Stretch> days;  ///< whole UTC days
    std::vector<std::uint32_t> plant_meters;
    std::vector<PlantRecord> plants;
  };

  void add_to(Stretch& stretch, const Registers& energy, bool is_read, bool is_head) const;
  void add_meter(Head& head, const std::vector<Delivery>& energies, bool is_head) const;
  [[nodiscard]] std::vector<std::int64_t> baseline_ppm(const std::vector<Stretch>& stretches, std::size_t count,
                                                       std::int64_t loss) const;
  void judge_intervals(std::size_t place, std::vector<BalanceRow>& rows, std::vector<SettleFlag>& flags) const;
  void judge_meters(std::size_t place, std::vector<SettleFlag>& flags);
  [[nodiscard]] std::vector<std::vector<Energy>> sun_max() const;
  [[nodiscard]] std::int64_t begin_of(std::size_t interval) const;

  const SettleRules& rules_;
  const SettleRegisters& registers_;
  const NameTable& households_;
  IntervalSpan span_;
  std::size_t day_intervals_ = 0;
  std::size_t first_of_days_ = 0;  ///< the first interval of the first whole day
  std::vector<Head> heads_;
};

inline constexpr const char* balance_header =
    "interval_start,zone,head_wh,metered_wh,loss_wh,residual_wh,unmetered_permille,in_tolerance\n";
/// Rows without their header. `zone_names` are empty where the rules have no zones; the zone is then empty too.
std::string balance_csv(const std::vector<BalanceRow>& rows, const std::vector<std::string>& zone_names);

}  // namespace commonwatt
