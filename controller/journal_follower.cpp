#include "controller/journal_follower.hpp"

#include <algorithm>

#include "controller/step.hpp"
#include "core/sha256.hpp"

namespace commonwatt {
namespace {

constexpr UtcTime time_end = UtcTime::from_seconds(4'102'444'800);  // 2100
constexpr std::int64_t seconds_max = 400 * 86'400;
constexpr Power power_max{1'000'000'000};
constexpr Money credit_max{1'000'000'000'000'000};

bool lies(std::int64_t value, std::int64_t low, std::int64_t high) {
  return value >= low && value <= high;
}

/// What the controller's own file is held to: the journal comes from outside here.
bool rules_fit(const MarketRules& rules) {
  return is_interval_length(rules.interval_seconds) && lies(rules.gate_closure_seconds, 0, seconds_max) &&
         lies(rules.settlement_lag_seconds, 0, seconds_max) && lies(rules.revision_seconds, 60, seconds_max) &&
         lies(rules.final_seconds, 1, seconds_max) && rules.final_seconds > rules.settlement_lag_seconds &&
         lies(rules.clearing.k_permille, 0, 1000) && lies(rules.loss_permille, 0, 1000) &&
         lies(rules.network_fee.count, 0, price_magnitude_max.count);
}

bool household_fits(const HouseholdRecord& household) {
  const auto power_fits = [](Power power) { return lies(power.count, 0, power_max.count); };
  return power_fits(household.fuse_rating) && power_fits(household.nameplate) && power_fits(household.storage) &&
         lies(household.credit_limit.count, 0, credit_max.count) &&
         std::all_of(household.meters.begin(), household.meters.end(),
                     [&](const MeterRecord& meter) { return power_fits(meter.rating); });
}

}  // namespace

Result<JournalFollower::Step, std::string> JournalFollower::take(const JournalPage& page) {
  if (page.entries < place_.number) {
    return Fail{"the controller's journal has " + std::to_string(page.entries) + " entries, " +
                std::to_string(place_.number) + " were followed before; it is another one, or an old backup"};
  }
  if (page.after != place_.number) return Step{};  // The answer to an earlier question.
  if (page.size > extract_encoding_max || page.offset + static_cast<std::int64_t>(page.part.size()) > page.size)
    return Fail{"a page of the journal is longer than any may be"};
  if (page.extract_hash != assembled_hash_) assembled_.clear();
  assembled_hash_ = page.extract_hash;
  if (page.offset != offset()) return Step{};
  assembled_.insert(assembled_.end(), page.part.begin(), page.part.end());
  if (offset() < page.size) return Step{};
  const Bytes encoding = std::exchange(assembled_, {});
  const Result<JournalExtract, CborError> extract = decode<JournalExtract>(encoding);
  if (!extract || sha256(encoding) != page.extract_hash || extract->after != page.after)
    return Fail{"a page of the journal is not readable; is the controller of another version?"};
  if (extract->before != place_.tip) {
    return Fail{"entry " + std::to_string(place_.number) +
                " of the controller's journal is not the one that was followed"};
  }
  return extract->base ? begin_at(*extract) : follow(*extract);
}

std::optional<std::string> JournalFollower::market_fault(const MarketConfigured& configured) const {
  if (configured.origin != market_.origin)
    return "the journal is of " + configured.origin + ", not of " + market_.origin;
  if (configured.log_key != market_.log_key)
    return "the journal's log key is another than the one in the configuration";
  if (!rules_fit(configured.rules) || configured.anchor_intervals < 0 ||
      !std::all_of(configured.households.begin(), configured.households.end(), household_fits))
    return "a configuration in the journal is none that a controller takes";
  return std::nullopt;
}

std::optional<std::string> JournalFollower::line_fault(const JournalLine& line) const {
  const std::string name = "entry " + std::to_string(line.number);
  if (line.number != place_.number + 1) return name + " comes after " + std::to_string(place_.number);
  if (line.time < time_ || line.time >= time_end) return name + ": its time runs backwards, or is out of range";
  const auto* configured = std::get_if<MarketConfigured>(&line.event);
  if (configured != nullptr) return market_fault(*configured);
  if (!place_.state.next_gate) return name + ": nothing can happen before the market is configured";
  return std::nullopt;
}

Result<JournalFollower::Step, std::string> JournalFollower::follow(const JournalExtract& extract) {
  Step done;
  for (const JournalLine& line : extract.lines) {
    if (const std::optional<std::string> wrong = line_fault(line)) return Fail{*wrong};
    for (const Effect& effect : step(place_.state, line.event, line.time)) {
      if (const auto* store = std::get_if<StoreAnchor>(&effect)) done.anchors.push_back(store->anchor);
    }
    place_.number = line.number;
    time_ = line.time;
    done.moved = true;
  }
  place_.tip = extract.tip;
  return done;
}

/// What was before is erased: the state that the controller signed then takes its place.
Result<JournalFollower::Step, std::string> JournalFollower::begin_at(const JournalExtract& extract) {
  const DataErased& erased = extract.base->erased;
  Result<State, CborError> state = decode<State>(extract.base->state);
  if (!state || extract.last <= place_.number || sha256(extract.base->state) != erased.state ||
      !log_signature_holds(market_.log_key, erasure_text(erased), erased.signature) ||
      state->origin != market_.origin || state->log_key != market_.log_key)
    return Fail{"the state after the last erasure is not the one that the controller's log key signed"};
  if (state->anchor_tip.epoch < place_.state.anchor_tip.epoch ||
      (state->anchor_tip.epoch == place_.state.anchor_tip.epoch &&
       state->anchor_tip.head != place_.state.anchor_tip.head))
    return Fail{"the state after the last erasure has other anchors than those that were followed"};
  place_ = {.number = extract.last, .tip = extract.tip, .state = std::move(*state)};
  return Step{.anchors = {},
              .notes = {"the entries up to " + std::to_string(extract.last) +
                        " cannot be replayed, their data is erased: from here on this attester rests on the state that "
                        "the controller signed then"},
              .moved = true};
}

}  // namespace commonwatt
