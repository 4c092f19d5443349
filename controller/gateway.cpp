#include "controller/gateway.hpp"

#include <algorithm>
#include <cassert>
#include <memory>
#include <set>

#include "controller/broker_access.hpp"
#include "controller/gateway_checks.hpp"
#include "controller/gateway_meters.hpp"
#include "controller/gateway_store.hpp"
#include "controller/inbox.hpp"
#include "controller/keyring.hpp"
#include "controller/log.hpp"
#include "controller/log_mirror.hpp"
#include "controller/mirror_server.hpp"
#include "controller/mqtt_bus.hpp"
#include "controller/settlement_shelf.hpp"
#include "controller/stop_signal.hpp"
#include "controller/tool_publisher.hpp"

namespace commonwatt {
namespace {

constexpr std::size_t inbox_max = 4096;
/// How long the loop sleeps at most before it looks at signals and resends, in real time.
constexpr std::chrono::milliseconds patience{200};
/// A missing clearing or bill is asked for this long after it was due.
constexpr std::chrono::seconds asking_grace{30};
/// Readings that are sent again at once; the rest follows as receipts come in.
constexpr std::size_t resend_batch_max = 32;

struct Incoming {
  std::string topic;  ///< empty: the connection came up
  Bytes payload;
};

std::unique_ptr<ToolPublisher> publisher_of(const GatewayConfig& config, UtcTime now) {
  if (!config.home_assistant && !config.sparkplug) return nullptr;
  ToolPublisherOptions options{.household = config.household,
                               .meters = {},
                               .poll_seconds = config.poll_seconds,
                               .home_assistant = config.home_assistant,
                               .sparkplug = config.sparkplug,
                               .memory = config.store / "tools.json"};
  for (const GatewayMeter& meter : config.meters) options.meters.push_back(meter.record.id);
  return std::make_unique<ToolPublisher>(std::move(options), now);
}

/// One household's gateway, in the one thread that owns it.
/// The addresses of all order keys this household ever had.
std::set<EvmAddress> accounts_of(const std::filesystem::path& keys) {
  std::set<EvmAddress> accounts;
  for (const Bytes& key : public_keys_ever(keys, KeyKind::order)) {
    if (const std::optional<EvmAddress> address = address_of_order_key(key)) accounts.insert(*address);
  }
  return accounts;
}

class Gateway {
 public:
  Gateway(const GatewayConfig& config, HouseholdKeys keys, std::unique_ptr<GatewayStore> store, Clock& clock,
          OutboxUse outbox)
      : config_(config),
        keys_(std::move(keys)),
        store_(std::move(store)),
        clock_(clock),
        outbox_(outbox),
        meters_(config.meters, store_->meters(), config.rules.interval_seconds, config.reading_period_seconds, clock),
        forecast_(config.forecast_seconds),
        settlements_(config.store, community_of(config.origin), accounts_of(config.keys)),
        log_(config.store / log_mirror_file),
        inbox_(inbox_max) {}

  bool start();
  int loop();

 private:
  bool start_mirror();
  void handle(const Incoming& incoming);
  void take_receipt(const Bytes& payload);
  void take_clearing(const Bytes& payload);
  void take_bill(const Bytes& payload);
  void take_checkpoint(const Bytes& payload);
  void take_settlement(const Bytes& payload);
  void take_log(const Bytes& payload);
  void copy_log(std::int64_t first, const std::vector<Hash32>& leaves);
  void keep_evidence(const CheckpointMessage& message, const Witnessed& last) const;

  void poll_meters(UtcTime now);
  void place_order(UtcTime now);
  void pass_held_bills();
  void ask_for_missing(UtcTime now);
  void ask_for_settlements();
  void ask_for_log();
  void resend();

