#include "controller/controller.hpp"

#include <algorithm>
#include <fstream>
#include <memory>

#include "controller/anchor_desk.hpp"
#include "controller/broker.hpp"
#include "controller/broker_access.hpp"
#include "controller/household_desk.hpp"
#include "controller/http_server.hpp"
#include "controller/inbox.hpp"
#include "controller/journal.hpp"
#include "controller/keyring.hpp"
#include "controller/log.hpp"
#include "controller/manifest.hpp"
#include "controller/market_view.hpp"
#include "controller/mqtt_bus.hpp"
#include "controller/outgoing.hpp"
#include "controller/payment_watch.hpp"
#include "controller/step.hpp"
#include "controller/stop_signal.hpp"
#include "core/month.hpp"
#include "core/sha256.hpp"

namespace commonwatt {
namespace {

constexpr std::size_t inbox_max = 65'536;
constexpr std::size_t alarms_max = 50;
/// Intervals between two snapshots: a restart replays about a quarter of a day.
constexpr std::int64_t snapshot_intervals = 24;
constexpr std::chrono::milliseconds patience{200};
constexpr std::chrono::milliseconds patience_sending{2};
constexpr std::chrono::milliseconds picture_period{500};
constexpr std::chrono::seconds collateral_patience{15};

struct Incoming {
  UtcTime received;
  std::string topic;  ///< empty: the connection came up
  Bytes payload;
};

/// The controller, in the one thread that owns the state.
class Controller {
 public:
  Controller(const ControllerConfig& config, SigningKey log_key, std::unique_ptr<Journal> journal, Clock& clock,
             std::int64_t speed)
      : config_(config),
        log_key_(std::move(log_key)),
        journal_(std::move(journal)),
        clock_(clock),
        speed_(speed),
        inbox_(inbox_max),
        payments_(config.payments),
        view_(config.store),
        desk_(log_key_, *journal_, view_, outgoing_) {}

  bool start();
  int loop();

 private:
  bool restore();
  bool configure();
  bool open_anchors();
  bool open_broker();
  bool open_api();

  std::optional<Event> event_of(const Incoming& incoming);
  void refuse_unreadable(const HouseholdId& household, UpTopic topic, const Incoming& incoming);
  void answer_request(const HouseholdId& household, const Bytes& payload);
  void take_live(const HouseholdId& household, const Bytes& payload);
  void take_status(const HouseholdId& household, const Bytes& payload);
  bool commit(const std::vector<TimedEvent>& events);
  void tell_of_missing_tariff();
  bool book_payments();
  void tell_of_anchors();
  bool take_collateral();
  bool erase_old_months();
  std::vector<TimedEvent> due_events();

  void run(const Effect& effect);
  void alarm(Severity severity, const std::string& source, const std::string& text);
  bool refuse(const std::string& source, const std::string& text) {
    alarm(Severity::alarm, source, text);
    return false;
  }
  void show(bool now);
  [[nodiscard]] UtcTime event_time(UtcTime time) { return last_time_ = std::max(last_time_, time); }

