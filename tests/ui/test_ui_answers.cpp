// Answers of a controller that is newer, broken or hostile, and the words that come out of good ones.
#include <QAbstractItemModelTester>
#include <QJsonArray>
#include <QJsonObject>
#include <QTest>

#include "tests/ui/fixture.hpp"
#include "ui/household_detail.hpp"
#include "ui/household_model.hpp"
#include "ui/link_text.hpp"
#include "ui/overview_text.hpp"
#include "ui/quantity_text.hpp"

namespace {

using namespace commonwatt;
using namespace commonwatt::ui;

QJsonObject state_with(const QString& key, const QJsonValue& value) {
  QJsonObject object = parse_object(fixture::state_json()).value();
  object[key] = value;
  return object;
}

Households households_of(int count) {
  return parse_households(parse_object(fixture::households_json(count)).value()).value();
}

QJsonObject list_of(const QJsonObject& household) {
  return {{"time", 1}, {"households", QJsonArray{household}}};
}

class AnswersTest : public QObject {
  Q_OBJECT

 private slots:
  void a_text_that_is_no_object_is_refused_with_its_place() {
    for (const char* text : {"", "{", "[1]", "12", "\"x\"", "{\"a\":}", "\xFF\xFE", "{\"a\":1}x", "null"}) {
      QVERIFY2(!parse_object(text).ok(), text);
    }
    QVERIFY(parse_object("{\"a\":}").error().what.startsWith(QStringLiteral("byte ")));
    QVERIFY(!parse_object(QByteArray(100'000, '[')).ok());
  }

  void keys_of_a_newer_controller_are_ignored() {
    QVERIFY(parse_state(state_with(QStringLiteral("tomorrow"), QJsonObject{{"a", QJsonArray{1, "b"}}})).ok());
    const Households bare = parse_households(list_of({{"id", "a"}, {"colour", "red"}})).value();
    QCOMPARE(bare.list.front().name, QStringLiteral("a"));
    QVERIFY(!bare.list.front().gateway);
  }

  void after_the_last_interval_there_is_no_gate_closure() {
    const State state = parse_state(state_with(QStringLiteral("next_gate_closure"), QJsonValue::Null)).value();
    QVERIFY(!state.next_gate_closure.has_value());
  }

  void the_signed_part_of_the_log_is_its_own_figure() {
    const State state = parse_state(parse_object(fixture::state_json()).value()).value();
    QCOMPARE(state.log.size, 94);
    QCOMPARE(state.log.signed_size, 93);
    QCOMPARE(state.log.witnessed_size, 92);
  }

  void how_far_the_anchors_have_come_is_said_as_far_as_there_are_any() {
    State state = parse_state(parse_object(fixture::state_json()).value()).value();
    QCOMPARE(chain_text(state.chain),
             QStringLiteral("Anchors 93 · 93 signed by a quorum · 92 on chain 31337, 90 final"));
    state.chain->mode = QStringLiteral("none");
    QCOMPARE(chain_text(state.chain), QStringLiteral("Anchors 93 · 93 signed by a quorum"));
    state.chain->epoch = 0;
    QCOMPARE(chain_text(state.chain), QStringLiteral("No anchor has been made yet"));
    QVERIFY(chain_text(parse_state(state_with(QStringLiteral("chain"), QJsonValue::Null)).value().chain).isEmpty());
  }

  void every_field_survives_every_wrong_kind() {
    const QList<QJsonValue> wrong{QJsonValue::Null,      true,          -1,           1.25, 9e18, -9e18,
                                  QStringLiteral("<b>"), QJsonArray{1}, QJsonObject()};
    const QJsonObject state = parse_object(fixture::state_json()).value();
    const QJsonObject household = parse_object(fixture::household_json(QStringLiteral("hh004"))).value();
    const QJsonObject book = parse_object(fixture::book_json()).value();
    for (const QJsonValue& value : wrong) {
      for (const QString& key : state.keys()) {
        const auto read = parse_state(state_with(key, value));
        if (read) QVERIFY(!state_sentence(*read).isEmpty());
      }
      for (const QString& key : household.keys()) {
        QJsonObject object = household;
        object[key] = value;
        const auto read = parse_household(object);
        if (read) QVERIFY(!household_plot(read->intervals, 900).empty_text.isEmpty());
      }
      for (const QString& key : book.keys()) {
        QJsonObject object = book;
        object[key] = value;
        const auto read = parse_book(object);
        if (read) QVERIFY(!book_plot(*read, QStringLiteral("EUR")).summary.isEmpty());
      }
    }
  }

  void a_gateway_says_what_it_checked() {
    const Household household = households_of(1).list.front();
    QCOMPARE(gateway_text(household.gateway),
             QStringLiteral("● Gateway online: 96 prices and 94 bills computed again, 0 disputed"));
    QCOMPARE(gateways_text(households_of(12)),
             QStringLiteral("✓ 11 of 12 gateways online: 1128 bills computed again, 0 disputed"));
    QVERIFY(gateway_text(std::nullopt).contains(QStringLiteral("not reported")));
    Households disputing = households_of(2);
    disputing.list[1].gateway->disputes = 3;
    QVERIFY(gateways_text(disputing).startsWith(QStringLiteral("✗")));
    QVERIFY(!parse_households(list_of({{"id", "a"}, {"gateway", QJsonObject{{"online", 1}}}})).ok());
  }

  void every_link_has_words_and_every_dead_one_a_banner() {
    for (const Link link : {Link::connecting, Link::live, Link::stale, Link::offline, Link::denied, Link::error}) {
      QVERIFY(!link_text(link).isEmpty());
      QVERIFY(!notice_text(link, QStringLiteral("why"), QStringLiteral("here")).title.isEmpty());
      const bool quiet = link == Link::connecting || link == Link::live;
      QCOMPARE(banner_text(link, QStringLiteral("why")).isEmpty(), quiet);
    }
  }

  void the_book_shows_where_its_curves_cross() {
    const Plot book = book_plot(parse_book(parse_object(fixture::book_json()).value()).value(), QStringLiteral("EUR"));
    QCOMPARE(book.markers.size(), std::size_t{2});
    QVERIFY(book.x.end >= 2.6 && book.x.end <= 7.8);
    QVERIFY(!book_plot(Book{}, QStringLiteral("EUR")).empty_text.isEmpty());
  }

  void numbers_in_names_sort_by_value_and_the_filter_finds_any_part() {
    HouseholdModel model;
    HouseholdProxy proxy;
    QAbstractItemModelTester model_tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QAbstractItemModelTester proxy_tester(&proxy, QAbstractItemModelTester::FailureReportingMode::QtTest);
    proxy.setSourceModel(&model);
    model.setHouseholds(households_of(12));
    proxy.sort(HouseholdModel::name, Qt::AscendingOrder);
    QCOMPARE(proxy.index(0, 0).data().toString(), QStringLiteral("Ahornweg 4"));
    QCOMPARE(proxy.index(1, 0).data().toString(), QStringLiteral("Ahornweg 8"));
    QCOMPARE(proxy.index(2, 0).data().toString(), QStringLiteral("Ahornweg 12"));
    proxy.setNeedle(QStringLiteral("  HH01 "));
    QCOMPARE(proxy.rowCount(), 3);
    proxy.setNeedle(QStringLiteral("no such"));
    QCOMPARE(proxy.rowCount(), 0);
  }
};

}  // namespace

QTEST_MAIN(AnswersTest)
#include "test_ui_answers.moc"
