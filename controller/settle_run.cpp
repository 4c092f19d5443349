#include "controller/settle_run.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <tuple>

#include "controller/settle_deliveries.hpp"
#include "core/time.hpp"

namespace commonwatt {
namespace {

std::string at_interval(std::int64_t begin) {
  return "interval " + std::to_string(begin) + " (" + to_text(UtcTime::from_seconds(begin)) + "): ";
}

/// Numbers the households alphabetically, everywhere.
void sort_households(SettleInput& input) {
  const std::vector<std::uint32_t> renamed = input.households.sort();
  for (ContractRow& row : input.contracts) row.household = renamed[row.household];
  for (std::uint32_t& household : input.registers.households) household = renamed[household];
  for (StatementRow& row : input.statements) row.member.household = renamed[row.member.household];
  for (PostingRow& row : input.postings) {
    // Only `from` can be a household.
    if (row.transfer.from.kind == AccountKind::household)
      row.transfer.from.household = renamed[row.transfer.from.household];
  }
  for (CommunityRow& row : input.community_rows) row.household = renamed[row.household];
}

template <class Row>
void sort_by_interval(std::vector<Row>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.interval < b.interval; });
}

/// The rows of an interval; `rows` are sorted by it.
template <class Row>
std::span<const Row> rows_of(const std::vector<Row>& rows, std::int64_t interval) {
  const auto begin = std::lower_bound(rows.begin(), rows.end(), interval,
                                      [](const Row& row, std::int64_t at) { return row.interval < at; });
  const auto end =
      std::upper_bound(begin, rows.end(), interval, [](std::int64_t at, const Row& row) { return at < row.interval; });
  return {begin, end};
}

/// From the first to the last interval that contracts or registers speak of; nothing when that is too many.
std::optional<IntervalSpan> span_of(const SettleInput& input) {
  const std::int64_t length = input.rules.interval_seconds;
  std::int64_t begin = std::numeric_limits<std::int64_t>::max();
  std::int64_t end = std::numeric_limits<std::int64_t>::min();
  for (const ContractRow& row : input.contracts) {
    begin = std::min(begin, row.interval);
    end = std::max(end, row.interval + length);
  }
  for (const RegisterRow& row : input.registers.rows) {
    begin = std::min(begin, Interval::containing(UtcTime::from_seconds(row.time), length).begin_seconds());
    end = std::max(end, row.time);
  }
  if (begin >= end) return IntervalSpan{.first = Interval(0, length), .count = 0};
  const auto count = static_cast<std::size_t>((end - begin) / length);
  if (count > settle_cells_max / std::max<std::size_t>(input.registers.meters.size(), 1)) return std::nullopt;
  return IntervalSpan{.first = Interval(begin, length), .count = count};
}

/// A member of a community: its household, and the rest of its membership but the place among the members.
struct CommunityMember {
  std::uint32_t household = 0;
  Membership membership;
};

/// In rising household number. The community of [allocation] has all households.
std::vector<CommunityMember> all_members(const Community& community, const NameTable& households) {
  std::vector<CommunityMember> members;
  for (std::uint32_t household = 0; household < households.size(); ++household) {
    CommunityMember member{.household = household, .membership = {.share = {.permille = 0, .tier = tier_last}}};
    if (community.participation) {
      const auto part = community.participation->find(households[household]);
      if (part == community.participation->end()) continue;
      member.membership.participation_permille = part->second;
    }
    const auto share = community.shares.find(households[household]);
    if (share != community.shares.end()) member.membership.share = share->second;
    members.push_back(member);
  }
  return members;
}

