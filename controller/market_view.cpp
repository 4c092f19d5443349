#include "controller/market_view.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <mutex>
#include <set>

#include <nlohmann/json.hpp>

#include "controller/bill.hpp"
#include "controller/journal_reader.hpp"
#include "controller/sqlite.hpp"
#include "controller/step.hpp"

namespace commonwatt {
namespace {

using Json = nlohmann::ordered_json;

/// Intervals and statements the view keeps at hand; older ones are in the journal.
constexpr std::size_t intervals_max = 192;

template <class Unit>
Json optional_count(const std::optional<Quantity<Unit>>& value) {
  return value ? Json(value->count) : Json(nullptr);
}
Json optional_number(const std::optional<std::int64_t>& value) {
  return value ? Json(*value) : Json(nullptr);
}

struct Shown {
  ClearingRecord record;   // with the book
  Run run = Run::initial;  // the one in force
  std::int64_t rejected_orders = 0;
  std::optional<std::int64_t> log_index;
  Hash32 batch_root{};
  std::vector<Statement> statements;
};

/// What is published of the log: the tip and the leaves under it.
struct Proofs {
  Checkpoint checkpoint;
  Bytes signature;
  std::vector<Hash32> leaves;
  std::string note;
};

const char* state_text(const Shown& shown, std::int64_t signed_size, std::int64_t witnessed_size) {
  if (!shown.log_index) return "cleared";
  if (*shown.log_index < witnessed_size) return "witnessed";
  return *shown.log_index < signed_size ? "signed" : "settled";
}

struct Sums {
  Energy produced;
  Energy used;
  Energy import;
  Energy export_;
};

Sums sums_of(const std::vector<Statement>& statements) {
  Sums sums;
  for (const Statement& statement : statements) {
    sums.produced += statement.produced.value_or(Energy{0});
    sums.used += statement.used();
    sums.import += statement.import;
    sums.export_ += statement.export_;
  }
  return sums;
}

/// The part of the use that the neighbourhood made itself: what it did not draw from outside, net of what it gave away
/// at the same time.
Json local_share(const Sums& sums) {
  if (sums.used <= Energy{0}) return nullptr;
  const Energy outside = std::max(sums.import - sums.export_, Energy{0});
  return std::clamp<std::int64_t>((sums.used - outside).count * 1000 / sums.used.count, 0, 1000);
}

Json interval_json(const Shown& shown, const char* state) {
  Energy demand;
  Energy supply;
  for (const BookOrder& order : shown.record.book) (order.side == Side::buy ? demand : supply) += order.quantity;
  Json json{{"interval", shown.record.interval.begin_seconds()},
            {"state", state},
            {"run", shown.log_index ? Json(to_text(shown.run)) : Json(nullptr)},
            {"price", optional_count(shown.record.clearing.price)},
            {"volume_wh", shown.record.clearing.volume.count},
            {"demand_wh", demand.count},
            {"supply_wh", supply.count},
            {"orders", shown.record.book.size()},
            {"rejected_orders", shown.rejected_orders}};
  Json missing = Json::array();
  for (const Statement& statement : shown.statements) {
    if (statement.quality == DeliveryQuality::estimated) missing.push_back(statement.household.text());
  }
  json["missing"] = missing;
  const bool settled = shown.log_index.has_value();
  const Sums sums = sums_of(shown.statements);
  json["produced_wh"] = settled ? Json(sums.produced.count) : Json(nullptr);
  json["used_wh"] = settled ? Json(sums.used.count) : Json(nullptr);
  json["import_wh"] = settled ? Json(sums.import.count) : Json(nullptr);
  json["export_wh"] = settled ? Json(sums.export_.count) : Json(nullptr);
  json["local_share_permille"] = settled ? local_share(sums) : Json(nullptr);
  return json;
}

Json statement_json(const Statement& statement, const char* state) {
  return {{"interval", statement.interval.begin_seconds()},
          {"produced_wh", optional_count(statement.produced)},
          {"used_wh", statement.used().count},
          {"import_wh", statement.import.count},
          {"export_wh", statement.export_.count},
          {"contract_wh", statement.contract.count},
          {"delivered_wh", statement.delivered().count},
          {"deviation_wh", statement.deviation().count},
          {"price", optional_count(statement.price)},
          {"energy_amount", statement.energy_amount.count},
          {"imbalance_amount", statement.imbalance_amount.count},
          {"fee_amount", statement.fee_amount.count},
          {"loss_amount", statement.loss_amount.count},
          {"tax_amount", statement.tax_amount.count},
          {"total", statement.total.count},
          {"saved", statement.saved().count},
          {"quality", to_text(statement.quality)},
          {"run", to_text(statement.run)},
          {"state", state}};
}

Json book_json(const Shown& shown) {
  std::map<Price, Energy, std::greater<>> bids;
  std::map<Price, Energy> asks;
  for (const BookOrder& order : shown.record.book) {
    Energy& step = order.side == Side::buy ? bids[order.limit] : asks[order.limit];
    step += order.quantity;
  }
  Json bid_steps = Json::array();
  Json ask_steps = Json::array();
  for (const auto& [limit, quantity] : bids) {
    bid_steps.push_back({{"limit_price", limit.count}, {"quantity_wh", quantity.count}});
  }
  for (const auto& [limit, quantity] : asks) {
    ask_steps.push_back({{"limit_price", limit.count}, {"quantity_wh", quantity.count}});
  }
  return {{"interval", shown.record.interval.begin_seconds()},
          {"price", optional_count(shown.record.clearing.price)},
          {"volume_wh", shown.record.clearing.volume.count},
          {"bids", bid_steps},
          {"asks", ask_steps}};
}

Json clearing_json(const Shown& shown) {
  Json fills = Json::array();
  for (std::size_t i = 0; i < shown.record.book.size(); ++i) {
    const BookOrder& order = shown.record.book[i];
    fills.push_back({{"order_id", to_hex(order.id)},
                     {"side", to_text(order.side)},
                     {"quantity_wh", order.quantity.count},
                     {"limit_price", order.limit.count},
                     {"filled_wh", shown.record.clearing.fills[i].count}});
  }
  return {
      {"interval", shown.record.interval.begin_seconds()},    {"price", optional_count(shown.record.clearing.price)},
      {"volume_wh", shown.record.clearing.volume.count},      {"seed", to_hex(shown.record.seed)},
      {"batch_root_before", to_hex(shown.record.seed_batch)}, {"fills", fills}};
}

Json settlement_json(const Shown& shown, const char* state) {
  Json statements = Json::array();
  for (const Statement& statement : shown.statements) {
    Json json = statement_json(statement, state);
    json["household"] = statement.household.text();
    statements.push_back(std::move(json));
  }
  return {{"interval", shown.record.interval.begin_seconds()},
          {"run", to_text(shown.run)},
          {"state", state},
          {"batch_root", to_hex(shown.batch_root)},
          {"log_index", *shown.log_index},
          {"price", optional_count(shown.record.clearing.price)},
          {"statements", statements}};
}

/// Puts a run in force: all of an initial one, the statements of a later one.
void show_run(Shown& shown, const StoreBatch& store) {
  if (store.entry.run == Run::initial) shown.record = store.batch.record;
  shown.run = store.entry.run;
  shown.log_index = store.log_index;
  shown.batch_root = store.entry.batch_root;
  shown.statements = store.batch.statements;
}

HttpResponse json_response(const Json& json) {
  return {.status = 200, .content_type = "application/json", .body = json.dump()};
}

std::vector<std::string> path_parts(const std::string& path) {
  std::vector<std::string> parts;
  std::size_t from = 1;
  while (from <= path.size()) {
    const std::size_t slash = std::min(path.find('/', from), path.size());
    parts.push_back(path.substr(from, slash - from));
    from = slash + 1;
  }
  return parts;
}

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Json chain_json(const ViewInput& input) {
  if (!input.chain) return nullptr;
  const auto& [config, status] = *input.chain;
  return {{"mode", to_text(config.mode)},
          {"chain_id", config.domain.chain_id},
          {"registry", to_text(config.domain.registry)},
          {"epoch", input.state.anchor_tip.epoch},
          {"attested", status.attested},
          {"anchored", status.anchored},
          {"final", status.final}};
}

}  // namespace

struct MarketView::Impl {
  explicit Impl(std::filesystem::path journal_directory) : directory(std::move(journal_directory)) {}

