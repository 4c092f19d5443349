#include "controller/anchoring.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <variant>

#include "controller/attestations.hpp"
#include "controller/chain/abi.hpp"
#include "controller/chain/outbox.hpp"
#include "controller/system_clock.hpp"
#include "controller/veto_window.hpp"

namespace commonwatt {
namespace {

using Time = Attestations::Time;

constexpr std::chrono::seconds tick_period{1};
/// Attestations that wait for the thread; further ones are dropped, and their attesters send them again.
constexpr std::size_t inbox_max = 65'536;
/// A stop waits for a node at most about this often times the reply's time.
constexpr RpcLimits limits{.connect = std::chrono::seconds(3), .reply = std::chrono::seconds(5), .tries = 2};

struct Given {
  HouseholdId attester;
  Attestation attestation;
};
using Item = std::variant<Anchor, Given>;

Result<std::unique_ptr<RpcPool>, std::string> open_pool(const ChainConfig& config) {
  std::vector<RpcEndpoint> nodes;
  for (const std::string& url : config.rpc) {
    Result<RpcEndpoint, std::string> node = RpcEndpoint::open(url, limits);
    if (!node) return Fail{node.error()};
    nodes.push_back(std::move(node).value());
  }
  const std::size_t count = nodes.size();
  return std::make_unique<RpcPool>(std::move(nodes), count);
}

/// The relayer's side; nothing of it in mode none.
struct Chain {
  std::unique_ptr<EvmSigner> relayer;
  std::unique_ptr<RpcPool> pool;
  std::unique_ptr<Outbox> outbox;
  std::unique_ptr<VaultWatch> vault;
  std::int64_t drafted = 0;  ///< the newest epoch in the outbox
};

Result<Chain, std::string> open_chain(const ChainConfig& config, const std::filesystem::path& directory,
                                      VaultAccounts accounts) {
  Chain chain;
  if (config.mode == ChainMode::none) return chain;
  Result<EvmSigner, std::string> relayer = open_signer(EvmKeyKind::relayer, config.relayer);
  if (!relayer) return Fail{relayer.error()};
  chain.relayer = std::make_unique<EvmSigner>(std::move(*relayer));
  Result<std::unique_ptr<RpcPool>, std::string> pool = open_pool(config);
  if (!pool) return Fail{pool.error()};
  chain.pool = std::move(*pool);
  Result<std::unique_ptr<Outbox>, std::string> outbox =
      Outbox::open(directory / "anchors.sqlite",
                   {.domain = config.domain, .first_block = config.first_block, .anchor_again = config.anchor_again},
                   *chain.relayer, *chain.pool);
  if (!outbox) return Fail{outbox.error()};
  chain.outbox = std::move(*outbox);
  if (config.vault)
    chain.vault = std::make_unique<VaultWatch>(*config.vault, config.domain.registry, std::move(accounts));
  const auto last = chain.outbox->last_anchor();
  if (!last) return Fail{last.error()};
  if (*last) chain.drafted = (*last)->epoch;
  return chain;
}

}  // namespace

class Anchoring::Work {
 public:
  Work(const AnchorDomain& domain, std::unique_ptr<Attestations> attestations, Chain chain)
      : domain_(domain), attestations_(std::move(attestations)), chain_(std::move(chain)), has_looked_(!chain_.vault) {
    status_.attested = attestations_->attested();
    first_wanted_ =
        std::max<std::int64_t>(1, (chain_.outbox ? std::min(chain_.drafted, status_.attested) : status_.attested) + 1 -
                                      Attestations::late_epochs);
    thread_ = std::thread([this] { run(); });
  }
  ~Work() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    arrived_.notify_one();
    thread_.join();
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  void put(Item item) {
    {
      const std::lock_guard lock(mutex_);
      if (std::holds_alternative<Given>(item) && items_.size() >= inbox_max) return;
      items_.push_back(std::move(item));
    }
    arrived_.notify_one();
  }
  [[nodiscard]] AnchoringStatus status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }
  std::vector<CollateralKnown> collateral() {
    const std::lock_guard lock(mutex_);
    return std::exchange(collateral_, {});
  }
  void await_collateral(std::chrono::seconds at_most) {
    std::unique_lock lock(mutex_);
    collateral_read_.wait_for(lock, at_most, [this] { return has_looked_; });
  }
  std::vector<RaiseAlarm> alarms() {
    const std::lock_guard lock(mutex_);
    return std::exchange(alarms_, {});
  }
  [[nodiscard]] std::int64_t first_wanted() const { return first_wanted_; }