  bool send(UpTopic topic, const Bytes& payload, MqttDelivery delivery = MqttDelivery::at_least_once);
  void send(const OutboxItem& item);
  void enqueue(const std::vector<OutboxItem>& items);
  void expect_bill(const Interval& interval);
  void dispute(const std::string& text);
  void publish_status();
  void publish_live();
  [[nodiscard]] OwnFigures own_figures(const Interval& interval);
  [[nodiscard]] std::optional<Interval> interval_to_order(UtcTime now) const;
  [[nodiscard]] Price limit_of(const IntervalTerms& terms, bool buys) const;
  [[nodiscard]] UtcTime next_wake(UtcTime now) const;
  [[nodiscard]] std::optional<UtcTime> receipt_deadline(UtcTime now) const;
  [[nodiscard]] Interval interval_at(std::int64_t begin_seconds) const {
    return {begin_seconds, config_.rules.interval_seconds};
  }
  void stop_with(const std::string& error);

  const GatewayConfig& config_;
  HouseholdKeys keys_;
  std::unique_ptr<GatewayStore> store_;
  Clock& clock_;
  OutboxUse outbox_;
  GatewayMeters meters_;
  Forecast forecast_;
  SettlementShelf settlements_;
  LogMirror log_;
  Inbox<Incoming> inbox_;
  std::unique_ptr<MqttBus> bus_;
  std::unique_ptr<ToolPublisher> tools_;  // none unless the configuration asks for one
  std::unique_ptr<MirrorServer> mirror_;  // none unless the configuration asks for it; ends before the meters
  UtcTime next_poll_;
  UtcTime next_live_;
  Live live_;
  std::optional<Price> last_price_;  // of the newest clearing, the best guess for the next
  std::chrono::steady_clock::time_point next_resend_{};
  std::optional<std::int64_t> ordered_until_;   // begin of the last interval an order was tried for
  std::optional<std::int64_t> next_bill_;       // begin of the first interval without a bill
  std::optional<std::int64_t> next_log_index_;  // the place in the evidence log after an unbroken row of bills
  std::set<OrderId> accepted_;                  // own orders of open intervals with a receipt
  std::int64_t clearings_checked_ = 0;
  std::int64_t bills_checked_ = 0;
  std::int64_t disputes_ = 0;
  bool failed_ = false;
};

bool Gateway::start() {
  MqttOptions options = broker_options(config_.broker, config_.household.text(),
                                       {"cw/v1/" + config_.household.text() + "/down/#", "cw/v1/market/#"});
  options.will =
      MqttWill{.topic = up_topic(config_.household, UpTopic::status), .payload = as_text(encode(GatewayStatus{}))};
  MqttHandlers handlers;
  handlers.on_message = [this](std::string topic, Bytes payload) {
    inbox_.put({std::move(topic), std::move(payload)});
  };
  handlers.on_connection = [this](bool up) {
    log_line(up ? Severity::info : Severity::warning, "broker",
             up ? "connected" : "connection lost; orders and readings wait in the outbox");
    if (up) inbox_.put({});
  };
  handlers.on_refused = [](const std::string& topic, int reason) {
    log_line(Severity::alarm, "broker",
             "refused " + topic + " with reason " + std::to_string(reason) + "; check certificate and household id");
  };
  Result<std::unique_ptr<MqttBus>, MqttError> bus = MqttBus::start(std::move(options), std::move(handlers));
  if (!bus) {
    log_line(Severity::alarm, "broker", bus.error().text);
    return false;
  }
  bus_ = std::move(*bus);
  const UtcTime now = clock_.now();
  tools_ = publisher_of(config_, now);
  if (!start_mirror()) return false;
  next_poll_ = now;
  next_live_ = now;
  next_bill_ = store_->first_interval();
  next_log_index_ = store_->first_log_index();
  pass_held_bills();
  return true;
}

bool Gateway::start_mirror() {
  if (!config_.modbus_server) return true;
  auto mirror = std::make_unique<ModbusMirror>(
      config_.meters, std::chrono::seconds(config_.modbus_server->age_max_seconds), clock_,
      [this](std::size_t meter, ModbusRequest request) { return meters_.fleet().pass(meter, std::move(request)); },
      [](Severity severity, const std::string& text) { log_line(severity, "modbus", text); });
  Result<std::unique_ptr<MirrorServer>, std::string> server =
      MirrorServer::start(config_.modbus_server->listen, std::move(mirror));
  if (!server) {
    log_line(Severity::alarm, "modbus", server.error());
    return false;
  }
  mirror_ = std::move(*server);
  return true;
}

int Gateway::loop() {
  while (!stop_requested() && !failed_) {
    const UtcTime now = clock_.now();
    if (now >= next_poll_) poll_meters(now);
    place_order(now);
    ask_for_missing(now);
    if (std::chrono::steady_clock::now() >= next_resend_) resend();
    if (tools_) tools_->work(now);
    const UtcTime wake = next_wake(now);
    clock_.announce(wake);
    for (const Incoming& incoming : inbox_.take(clock_, wake > now ? wake : now + Duration{1}, patience))
      handle(incoming);
  }
  store_->keep_meters(meters_.memory());
  const Result<Done, std::string> flushed = store_->flush();
  if (!flushed) stop_with(flushed.error());
  return failed_ ? 1 : 0;
}

/// A receipt is wanted before the gate closes, or the interval is settled: a simulated clock waits for it.
std::optional<UtcTime> Gateway::receipt_deadline(UtcTime now) const {
  std::optional<UtcTime> deadline;
  for (const auto& [number, item] : store_->pending()) {
    const Interval interval = interval_at(item.interval_begin);
    const UtcTime due = item.subject == Subject::order ? config_.rules.gate_closure(interval)
                                                       : config_.rules.settlement_time(interval.previous());
    const UtcTime wanted = due - std::chrono::seconds(1);
    if (wanted >= now && (!deadline || wanted < *deadline)) deadline = wanted;
  }
  return deadline;
}

UtcTime Gateway::next_wake(UtcTime now) const {
  UtcTime wake = next_poll_;
  if (const std::optional<UtcTime> deadline = receipt_deadline(now)) wake = std::min(wake, *deadline);
  return wake;
}

void Gateway::poll_meters(UtcTime now) {
  const Poll poll = meters_.poll();
  for (const MeterNote& note : poll.notes) log_line(note.severity, "meter", note.text);
  if (tools_) tools_->read(poll.looks, now);
  if (mirror_) mirror_->mirror().take(poll.looks);
  // Polls lie on whole multiples of the period, so that one falls on every boundary.
  const std::int64_t period = config_.poll_seconds;
  next_poll_ = UtcTime::from_seconds((now.seconds() / period + 1) * period);
  if (poll.net) forecast_.add(now, *poll.net);
  if (now >= next_live_) {
    next_live_ = UtcTime::from_seconds(now.seconds() + config_.live_seconds);
    live_ = Live{.time = now, .net = poll.net, .production = poll.production};
    publish_live();
  }
  if (poll.boundaries.empty()) return;
  store_->keep_meters(meters_.memory());
  std::vector<OutboxItem> items;
  for (const MeterBoundary& boundary : poll.boundaries) {
    // After the market's end nobody settles on it.
    if (config_.rules.trading_end && boundary.boundary > *config_.rules.trading_end) continue;
    const Reading reading{.meter = boundary.meter,
                          .time = boundary.boundary,
                          .registers = boundary.registers,
                          .sequence = store_->last_reading_sequence(boundary.meter) + 1,
                          .salt = random_salt(),
                          .raw = boundary.raw};
    const SignedReading signed_reading{.reading = reading,
                                       .signature = keys_.reading.sign_digest(reading_digest(reading))};
    items.push_back({.subject = Subject::reading,
                     .id = reading_id(reading),
                     .interval_begin = reading.time.seconds(),
                     .payload = encode(signed_reading)});
  }
  if (!items.empty()) enqueue(items);
}

std::optional<Interval> Gateway::interval_to_order(UtcTime now) const {
  const std::chrono::seconds lead(config_.rules.gate_closure_seconds + config_.order_lead_seconds);
  const Interval interval = Interval::containing(now + lead, config_.rules.interval_seconds);
  // From the lead on, until the gate closes; earlier the forecast would be old, later it is too late.
  if (now >= config_.rules.gate_closure(interval) || !config_.rules.is_traded(interval)) return std::nullopt;
  if (ordered_until_ && interval.begin_seconds() <= *ordered_until_) return std::nullopt;
  return interval;
}

/// What the household set, within what the tariff of the interval makes sense of.
Price Gateway::limit_of(const IntervalTerms& terms, bool buys) const {
  const Tariff& tariff = terms.tariff;
  const Price wanted = buys ? config_.buy_limit.value_or(tariff.retail) : config_.sell_limit.value_or(tariff.feed_in);
  return std::clamp(wanted, tariff.feed_in, tariff.retail);
}

void Gateway::place_order(UtcTime now) {
  const std::optional<Interval> interval = interval_to_order(now);
  if (!interval) return;
  const std::optional<IntervalTerms> terms = config_.rules.terms(*interval);
  if (!terms) return;
  const std::optional<Energy> net =
      forecast_.net_energy(now, config_.rules.interval_seconds, contract_quantile(terms->tariff, last_price_));
  if (!net) return;
  ordered_until_ = interval->begin_seconds();
  if (!store_->orders(*interval).empty() || *net == Energy{0}) return;  // Placed before a restart, or nothing to trade.
  Power rating;
  for (const GatewayMeter& meter : config_.meters) {
    if (meter.record.role == MeterRole::billing) rating += meter.record.rating;
  }
  const bool buys = *net > Energy{0};
  const Order order{.household = config_.household,
                    .interval = *interval,
                    .side = buys ? Side::buy : Side::sell,
                    .quantity = std::min(buys ? *net : -*net, energy_over(rating, config_.rules.interval_seconds)),
                    .limit = limit_of(*terms, buys),
                    .sequence = store_->last_order_sequence() + 1,
                    .salt = random_salt()};
  const SignedOrder signed_order{.order = order, .signature = keys_.order.sign_digest(order_digest(order))};
  enqueue({{.subject = Subject::order,
            .id = order_id(order),
            .interval_begin = interval->begin_seconds(),
            .payload = encode(signed_order)}});
  expect_bill(*interval);
}

void Gateway::enqueue(const std::vector<OutboxItem>& items) {
  const Result<Done, std::string> added = store_->add(items);
  if (!added) return stop_with(added.error());
  if (outbox_ == OutboxUse::kept) return resend();
  for (const OutboxItem& item : items) send(item);
}

void Gateway::resend() {
  next_resend_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(config_.resend_ms);
  if (outbox_ == OutboxUse::off) return;
  // Oldest first, always: the controller takes a meter's readings in rising order only. Orders do not wait behind them.
  std::size_t readings = 0;
  for (const auto& [number, item] : store_->pending()) {
    if (item.subject == Subject::order || ++readings <= resend_batch_max) send(item);
  }
}

void Gateway::send(const OutboxItem& item) {
  send(item.subject == Subject::order ? UpTopic::order : UpTopic::reading, item.payload);
}

bool Gateway::send(UpTopic topic, const Bytes& payload, MqttDelivery delivery) {
  return bus_->publish(up_topic(config_.household, topic), payload, delivery, MqttRetain::no) ==
         PublishOutcome::accepted;
}

/// Moves on to what there is no bill of yet.
void Gateway::pass_held_bills() {
  while (next_bill_ && store_->has_bill(interval_at(*next_bill_))) *next_bill_ += config_.rules.interval_seconds;
  while (next_log_index_ && store_->has_bill_at(*next_log_index_)) ++*next_log_index_;
}

void Gateway::ask_for_missing(UtcTime now) {
  if (std::chrono::steady_clock::now() < next_resend_) return;
  // A bill of a later run that was lost shows as a gap, once the log is known to go on.
  if (next_log_index_ && *next_log_index_ < store_->witnessed().size) {
    send(UpTopic::request,
         encode(Request{.kind = RequestKind::bill, .interval = {}, .old_size = 0, .log_index = next_log_index_}));
  }
  if (settlements_.has_gap()) ask_for_settlements();
  ask_for_log();
  if (!next_bill_) return;
  const Interval interval = interval_at(*next_bill_);
  if (!config_.rules.is_traded(interval)) return;
  if (now < config_.rules.settlement_time(interval) + asking_grace) return;
  const bool has_contract = store_->contract(interval).has_value();
  send(UpTopic::request,
       encode(Request{
           .kind = has_contract ? RequestKind::bill : RequestKind::clearing, .interval = interval, .old_size = 0}));
}

void Gateway::ask_for_settlements() {
  send(UpTopic::request,
       encode(Request{.kind = RequestKind::settlement, .interval = {}, .after = settlements_.complete_until()}));
}

void Gateway::ask_for_log() {
  const std::optional<std::int64_t> first = log_.wanted();
  if (first) send(UpTopic::request, encode(Request{.kind = RequestKind::log, .interval = {}, .after = *first}));
}

void Gateway::handle(const Incoming& incoming) {
  if (incoming.topic.empty()) {
    publish_status();
    publish_live();
    ask_for_settlements();
    return resend();
  }
  const std::string_view kind = last_level(incoming.topic);
  if (kind == to_text(DownTopic::receipt)) return take_receipt(incoming.payload);
  if (kind == to_text(DownTopic::clearing)) return take_clearing(incoming.payload);
  if (kind == to_text(DownTopic::bill)) return take_bill(incoming.payload);
  if (kind == to_text(DownTopic::checkpoint)) return take_checkpoint(incoming.payload);
  if (kind == to_text(DownTopic::settlement)) return take_settlement(incoming.payload);
  if (kind == to_text(DownTopic::log)) return take_log(incoming.payload);
}

void Gateway::take_receipt(const Bytes& payload) {
  const Result<SignedReceipt, CborError> receipt = decode<SignedReceipt>(payload);
  if (!receipt || !log_signature_holds(config_.log_key, receipt_text(receipt->receipt), receipt->signature)) {
    return dispute("a receipt is not signed by the controller");
  }
  const Receipt& answer = receipt->receipt;
  store_->keep_receipt(answer.id, *receipt);
  if (!answer.rejection) {
    if (answer.subject == Subject::order) accepted_.insert(answer.id);
    return;
  }
  const std::int64_t reason = *answer.rejection;
  std::string why = "unknown reason " + std::to_string(reason);
  if (answer.subject == Subject::order && reason >= 0 &&
      reason <= static_cast<std::int64_t>(enum_last(OrderReject{}))) {
    why = explain(static_cast<OrderReject>(reason));
  } else if (answer.subject == Subject::reading && reason >= 0 &&
             reason <= static_cast<std::int64_t>(enum_last(ReadingReject{}))) {
    why = explain(static_cast<ReadingReject>(reason));
  }
  log_line(Severity::warning, "controller",
           std::string(answer.subject == Subject::order ? "order" : "reading") + " refused: " + why);
}

void Gateway::take_clearing(const Bytes& payload) {
  const Result<ClearingRecord, CborError> record = decode<ClearingRecord>(payload);
  if (!record) return dispute("a clearing is not readable: " + to_text(record.error()));
  if (store_->contract(record->interval)) return;
  if (record->terms != config_.rules.terms(record->interval) || record->rule != config_.rules.clearing) {
    return dispute("clearing of " + to_text(record->interval.begin()) +
                   ": tariff, losses or k are not those of this gateway's configuration");
  }
  const std::vector<Order> own = store_->orders(record->interval);
  std::vector<Order> accepted;
  std::copy_if(own.begin(), own.end(), std::back_inserter(accepted),
               [this](const Order& order) { return accepted_.contains(order_id(order)); });
  if (const std::optional<std::string> fault = clearing_dispute(*record, accepted)) {
    return dispute("clearing of " + to_text(record->interval.begin()) + ": " + *fault);
  }
  for (const Order& order : own) accepted_.erase(order_id(order));
  ++clearings_checked_;
  if (record->clearing.price) last_price_ = record->clearing.price;
  store_->keep_contract(record->interval, contract_of(*record, own));
  if (!store_->has_bill(record->interval)) expect_bill(record->interval);
}

OwnFigures Gateway::own_figures(const Interval& interval) {
  OwnFigures own{.contract = store_->contract(interval).value_or(Contract{}),
                 .grid = Registers{},
                 .produced = Energy{0},
                 .produces = false};
  for (const GatewayMeter& meter : config_.meters) {
    if (meter.record.role == MeterRole::submeter) continue;
    const std::optional<Reading> begin = store_->reading(meter.record.id, interval.begin());
    const std::optional<Reading> end = store_->reading(meter.record.id, interval.end());
    const bool known = begin && end;
    if (meter.record.role == MeterRole::billing) {
      own.grid = known && own.grid ? std::optional(*own.grid + (end->registers - begin->registers)) : std::nullopt;
    } else {
      own.produces = true;
      own.produced = known && own.produced ? std::optional(*own.produced + (end->registers - begin->registers).export_)
                                           : std::nullopt;
    }
  }
  return own;
}

void Gateway::take_bill(const Bytes& payload) {
  const Result<Bill, CborError> bill = decode<Bill>(payload);
  if (!bill) return dispute("a bill is not readable: " + to_text(bill.error()));
  const Interval interval = bill->statement.interval;
  if (interval.length_seconds() != config_.rules.interval_seconds || store_->has_bill_at(bill->log_index)) return;
  if (!store_->contract(interval)) {
    // The clearing was missed: ask for it, and for the bill again when it is known.
    expect_bill(interval);
    send(UpTopic::request, encode(Request{.kind = RequestKind::clearing, .interval = interval, .old_size = 0}));
    return;
  }
  ++bills_checked_;
  if (const std::optional<std::string> fault =
          bill_dispute(*bill, config_.household, own_figures(interval), config_.log_key)) {
    dispute("bill of " + to_text(interval.begin()) + ", " + to_text(bill->statement.run) + " run: " + *fault);
  }
  store_->keep_bill(*bill);
  expect_bill(interval);
  if (!next_log_index_) next_log_index_ = bill->log_index;
  pass_held_bills();
  publish_status();
}

void Gateway::take_checkpoint(const Bytes& payload) {
  const Result<CheckpointMessage, CborError> message = decode<CheckpointMessage>(payload);
  if (!message) return dispute("a checkpoint is not readable: " + to_text(message.error()));
  const Witnessed last = store_->witnessed();
  const Checkpoint& checkpoint = message->checkpoint;
  if (last.size > 0 && checkpoint.size > last.size && message->old_size != last.size) {
    send(UpTopic::request, encode(Request{.kind = RequestKind::checkpoint, .interval = {}, .old_size = last.size}));
    return;
  }
  if (checkpoint.size < last.size) return;  // An older one, delivered late.
  if (const std::optional<std::string> fault = checkpoint_fault(*message, config_.origin, config_.log_key, last)) {
    keep_evidence(*message, last);
    return dispute("checkpoint " + std::to_string(checkpoint.size) + ": " + *fault);
  }
  // On disk before it is signed: a witness never cosigns two histories, even after a power cut.
  const Result<Done, std::string> saved =
      store_->save_witnessed({.size = checkpoint.size, .root = checkpoint.root, .signature = message->signature});
  if (!saved) return stop_with(saved.error());
  const Cosignature cosignature = cosign(keys_.witness, config_.household.text(), checkpoint, clock_.now().seconds());
  send(UpTopic::cosignature, encode(CosignatureMessage{.size = checkpoint.size, .cosignature = cosignature}));
  log_.aim(checkpoint);
  copy_log(message->old_size, message->leaves);
}

void Gateway::take_log(const Bytes& payload) {
  const Result<LogPage, CborError> page = decode<LogPage>(payload);
  if (!page) return dispute("a page of the log is not readable: " + to_text(page.error()));
  copy_log(page->first, page->leaves);
}

/// A page is asked for when the one before is there; one that is lost, with the next thing that is missing.
void Gateway::copy_log(std::int64_t first, const std::vector<Hash32>& leaves) {
  const Result<Done, std::string> taken = log_.take(first, leaves);
  if (!taken) log_line(Severity::alarm, "log", "the copy of the evidence log is not complete: " + taken.error());
  if (taken) ask_for_log();
}

void Gateway::take_settlement(const Bytes& payload) {
  const Result<SettlementProof, CborError> proof = decode<SettlementProof>(payload);
  if (!proof) return dispute("a settlement proof is not readable: " + to_text(proof.error()));
  if (const std::optional<std::string> fault = settlements_.fault(*proof))
    return dispute("settlement proof of epoch " + std::to_string(proof->anchor.epoch) + ": " + *fault);
  const Result<Done, std::string> kept = settlements_.keep(*proof);
  if (!kept) log_line(Severity::alarm, "store", kept.error() + "; the proof is asked for again");
}

void Gateway::keep_evidence(const CheckpointMessage& message, const Witnessed& last) const {
  const std::optional<SplitView> evidence = split_view_of(message, config_.origin, config_.log_key, last);
  if (!evidence) return;
  const Result<std::string, std::string> kept = keep_split_view(config_.store, *evidence);
  if (!kept) return log_line(Severity::alarm, "dispute", kept.error() + "; the evidence is lost");
  if (kept->empty()) return;
  log_line(Severity::alarm, "dispute",
           "both signed states are kept in " + *kept + "; 'commonwatt verify " + *kept + "' says what they prove");
}

/// There is a bill for this interval to be had, and for every one after it.
void Gateway::expect_bill(const Interval& interval) {
  if (!next_bill_ || interval.begin_seconds() < *next_bill_) next_bill_ = interval.begin_seconds();
}

void Gateway::dispute(const std::string& text) {
  ++disputes_;
  log_line(Severity::alarm, "dispute", text);
  publish_status();
}

void Gateway::publish_status() {
  const GatewayStatus status{.online = true,
                             .clearings_checked = clearings_checked_,
                             .bills_checked = bills_checked_,
                             .disputes = disputes_,
                             .next_bill = next_bill_,
                             .next_log_index = next_log_index_};
  const PublishOutcome outcome = bus_->publish(up_topic(config_.household, UpTopic::status), encode(status),
                                               MqttDelivery::at_least_once, MqttRetain::yes);
  if (outcome == PublishOutcome::bad_topic)
    log_line(Severity::alarm, "broker", "the status topic is refused by the library");
}

void Gateway::publish_live() {
  if (live_.time != UtcTime{}) send(UpTopic::live, encode(live_), MqttDelivery::at_most_once);
}

void Gateway::stop_with(const std::string& error) {
  log_line(Severity::alarm, "store", error + "; the gateway stops rather than forget, systemd starts it again");
  failed_ = true;
}

}  // namespace

int run_gateway(const GatewayConfig& config, Clock& clock, OutboxUse outbox) {
  catch_stop_signals();
  Result<HouseholdKeys, std::string> keys = HouseholdKeys::load(config.keys);
  if (!keys) {
    log_line(Severity::alarm, "keys", keys.error());
    return 1;
  }
  Result<std::unique_ptr<GatewayStore>, std::string> store = GatewayStore::open(config.store);
  if (!store) {
    log_line(Severity::alarm, "store", store.error());
    return 1;
  }
  Gateway gateway(config, std::move(*keys), std::move(*store), clock, outbox);
  return gateway.start() ? gateway.loop() : 1;
}

}  // namespace commonwatt