class SettlementRun {
 public:
  SettlementRun(SettleInput& input, Run run, const IntervalSpan& span) : input_(input), run_(run), span_(span) {
    sort_households(input_);
    std::stable_sort(input_.contracts.begin(), input_.contracts.end(), [](const ContractRow& a, const ContractRow& b) {
      return std::tie(a.interval, a.household) < std::tie(b.interval, b.household);
    });
    sort_by_interval(input_.statements);
    sort_by_interval(input_.postings);
    sort_by_interval(input_.runs);
    sort_by_interval(input_.community_rows);
    HeadBalance balance(input_.rules, input_.registers, input_.households, span_);
    deliveries_ = household_deliveries(
        input_.registers, input_.households, input_.rules, span_, outcome_.flags,
        [&](std::uint32_t meter, const std::vector<Delivery>& energies) { balance.add(meter, energies); });
    outcome_.balance = balance.judge(outcome_.flags);
    for (std::uint32_t i = 0; i < input_.households.size(); ++i)
      zones_.push_back(input_.rules.home_of(input_.households[i]));
    for (Community& community : input_.rules.communities.list) {
      communities_.push_back(all_members(community, input_.households));
      if (community.is_reduced_by_transformers) set_reduction(community);
    }
  }

  Result<SettleOutcome, std::string> all_intervals() {
    std::vector<std::int64_t> begins;
    for (std::size_t i = 0; i < span_.count; ++i) begins.push_back(begin_of(i));
    for (const StatementRow& row : input_.statements) begins.push_back(row.interval);
    for (const PostingRow& row : input_.postings) begins.push_back(row.interval);
    std::sort(begins.begin(), begins.end());
    begins.erase(std::unique(begins.begin(), begins.end()), begins.end());
    for (const std::int64_t begin : begins) {
      if (std::optional<std::string> fault = one_interval(begin)) return Fail{std::move(*fault)};
    }
    std::stable_sort(outcome_.flags.begin(), outcome_.flags.end(), [](const SettleFlag& a, const SettleFlag& b) {
      return std::tie(a.interval, a.household, a.meter) < std::tie(b.interval, b.household, b.meter);
    });
    outcome_.households = std::move(input_.households);
    outcome_.communities = std::move(input_.rules.communities.list);
    return std::move(outcome_);
  }

 private:
  /// The members' transformers decide how much of the network fee falls away, for all intervals alike. A member is one
  /// by the file, also in intervals in which it uses nothing; in the community of all, whoever has a meter is one.
  void set_reduction(Community& community) const {
    std::vector<ZoneId> transformers;
    const auto add = [&](const std::string& household) {
      const ZoneIndex zone = input_.rules.transformer_of(household);
      const std::vector<std::string>& names = input_.rules.zone_names;
      transformers.push_back(names.empty() ? ZoneId() : *ZoneId::from(names[zone]));
    };
    if (community.participation) {
      for (const auto& [household, permille] : *community.participation) add(household);
    } else {
      for (const std::uint32_t household : input_.registers.households) add(input_.households[household]);
    }
    community.terms.fee_reduction_permille = 1'000 - community_fee_permille(transformers);
  }

  [[nodiscard]] std::int64_t begin_of(std::size_t place) const {
    return span_.first.begin_seconds() + static_cast<std::int64_t>(place) * span_.first.length_seconds();
  }
  [[nodiscard]] std::optional<std::size_t> place_of(std::int64_t begin) const {
    if (span_.count == 0 || begin < span_.first.begin_seconds() || begin > begin_of(span_.count - 1))
      return std::nullopt;
    return static_cast<std::size_t>((begin - span_.first.begin_seconds()) / span_.first.length_seconds());
  }