  [[nodiscard]] const char* state_of(const Shown& interval) const {
    return state_text(interval, proofs.checkpoint.size, witnessed_size);
  }
  Json household_json(const ViewInput& input, const HouseholdRecord& household) const;
  Json state_json(const ViewInput& input) const;
  void trim();
  std::optional<Shown> find(std::int64_t begin);
  HttpResponse interval_answer(const std::vector<std::string>& parts);
  HttpResponse household_answer(const std::string& id);
  HttpResponse intervals_answer(const HttpRequest& request);
  HttpResponse proof_answer(const std::vector<std::string>& parts);

  const std::filesystem::path directory;
  std::mutex mutex;  // guards everything below
  std::map<std::int64_t, Shown> shown;
  std::map<std::int64_t, std::string> told;  // the interval states the stream has seen
  Proofs proofs;
  std::int64_t witnessed_size = 0;
  std::int64_t interval_seconds = 900;
  std::string state_text_now;
  std::string households_text;
  std::map<std::string, Json> households;
};

namespace {

Json totals_json(const State& state) {
  const Totals& totals = state.totals;
  const Energy used = totals.produced + totals.import - totals.export_;
  return {{"produced_wh", totals.produced.count},
          {"used_wh", used.count},
          {"import_wh", totals.import.count},
          {"export_wh", totals.export_.count},
          {"traded_wh", totals.traded.count},
          {"readings", totals.readings},
          {"estimated_readings", totals.estimated_readings},
          {"orders", totals.orders},
          {"rejected_orders", totals.rejected_orders},
          {"intervals_cleared", totals.intervals_cleared},
          {"intervals_settled", totals.intervals_settled},
          {"revised_runs", totals.revised_runs},
          {"final_runs", totals.final_runs},
          {"late_intervals", state.late.size()},
          {"batches", state.log.size()},
          {"ledger_sum", state.ledger.sum().count}};
}

Json gateway_json(const ViewInput& input, const HouseholdId& household) {
  const auto found = input.gateways.find(household);
  if (found == input.gateways.end()) return nullptr;
  const GatewayStatus& status = found->second;
  return {{"online", status.online},
          {"clearings_checked", status.clearings_checked},
          {"bills_checked", status.bills_checked},
          {"disputes", status.disputes},
          {"next_bill", optional_number(status.next_bill)},
          {"next_log_index", optional_number(status.next_log_index)}};
}

}  // namespace

Json MarketView::Impl::household_json(const ViewInput& input, const HouseholdRecord& household) const {
  const auto found = input.state.household_totals.find(household.id);
  const HouseholdTotals totals = found == input.state.household_totals.end() ? HouseholdTotals{} : found->second;
  const auto live = input.live.find(household.id);
  std::optional<std::int64_t> production;
  std::optional<std::int64_t> net;
  std::optional<std::int64_t> age;
  if (live != input.live.end()) {
    production = live->second.production;
    net = live->second.net;
    age = std::max<std::int64_t>(0, (input.now - live->second.time).count() / 1'000'000'000);
  }
  const bool has_plant = std::any_of(household.meters.begin(), household.meters.end(),
                                     [](const MeterRecord& meter) { return meter.role == MeterRole::production; });
  if (net && !has_plant) production = 0;
  std::optional<std::int64_t> consumption;
  if (net && production) consumption = std::max<std::int64_t>(0, *net + *production);
  Json meters = Json::array();
  for (const MeterRecord& meter : household.meters)
    meters.push_back({{"id", meter.id.text()}, {"role", to_text(meter.role)}, {"device", meter.device}});
  Json settlement = nullptr;
  if (totals.settled) {
    const auto last = shown.find(totals.settled->begin_seconds());
    settlement = {{"interval", totals.settled->begin_seconds()},
                  {"state", last == shown.end() ? "settled" : state_of(last->second)}};
  }
  return {{"id", household.id.text()},
          {"name", household.name},
          {"zone", household.zone.text()},
          {"production_w", optional_number(production)},
          {"consumption_w", optional_number(consumption)},
          {"net_w", optional_number(net)},
          {"age_seconds", optional_number(age)},
          {"produced_wh", totals.produced.count},
          {"used_wh", totals.used.count},
          {"import_wh", totals.import.count},
          {"export_wh", totals.export_.count},
          {"bought_wh", totals.bought.count},
          {"sold_wh", totals.sold.count},
          {"grid_bought_wh", totals.grid_bought.count},
          {"grid_sold_wh", totals.grid_sold.count},
          {"paid", totals.paid.count},
          {"saved", totals.saved.count},
          {"settlement", settlement},
          {"gateway", gateway_json(input, household.id)},
          {"meters", meters}};
}

Json MarketView::Impl::state_json(const ViewInput& input) const {
  const State& state = input.state;
  std::optional<std::int64_t> production;
  std::optional<std::int64_t> consumption;
  std::optional<std::int64_t> net;
  std::int64_t reporting = 0;
  for (const auto& [id, json] : households) {
    if (json["net_w"].is_null()) continue;
    ++reporting;
    net = net.value_or(0) + json["net_w"].get<std::int64_t>();
    if (!json["production_w"].is_null()) production = production.value_or(0) + json["production_w"].get<std::int64_t>();
    if (!json["consumption_w"].is_null())
      consumption = consumption.value_or(0) + json["consumption_w"].get<std::int64_t>();
  }
  Json last = nullptr;
  if (!shown.empty()) {
    const ClearingRecord& record = shown.rbegin()->second.record;
    last = {{"interval", record.interval.begin_seconds()},
            {"price", optional_count(record.clearing.price)},
            {"volume_wh", record.clearing.volume.count}};
  }
  Json alarms = Json::array();
  for (const AlarmEntry& alarm : input.alarms) {
    alarms.push_back({{"severity", to_text(alarm.severity)},
                      {"time", alarm.time.seconds()},
                      {"source", alarm.source},
                      {"text", alarm.text}});
  }
  const std::optional<IntervalTerms> terms = state.rules.terms(state.next_gate.value_or(Interval{}));
  const bool trading = state.next_gate && state.rules.is_traded(*state.next_gate);
  return {{"time", input.now.seconds()},
          {"speed", input.speed},
          {"interval_seconds", state.rules.interval_seconds},
          {"currency", state.rules.currency},
          {"network", "connected"},
          {"households", state.households.size()},
          {"reporting", reporting},
          {"production_w", optional_number(production)},
          {"consumption_w", optional_number(consumption)},
          {"net_w", optional_number(net)},
          {"retail_price", terms ? Json(terms->tariff.retail.count) : Json(nullptr)},
          {"feed_in_price", terms ? Json(terms->tariff.feed_in.count) : Json(nullptr)},
          {"next_gate_closure", trading ? Json(state.rules.gate_closure(*state.next_gate).seconds()) : Json(nullptr)},
          {"last_clearing", last},
          {"totals", totals_json(state)},
          {"log",
           {{"size", state.log.size()},
            {"root", to_hex(state.log.root())},
            {"signed_size", proofs.checkpoint.size},
            {"cosignatures", state.cosignatures.size()},
            {"witnesses_required", state.rules.witnesses_required},
            {"witnessed_size", state.witnessed_size}}},
          {"chain", chain_json(input)},
          {"alarms", alarms}};
}

void MarketView::Impl::trim() {
  while (shown.size() > intervals_max) {
    told.erase(shown.begin()->first);
    shown.erase(shown.begin());
  }
}

MarketView::MarketView(const std::filesystem::path& journal_directory)
    : impl_(std::make_unique<Impl>(journal_directory)) {}
MarketView::~MarketView() = default;

void MarketView::note_cleared(const ClearingRecord& record, std::int64_t rejected_orders) {
  const std::lock_guard lock(impl_->mutex);
  impl_->shown.insert_or_assign(record.interval.begin_seconds(), Shown{.record = record,
                                                                       .run = Run::initial,
                                                                       .rejected_orders = rejected_orders,
                                                                       .log_index = std::nullopt,
                                                                       .batch_root = {},
                                                                       .statements = {}});
  impl_->trim();
}

void MarketView::note_settled(const StoreBatch& store) {
  const std::lock_guard lock(impl_->mutex);
  const std::int64_t begin = store.entry.interval.begin_seconds();
  const auto shown = impl_->shown.find(begin);
  // A later run of an interval that is not at hand any more is read from the journal when it is asked for.
  if (shown == impl_->shown.end() && store.entry.run != Run::initial) return;
  show_run(impl_->shown[begin], store);
  impl_->told.erase(begin);
  impl_->trim();
}

void MarketView::note_checkpoint(const Checkpoint& checkpoint, const Bytes& signature,
                                 const std::vector<Hash32>& leaves, const std::string& note) {
  const std::lock_guard lock(impl_->mutex);
  impl_->proofs = {.checkpoint = checkpoint, .signature = signature, .leaves = leaves, .note = note};
}

void MarketView::note_witnessed(std::int64_t size) {
  const std::lock_guard lock(impl_->mutex);
  impl_->witnessed_size = std::max(impl_->witnessed_size, size);
}

std::vector<HttpEvent> MarketView::picture(const ViewInput& input) {
  const std::lock_guard lock(impl_->mutex);
  impl_->interval_seconds = input.state.rules.interval_seconds;
  Json list = Json::array();
  impl_->households.clear();
  const std::map<HouseholdId, Money> reserved = open_spends(input.state);
  for (const auto& [id, household] : input.state.households) {
    Json json = impl_->household_json(input, household);
    const auto orders = reserved.find(id);
    const Money balance = input.state.ledger.balance({.kind = AccountKind::household, .household = id});
    const Money worst_case = orders == reserved.end() ? Money{0} : orders->second;
    json["balance"] = balance.count;
    json["available"] = (unpaid_balance(input.state, id) + credit_of(input.state, household) - worst_case).count;
    list.push_back(json);
    impl_->households.emplace(id.text(), std::move(json));
  }
  impl_->households_text = Json{{"time", input.now.seconds()}, {"households", std::move(list)}}.dump();
  impl_->state_text_now = impl_->state_json(input).dump();
  std::vector<HttpEvent> events{{"state", impl_->state_text_now}, {"households", impl_->households_text}};
  for (const auto& [begin, shown] : impl_->shown) {
    const char* state = impl_->state_of(shown);
    std::string& told = impl_->told[begin];
    if (told == state) continue;
    told = state;
    events.push_back({"interval", interval_json(shown, state).dump()});
  }
  return events;
}

std::vector<HttpEvent> MarketView::on_subscribe() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->state_text_now.empty()) return {};
  return {{"state", impl_->state_text_now}, {"households", impl_->households_text}};
}

