#include "controller/chain/outbox.hpp"

#include <algorithm>

#include "controller/chain/abi.hpp"
#include "controller/chain/outbox_fees.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;

/// Transactions of ours that wait in nodes at a time; more epochs wait their turn. Nodes keep 16 executable ones of an
/// account without being asked.
constexpr std::int64_t in_flight_max = 16;
/// A transaction's gas (EIP-7825).
constexpr std::int64_t gas_limit_max = 16'777'216;
/// How many archived anchors are doubted at once when the newest is gone.
constexpr std::int64_t doubted_per_tick = 64;
/// Where a node has no opinion about the tip.
const Uint256 usual_tip = 1'000'000'000;
/// No honest chain asks more wei per gas: bounds what a node can make a product of fees overflow with.
const Uint256 price_max = Uint256(1) << 96;

/// Wei as ether, four decimals, rounded down.
std::string ether_text(const Uint256& wei) {
  const Uint256 tenthousandths = wei / 100'000'000'000'000;
  std::string digits = tenthousandths.str();
  if (digits.size() < 5) digits.insert(0, 5 - digits.size(), '0');
  return digits.insert(digits.size() - 4, ".") + " ether";
}

}  // namespace

/// One tick's view of the chain and the work that follows from it.
class Outbox::Tick {
 public:
  Tick(Outbox& outbox, UtcTime now)
      : rules_(outbox.rules_), relayer_(outbox.relayer_), pool_(outbox.pool_), store_(*outbox.store_), now_(now) {}

  TickReport run() {
    const Result<Done, RpcError> done = work();
    if (!done) alarm(ChainAlarmKind::chain_unreachable, done.error().text);
    return std::move(report_);
  }

 private:
  void alarm(ChainAlarmKind kind, std::string text) { report_.alarms.push_back({kind, std::move(text)}); }

  Result<Done, RpcError> work();
  bool is_our_chain();
  Result<bool, RpcError> is_next_vetoed();
  Result<Done, RpcError> check_archived();
  Result<Done, RpcError> record_events();
  [[nodiscard]] AnchorState depth_of(std::int64_t block) const;
  void check_balance();
  void send_missing();
  bool send_epoch(const StoredAnchor& anchor, std::int64_t nonce, bool is_next);
  std::optional<GasPrice> price(const StoredAnchor& anchor, const GasPrice& at_least);
  std::optional<StoredTransaction> sign(const StoredAnchor& anchor, std::int64_t nonce, const GasPrice& price);
  bool is_known(const Hash32& hash);
  bool find_gas_limit(const StoredAnchor& anchor);
  GasPrice asked();

  const OutboxRules& rules_;
  const EvmSigner& relayer_;
  RpcPool& pool_;
  OutboxStore& store_;
  UtcTime now_;
  ChainView view_;
  std::int64_t sent_max_ = in_flight_max;
  std::int64_t gas_limit_ = 0;  // once asked for
  std::optional<GasPrice> asked_;
  TickReport report_;
};

Result<Done, RpcError> Outbox::Tick::work() {
  const Result<ChainView, RpcError> view = read_chain(pool_, rules_.domain, relayer_.address());
  if (!view) return Fail{view.error()};
  view_ = *view;
  report_.epoch = view_.epoch;
  check_balance();
  if (view_.is_vetoed) {
    alarm(ChainAlarmKind::vetoed, "epoch " + std::to_string(view_.epoch + 1) +
                                      " and all newer ones were vetoed by a guardian, and the registry waits for "
                                      "'commonwatt chain rewind'; find out why before anything else");
    return record_events();
  }
  if (!is_our_chain()) return Done{};

  const Result<bool, RpcError> vetoed = is_next_vetoed();
  if (!vetoed) return Fail{vetoed.error()};
  if (const std::int64_t lost = store_.put_back(view_.epoch); lost > 0 && !*vetoed) {
    alarm(ChainAlarmKind::lost_final, std::to_string(lost) +
                                          " anchors that were final are gone from the chain, from epoch " +
                                          std::to_string(view_.epoch + 1) + " on; they are sent again");
  }
  if (Result<Done, RpcError> done = check_archived(); !done) return done;
  if (Result<Done, RpcError> done = record_events(); !done) return done;
  send_missing();
  return Done{};
}