  const ControllerConfig& config_;
  SigningKey log_key_;
  std::unique_ptr<Journal> journal_;
  Clock& clock_;
  std::int64_t speed_;
  State state_;
  std::optional<Interval> told_without_tariff_;
  UtcTime last_time_;                  // of the newest event: time in the journal never runs backwards
  std::vector<TimedEvent> follow_up_;  // outcomes of effects, to be journalled next
  std::map<HouseholdId, LivePower> live_;
  std::map<HouseholdId, GatewayStatus> gateways_;
  std::vector<AlarmEntry> alarms_;
  std::int64_t snapshot_settled_ = 0;
  std::int64_t kept_from_ = 0;  // the month before which everything is erased; 0: not looked yet
  std::chrono::steady_clock::time_point next_picture_{};
  bool picture_wanted_ = true;
  Inbox<Incoming> inbox_;
  PaymentWatch payments_;
  MarketView view_;
  Outgoing outgoing_;
  HouseholdDesk desk_;                   // after what it works with
  std::unique_ptr<AnchorDesk> anchors_;  // none unless the configuration asks for it
  AnchoringStatus anchoring_shown_;
  std::unique_ptr<HttpServer> server_;  // before the bus: both end before what they talk to
  std::unique_ptr<MqttBus> bus_;
};

bool Controller::restore() {
  Result<State, std::string> restored = journal_->restore();
  if (!restored) return refuse("journal", restored.error());
  state_ = std::move(*restored);
  last_time_ = std::max(clock_.now(), journal_->last_time());
  std::vector<Hash32> leaves = journal_->log_leaves();
  if (static_cast<std::int64_t>(leaves.size()) != state_.log.size() || merkle_root(leaves) != state_.log.root()) {
    return refuse("journal", "the sealed batches do not make the log's root; run 'commonwatt verify' on the directory");
  }
  desk_.restore(std::move(leaves));
  constexpr std::int64_t shown_max = 192;
  for (std::int64_t index = std::max<std::int64_t>(0, state_.log.size() - shown_max); index < state_.log.size();
       ++index) {
    const std::optional<StoreBatch> store = journal_->batch_at(index);
    if (store) view_.note_settled(*store);
  }
  view_.note_witnessed(state_.witnessed_size);
  snapshot_settled_ = state_.totals.intervals_settled;
  if (journal_->sequence() > 0) {
    log_line(Severity::info, "journal",
             "restored " + std::to_string(journal_->sequence()) + " events, " + std::to_string(state_.log.size()) +
                 " sealed batches");
  }
  return true;
}

/// What is configured and not in force yet becomes an event.
bool Controller::configure() {
  MarketConfigured configured{.origin = config_.origin,
                              .log_key = log_key_.public_key(),
                              .rules = config_.rules,
                              .households = config_.households,
                              .anchor_intervals = config_.chain ? config_.chain->anchor_intervals : 0,
                              .has_vault = config_.chain && config_.chain->mode == ChainMode::vault};
  std::vector<HouseholdRecord> known;
  for (const auto& [id, household] : state_.households) known.push_back(household);
  const bool in_force = state_.next_gate && configured == MarketConfigured{.origin = state_.origin,
                                                                           .log_key = state_.log_key,
                                                                           .rules = state_.rules,
                                                                           .households = known,
                                                                           .anchor_intervals = state_.anchor_intervals,
                                                                           .has_vault = state_.has_vault};
  return in_force || commit({{.time = event_time(clock_.now()), .event = std::move(configured)}});
}

bool Controller::open_anchors() {
  if (!config_.chain) return true;
  Result<std::unique_ptr<AnchorDesk>, std::string> desk =
      AnchorDesk::open(*config_.chain, config_.store, *journal_, outgoing_, state_);
  if (!desk) return refuse("chain", desk.error());
  anchors_ = std::move(*desk);
  // Orders are worth what collateral stands behind them: better to know it before the first comes.
  anchors_->await_collateral(collateral_patience);
  return take_collateral();
}

bool Controller::open_broker() {
  MqttHandlers handlers;
  handlers.on_message = [this](std::string topic, Bytes payload) {
    inbox_.put({clock_.now(), std::move(topic), std::move(payload)});
  };
  handlers.on_connection = [this](bool up) {
    log_line(up ? Severity::info : Severity::alarm, "broker",
             up ? "connected" : "connection lost; gateways keep their orders and readings");
    if (up) inbox_.put({clock_.now(), {}, {}});
  };
  handlers.on_refused = [](const std::string& topic, int reason) {
    log_line(Severity::alarm, "broker",
             "refused " + topic + " with reason " + std::to_string(reason) + "; check the access list");
  };
  Result<std::unique_ptr<MqttBus>, MqttError> bus =
      MqttBus::start(broker_options(config_.broker, broker_controller_name, {"cw/v1/+/up/#"}), std::move(handlers));
  if (!bus) return refuse("broker", bus.error().text);
  bus_ = std::move(*bus);
  return true;
}

bool Controller::open_api() {
  HttpOptions options;
  options.address = config_.api_address;
  options.port = static_cast<std::uint16_t>(config_.api_port);
  options.token = config_.api_token;
  Result<std::unique_ptr<HttpServer>, HttpError> server = HttpServer::start(
      std::move(options), {.answer = [this](const HttpRequest& request) { return view_.answer(request); },
                           .on_subscribe = [this] { return view_.on_subscribe(); }});
  if (!server) return refuse("api", server.error().text);
  server_ = std::move(*server);
  log_line(Severity::info, "api",
           "http://" + config_.api_address + ":" + std::to_string(server_->port()) + "/v1/state");
  if (!config_.api_port_file.empty()) {
    const std::filesystem::path fresh = config_.api_port_file.string() + ".new";
    std::ofstream(fresh) << server_->port() << "\n";
    std::filesystem::rename(fresh, config_.api_port_file);
  }
  return true;
}

bool Controller::start() {
  if (!restore() || !configure()) return false;
  for (const Effect& effect : pending_effects(state_)) run(effect);
  return open_anchors() && open_broker() && open_api();
}

/// Trading waits for prices that nobody knows yet; the operator is told once for each interval.
void Controller::tell_of_missing_tariff() {
  if (!state_.next_gate || told_without_tariff_ == state_.next_gate) return;
  const Interval& interval = *state_.next_gate;
  const bool has_ended = state_.rules.trading_end && interval.begin() >= *state_.rules.trading_end;
  const Result<IntervalTariff, TariffGap> tariff = state_.rules.tariff.find(interval);
  if (tariff || has_ended || clock_.now() < state_.rules.gate_closure(interval)) return;
  told_without_tariff_ = interval;
  alarm(Severity::alarm, "tariff",
        explain(tariff.error(), interval) +
            "; trading waits until the configuration has a price and the controller is " +
            "started with it, readings are taken meanwhile");
}

std::vector<TimedEvent> Controller::due_events() {
  const UtcTime now = event_time(clock_.now());
  if (gate_is_due(state_, now)) return {{.time = now, .event = GateClosed{*state_.next_gate}}};
  if (const std::optional<SettlementTask> task = due_settlement(state_, now))
    return {{.time = now, .event = SettlementDue{.interval = task->interval, .run = task->run, .salt = random_hash()}}};
  return {};
}

int Controller::loop() {
  bool running = true;
  while (running && !stop_requested()) {
    const UtcTime wake = next_deadline(state_).value_or(clock_.now() + std::chrono::hours(1));
    clock_.announce(wake);
    std::vector<TimedEvent> events;
    for (const Incoming& incoming : inbox_.take(clock_, wake, outgoing_.empty() ? patience : patience_sending)) {
      if (incoming.topic.empty()) {  // Connected again: what is open is told again.
        for (const Effect& effect : pending_effects(state_)) run(effect);
        if (anchors_) anchors_->publish_newest(state_);
        continue;
      }
      std::optional<Event> event = event_of(incoming);
      if (event) events.push_back({.time = event_time(incoming.received), .event = std::move(*event)});
    }
    // What came before the gate closed is judged before it closes.
    if (!events.empty()) running = commit(events);
    while (running) {
      const std::vector<TimedEvent> due = follow_up_.empty() ? due_events() : std::exchange(follow_up_, {});
      if (due.empty()) break;
      running = commit(due);
    }
    tell_of_missing_tariff();
    tell_of_anchors();
    if (running) running = take_collateral() && book_payments() && erase_old_months();
    outgoing_.flush(*bus_);
    show(false);
  }
  const bool saved = running && journal_->save_snapshot(state_).ok();
  return saved ? 0 : 1;
}

/// What is new in the operator's file of payments. It is looked at by the machine's time: market time knows nothing
/// of it.
bool Controller::book_payments() {
  const PaymentsDue due = payments_.due(state_, std::chrono::steady_clock::now());
  for (const std::string& text : due.alarms) alarm(Severity::alarm, "payments", text);
  if (due.payments.empty()) return true;
  std::vector<TimedEvent> events;
  for (const PaymentBooked& payment : due.payments)
    events.push_back({.time = event_time(clock_.now()), .event = payment});
  if (!commit(events)) return false;
  log_line(Severity::info, "payments", std::to_string(events.size()) + " payments booked");
  return true;
}

void Controller::tell_of_anchors() {
  if (!anchors_) return;
  for (const RaiseAlarm& raised : anchors_->alarms()) alarm(raised.severity, raised.source, raised.text);
  const AnchoringStatus status = anchors_->status();
  picture_wanted_ |= status != std::exchange(anchoring_shown_, status);
}

/// What the chain says of it becomes part of the journal: a replay admits the same orders.
bool Controller::take_collateral() {
  if (!anchors_) return true;
  std::vector<TimedEvent> events;
  for (const CollateralKnown& known : anchors_->collateral())
    events.push_back({.time = event_time(clock_.now()), .event = known});
  return events.empty() || commit(events);
}

/// What is older than the operator keeps it goes once a month, while the market runs.
bool Controller::erase_old_months() {
  if (config_.keep_months == 0) return true;
  const UtcTime now = event_time(clock_.now());
  const std::optional<std::int64_t> before = due_retention(state_, config_.keep_months, now);
  if (!before || *before == kept_from_) return true;
  kept_from_ = *before;
  if (journal_->oldest_data_month().value_or(*before) >= *before) return true;
  Result<State, std::string> after = journal_->erase(
      {.household = {}, .before_month = *before, .bookings = {}, .state = {}, .signature = {}}, now, state_, log_key_);
  if (!after) {
    log_line(Severity::alarm, "journal", "what is too old could not be erased, the controller stops: " + after.error());
    return false;
  }
  state_ = std::move(*after);
  log_line(Severity::info, "privacy", "erased what was journalled before " + to_text(month_begin(*before)));
  return true;
}

/// Steps through events, writes them down, and only then lets their effects happen.
bool Controller::commit(const std::vector<TimedEvent>& events) {
  Effects effects;
  std::vector<StoreBatch> batches;
  std::vector<StorePayment> payments;
  std::vector<StoreAnchor> anchors;
  for (const TimedEvent& timed : events) {
    for (Effect& effect : step(state_, timed.event, timed.time)) {
      if (auto* store = std::get_if<StoreBatch>(&effect)) {
        desk_.append(log_leaf(store->entry));
        batches.push_back(std::move(*store));
      } else if (auto* booked = std::get_if<StorePayment>(&effect)) {
        payments.push_back(std::move(*booked));
      } else {
        if (const auto* anchor = std::get_if<StoreAnchor>(&effect)) anchors.push_back(*anchor);
        effects.push_back(std::move(effect));
      }
    }
  }
  const Result<Done, std::string> written = journal_->append(events, batches, payments, anchors);
  if (!written) {
    log_line(Severity::alarm, "journal",
             written.error() + "; nothing was acknowledged, the controller stops and restarts from what is on disk");
    return false;
  }
  // From here it is on disk and may be told.
  for (const StoreBatch& store : batches) view_.note_settled(store);
  for (const Effect& effect : effects) run(effect);
  if (state_.totals.intervals_settled >= snapshot_settled_ + snapshot_intervals) {
    snapshot_settled_ = state_.totals.intervals_settled;
    const Result<Done, std::string> saved = journal_->save_snapshot(state_);
    if (!saved) alarm(Severity::warning, "journal", saved.error() + "; without a snapshot a restart takes longer");
  }
  picture_wanted_ = true;
  return true;
}

std::optional<Event> Controller::event_of(const Incoming& incoming) {
  const std::optional<UpAddress> address = parse_up_topic(incoming.topic);
  if (address && anchors_ && anchors_->is_attester(address->household)) {
    anchors_->take(address->household, address->topic, incoming.payload);
    return std::nullopt;
  }
  if (!address || !state_.members.contains(address->household)) return std::nullopt;
  const HouseholdId& household = address->household;
  switch (address->topic) {
    case UpTopic::live:
      take_live(household, incoming.payload);
      return std::nullopt;
    case UpTopic::status:
      take_status(household, incoming.payload);
      return std::nullopt;
    case UpTopic::request:
      answer_request(household, incoming.payload);
      return std::nullopt;
    case UpTopic::order: {
      Result<SignedOrder, CborError> order = decode<SignedOrder>(incoming.payload);
      if (!order) break;
      OrderReceived received{.sender = household, .order = std::move(*order)};
      const std::optional<Receipt> again = repeated(state_, received, incoming.received);
      if (!again) return received;
      desk_.send_receipt({.household = household, .receipt = *again});
      return std::nullopt;
    }
    case UpTopic::reading: {
      Result<SignedReading, CborError> reading = decode<SignedReading>(incoming.payload);
      if (!reading) break;
      ReadingReceived received{.sender = household, .reading = std::move(*reading)};
      const std::optional<Receipt> again = repeated(state_, received, incoming.received);
      if (!again) return received;
      desk_.send_receipt({.household = household, .receipt = *again});
      return std::nullopt;
    }
    case UpTopic::cosignature: {
      Result<CosignatureMessage, CborError> message = decode<CosignatureMessage>(incoming.payload);
      if (!message) break;
      // Late or repeated ones change nothing and are not worth a line in the journal.
      if (message->size != state_.log.size() || !state_.signature || state_.cosignatures.contains(household))
        return std::nullopt;
      return CosignatureReceived{.sender = household,
                                 .size = message->size,
                                 .time = message->cosignature.time,
                                 .signature = message->cosignature.signature};
    }
    case UpTopic::attestation:  // Of an attester that is none any more, or a household that thinks it is one.
      return std::nullopt;
  }
  refuse_unreadable(household, address->topic, incoming);
  return std::nullopt;
}

/// A message that is not even readable is answered too, under the hash of its bytes.
void Controller::refuse_unreadable(const HouseholdId& household, UpTopic topic, const Incoming& incoming) {
  static_assert(static_cast<int>(OrderReject::malformed) == 0 && static_cast<int>(ReadingReject::malformed) == 0);
  Receipt receipt{
      .subject = Subject::order, .id = sha256(incoming.payload), .received = incoming.received, .rejection = 0};
  if (topic == UpTopic::reading) receipt.subject = Subject::reading;
  if (topic != UpTopic::cosignature) desk_.send_receipt({.household = household, .receipt = receipt});
  alarm(Severity::warning, household.text(),
        std::string("an unreadable message on ") + to_text(topic) + " was refused; update the gateway");
}

void Controller::take_live(const HouseholdId& household, const Bytes& payload) {
  const Result<Live, CborError> live = decode<Live>(payload);
  if (!live) return;
  live_[household] = {.time = std::min(live->time, clock_.now()), .net = live->net, .production = live->production};
  picture_wanted_ = true;
}

void Controller::take_status(const HouseholdId& household, const Bytes& payload) {
  const Result<GatewayStatus, CborError> status = decode<GatewayStatus>(payload);
  if (!status) return;
  GatewayStatus& known = gateways_[household];
  if (status->disputes > known.disputes)
    alarm(Severity::alarm, household.text(), "its gateway disputes a clearing, bill or checkpoint; its log says why");
  if (!status->online) {
    live_.erase(household);
    alarm(Severity::warning, household.text(), "its gateway is off line; its readings wait there");
  }
  known = *status;
  picture_wanted_ = true;
}

void Controller::answer_request(const HouseholdId& household, const Bytes& payload) {
  const Result<Request, CborError> request = decode<Request>(payload);
  if (!request) return;
  if (request->kind == RequestKind::settlement) {
    if (anchors_) anchors_->send_settlements(household, request->after, state_);
  } else {
    desk_.answer(household, *request, state_);
  }
}

void Controller::run(const Effect& effect) {
  struct Visitor {
    Controller& self;
    void operator()(const SendReceipt& receipt) const { self.desk_.send_receipt(receipt); }
    void operator()(const PublishClearing& clearing) const {
      const auto open = self.state_.open.find(clearing.record.interval);
      self.view_.note_cleared(clearing.record, open == self.state_.open.end() ? 0 : open->second.rejected_orders);
      self.outgoing_.add(clearing_topic, encode(clearing.record));
    }
    void operator()(const StoreBatch& /*store*/) const {}  // Written with its event.
    void operator()(const StorePayment& /*store*/) const {}
    void operator()(const StoreAnchor& store) const {
      if (self.anchors_) self.anchors_->publish(store, self.state_);
    }
    void operator()(const SignCheckpoint& sign) const {
      self.follow_up_.push_back(
          {.time = self.event_time(self.clock_.now()),
           .event = CheckpointSigned{.size = sign.checkpoint.size,
                                     .signature = sign_checkpoint(self.log_key_, sign.checkpoint)}});
    }
    void operator()(const PublishCheckpoint& publish) const { self.desk_.publish_checkpoint(publish, self.state_); }
    void operator()(const CheckpointWitnessed& witnessed) const { self.desk_.note_witnessed(witnessed, self.state_); }
    void operator()(const RaiseAlarm& raised) const { self.alarm(raised.severity, raised.source, raised.text); }
  };
  std::visit(Visitor{*this}, effect);
}

void Controller::alarm(Severity severity, const std::string& source, const std::string& text) {
  log_line(severity, source, text);
  alarms_.push_back({.severity = severity, .time = clock_.now(), .source = source, .text = text});
  if (alarms_.size() > alarms_max) alarms_.erase(alarms_.begin());
  picture_wanted_ = true;
}

void Controller::show(bool now) {
  if (!picture_wanted_ || (!now && std::chrono::steady_clock::now() < next_picture_)) return;
  next_picture_ = std::chrono::steady_clock::now() + picture_period;
  picture_wanted_ = false;
  const std::vector<HttpEvent> events = view_.picture(
      {.state = state_,
       .now = clock_.now(),
       .speed = speed_,
       .live = live_,
       .gateways = gateways_,
       .alarms = alarms_,
       .chain = config_.chain ? std::optional(ShownChain{.config = *config_.chain, .status = anchoring_shown_})
                              : std::nullopt});
  for (const HttpEvent& event : events) server_->broadcast(event.name, event.data);
}

}  // namespace

int run_controller(const ControllerConfig& config, Clock& clock, std::int64_t speed) {
  catch_stop_signals();
  Result<SigningKey, std::string> key = SigningKey::load(KeyKind::log, key_file(config.keys, KeyKind::log));
  if (!key) {
    log_line(Severity::alarm, "keys", key.error());
    return 1;
  }
  Result<std::unique_ptr<Journal>, std::string> journal = Journal::open(config.store);
  if (!journal) {
    log_line(Severity::alarm, "journal", journal.error());
    return 1;
  }
  unseal_journal(config.store);
  int status = 1;
  {
    Controller controller(config, std::move(*key), std::move(*journal), clock, speed);
    if (controller.start()) status = controller.loop();
  }
  if (status != 0) return status;
  // Nobody has the journal open any more.
  key = SigningKey::load(KeyKind::log, key_file(config.keys, KeyKind::log));
  const Result<Done, std::string> sealed =
      key ? seal_journal(config.store, *key) : Result<Done, std::string>(Fail{key.error()});
  if (!sealed) log_line(Severity::warning, "journal", "could not be sealed: " + sealed.error());
  return sealed ? 0 : 1;
}

}  // namespace commonwatt