 private:
  void run();
  void take(const Item& item);
  void check_drafted(const Anchor& anchor);
  void tick();
  void draft(Time now);
  void look_at_chain();
  void look_at_vault();
  bool is_worth_telling(const ChainAlarm& alarm) const;
  void say(const std::string& source, const std::string& text);
  void say_once(const std::string& what, const std::string& text);
  template <class T>
  bool good(const Result<T, std::string>& result) {
    if (!result) say_once("store", result.error());
    return result.ok();
  }
  void set_status(const AnchoringStatus& status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
  }

  // Of the thread.
  const AnchorDomain domain_;
  std::unique_ptr<Attestations> attestations_;
  Chain chain_;
  AnchoringStatus seen_;
  std::int64_t registry_final_ = 0;
  VetoWindow window_;
  std::map<std::string, bool> told_;  // what was said and has not passed
  std::int64_t first_wanted_ = 1;

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable collateral_read_;
  std::deque<Item> items_;
  std::vector<RaiseAlarm> alarms_;
  std::vector<CollateralKnown> collateral_;
  AnchoringStatus status_;
  bool has_looked_ = false;  // at all collateral, or in vain
  bool stop_ = false;
  std::thread thread_;  // last: it uses all of the above
};

void Anchoring::Work::run() {
  seen_.attested = attestations_->attested();
  Time next_tick = std::chrono::steady_clock::now();
  for (;;) {
    std::deque<Item> items;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait_until(lock, next_tick, [this] { return stop_ || !items_.empty(); });
      if (stop_) return;
      items.swap(items_);
    }
    for (const Item& item : items) take(item);
    if (std::chrono::steady_clock::now() < next_tick) continue;
    tick();
    next_tick = std::chrono::steady_clock::now() + tick_period;
  }
}

void Anchoring::Work::take(const Item& item) {
  const std::int64_t before = attestations_->attested();
  if (const auto* anchor = std::get_if<Anchor>(&item)) {
    good(attestations_->expect(*anchor, std::chrono::steady_clock::now()));
    check_drafted(*anchor);
  } else {
    const auto& [attester, attestation] = std::get<Given>(item);
    const Result<std::optional<std::string>, std::string> refusal = attestations_->take(attester, attestation);
    if (good(refusal) && *refusal) say("attesters", **refusal);
  }
  seen_.attested = attestations_->attested();
  if (seen_.attested > before) told_.erase("store");  // it can be written again
  set_status(seen_);
}

/// A journal from a backup gives other anchors of epochs that went to the chain before.
void Anchoring::Work::check_drafted(const Anchor& anchor) {
  if (anchor.epoch > chain_.drafted) return;
  const auto before = chain_.outbox->anchor(anchor.epoch);
  if (!good(before) || !*before || (*before)->head == anchor_hash(anchor)) return;
  say_once("other journal", "epoch " + std::to_string(anchor.epoch) + " went to the chain as " +
                                to_hex((*before)->head) + ", the journal now gives " + to_hex(anchor_hash(anchor)) +
                                "; was it restored from a backup? Nothing more can be anchored in this registry");
}

void Anchoring::Work::tick() {
  const Time now = std::chrono::steady_clock::now();
  if (const std::optional<std::string> silent = attestations_->silence(now)) say("attesters", *silent);
  if (chain_.outbox) {
    draft(now);
    look_at_chain();
  }
  look_at_vault();
  attestations_->forget(chain_.outbox ? chain_.drafted : attestations_->attested());
  set_status(seen_);
}

/// What is attested goes into the outbox, as far as the registry takes it.
void Anchoring::Work::draft(Time now) {
  const std::int64_t attested = attestations_->attested();
  while (chain_.drafted < VetoWindow::limit(attested, registry_final_)) {
    const std::optional<Attestations::Attested> next = attestations_->attested_anchor(chain_.drafted + 1);
    if (!next || !good(chain_.outbox->draft(next->anchor, next->signatures))) break;
    ++chain_.drafted;
  }
  if (const auto complaint = window_.complaint(chain_.drafted, attested, registry_final_, now))
    say("chain", *complaint);
}