/// Whether a guardian undid the next anchor once. Then it goes only if it was named, and by itself: those behind it
/// were undone with it, and each is asked for when it is the next.
Result<bool, RpcError> Outbox::Tick::is_next_vetoed() {
  const std::optional<StoredAnchor> next = store_.anchor(view_.epoch + 1);
  if (!next) return false;
  const Result<bool, RpcError> vetoed = was_vetoed(pool_, rules_.domain, view_, next->head);
  if (!vetoed) return Fail{vetoed.error()};
  if (!*vetoed) return false;
  const auto& again = rules_.anchor_again;
  const bool is_named = std::find(again.begin(), again.end(), next->head) != again.end();
  sent_max_ = is_named ? 1 : 0;
  if (!is_named) {
    alarm(ChainAlarmKind::vetoed_anchor,
          "epoch " + std::to_string(next->epoch) +
              " was vetoed by a guardian and is not sent again. If the veto was a mistake, write "
              "[chain] anchor_again = [\"" +
              to_data(next->head) +
              "\"] and restart; else repair the attesters' journal first: nothing after it can be anchored, because "
              "each anchor names the one before");
  }
  return true;
}

/// Whether the registry's last anchor is the one we know: its struct hash vouches for all before.
bool Outbox::Tick::is_our_chain() {
  const std::optional<StoredAnchor> known = store_.anchor(view_.epoch);
  if (!known || known->head == view_.head) return true;
  alarm(ChainAlarmKind::foreign_epoch, "the registry's anchor of epoch " + std::to_string(view_.epoch) + " is " +
                                           to_data(view_.head) + ", ours is " + to_data(known->head) +
                                           "; nothing is sent until the attesters know which is right");
  return false;
}

/// Archived anchors are no longer looked up one by one; while the newest is where it was, so are those before it.
Result<Done, RpcError> Outbox::Tick::check_archived() {
  const std::optional<StoredAnchor> newest = store_.last_archived();
  if (!newest) return Done{};
  std::optional<BlockHead> there;
  if (newest->block_number <= view_.latest.number) {
    const Result<std::optional<BlockHead>, RpcError> block = pool_.block(newest->block_number);
    if (!block) return Fail{block.error()};
    there = *block;
  }
  if (!there || there->hash != newest->block_hash) store_.doubt_archived(doubted_per_tick);
  return Done{};
}

AnchorState Outbox::Tick::depth_of(std::int64_t block) const {
  if (block + rules_.archive_depth <= view_.finalized) return AnchorState::archived;
  if (block <= view_.finalized) return AnchorState::final;
  return block <= view_.safe ? AnchorState::safe : AnchorState::mined;
}

Result<Done, RpcError> Outbox::Tick::record_events() {
  // What was archived can be vetoed all the same.
  if (const std::optional<StoredAnchor> newest = store_.last_archived())
    report_.finalized = std::min(newest->epoch, view_.epoch);
  if (store_.unarchived(view_.epoch).empty()) return Done{};
  const std::int64_t first = std::min(store_.archived_block().value_or(rules_.first_block), view_.latest.number);
  const Result<std::vector<AnchoredEvent>, RpcError> events = read_anchored(pool_, rules_.domain, view_, first);
  if (!events) return Fail{events.error()};
  SqliteDatabase::Transaction transaction = store_.begin();
  for (const AnchoredEvent& event : *events) {
    const std::optional<StoredAnchor> known = store_.anchor(event.epoch);
    // The registry's head vouched for the heads; an event of another content is another contract's doing.
    if (!known || known->head != event.head || event.epoch > view_.epoch) continue;
    const AnchorState state = depth_of(event.block_number);
    store_.set_block(event, state);
    if (state >= AnchorState::final) report_.finalized = std::max(report_.finalized, event.epoch);
  }
  transaction.commit();
  return Done{};
}

void Outbox::Tick::check_balance() {
  if (view_.balance >= rules_.balance_low) return;
  alarm(ChainAlarmKind::low_balance, "the relayer " + to_text(relayer_.address()) + " has " +
                                         ether_text(view_.balance) + " left, less than " +
                                         ether_text(rules_.balance_low) + "; send it some, or anchors will stop");
}

void Outbox::Tick::send_missing() {
  const std::vector<StoredAnchor> missing = store_.anchors_behind(view_.epoch, sent_max_);
  if (!missing.empty() && missing.front().epoch != view_.epoch + 1) {
    alarm(ChainAlarmKind::missing_epoch, "the registry waits for epoch " + std::to_string(view_.epoch + 1) +
                                             ", the first one here is " + std::to_string(missing.front().epoch));
    return;
  }
  std::int64_t nonce = view_.nonce;
  for (const StoredAnchor& anchor : missing) {
    // Behind one that cannot go, no other can.
    if (!send_epoch(anchor, nonce, anchor.epoch == view_.epoch + 1)) return;
    ++nonce;
  }
}