  /// Contracts and deliveries of the interval, by household.
  Result<std::vector<SettlementMember>, std::string> members_of(std::size_t place) {
    std::vector<SettlementMember> members;
    const auto contracts = rows_of(input_.contracts, begin_of(place));
    auto contract = contracts.begin();
    for (std::uint32_t household = 0; household < deliveries_.size(); ++household) {
      SettlementMember member{
          .household = household, .zone = zones_[household], .contract = {}, .contract_amount = {}, .delivered = {}};
      const bool has_contract = contract != contracts.end() && contract->household == household;
      const bool has_meter = !deliveries_[household].empty();
      if (!has_contract && !has_meter) continue;
      Wide amount = 0;
      for (; contract != contracts.end() && contract->household == household; ++contract) {
        member.contract += contract->quantity;
        amount += contract->amount.count;
      }
      if (amount > interval_money_max.count || amount < -wide(interval_money_max.count))
        return Fail{fault_at(place, IntervalFault::too_much_money)};
      member.contract_amount = Money{static_cast<std::int64_t>(amount)};
      if (has_meter) member.delivered = deliveries_[household][place];
      if (!has_meter) flag_unmetered(household, place);
      members.push_back(member);
    }
    return members;
  }

  void flag_unmetered(std::uint32_t household, std::size_t place) {
    outcome_.flags.push_back({.interval = begin_of(place),
                              .household = input_.households[household],
                              .meter = "",
                              .flag = "estimated",
                              .words = "no meter of this household has been read; taken as nothing delivered"});
  }

  [[nodiscard]] std::string fault_at(std::size_t place, IntervalFault fault) const {
    const auto contracts = rows_of(input_.contracts, begin_of(place));
    std::string where;
    if (!contracts.empty()) {
      const auto first = std::min_element(contracts.begin(), contracts.end(),
                                          [](const auto& a, const auto& b) { return a.line < b.line; });
      where = input_.contracts_name + ":" + std::to_string(first->line) + ": ";
    }
    return where + at_interval(begin_of(place)) + explain(fault);
  }

  /// Contracts that do not balance are told of; everybody is settled all the same.
  void flag_unbalanced(std::size_t place) {
    Wide bought = 0;
    Wide sold = 0;
    for (const ContractRow& row : rows_of(input_.contracts, begin_of(place))) {
      (row.quantity > Energy{0} ? bought : sold) += row.quantity.count;
    }
    if (bought + sold == 0) return;
    outcome_.flags.push_back({.interval = begin_of(place),
                              .household = "",
                              .meter = "",
                              .flag = "contracts_unbalanced",
                              .words = "bought " + to_text(bought) + " Wh; sold " + to_text(-sold) +
                                       " Wh; the account spread bears the difference"});
  }

  /// Shares the interval's energy in every community. What each membership got is kept in shared_.
  std::optional<IntervalFault> share(std::size_t place, std::span<SettlementMember> members, const Tariff& tariff,
                                     const TieKey& tie_key) {
    shared_.clear();
    for (std::size_t i = 0; i < communities_.size(); ++i) {
      const Community& community = input_.rules.communities.list[i];
      std::vector<Membership> memberships;
      auto next = communities_[i].begin();
      for (std::size_t member = 0; member < members.size(); ++member) {
        while (next != communities_[i].end() && next->household < members[member].household) ++next;
        if (next == communities_[i].end() || next->household != members[member].household) continue;
        memberships.push_back(next->membership);
        memberships.back().member = member;
      }
      const auto found = allocate_contracts(members, memberships, community.terms, tariff, tie_key);
      if (!found) return found.error();
      if (!input_.rules.communities.are_named()) continue;
      for (std::size_t m = 0; m < memberships.size(); ++m) {
        shared_.push_back({.interval = begin_of(place),
                           .community = community.name,
                           .household = members[memberships[m].member].household,
                           .contract = found->contracts[m]});
      }
    }
    return std::nullopt;
  }