/// The interval at hand, or out of the journal.
std::optional<Shown> MarketView::Impl::find(std::int64_t begin) {
  const auto at_hand = shown.find(begin);
  if (at_hand != shown.end()) return at_hand->second;
  if (begin % interval_seconds != 0) return std::nullopt;
  const std::vector<StoreBatch> runs = read_batches(directory / journal_file, Interval(begin, interval_seconds));
  if (runs.empty()) return std::nullopt;
  Shown found;
  for (const StoreBatch& store : runs) show_run(found, store);
  return found;
}

HttpResponse MarketView::Impl::interval_answer(const std::vector<std::string>& parts) {
  const std::optional<std::int64_t> begin = number_of(parts[2]);
  if (!begin)
    return http_error(HttpProblem::bad_request, "'" + parts[2] + "' is not the begin of an interval in seconds");
  const std::optional<Shown> interval = find(*begin);
  if (!interval) return http_error(HttpProblem::not_found, "no interval that begins at " + parts[2] + " was cleared");
  if (parts[3] == "book") return json_response(book_json(*interval));
  if (parts[3] == "clearing") return json_response(clearing_json(*interval));
  if (parts[3] != "settlement")
    return http_error(HttpProblem::not_found, "an interval has book, clearing and settlement");
  if (!interval->log_index)
    return http_error(HttpProblem::not_found, "the interval that begins at " + parts[2] + " is not settled yet");
  return json_response(settlement_json(*interval, state_of(*interval)));
}