/// Sends the best transaction for an epoch under a nonce, a new one if need be; false when there is none.
bool Outbox::Tick::send_epoch(const StoredAnchor& anchor, std::int64_t nonce, bool is_next) {
  std::optional<StoredTransaction> best = store_.best(anchor.epoch, nonce);
  const std::optional<StoredTransaction> priciest = store_.priciest(nonce);
  const bool is_outbid = best && priciest->hash != best->hash && priciest->fee_max >= best->fee_max;
  const bool is_too_cheap = best && best->fee_max < view_.latest.base_fee;
  const bool is_late = best && is_next && now_.seconds() - best->signed_at >= rules_.patience.count();
  if (!best || is_outbid || is_too_cheap || is_late) {
    GasPrice at_least;
    if (priciest) at_least = raised({.fee_max = priciest->fee_max, .tip_max = priciest->tip_max});
    if (!best && is_next && !find_gas_limit(anchor)) return false;
    if (best) gas_limit_ = best->gas_limit;
    const std::optional<GasPrice> offered = price(anchor, at_least);
    // What is no dearer replaces nothing, and a token would make another transaction of it each time.
    if (offered && (!best || offered->fee_max > best->fee_max)) {
      if (std::optional<StoredTransaction> made = sign(anchor, nonce, *offered)) best = std::move(made);
    }
  }
  if (!best) return false;
  gas_limit_ = std::max(gas_limit_, best->gas_limit);
  const Result<Done, RpcError> sent = pool_.send_raw(best->raw);
  ++report_.transactions;
  // Nodes have many words for "I have it already": the question is whether they know it.
  if (!sent && !is_known(best->hash)) {
    alarm(ChainAlarmKind::unsent, "epoch " + std::to_string(anchor.epoch) + ": " + sent.error().text);
    return false;
  }
  if (anchor.state != AnchorState::sent) store_.set_state(anchor.epoch, AnchorState::sent);
  return true;
}

/// What to offer for it; nothing, with an alarm, when it would cost too much.
std::optional<GasPrice> Outbox::Tick::price(const StoredAnchor& anchor, const GasPrice& at_least) {
  if (gas_limit_ == 0) return std::nullopt;
  std::optional<GasPrice> price =
      within(dearer(asked(), at_least), view_.latest.base_fee, gas_limit_, rules_.anchor_cost_max);
  if (!price) {
    alarm(ChainAlarmKind::fee_too_high, "epoch " + std::to_string(anchor.epoch) + " waits: the anchor would cost " +
                                            ether_text(std::min(view_.latest.base_fee, price_max) * gas_limit_) +
                                            ", more than the " + ether_text(rules_.anchor_cost_max) + " it may");
  }
  return price;
}

/// Signs and persists; nothing, with an alarm, when the key does not sign.
std::optional<StoredTransaction> Outbox::Tick::sign(const StoredAnchor& anchor, std::int64_t nonce,
                                                    const GasPrice& price) {
  const Result<SignedTransaction, std::string> made = sign_transaction({.chain_id = rules_.domain.chain_id,
                                                                        .nonce = nonce,
                                                                        .tip_max = price.tip_max,
                                                                        .fee_max = price.fee_max,
                                                                        .gas_limit = gas_limit_,
                                                                        .to = rules_.domain.registry,
                                                                        .value = 0,
                                                                        .data = anchor.call},
                                                                       relayer_);
  if (!made) {
    alarm(ChainAlarmKind::key_silent, "epoch " + std::to_string(anchor.epoch) +
                                          " waits for a signature of the relayer " + to_text(relayer_.address()) +
                                          ": " + made.error() + "; it is tried again");
    return std::nullopt;
  }
  StoredTransaction stored{.hash = made->hash,
                           .epoch = anchor.epoch,
                           .nonce = nonce,
                           .fee_max = price.fee_max,
                           .tip_max = price.tip_max,
                           .gas_limit = gas_limit_,
                           .signed_at = now_.seconds(),
                           .raw = made->raw};
  store_.add_transaction(stored);
  return stored;
}

bool Outbox::Tick::is_known(const Hash32& hash) {
  const Result<json, RpcError> said = pool_.any("eth_getTransactionByHash", json::array({to_data(hash)}));
  return said && said->is_object();
}