  Result<SettledInterval, std::string> settled_at(std::size_t place) {
    Result<std::vector<SettlementMember>, std::string> members = members_of(place);
    if (!members) return Fail{members.error()};
    const Interval interval(begin_of(place), input_.rules.interval_seconds);
    const Result<IntervalTariff, TariffGap> found = input_.rules.tariff.find(interval);
    if (!found) return Fail{"settlement.toml: " + explain(found.error(), interval)};
    const std::optional<ImbalancePrices>& island = input_.rules.islanded;
    const bool is_island = island && is_islanded(input_.islanded, interval);
    // The operator's prices take the place of the utility's wherever a rule speaks of those.
    const Tariff tariff = is_island ? Tariff{.retail = island->shortfall, .feed_in = island->surplus} : found->tariff;
    if (is_island) ++outcome_.islanded_count;
    const TieKey tie_key = [&](std::size_t member) {
      return allocation_tie_key(*HouseholdId::from(input_.households[(*members)[member].household]));
    };
    if (input_.rules.method == SettlementMethod::auction) {
      flag_unbalanced(place);
    } else if (const auto fault = share(place, *members, tariff, tie_key)) {
      return Fail{fault_at(place, *fault)};
    }
    Result<SettledInterval, IntervalFault> settled =
        settle_interval(*members, input_.rules.zones,
                        {.tariff = tariff,
                         .imbalance = is_island ? *island : input_.rules.imbalance(tariff),
                         .loss_permille = input_.rules.loss_permille,
                         .levies = found->levies,
                         .taxes = found->taxes,
                         .network_fee = input_.rules.communities.network_fee,
                         .grid = is_island ? GridState::islanded : GridState::connected},
                        tie_key);
    if (!settled) return Fail{fault_at(place, settled.error())};
    return std::move(*settled);
  }

  /// Whether the interval keeps the figures it has, and why.
  [[nodiscard]] const char* reason_to_keep(std::int64_t begin, bool is_in_files) const {
    const auto runs = rows_of(input_.runs, begin);
    const bool is_final =
        std::any_of(runs.begin(), runs.end(), [](const RunRow& row) { return row.run == Run::final; });
    if (is_final) return "after_final";
    if (!is_in_files || (run_ == Run::initial && !runs.empty())) return "revision_pending";
    return nullptr;
  }

  std::optional<std::string> one_interval(std::int64_t begin) {
    std::vector<Transfer> entries;
    for (const PostingRow& row : rows_of(input_.postings, begin)) entries.push_back(row.transfer);
    const std::optional<std::vector<Transfer>> posted = netted(entries, transfer_max);
    if (!posted) return "postings.csv: " + at_interval(begin) + "an account has more than settlement ever posts";
    const std::optional<std::size_t> place = place_of(begin);
    SettledInterval settled;
    if (place) {
      Result<SettledInterval, std::string> result = settled_at(*place);
      if (!result) return result.error();
      settled = std::move(*result);
    }
    const std::vector<Transfer> missing = differences(*posted, settled.transfers);
    if (const char* reason = reason_to_keep(begin, place.has_value())) {
      if (place) flag_kept(begin, reason, missing);
      const auto rows = rows_of(input_.statements, begin);
      outcome_.statements.insert(outcome_.statements.end(), rows.begin(), rows.end());
      const auto shared = rows_of(input_.community_rows, begin);
      outcome_.community_rows.insert(outcome_.community_rows.end(), shared.begin(), shared.end());
      if (auto fault = fault_of_shares(begin, rows, shared)) return fault;
      return close_interval(begin, *posted, rows);
    }
    for (const Transfer& transfer : missing) {
      outcome_.postings.push_back({.interval = begin, .run = run_, .transfer = transfer});
      entries.push_back(transfer);
    }
    const std::size_t first = outcome_.statements.size();
    for (const SettledMember& member : settled.members)
      outcome_.statements.push_back({.interval = begin, .member = member});
    if (place) outcome_.community_rows.insert(outcome_.community_rows.end(), shared_.begin(), shared_.end());
    const RunRow row{.interval = begin, .run = run_};
    const auto runs = rows_of(input_.runs, begin);
    if (std::find(runs.begin(), runs.end(), row) == runs.end()) outcome_.runs.push_back(row);
    const std::optional<std::vector<Transfer>> in_force = netted(entries, transfer_max);
    assert(in_force == settled.transfers);
    return close_interval(begin, *in_force, std::span(outcome_.statements).subspan(first));
  }

