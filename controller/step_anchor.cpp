#include "controller/step_parts.hpp"

namespace commonwatt {

Effects make_anchor(State& state) {
  const AnchorTip& tip = state.anchor_tip;
  if (state.anchor_intervals <= 0) return {};
  // After the market's last interval nothing but late runs comes, and they must not wait for ever.
  const bool is_over = !state.next_settlement && state.log.size() > tip.log_size;
  if (!is_over && state.totals.intervals_settled - tip.settled < state.anchor_intervals) return {};
  if (state.ledger.balances().empty()) return {};  // Nobody has paid or got anything yet: there is no tree.
  const Hash32 community = community_of(state.origin);
  Result<std::vector<SettlementLeaf>, std::string> leaves =
      settlement_leaves(community, state.ledger, state.account_keys);
  if (!leaves) {
    return {RaiseAlarm{
        .severity = Severity::alarm, .source = "controller", .text = "no anchor can be made: " + leaves.error()}};
  }
  const Anchor anchor{.community = community,
                      .epoch = tip.epoch + 1,
                      .previous = tip.head,
                      .log_root = state.log.root(),
                      .log_size = state.log.size(),
                      .settlement_root = SettlementTree(*leaves).root(),
                      .volume = state.totals.traded - tip.traded};
  state.anchor_tip = {.epoch = anchor.epoch,
                      .head = anchor_hash(anchor),
                      .log_size = anchor.log_size,
                      .settled = state.totals.intervals_settled,
                      .traded = state.totals.traded};
  return {StoreAnchor{.anchor = anchor, .leaves = std::move(*leaves)}};
}

}  // namespace commonwatt