/// Asks what the anchor needs and adds a quarter. False, with an alarm, when the registry would refuse it.
bool Outbox::Tick::find_gas_limit(const StoredAnchor& anchor) {
  const json call = {
      {"from", to_text(relayer_.address())}, {"to", to_text(rules_.domain.registry)}, {"data", to_data(anchor.call)}};
  const Result<json, RpcError> said =
      pool_.any("eth_estimateGas", json::array({call, to_quantity(view_.latest.number)}));
  const std::optional<std::int64_t> gas =
      said && said->is_string() ? small_quantity_from(said->get<std::string>()) : std::nullopt;
  if (gas && *gas > 0 && *gas <= gas_limit_max / 5 * 4) {
    gas_limit_ = *gas + *gas / 4;
    return true;
  }
  std::string why = "its gas is out of range";
  if (!said) why = said.error().text;
  if (!said && (said.error().is_revert || !said.error().revert_data.empty())) {
    why = "the registry reverts " + revert_reason(said.error().revert_data);
    if (said.error().revert_data == abi_selector("AnchoringStopped()"))
      why = "the registry is paused; its owner resumes it with 'commonwatt chain unpause'";
  }
  alarm(ChainAlarmKind::refused_anchor, "epoch " + std::to_string(anchor.epoch) + " is not sent: " + why);
  return false;
}

/// What the chain asks for gas now, asked once a tick.
GasPrice Outbox::Tick::asked() {
  if (asked_) return *asked_;
  const Result<json, RpcError> said = pool_.any("eth_maxPriorityFeePerGas", json::array());
  const std::optional<Uint256> tip = said && said->is_string() ? quantity_from(said->get<std::string>()) : std::nullopt;
  asked_ = asked_price(std::min(view_.latest.base_fee, price_max), std::min(tip.value_or(usual_tip), price_max));
  return *asked_;
}

Outbox::Outbox(const std::filesystem::path& file, const OutboxRules& rules, const EvmSigner& relayer, RpcPool& pool)
    : file_(file), rules_(rules), relayer_(relayer), pool_(pool), store_(std::make_unique<OutboxStore>(file)) {}

Result<std::unique_ptr<Outbox>, std::string> Outbox::open(const std::filesystem::path& file, const OutboxRules& rules,
                                                          const EvmSigner& relayer, RpcPool& pool) {
  try {
    return std::unique_ptr<Outbox>(new Outbox(file, rules, relayer, pool));
  } catch (const SqliteError& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

Result<Done, std::string> Outbox::draft(const Anchor& anchor, const std::vector<Bytes>& signatures) {
  const std::string who = "epoch " + std::to_string(anchor.epoch) + ": ";
  const Result<std::vector<Bytes>, std::string> ordered = order_signatures(anchor, rules_.domain, signatures);
  if (!ordered) return Fail{ordered.error()};
  try {
    const Hash32 head = anchor_hash(anchor);
    if (const std::optional<StoredAnchor> known = store_->anchor(anchor.epoch)) {
      if (known->head == head) return Done{};
      return Fail{who + "another anchor of this epoch was drafted before; it stays"};
    }
    if (const std::optional<StoredAnchor> last = store_->last_anchor()) {
      if (anchor.epoch != last->epoch + 1) return Fail{who + "the next one is " + std::to_string(last->epoch + 1)};
      if (anchor.previous != last->head) return Fail{who + "it does not follow the anchor before"};
    }
    store_->add_anchor(anchor.epoch, head, anchor_call(anchor, *ordered));
    return Done{};
  } catch (const SqliteError& error) {
    return Fail{file_.string() + ": " + error.what()};
  }
}

Result<TickReport, std::string> Outbox::tick(UtcTime now) {
  try {
    return Tick(*this, now).run();
  } catch (const SqliteError& error) {
    return Fail{file_.string() + ": " + error.what()};
  }
}

Result<std::optional<StoredAnchor>, std::string> Outbox::anchor(std::int64_t epoch) const {
  try {
    return store_->anchor(epoch);
  } catch (const SqliteError& error) {
    return Fail{file_.string() + ": " + error.what()};
  }
}

Result<std::optional<StoredAnchor>, std::string> Outbox::last_anchor() const {
  try {
    return store_->last_anchor();
  } catch (const SqliteError& error) {
    return Fail{file_.string() + ": " + error.what()};
  }
}

}  // namespace commonwatt