HttpResponse MarketView::Impl::household_answer(const std::string& id) {
  const auto household = households.find(id);
  if (household == households.end()) return http_error(HttpProblem::not_found, "no household is named '" + id + "'");
  Json json = household->second;
  Json intervals = Json::array();
  for (const auto& [begin, interval] : shown) {
    for (const Statement& statement : interval.statements) {
      if (statement.household.text() == id) intervals.push_back(statement_json(statement, state_of(interval)));
    }
  }
  json["intervals"] = std::move(intervals);
  return json_response(json);
}

HttpResponse MarketView::Impl::intervals_answer(const HttpRequest& request) {
  const auto given = request.query.find("limit");
  const std::optional<std::int64_t> limit = given == request.query.end() ? 96 : number_of(given->second);
  if (!limit || *limit < 1 || *limit > static_cast<std::int64_t>(intervals_max)) {
    return http_error(HttpProblem::bad_request, "limit must be a number from 1 to " + std::to_string(intervals_max));
  }
  Json list = Json::array();
  auto from = shown.end();
  for (std::int64_t i = 0; i < *limit && from != shown.begin(); ++i) --from;
  for (; from != shown.end(); ++from) list.push_back(interval_json(from->second, state_of(from->second)));
  return json_response({{"intervals", std::move(list)}});
}

