#include "tests/ui/fixture.hpp"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <algorithm>
#include <cmath>

namespace commonwatt::ui::fixture {
namespace {

constexpr std::int64_t quarter_hour = 900;
constexpr int day_intervals = 96;
constexpr double pi = 3.14159265358979;

QByteArray text_of(const QJsonObject& object) {
  return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

/// The sun over the roofs at an instant, 0 to 1.
double sun(std::int64_t time) {
  const double hour = static_cast<double>(time % 86'400) / 3600;
  return std::max(0.0, std::sin((hour - 4.5) / 16 * pi)) * (0.9 + 0.1 * std::sin(hour * 5));
}

qint64 rounded(double value) {
  return std::llround(value);
}

QString household_id(int number) {
  return QStringLiteral("hh%1").arg(number, 3, 10, QLatin1Char('0'));
}

QJsonObject household(int number, int round) {
  static const QStringList streets{QStringLiteral("Ahornweg"), QStringLiteral("Birkenallee"),
                                   QStringLiteral("Lindenhof"), QStringLiteral("Ulmengasse")};
  static const QStringList states{QStringLiteral("witnessed"), QStringLiteral("witnessed"), QStringLiteral("signed"),
                                  QStringLiteral("settled")};
  const int producing = number % 3 == 0 ? 0 : 2100 + 310 * (number % 7) + round;
  const int using_ = 380 + 170 * (number % 5) + round;
  QJsonObject o{
      {"id", household_id(number)},
      {"name", streets[number % 4] + QLatin1Char(' ') + QString::number(number)},
      {"zone", number % 2 == 0 ? "north" : "south"},
      {"production_w", producing},
      {"consumption_w", using_},
      {"net_w", using_ - producing},
      {"age_seconds", 4 + number % 9},
      {"produced_wh", producing * 5},
      {"used_wh", using_ * 9},
      {"import_wh", using_ * 3},
      {"export_wh", producing * 2},
      {"bought_wh", using_ * 2},
      {"sold_wh", producing},
      {"grid_bought_wh", using_},
      {"grid_sold_wh", producing},
      {"paid", static_cast<qint64>(using_ - producing) * 1'000'000},
      {"saved", static_cast<qint64>(using_) * 400'000},
      {"balance", static_cast<qint64>(producing - using_) * 1'000'000},
      {"settlement", QJsonObject{{"interval", qint64{now_seconds - 2 * quarter_hour}}, {"state", states[number % 4]}}},
      {"gateway", QJsonObject{{"online", number != 7},
                              {"clearings_checked", 96},
                              {"bills_checked", 94},
                              {"disputes", 0},
                              {"next_bill", qint64{now_seconds - quarter_hour}}}},
      {"meters",
       QJsonArray{
           QJsonObject{
               {"id", household_id(number) + "-main"}, {"role", "billing"}, {"device", "Commonwatt SimMeter 203"}},
           QJsonObject{
               {"id", household_id(number) + "-pv"}, {"role", "production"}, {"device", "Commonwatt SimMeter 101"}}}}};
  if (number == 7) {
    for (const char* key : {"production_w", "consumption_w", "net_w", "age_seconds", "settlement"}) {
      o[QLatin1String(key)] = QJsonValue::Null;
    }
  }
  return o;
}

/// Three quarter hours of the early morning were never settled.
bool in_gap(int index) {
  return index >= 70 && index < 73;
}

}  // namespace

QByteArray state_json(bool with_alarm) {
  QJsonObject totals{{"produced_wh", 118'400},  {"used_wh", 96'200},       {"import_wh", 31'000},
                     {"export_wh", 53'200},     {"traded_wh", 41'700},     {"readings", 1152},
                     {"estimated_readings", 3}, {"orders", 1152},          {"rejected_orders", 1},
                     {"intervals_cleared", 97}, {"intervals_settled", 94}, {"batches", 94},
                     {"ledger_sum", 0}};
  QJsonObject log{{"size", 94},
                  {"signed_size", 93},
                  {"root", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
                  {"cosignatures", 3},
                  {"witnesses_required", 2},
                  {"witnessed_size", 92}};
  QJsonArray alarms;
  if (with_alarm) {
    alarms.append(QJsonObject{{"severity", "warning"},
                              {"time", qint64{now_seconds - 300}},
                              {"source", "hh007"},
                              {"text", "no reading for 09:45"}});
  }
  return text_of(
      {{"time", qint64{now_seconds}},
       {"speed", 900},
       {"interval_seconds", 900},
       {"currency", "EUR"},
       {"network", "connected"},
       {"households", 12},
       {"reporting", 11},
       {"production_w", 31'200},
       {"consumption_w", 8'800},
       {"net_w", -22'400},
       {"retail_price", 300'000},
       {"feed_in_price", 80'000},
       {"next_gate_closure", qint64{now_seconds + 840}},
       {"last_clearing", QJsonObject{{"interval", qint64{now_seconds}}, {"price", 142'500}, {"volume_wh", 2210}}},
       {"totals", totals},
       {"log", log},
       {"chain", QJsonObject{{"mode", "vault"},
                             {"chain_id", 31'337},
                             {"registry", "0x5FbDB2315678afecb367f032d93F642f64180aa3"},
                             {"epoch", 93},
                             {"attested", 93},
                             {"anchored", 92},
                             {"final", 90}}},
       {"alarms", alarms}});
}

QByteArray households_json(int count, int round) {
  QJsonArray list;
  for (int number = 1; number <= count; ++number) list.append(household(number, round));
  return text_of({{"time", qint64{now_seconds}}, {"households", list}});
}

QByteArray household_json(const QString& id) {
  const int number = id.mid(2).toInt();
  QJsonObject object = household(number, 0);
  QJsonArray intervals;
  for (int i = 0; i < day_intervals - 2; ++i) {
    if (in_gap(i)) continue;
    const std::int64_t begin = now_seconds - (day_intervals - 1 - i) * quarter_hour;
    const qint64 produced = number % 3 == 0 ? 0 : rounded(sun(begin) * 1100);
    const qint64 used = rounded(160 + 90 * std::sin(i * 0.7) + (i % 13 == 0 ? 320 : 0));
    const qint64 net = used - produced;
    const qint64 contract = net + (i % 5 - 2) * 15;
    intervals.append(QJsonObject{{"interval", qint64{begin}},
                                 {"produced_wh", produced},
                                 {"used_wh", used},
                                 {"import_wh", std::max<qint64>(net, 0)},
                                 {"export_wh", std::max<qint64>(-net, 0)},
                                 {"contract_wh", contract},
                                 {"delivered_wh", net},
                                 {"deviation_wh", net - contract},
                                 {"price", i % 17 == 0 ? QJsonValue() : QJsonValue(142'500)},
                                 {"energy_amount", contract * 142'500},
                                 {"imbalance_amount", (net - contract) * 80'000},
                                 {"total", contract * 142'500 + (net - contract) * 80'000},
                                 {"saved", 40'000'000},
                                 {"quality", i % 29 == 3 ? "estimated" : "good"},
                                 {"state", i < 90   ? "witnessed"
                                           : i < 92 ? "signed"
                                                    : "settled"}});
  }
  object[QLatin1String("intervals")] = intervals;
  return text_of(object);
}

QByteArray intervals_json() {
  QJsonArray list;
  for (int i = 0; i < day_intervals; ++i) {
    const std::int64_t begin = now_seconds - (day_intervals - 1 - i) * quarter_hour;
    const double light = sun(begin);
    const double hour = static_cast<double>(begin % 86'400) / 3600;
    const double use =
        1700 + 900 * std::exp(-std::pow(hour - 18.5, 2) / 4) + 500 * std::exp(-std::pow(hour - 7, 2) / 3);
    const bool settled = i < day_intervals - 2 && !in_gap(i);
    const auto known = [settled](qint64 value) { return settled ? QJsonValue(value) : QJsonValue(); };
    const bool trades = light > 0.02;
    list.append(QJsonObject{{"interval", qint64{begin}},
                            {"state", !settled ? "cleared"
                                      : i < 90 ? "witnessed"
                                               : "signed"},
                            {"price", trades ? QJsonValue(rounded(285'000 - 170'000 * light)) : QJsonValue()},
                            {"volume_wh", trades ? rounded(std::min(light * 7400, use)) : 0},
                            {"demand_wh", 2600},
                            {"supply_wh", 7100},
                            {"orders", 12},
                            {"rejected_orders", 0},
                            {"missing", QJsonArray()},
                            {"produced_wh", known(rounded(light * 7800))},
                            {"used_wh", known(rounded(use))},
                            {"import_wh", known(rounded(std::max(0.0, use - light * 7800)))},
                            {"export_wh", known(rounded(std::max(0.0, light * 7800 - use)))},
                            {"local_share_permille", known(rounded(std::min(1.0, light * 7800 / use) * 1000))}});
  }
  return text_of({{"intervals", list}});
}

QByteArray book_json() {
  const auto step = [](int limit, int quantity) {
    return QJsonObject{{"limit_price", limit}, {"quantity_wh", quantity}};
  };
  return text_of({{"interval", qint64{now_seconds}},
                  {"price", 142'500},
                  {"volume_wh", 2210},
                  {"bids", QJsonArray{step(300'000, 400), step(262'000, 520), step(231'000, 610), step(188'000, 680),
                                      step(120'000, 250), step(95'000, 140)}},
                  {"asks", QJsonArray{step(82'000, 900), step(98'000, 640), step(121'000, 590), step(142'500, 870),
                                      step(176'000, 1200), step(224'000, 900)}}});
}

void FixtureSource::start() {
  age = std::chrono::milliseconds(300);
  emit linkChanged(Link::live, {});
  refresh();
}

void FixtureSource::refresh() {
  ++refreshes;
  deliverState(false);
  deliverHouseholds(12, 0);
  emit intervalsArrived(parse_intervals(parse_object(intervals_json()).value()).value());
}

void FixtureSource::deliverState(bool with_alarm) {
  emit stateArrived(parse_state(parse_object(state_json(with_alarm)).value()).value());
}

void FixtureSource::deliverHouseholds(int count, int round) {
  emit householdsArrived(parse_households(parse_object(households_json(count, round)).value()).value());
}

void FixtureSource::requestHousehold(const QString& id) {
  asked_households << id;
  emit householdArrived(parse_household(parse_object(household_json(id)).value()).value());
}

void FixtureSource::requestBook(UtcTime /*interval*/) {
  emit bookArrived(parse_book(parse_object(book_json()).value()).value());
}

}  // namespace commonwatt::ui::fixture
