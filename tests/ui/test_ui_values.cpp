// What arrives is checked at the door, shown in the right words, and kept in models that say what changed.
#include <QAbstractItemModelTester>
#include <QJsonArray>
#include <QJsonObject>
#include <QSignalSpy>
#include <QTest>
#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/ui/fixture.hpp"
#include "ui/household_csv.hpp"
#include "ui/household_model.hpp"
#include "ui/interval_model.hpp"
#include "ui/overview_text.hpp"
#include "ui/plot_scale.hpp"
#include "ui/quantity_text.hpp"
#include "ui/sse_parser.hpp"
#include "ui/theme.hpp"

namespace {

using namespace commonwatt;
using namespace commonwatt::ui;

constexpr std::int64_t begin = fixture::now_seconds;

State state() {
  return parse_state(parse_object(fixture::state_json()).value()).value();
}

Households households(int count, int round = 0) {
  return parse_households(parse_object(fixture::households_json(count, round)).value()).value();
}

Intervals intervals() {
  Intervals known;
  const QJsonObject json = parse_object(fixture::intervals_json()).value();
  const std::vector<MarketInterval> list = parse_intervals(json).value();
  for (const MarketInterval& i : list) known[i.interval.seconds()] = i;
  return known;
}

QJsonObject object(const char* text) {
  return parse_object(text).value();
}

/// The reason a state with this one field is refused.
QString refusal(const QString& key, const QJsonValue& value) {
  QJsonObject changed = parse_object(fixture::state_json()).value();
  changed[key] = value;
  const Result<State, ParseError> parsed = parse_state(changed);
  return parsed ? QStringLiteral("accepted") : parsed.error().what;
}

class ValuesTest : public QObject {
  Q_OBJECT

 private slots:
  // --- what arrives ---