HttpResponse MarketView::Impl::proof_answer(const std::vector<std::string>& parts) {
  const std::optional<std::int64_t> begin = number_of(parts[2]);
  const std::optional<HouseholdId> household = HouseholdId::from(parts[3]);
  if (!begin || *begin % interval_seconds != 0 || !household) {
    return http_error(HttpProblem::bad_request, "a proof is asked for as /v1/proofs/BEGIN/HOUSEHOLD");
  }
  const std::vector<StoreBatch> runs = read_batches(directory / journal_file, Interval(*begin, interval_seconds));
  const SignedLog log{.checkpoint = proofs.checkpoint, .signature = proofs.signature, .leaves = proofs.leaves};
  const std::optional<Bill> bill = runs.empty() ? std::nullopt : make_bill(runs.back(), *household, log);
  if (!bill) {
    return http_error(HttpProblem::not_found,
                      "no signed bill of " + parts[3] + " for the interval that begins at " + parts[2]);
  }
  return {.status = 200, .content_type = "application/json", .body = bill_line(*bill) + "\n"};
}

HttpResponse MarketView::answer(const HttpRequest& request) {
  const std::lock_guard lock(impl_->mutex);
  const std::vector<std::string> parts = path_parts(request.path);
  if (parts.empty() || parts[0] != "v1") return http_error(HttpProblem::not_found, "the API lives under /v1");
  if (impl_->state_text_now.empty()) return http_error(HttpProblem::unavailable, "the market is starting");
  if (parts.size() == 2 && parts[1] == "state")
    return {.status = 200, .content_type = "application/json", .body = impl_->state_text_now};
  if (parts.size() == 2 && parts[1] == "households")
    return {.status = 200, .content_type = "application/json", .body = impl_->households_text};
  if (parts.size() == 3 && parts[1] == "households") return impl_->household_answer(parts[2]);
  if (parts.size() == 2 && parts[1] == "intervals") return impl_->intervals_answer(request);
  if (parts.size() == 4 && parts[1] == "intervals") return impl_->interval_answer(parts);
  if (parts.size() == 4 && parts[1] == "proofs") return impl_->proof_answer(parts);
  if (parts.size() == 2 && parts[1] == "checkpoint") {
    if (impl_->proofs.note.empty()) return http_error(HttpProblem::not_found, "no checkpoint is signed yet");
    return {.status = 200, .content_type = "text/plain; charset=utf-8", .body = impl_->proofs.note};
  }
  return http_error(HttpProblem::not_found, "docs/api.md lists what there is under /v1");
}

}  // namespace commonwatt