void Anchoring::Work::look_at_chain() {
  const Result<TickReport, std::string> report = chain_.outbox->tick(SystemClock().now());
  if (!good(report)) return;
  std::map<std::string, bool> still;
  bool is_reached = true;
  for (const ChainAlarm& alarm : report->alarms) {
    if (alarm.kind == ChainAlarmKind::chain_unreachable) is_reached = false;
    if (!is_worth_telling(alarm)) continue;
    const std::string name = "chain " + std::to_string(static_cast<int>(alarm.kind));
    say_once(name, alarm.text);
    still[name] = true;
  }
  std::erase_if(told_,
                [&](const auto& told) { return told.first.starts_with("chain ") && !still.contains(told.first); });
  if (!is_reached) return;
  seen_.anchored = std::min(report->epoch, chain_.drafted);
  if (const Result<std::int64_t, RpcError> past = read_final_epoch(*chain_.pool, domain_)) registry_final_ = *past;
  seen_.final = std::min({report->finalized, registry_final_, seen_.anchored});
}

/// While the chain cannot be read the collateral known last counts.
void Anchoring::Work::look_at_vault() {
  if (!chain_.vault) return;
  const Result<std::vector<CollateralKnown>, std::string> changed = chain_.vault->look(*chain_.pool);
  if (changed) {
    told_.erase("vault");
  } else {
    say_once("vault", "collateral cannot be read, what was known last counts: " + changed.error());
  }
  const std::lock_guard lock(mutex_);
  if (changed) collateral_.insert(collateral_.end(), changed->begin(), changed->end());
  has_looked_ = has_looked_ || !changed || chain_.vault->has_read_all();
  collateral_read_.notify_all();
}

/// The registry takes no more within its veto window: that passes by itself.
bool Anchoring::Work::is_worth_telling(const ChainAlarm& alarm) const {
  static const std::string too_many = to_data(abi_selector("TooManyPending()"));
  return alarm.kind != ChainAlarmKind::refused_anchor || alarm.text.find(too_many) == std::string::npos;
}

void Anchoring::Work::say(const std::string& source, const std::string& text) {
  const std::lock_guard lock(mutex_);
  alarms_.push_back({.severity = Severity::alarm, .source = source, .text = text});
}

/// Until it has passed.
void Anchoring::Work::say_once(const std::string& what, const std::string& text) {
  if (!std::exchange(told_[what], true)) say("chain", text);
}

Anchoring::Anchoring(std::unique_ptr<Work> work) : work_(std::move(work)) {}
Anchoring::~Anchoring() = default;

Result<std::unique_ptr<Anchoring>, std::string> Anchoring::start(const ChainConfig& config,
                                                                 const std::filesystem::path& directory,
                                                                 VaultAccounts accounts) {
  Result<std::unique_ptr<Attestations>, std::string> attestations =
      Attestations::open(directory / attestations_file, config);
  if (!attestations) return Fail{attestations.error()};
  Result<Chain, std::string> chain = open_chain(config, directory, std::move(accounts));
  if (!chain) return Fail{chain.error()};
  return std::unique_ptr<Anchoring>(
      new Anchoring(std::make_unique<Work>(config.domain, std::move(*attestations), std::move(*chain))));
}

std::int64_t Anchoring::first_wanted() const {
  return work_->first_wanted();
}

void Anchoring::expect(const Anchor& anchor) {
  work_->put(anchor);
}

void Anchoring::take(const HouseholdId& attester, const Attestation& given) {
  work_->put(Given{.attester = attester, .attestation = given});
}

AnchoringStatus Anchoring::status() const {
  return work_->status();
}

std::vector<CollateralKnown> Anchoring::collateral() {
  return work_->collateral();
}

void Anchoring::await_collateral(std::chrono::seconds at_most) {
  work_->await_collateral(at_most);
}

std::vector<RaiseAlarm> Anchoring::alarms() {
  return work_->alarms();
}

}  // namespace commonwatt