  void a_state_is_read_with_its_units() {
    const State s = state();
    QCOMPARE(s.time.seconds(), begin);
    QCOMPARE(s.production->count, 31'200);
    QCOMPARE(s.net->count, -22'400);
    QCOMPARE(s.last_clearing->price->count, 142'500);
    QCOMPARE(s.totals.traded->count, 41'700);
    QCOMPARE(s.log.witnessed_size.value(), 92);
  }

  void null_and_absent_are_not_known_and_never_zero() {
    const State s = parse_state(object(R"({"time": 900, "interval_seconds": 900, "production_w": null})")).value();
    QVERIFY(!s.production);
    QVERIFY(!s.consumption);
    QVERIFY(!s.last_clearing);
    QVERIFY(!s.totals.ledger_sum);
    QCOMPARE(power_text(s.production), QStringLiteral("–"));
    const Household seventh = households(12).list[6];
    QVERIFY(!seventh.production && !seventh.age_seconds && !seventh.settlement);
    QVERIFY(seventh.sold.has_value());
  }

  void a_clearing_without_trade_has_no_price() {
    const MarketInterval i =
        parse_interval(object(R"({"interval": 900, "state": "cleared", "price": null, "volume_wh": 0})")).value();
    QVERIFY(!i.price);
    QCOMPARE(i.volume->count, 0);
    QVERIFY(!i.produced);
  }

  void a_wrong_kind_is_refused_with_the_fields_name() {
    QCOMPARE(refusal("production_w", "31 kW"), QStringLiteral("state.production_w is not a whole number"));
    QCOMPARE(refusal("production_w", 1.5), QStringLiteral("state.production_w is not a whole number"));
    QCOMPARE(refusal("production_w", true), QStringLiteral("state.production_w is not a whole number"));
    QCOMPARE(refusal("production_w", 1e30), QStringLiteral("state.production_w is not a whole number"));
    QCOMPARE(refusal("production_w", qint64{2'000'000'000'000'000}),
             QStringLiteral("state.production_w is out of range"));
    QCOMPARE(refusal("retail_price", 1'000'000'001), QStringLiteral("state.retail_price is out of range"));
    QCOMPARE(refusal("time", QJsonValue()), QStringLiteral("state.time is missing"));
    QCOMPARE(refusal("time", qint64{10'000'000'000}), QStringLiteral("state.time is out of range"));
    QCOMPARE(refusal("interval_seconds", 0), QStringLiteral("state.interval_seconds is not 300, 900, 1800 or 3600"));
    QCOMPARE(refusal("network", 3), QStringLiteral("state.network is not a text"));
    QCOMPARE(refusal("network", "moon"),
             QStringLiteral("state.network is \"moon\", which this dashboard does not know"));
    QCOMPARE(refusal("totals", QJsonArray()), QStringLiteral("state.totals is not an object"));
    QCOMPARE(refusal("alarms", QJsonObject()), QStringLiteral("state.alarms is not a list"));
    QCOMPARE(refusal("alarms", QJsonArray{1}), QStringLiteral("state.alarms[0] is not an object"));
    QCOMPARE(refusal("alarms", QJsonArray{QJsonObject()}), QStringLiteral("state.alarms[0].text is missing"));
  }

  void households_out_of_order_or_without_id_are_refused() {
    QVERIFY(!parse_households(object(R"({"time": 0, "households": [{"id": "b"}, {"id": "a"}]})")));
    QVERIFY(!parse_households(object(R"({"time": 0, "households": [{"id": "a"}, {"id": "a"}]})")));
    QVERIFY(!parse_households(object(R"({"time": 0, "households": [{"name": "Ahorn"}]})")));
    QVERIFY(parse_households(object(R"({"time": 0, "households": []})")));
  }

  void a_book_step_without_quantity_is_refused() {
    QVERIFY(!parse_book(object(R"({"interval": 900, "bids": [{"limit_price": 1}], "asks": []})")));
    QVERIFY(!parse_book(object(R"({"interval": 900, "bids": [{"limit_price": 1, "quantity_wh": -1}]})")));
    QCOMPARE(parse_book(parse_object(fixture::book_json()).value()).value().bids.size(), 6U);
  }

  void a_text_cut_anywhere_is_no_object() {
    const QByteArray text = fixture::state_json();
    QVERIFY(parse_object(text));
    for (qsizetype length = 0; length < text.size(); ++length) QVERIFY(!parse_object(text.left(length)));
    for (const char* other : {"[]", "3", "null", "{\"a\":1}x", "\xff\xfe"}) QVERIFY(!parse_object(other));
  }

  void a_name_from_outside_stays_one_short_line() {
    const QString wild = QStringLiteral("<b>Ahorn\n\t1</b>") + QString(1000, QLatin1Char('x'));
    QJsonObject home{{"id", "hh01"}, {"name", wild}};
    const Households h = parse_households({{"time", 0}, {"households", QJsonArray{home}}}).value();
    QVERIFY(h.list[0].name.startsWith(QStringLiteral("<b>Ahorn 1</b>")));
    QVERIFY(h.list[0].name.size() <= 400);
  }

  // --- server-sent events ---

  void events_are_the_same_wherever_the_stream_is_cut() {
    const QByteArray stream =
        "\xEF\xBB\xBF: hello\r\nevent: state\r\ndata: {\"a\":\r\ndata:1}\r\n\r\n"
        ": comment\n\nevent: interval\ndata: {}\n\ndata: unnamed\r\rid: 7\nretry: 10\nevent: empty\n\n";
    const std::vector<SseEvent> expected{{"state", "{\"a\":\n1}"}, {"interval", "{}"}, {"message", "unnamed"}};
    for (qsizetype first = 0; first <= stream.size(); ++first) {
      SseParser parser;
      std::vector<SseEvent> events = parser.feed(stream.left(first));
      for (const SseEvent& event : parser.feed(stream.mid(first))) events.push_back(event);
      QVERIFY2(events == expected, qPrintable(QString::number(first)));
    }
    SseParser bytewise;
    std::vector<SseEvent> events;
    for (const char c : stream) {
      for (const SseEvent& event : bytewise.feed(QByteArray(1, c))) events.push_back(event);
    }
    QVERIFY(events == expected);
  }

  void an_endless_event_ends_the_stream() {
    SseParser parser;
    const QByteArray block(1024 * 1024, 'x');
    for (int i = 0; i < 20 && !parser.overflowed(); ++i) QVERIFY(parser.feed(block).empty());
    QVERIFY(parser.overflowed());
    QVERIFY(parser.feed("\n\ndata: a\n\n").empty());
    parser.reset();
    QCOMPARE(parser.feed("data: a\n\n").size(), 1U);
  }

  // --- words ---

  void quantities_read_as_people_write_them() {
    QCOMPARE(decimal_text(-1249, 3, 1), QStringLiteral("−1.2"));
    QCOMPARE(decimal_text(-1250, 3, 1), QStringLiteral("−1.3"));
    QCOMPARE(decimal_text(1250, 3, 1), QStringLiteral("1.3"));
    QCOMPARE(decimal_text(-4, 2, 1), QStringLiteral("0.0"));
    QCOMPARE(decimal_text(7, 3, 3), QStringLiteral("0.007"));
    QCOMPARE(decimal_text(12, 0, 2), QStringLiteral("12.00"));
    QCOMPARE(decimal_text(std::numeric_limits<std::int64_t>::min(), 18, 2), QStringLiteral("−9.22"));
    QCOMPARE(power_text(Power{850}), QStringLiteral("850 W"));
    QCOMPARE(power_text(Power{31'200}), QStringLiteral("31.2 kW"));
    QCOMPARE(power_text(Power{999'949}), QStringLiteral("999.9 kW"));
    QCOMPARE(power_text(Power{999'950}), QStringLiteral("1.00 MW"));
    QCOMPARE(power_text(Power{0}), QStringLiteral("0 W"));
    QCOMPARE(signed_power_text(Power{3400}), QStringLiteral("+3.4 kW"));
    QCOMPARE(signed_power_text(Power{-3400}), QStringLiteral("−3.4 kW"));
    QCOMPARE(energy_text(Energy{2210}), QStringLiteral("2.2 kWh"));
    QCOMPARE(price_text(Price{142'500}, "EUR"), QStringLiteral("14.3 ct/kWh"));
    QCOMPARE(price_text(Price{142'500}, "EUR", 2), QStringLiteral("14.25 ct/kWh"));
    QCOMPARE(price_text(Price{-5000}, "EUR"), QStringLiteral("−0.5 ct/kWh"));
    QCOMPARE(price_text(Price{142'500}, "NOK"), QStringLiteral("0.143 NOK/kWh"));
    QCOMPARE(money_text(Money{-812'000'000}, "EUR"), QStringLiteral("−0.81 EUR"));
    QCOMPARE(money_text(Money{12'345'000'000}, "EUR", 4), QStringLiteral("12.3450 EUR"));
    QCOMPARE(permille_text(866), QStringLiteral("87 %"));
    QCOMPARE(span_text(119), QStringLiteral("119 s"));
    QCOMPARE(span_text(840), QStringLiteral("14 min"));
    QCOMPARE(span_text(3 * 86'400), QStringLiteral("3 d"));
    QCOMPARE(clock_text(UtcTime::from_seconds(begin)), QStringLiteral("10:00"));
    QCOMPARE(short_hash("9f86d081884c7d659a2f"), QStringLiteral("9f86d081…"));
  }

  void what_is_not_known_is_a_dash() {
    const QString dash = QStringLiteral("–");
    QCOMPARE(power_text({}), dash);
    QCOMPARE(signed_power_text({}), dash);
    QCOMPARE(energy_text({}), dash);
    QCOMPARE(price_text({}, "EUR"), dash);
    QCOMPARE(money_text({}, "EUR"), dash);
    QCOMPARE(permille_text({}), dash);
    QCOMPARE(count_text({}), dash);
    QCOMPARE(span_text({}), dash);
    QCOMPARE(clock_text({}), dash);
    QCOMPARE(quality_text({}), dash);
    QCOMPARE(short_hash({}), dash);
  }

  void settled_signed_and_witnessed_differ_without_colour() {
    using S = SettlementState;
    QStringList marks;
    for (const S s : {S::cleared, S::settled, S::signed_, S::witnessed})
      marks << settlement_mark(s) << settlement_text(s);
    QCOMPARE(marks.removeDuplicates(), 0);
  }

  void the_neighbourhood_is_told_in_one_sentence() {
    State s = state();
    QCOMPARE(state_sentence(s),
             QStringLiteral("The neighbourhood makes 31.2 kW and uses 8.8 kW; 2.2 kWh change hands at 14.3 ct/kWh."));
    s.last_clearing->price.reset();
    QVERIFY(state_sentence(s).endsWith(QStringLiteral("; nothing changes hands at the moment.")));
    s.network = Network::islanded;
    QVERIFY(state_sentence(s).contains(QStringLiteral("cut off from the grid")));
    s.last_clearing.reset();
    s.production.reset();
    s.consumption.reset();
    QVERIFY(state_sentence(s).startsWith(QStringLiteral("No household has reported its power yet")));
    QVERIFY(state_sentence(s).endsWith(QStringLiteral("no market interval has been cleared yet.")));
  }

  // --- charts ---

  void a_gap_is_hatched_and_not_drawn_as_zero() {
    const Plot plot = energy_plot(intervals(), state());
    QCOMPARE(plot.gaps.size(), 1U);
    QCOMPARE(plot.gaps[0].end - plot.gaps[0].begin, 3.0 * 900);
    for (const QPointF& p : plot.series[0].points) {
      const bool gap = p.x() >= plot.gaps[0].begin && p.x() < plot.gaps[0].end;
      if (gap) QVERIFY(std::isnan(p.y()));
    }
    QCOMPARE(plot.x.end - plot.x.begin, 86'400.0);
  }

  void the_local_share_is_weighted_by_use() {
    Intervals known;
    known[0].used = Energy{1000};
    known[0].local_share_permille = 1000;
    known[900].used = Energy{3000};
    known[900].local_share_permille = 200;
    known[1800].local_share_permille = 900;
    QCOMPARE(local_share(known).value(), 400);
    QVERIFY(!local_share({}));
  }

  void the_books_curves_cumulate_every_step() {
    const Plot plot = book_plot(parse_book(parse_object(fixture::book_json()).value()).value(), "EUR");
    QCOMPARE(plot.series[0].points.back().x(), 2.6);
    QCOMPARE(plot.series[1].points.back().x(), 5.1);
    QCOMPARE(plot.series[1].points.front().y(), 8.2);
    QCOMPARE(plot.markers.front().at, 14.25);
  }

  void ticks_are_round_and_cover_the_values() {
    QCOMPARE(value_ticks(0, 7.3, 8).at, (std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
    QCOMPARE(value_ticks(0, 0.21, 5).decimals, 2);
    QVERIFY(value_ticks(0, 0, 5).at.size() >= 2);
    const Ticks negative = value_ticks(-0.93, 0.4, 5);
    QVERIFY(negative.at.front() <= -0.93 && negative.at.back() >= 0.4);
    for (const double t : time_ticks(static_cast<double>(begin - 86'400), static_cast<double>(begin), 5)) {
      QCOMPARE(std::fmod(t, 21'600), 0.0);
    }
  }

  void decimation_keeps_every_peak_and_breaks_at_gaps() {
    std::vector<QPointF> points;
    for (int i = 0; i < 10'000; ++i) points.emplace_back(i / 50.0, i == 5003 ? 99 : i % 7);
    const std::vector<QLineF> lines = line_segments(points);
    QVERIFY(lines.size() <= 2 * 200);
    QVERIFY(std::any_of(lines.begin(), lines.end(), [](const QLineF& l) { return l.y2() == 99; }));
    const double nan = std::numeric_limits<double>::quiet_NaN();
    QCOMPARE(line_segments({{0, 1}, {5, 1}, {6, nan}, {7, 2}, {9, 2}}).size(), 2U);
    QVERIFY(line_segments({}).empty());
  }

  // --- tables ---

  void the_household_table_reports_what_came_went_and_changed() {
    HouseholdModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    HouseholdProxy proxy;
    proxy.setSourceModel(&model);
    const QAbstractItemModelTester proxy_tester(&proxy, QAbstractItemModelTester::FailureReportingMode::QtTest);
    proxy.sort(HouseholdModel::production, Qt::DescendingOrder);
    QSignalSpy inserted(&model, &QAbstractItemModel::rowsInserted);
    QSignalSpy removed(&model, &QAbstractItemModel::rowsRemoved);
    QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
    model.setHouseholds(households(5));
    QCOMPARE(inserted.size(), 5);
    Households fewer = households(7);
    fewer.list.erase(fewer.list.begin() + 1);
    fewer.list[0].production = Power{1};
    model.setHouseholds(fewer);
    QCOMPARE(inserted.size(), 7);
    QCOMPARE(removed.size(), 1);
    QCOMPARE(changed.size(), 1);
    QCOMPARE(model.rowCount(), 6);
    QCOMPARE(model.household(1).id, QStringLiteral("hh003"));
    model.setHouseholds(fewer);
    QCOMPARE(changed.size(), 1);
    model.setOld(true);
    QCOMPARE(changed.size(), 2);
    model.setHouseholds({});
    QCOMPARE(model.rowCount(), 0);
    QCOMPARE(proxy.rowCount(), 0);
  }

  void random_lists_leave_the_table_equal_to_the_list() {
    HouseholdModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    const Households all = households(40);
    std::uint32_t seed = 7;
    for (int round = 0; round < 60; ++round) {
      Households some;
      for (const Household& h : all.list) {
        seed = seed * 1'664'525U + 1'013'904'223U;
        if ((seed >> 16U) % 3U != 0) some.list.push_back(h);
      }
      model.setHouseholds(some);
      QCOMPARE(static_cast<std::size_t>(model.rowCount()), some.list.size());
      for (int row = 0; row < model.rowCount(); ++row) {
        QVERIFY(model.household(row) == some.list[static_cast<std::size_t>(row)]);
      }
    }
  }

  void what_is_not_known_sorts_last_either_way() {
    HouseholdModel model;
    model.setHouseholds(households(12));
    HouseholdProxy proxy;
    proxy.setSourceModel(&model);
    for (const Qt::SortOrder order : {Qt::AscendingOrder, Qt::DescendingOrder}) {
      proxy.sort(HouseholdModel::production, order);
      QCOMPARE(proxy.index(11, 0).data(HouseholdModel::id_role).toString(), QStringLiteral("hh007"));
    }
    QVERIFY(proxy.index(0, 1).data(HouseholdModel::number_role).toLongLong() >=
            proxy.index(1, 1).data(HouseholdModel::number_role).toLongLong());
    proxy.setNeedle(QStringLiteral("  SIGNED "));
    QCOMPARE(proxy.rowCount(), 3);
    proxy.setNeedle(QStringLiteral("nobody"));
    QCOMPARE(proxy.rowCount(), 0);
  }

  void the_bills_are_newest_first() {
    IntervalModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    const HouseholdDetail detail =
        parse_household(parse_object(fixture::household_json(QStringLiteral("hh001"))).value()).value();
    model.setIntervals(detail.intervals, "EUR");
    QCOMPARE(model.rowCount(), 91);
    QCOMPARE(model.index(0, IntervalModel::interval).data().toString(), QStringLiteral("09:30"));
    model.setIntervals({}, "EUR");
    QCOMPARE(model.rowCount(), 0);
  }

  void the_csv_holds_what_the_table_shows() {
    Households list = households(12);
    list.list[0].name = QStringLiteral("=cmd(\"x\"),1");
    HouseholdModel model;
    model.setCurrency("EUR");
    model.setHouseholds(list);
    HouseholdProxy proxy;
    proxy.setSourceModel(&model);
    proxy.sort(HouseholdModel::age, Qt::AscendingOrder);
    const QString text = QString::fromUtf8(household_csv(proxy));
    const QStringList lines = text.split(QStringLiteral("\r\n"));
    QCOMPARE(lines.size(), 14);
    QVERIFY(lines[0].startsWith(QStringLiteral("Id,Household,Production W,Use W,Net W,Bought Wh")));
    QVERIFY(text.contains(QStringLiteral("hh001,\"'=cmd(\"\"x\"\"),1\",2410,")));
    QVERIFY(text.contains(QStringLiteral("hh007,Ulmengasse 7,,,,")));
    QVERIFY(text.contains(QStringLiteral(",-1.860000000,")));
    QVERIFY(!text.contains(QStringLiteral("−")));
    proxy.setNeedle(QStringLiteral("hh003"));
    QCOMPARE(household_csv(proxy).count("\r\n"), 2);
  }

  // --- colours ---

  void every_text_can_be_read_in_both_themes() {
    for (const Mode mode : {Mode::light, Mode::dark}) {
      for (const ContrastPair& pair : text_pairs(tokens_of(mode))) {
        const double ratio = contrast(pair.foreground, pair.background);
        QVERIFY2(ratio >= 4.5, qPrintable(QStringLiteral("%1: %2").arg(pair.name).arg(ratio)));
      }
      for (const ContrastPair& pair : mark_pairs(tokens_of(mode))) {
        const double ratio = contrast(pair.foreground, pair.background);
        QVERIFY2(ratio >= 3.0, qPrintable(QStringLiteral("%1: %2").arg(pair.name).arg(ratio)));
      }
    }
    QVERIFY(std::abs(contrast(Qt::black, Qt::white) - 21) < 0.01);
  }

  void the_palettes_texts_can_be_read_on_their_grounds() {
    for (const Mode mode : {Mode::light, Mode::dark}) {
      const QPalette p = palette_of(tokens_of(mode));
      for (const auto& [ink, ground] :
           {std::pair(QPalette::WindowText, QPalette::Window), std::pair(QPalette::Text, QPalette::Base),
            std::pair(QPalette::PlaceholderText, QPalette::Base),
            std::pair(QPalette::PlaceholderText, QPalette::Window), std::pair(QPalette::ButtonText, QPalette::Button),
            std::pair(QPalette::ToolTipText, QPalette::ToolTipBase),
            std::pair(QPalette::HighlightedText, QPalette::Highlight), std::pair(QPalette::Link, QPalette::Base)}) {
        QVERIFY2(contrast(p.color(ink), p.color(ground)) >= 4.5, qPrintable(QString::number(ink)));
        QVERIFY(contrast(p.color(QPalette::Disabled, ink), p.color(QPalette::Disabled, ground)) >= 4.5);
      }
    }
  }
};

}  // namespace

QTEST_MAIN(ValuesTest)
#include "test_ui_values.moc"
