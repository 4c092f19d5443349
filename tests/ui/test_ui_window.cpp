// The window as a person meets it: what is named, what is written, what the keys do, and how both pages look.
#include <QAccessible>
#include <QApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QFontDatabase>
#include <QLabel>
#include <QLineEdit>
#include <QSet>
#include <QTableView>
#include <QTest>
#include <algorithm>
#include <memory>

#include "tests/ui/fixture.hpp"
#include "ui/flow_view.hpp"
#include "ui/household_model.hpp"
#include "ui/main_window.hpp"
#include "ui/theme.hpp"

namespace {

using namespace commonwatt::ui;
using commonwatt::ui::fixture::FixtureSource;

/// A window full of fixture data, without animation, laid out.
struct Shown {
  explicit Shown(Mode mode = Mode::light, Page page = Page::overview) {
    apply_theme(*qApp, mode);
    window = std::make_unique<MainWindow>(source, mode);
    window->setAnimated(false);
    window->resize(1280, 800);
    window->show();
    source.start();
    window->showPage(page);
    QCoreApplication::processEvents();
    // The cursor blinks where the focus is, and a blinking cursor is not the same picture twice.
    if (QApplication::focusWidget() != nullptr) QApplication::focusWidget()->clearFocus();
    QCoreApplication::processEvents();
  }