  void flag_kept(std::int64_t begin, const char* reason, const std::vector<Transfer>& missing) {
    std::set<std::uint32_t> households;
    for (const Transfer& transfer : missing) {
      if (transfer.from.kind == AccountKind::household) households.insert(transfer.from.household);
    }
    const bool is_final = std::string(reason) == "after_final";
    for (const std::uint32_t household : households) {
      outcome_.flags.push_back(
          {.interval = begin,
           .household = input_.households[household],
           .meter = "",
           .flag = reason,
           .words = is_final ? "its figures changed after the final run; the interval stays as it was settled"
                             : "its figures changed since they were settled; a revised run posts the difference"});
    }
  }

  /// What communities.csv has of an interval must be what statements.csv has; it may have nothing, when the interval
  /// was settled before there were communities.
  [[nodiscard]] std::optional<std::string> fault_of_shares(std::int64_t begin, std::span<const StatementRow> statements,
                                                           std::span<const CommunityRow> shared) const {
    if (shared.empty()) return std::nullopt;
    std::map<std::uint32_t, std::pair<Wide, Wide>> left;
    for (const CommunityRow& row : shared) {
      left[row.household].first -= row.contract.energy.count;
      left[row.household].second -= row.contract.amount.count;
    }
    for (const StatementRow& row : statements) {
      left[row.member.household].first += row.member.contract.count;
      left[row.member.household].second += row.member.energy_amount.count;
    }
    for (const auto& [household, sum] : left) {
      if (sum.first == 0 && sum.second == 0) continue;
      return "communities.csv: " + at_interval(begin) + "the rows of " + input_.households[household] +
             " are not what statements.csv has; put back the files as they were written";
    }
    return std::nullopt;
  }

  /// The invariants of the ledger: escrow is empty, all balances sum to zero, what is bought is sold, and every
  /// household has paid what its statement says. A breach means that a file was changed by hand.
  std::optional<std::string> close_interval(std::int64_t begin, std::span<const Transfer> in_force,
                                            std::span<const StatementRow> statements) {
    TransferSums found = sums(in_force, input_.households.size());
    if (found.escrow != 0 || found.all != 0)
      return "postings.csv: " + at_interval(begin) + "its postings leave " + to_text(found.escrow) + " in escrow";
    for (const StatementRow& row : statements) found.paid[row.member.household] -= row.member.total().count;
    for (std::uint32_t household = 0; household < found.paid.size(); ++household) {
      if (found.paid[household] == 0) continue;
      return "statements.csv: " + at_interval(begin) + "the statement of " + input_.households[household] +
             " is not what postings.csv has; put back the files as they were written";
    }
    for (const Transfer& transfer : in_force) {
      outcome_.balances[static_cast<std::size_t>(transfer.from.kind)] -= transfer.amount.count;
      outcome_.balances[static_cast<std::size_t>(transfer.to.kind)] += transfer.amount.count;
    }
    return std::nullopt;
  }

  SettleInput& input_;
  Run run_;
  IntervalSpan span_;
  HouseholdDeliveries deliveries_;
  std::vector<ZoneIndex> zones_;                           // of every household
  std::vector<std::vector<CommunityMember>> communities_;  // of every community of the rules
  std::vector<CommunityRow> shared_;                       // of the interval at work
  SettleOutcome outcome_;
};

}  // namespace

Result<SettleOutcome, std::string> run_settlement(SettleInput input, Run run) {
  const std::optional<IntervalSpan> span = span_of(input);
  if (!span) {
    return Fail{"registers.csv: its meters times the intervals from the first to the last are more than " +
                std::to_string(settle_cells_max) + "; check the times, or settle in parts"};
  }
  return SettlementRun(input, run, *span).all_intervals();
}

}  // namespace commonwatt