  FixtureSource source;
  std::unique_ptr<MainWindow> window;
};

QTableView* households_of(const Shown& shown) {
  return shown.window->findChild<QTableView*>(QStringLiteral("households"));
}

void collect_names(QAccessibleInterface* node, QStringList& names) {
  if (node == nullptr) return;
  names << node->text(QAccessible::Name);
  // A table of many cells is asked for by its model elsewhere.
  if (node->role() == QAccessible::Table) return;
  for (int i = 0; i < node->childCount(); ++i) collect_names(node->child(i), names);
}

QString file_of(Page page, Mode mode) {
  return QStringLiteral(SCREENSHOTS "/%1-%2.png")
      .arg(page == Page::overview ? "overview" : "households", mode == Mode::light ? "light" : "dark");
}

/// Where two pictures differ, for the message of a test.
QString difference(const QImage& a, const QImage& b) {
  QRect box;
  for (int y = 0; y < a.height(); ++y) {
    for (int x = 0; x < a.width(); ++x) {
      if (a.pixel(x, y) != b.pixel(x, y)) box |= QRect(x, y, 1, 1);
    }
  }
  return QStringLiteral("different at %1,%2 in %3x%4").arg(box.x()).arg(box.y()).arg(box.width()).arg(box.height());
}

class WindowTest : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    QApplication::setFont(QFont(QStringLiteral("DejaVu Sans"), 10));
    QVERIFY(QFontDatabase::families().contains(QStringLiteral("DejaVu Sans")));
    QDir().mkpath(QStringLiteral(SCREENSHOTS));
  }

  void every_page_looks_the_same_twice_and_different_in_the_other_theme() {
    for (const Page page : {Page::overview, Page::households}) {
      QImage of_mode[2];
      for (const Mode mode : {Mode::light, Mode::dark}) {
        const QImage first = Shown(mode, page).window->grab().toImage();
        const QImage second = Shown(mode, page).window->grab().toImage();
        QCOMPARE(first.size(), QSize(1280, 800));
        QVERIFY(first.save(file_of(page, mode)));
        QVERIFY2(first == second, qPrintable(difference(first, second)));
        QSet<QRgb> colors;
        for (int y = 0; y < first.height(); y += 3) {
          for (int x = 0; x < first.width(); x += 3) colors.insert(first.pixel(x, y));
        }
        QVERIFY2(colors.size() > 40, "the page is nearly blank");
        of_mode[static_cast<int>(mode)] = first;
      }
      QVERIFY(of_mode[0] != of_mode[1]);
      QVERIFY(QColor(of_mode[0].pixel(5, 400)).lightness() > 200);
      QVERIFY(QColor(of_mode[1].pixel(5, 400)).lightness() < 60);
    }
  }

  void a_screen_reader_finds_the_figures() {
    const Shown shown;
    QStringList names;
    collect_names(QAccessible::queryAccessibleInterface(shown.window.get()), names);
    for (const char* value :
         {"31.2 kW", "8.8 kW", "14.3 ct/kWh", "14 min", "41.7 kWh", "simulation ×900", "● connected"}) {
      QVERIFY2(names.contains(QString::fromUtf8(value)), value);
    }
    QVERIFY(names.contains(QStringLiteral("Production: 31.2 kW")));
    QVERIFY(names.contains(
        QStringLiteral("The neighbourhood makes 31.2 kW and uses 8.8 kW; 2.2 kWh change hands at 14.3 ct/kWh.")));
  }

  void a_screen_reader_hears_a_summary_of_every_chart() {
    const Shown shown;
    int charts = 0;
    for (const QWidget* widget : shown.window->findChildren<QWidget*>()) {
      QAccessibleInterface* node = QAccessible::queryAccessibleInterface(const_cast<QWidget*>(widget));
      if (!widget->isVisible() || node->role() != QAccessible::Chart) continue;
      ++charts;
      QVERIFY(!node->text(QAccessible::Name).isEmpty());
      QVERIFY2(node->text(QAccessible::Description).size() > 20, qPrintable(node->text(QAccessible::Name)));
    }
    QCOMPARE(charts, 4);
  }

  void a_screen_reader_reads_the_table() {
    const Shown shown(Mode::light, Page::households);
    auto* table = households_of(shown);
    QAccessibleInterface* node = QAccessible::queryAccessibleInterface(table);
    QVERIFY(node->tableInterface() != nullptr);
    QCOMPARE(node->tableInterface()->rowCount(), 12);
    QCOMPARE(node->tableInterface()->cellAt(0, 1)->text(QAccessible::Name), QStringLiteral("Production 3.3 kW"));
  }

  void every_focusable_widget_has_a_name() {
    for (const Page page : {Page::overview, Page::households}) {
      const Shown shown(Mode::light, page);
      for (QWidget* widget : shown.window->findChildren<QWidget*>()) {
        if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisible()) continue;
        if (!(widget->focusPolicy() & Qt::TabFocus)) continue;
        QAccessibleInterface* node = QAccessible::queryAccessibleInterface(widget);
        const QByteArray what = QByteArray(widget->metaObject()->className()) + " " + widget->objectName().toUtf8();
        QVERIFY2(node != nullptr && !node->text(QAccessible::Name).isEmpty(), what.constData());
      }
    }
  }

  void no_text_is_clipped() {
    for (const Page page : {Page::overview, Page::households}) {
      const Shown shown(Mode::light, page);
      for (const QLabel* label : shown.window->findChildren<QLabel*>()) {
        if (!label->isVisible()) continue;
        const int needed = label->wordWrap() ? label->heightForWidth(label->width()) : label->sizeHint().height();
        QVERIFY2(label->height() >= needed, qPrintable(label->text()));
        if (!label->wordWrap()) QVERIFY2(label->width() >= label->sizeHint().width(), qPrintable(label->text()));
        QCOMPARE(label->textFormat(), Qt::PlainText);
      }
      const QFontMetrics metrics(QApplication::font());
      for (const QTableView* table : shown.window->findChildren<QTableView*>()) {
        if (!table->isVisible()) continue;
        for (int column = 0; column < table->model()->columnCount(); ++column) {
          if (table->isColumnHidden(column)) continue;
          for (int row = 0; row < table->model()->rowCount(); ++row) {
            const QString text = table->model()->index(row, column).data().toString();
            QVERIFY2(metrics.horizontalAdvance(text) + 6 <= table->columnWidth(column), qPrintable(text));
          }
        }
      }
    }
  }

  void keys_reach_every_page_and_the_filter() {
    const Shown shown;
    QTest::keyClick(shown.window.get(), Qt::Key_2, Qt::ControlModifier);
    QCOMPARE(shown.window->page(), Page::households);
    QTest::keyClick(shown.window.get(), Qt::Key_1, Qt::ControlModifier);
    QCOMPARE(shown.window->page(), Page::overview);
    QTest::keyClick(shown.window.get(), Qt::Key_F, Qt::ControlModifier);
    QCOMPARE(shown.window->page(), Page::households);
    auto* filter = shown.window->findChild<QLineEdit*>();
    QVERIFY(filter->hasFocus());
    QTest::keyClicks(filter, QStringLiteral("linden"));
    QCOMPARE(households_of(shown)->model()->rowCount(), 3);
    const QList<QLabel*> labels = shown.window->findChildren<QLabel*>();
    QVERIFY(std::any_of(labels.cbegin(), labels.cend(), [](const QLabel* l) { return l->text() == "3 of 12 shown"; }));
    const int before = shown.source.refreshes;
    QTest::keyClick(shown.window.get(), Qt::Key_F5);
    QCOMPARE(shown.source.refreshes, before + 1);
  }

  void selecting_a_household_asks_for_its_bills() {
    const Shown shown(Mode::light, Page::households);
    QCOMPARE(shown.source.asked_households, QStringList{QStringLiteral("hh004")});
    auto* table = households_of(shown);
    table->selectRow(3);
    QCOMPARE(shown.source.asked_households.size(), 2);
    QCOMPARE(table->model()->index(3, 0).data(HouseholdModel::id_role).toString(),
             shown.source.asked_households.last());
  }

  void a_lost_controller_marks_the_values_old_and_never_zero() {
    Shown shown;
    QCOMPARE(shown.window->bannerText(), QString());
    emit shown.source.linkChanged(Link::offline, QStringLiteral("Connection refused"));
    QVERIFY(shown.window->bannerText().contains(QStringLiteral("old")));
    QVERIFY(shown.window->bannerText().contains(QStringLiteral("Connection refused")));
    QStringList names;
    collect_names(QAccessible::queryAccessibleInterface(shown.window.get()), names);
    QVERIFY(names.contains(QStringLiteral("Production (old): 31.2 kW")));
    QTest::keyClick(shown.window.get(), Qt::Key_2, Qt::ControlModifier);
    const auto* model = households_of(shown)->model();
    QCOMPARE(model->index(0, HouseholdModel::age).data().toString(), QStringLiteral("old"));
    QCOMPARE(model->index(0, HouseholdModel::production).data().toString(), QStringLiteral("3.3 kW"));
    QCoreApplication::processEvents();
    QVERIFY(shown.window->grab().save(QStringLiteral(SCREENSHOTS "/households-offline.png")));
    emit shown.source.linkChanged(Link::live, {});
    QCOMPARE(shown.window->bannerText(), QString());
    QCOMPARE(model->index(0, HouseholdModel::age).data().toString(), QStringLiteral("8 s"));
  }

  void a_page_without_data_says_why_and_what_to_do() {
    FixtureSource source;
    MainWindow window(source, Mode::light);
    window.show();
    const auto says = [&window](const QString& part) {
      const QList<QLabel*> labels = window.findChildren<QLabel*>();
      return std::any_of(labels.cbegin(), labels.cend(),
                         [&part](const QLabel* l) { return l->isVisible() && l->text().contains(part); });
    };
    QVERIFY(says(QStringLiteral("Waiting for the controller at fixture")));
    emit source.linkChanged(Link::offline, QStringLiteral("Connection refused"));
    QVERIFY(says(QStringLiteral("Connection refused")));
    emit source.linkChanged(Link::denied, QStringLiteral("Start the dashboard with --token-file FILE."));
    QVERIFY(says(QStringLiteral("No permission")));
    emit source.linkChanged(Link::live, {});
    source.deliverState(false);
    source.deliverHouseholds(0, 0);
    window.showPage(Page::households);
    QVERIFY(says(QStringLiteral("No household yet")));
  }

  void an_alarm_stands_on_the_overview_until_it_is_gone() {
    Shown shown;
    shown.source.deliverState(true);
    QStringList names;
    collect_names(QAccessible::queryAccessibleInterface(shown.window.get()), names);
    QVERIFY(names.contains(QStringLiteral("09:55  hh007: no reading for 09:45")));
    QCoreApplication::processEvents();
    QVERIFY(shown.window->grab().save(QStringLiteral(SCREENSHOTS "/overview-alarm.png")));
    shown.source.deliverState(false);
    names.clear();
    collect_names(QAccessible::queryAccessibleInterface(shown.window.get()), names);
    const QList<Banner*> banners = shown.window->findChildren<Banner*>();
    QVERIFY(std::none_of(banners.cbegin(), banners.cend(), [](const Banner* b) { return b->isVisible(); }));
  }

  void the_animation_stops_when_switched_off_or_hidden() {
    Shown shown;
    auto* flow = shown.window->findChild<FlowView*>();
    QVERIFY(!flow->moving());
    shown.window->setAnimated(true);
    QVERIFY(flow->moving());
    shown.window->showPage(Page::households);
    QVERIFY(!flow->moving());
    shown.window->showPage(Page::overview);
    QVERIFY(flow->moving());
    emit shown.source.linkChanged(Link::stale, {});
    QVERIFY(!flow->moving());
  }

  void five_hundred_households_print_their_frame_time() {
    for (const Page page : {Page::overview, Page::households}) {
      Shown shown(Mode::light, page);
      constexpr int frames = 16;
      std::vector<Households> rounds;
      for (int i = 0; i < frames; ++i) {
        rounds.push_back(parse_households(parse_object(fixture::households_json(500, i)).value()).value());
      }
      QImage image(1280, 800, QImage::Format_RGB32);
      std::vector<double> times;
      for (const Households& round : rounds) {
        QElapsedTimer timer;
        timer.start();
        emit shown.source.householdsArrived(round);
        shown.source.deliverState(false);
        shown.window->render(&image);
        times.push_back(static_cast<double>(timer.nsecsElapsed()) / 1e6);
      }
      std::sort(times.begin(), times.end());
      qInfo("page %d, 500 households: median frame %.1f ms, 95 %% %.1f ms", static_cast<int>(page), times[frames / 2],
            times[frames * 95 / 100]);
    }
  }
};

}  // namespace

QTEST_MAIN(WindowTest)
#include "test_ui_window.moc"
