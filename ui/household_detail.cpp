#include "ui/household_detail.hpp"

#include <QEvent>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QTabBar>
#include <QTableWidget>
#include <QTimer>
#include <QVBoxLayout>
#include <algorithm>
#include <limits>

#include "ui/overview_text.hpp"
#include "ui/quantity_text.hpp"

namespace commonwatt::ui {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double kilo(std::optional<Energy> energy) {
  return energy ? static_cast<double>(energy->count) / 1000 : nan;
}

double net_kilo(const HouseholdInterval& bill) {
  if (!bill.imported || !bill.exported) return nan;
  return kilo(*bill.imported - *bill.exported);
}

/// QHeaderView's own hint keeps room for the sort arrow in every column, which not all of them have.
int heading_width(const QHeaderView& header, int column) {
  constexpr int margin = 16;
  constexpr int arrow = 18;
  QFont font = header.font();
  font.setWeight(QFont::DemiBold);
  const QString text = header.model()->headerData(column, header.orientation()).toString();
  const bool sorted = header.isSortIndicatorShown() && header.sortIndicatorSection() == column;
  return QFontMetrics(font).horizontalAdvance(text) + margin + (sorted ? arrow : 0);
}

/// Keeps the columns of a table wide enough for their values. Columns never shrink while values change: a table whose
/// columns move cannot be read.
class ColumnFitter : public QObject {
 public:
  explicit ColumnFitter(QTableView& table) : QObject(&table), table_(table) {
    soon_.setSingleShot(true);
    connect(&soon_, &QTimer::timeout, this, &ColumnFitter::fit);
    const auto later = [this] { soon_.start(0); };
    connect(table.model(), &QAbstractItemModel::dataChanged, this, later);
    connect(table.model(), &QAbstractItemModel::headerDataChanged, this, later);
    connect(table.model(), &QAbstractItemModel::rowsInserted, this, later);
    connect(table.model(), &QAbstractItemModel::modelReset, this, later);
    connect(table.horizontalHeader(), &QHeaderView::sortIndicatorChanged, this, later);
    table.viewport()->installEventFilter(this);
  }

  bool eventFilter(QObject* /*watched*/, QEvent* event) override {
    if (event->type() == QEvent::Resize) fit();
    return false;
  }

 private:
  void fit() {
    const QAbstractItemView& view = table_;
    QHeaderView& header = *table_.horizontalHeader();
    needed_.resize(static_cast<std::size_t>(header.count()), 0);
    int rest = table_.viewport()->width();
    int shown = 0;
    for (int column = 0; column < header.count(); ++column) {
      if (header.isSectionHidden(column)) continue;
      int& needed = needed_[static_cast<std::size_t>(column)];
      needed = std::max({needed, view.sizeHintForColumn(column), heading_width(header, column)});
      rest -= needed;
      ++shown;
    }
    for (int column = 0; column < header.count(); ++column) {
      if (header.isSectionHidden(column)) continue;
      const int share = rest > 0 ? rest / std::max(shown, 1) : 0;
      header.resizeSection(column, needed_[static_cast<std::size_t>(column)] + share);
      rest -= share;
      --shown;
    }
  }

  QTableView& table_;
  QTimer soon_;
  std::vector<int> needed_;
};

}  // namespace

void set_up_table(QTableView& table, const QString& name) {
  table.setAccessibleName(name);
  table.setAlternatingRowColors(true);
  table.setShowGrid(false);
  table.setSelectionBehavior(QAbstractItemView::SelectRows);
  table.setSelectionMode(QAbstractItemView::SingleSelection);
  table.setEditTriggers(QAbstractItemView::NoEditTriggers);
  table.setTabKeyNavigation(false);
  table.setWordWrap(false);
  table.setFrameShape(QFrame::NoFrame);
  table.verticalHeader()->hide();
  table.verticalHeader()->setDefaultSectionSize(QFontMetrics(table.font()).height() + 10);
  table.horizontalHeader()->setHighlightSections(false);
  table.horizontalHeader()->setMinimumSectionSize(24);
  new ColumnFitter(table);
  table.setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
}

Plot household_plot(const std::vector<HouseholdInterval>& intervals, std::int64_t interval_seconds) {
  Intervals known;
  for (const HouseholdInterval& bill : intervals) {
    MarketInterval interval;
    interval.interval = bill.interval;
    interval.produced = bill.produced;
    known[bill.interval.seconds()] = interval;
  }
  Plot plot;
  plot.x = day_span(known, interval_seconds);
  plot.gaps = gaps_of(known, plot.x, interval_seconds);
  plot.left_unit = QStringLiteral("kWh");
  plot.empty_text = HouseholdDetailPane::tr("The curve begins with the household's first settled interval.");
  Series produced{HouseholdDetailPane::tr("Produced"), Ink::production, Shape::area, Side::left, {}, 0};
  Series used{HouseholdDetailPane::tr("Used"), Ink::use, Shape::area, Side::left, {}, 0};
  Series net{HouseholdDetailPane::tr("Net"), Ink::net, Shape::step, Side::left, {}, 0};
  std::optional<std::int64_t> expected;
  for (const HouseholdInterval& bill : intervals) {
    const std::int64_t begin = bill.interval.seconds();
    const auto x = static_cast<double>(begin);
    if (x < plot.x.begin) continue;
    if (expected && begin != *expected) {
      for (Series* series : {&produced, &used, &net}) series->points.emplace_back(static_cast<double>(*expected), nan);
    }
    produced.points.emplace_back(x, kilo(bill.produced));
    used.points.emplace_back(x, kilo(bill.used));
    net.points.emplace_back(x, net_kilo(bill));
    expected = begin + interval_seconds;
  }
  for (Series* series : {&produced, &used, &net}) {
    series->width = static_cast<double>(interval_seconds);
    plot.series.push_back(*series);
  }
  plot.summary = HouseholdDetailPane::tr("%1 intervals of produced, used and net energy; %2 gaps.")
                     .arg(intervals.size())
                     .arg(plot.gaps.size());
  return plot;
}

QString gateway_text(const std::optional<Gateway>& gateway) {
  if (!gateway) return HouseholdDetailPane::tr("The gateway has not reported yet");
  const QString checked =
      gateway->online
          ? HouseholdDetailPane::tr("● Gateway online: %1 prices and %2 bills computed again, %3 disputed")
          : HouseholdDetailPane::tr("○ Gateway offline: %1 prices and %2 bills computed again, %3 disputed");
  return checked.arg(count_text(gateway->clearings_checked), count_text(gateway->bills_checked),
                     count_text(gateway->disputes));
}

HouseholdDetailPane::HouseholdDetailPane(QWidget* parent)
    : Card({}, parent),
      title_(make_label(QString(), LabelKind::title, this)),
      subtitle_(make_label(QString(), LabelKind::muted, this)),
      gateway_(make_label(QString(), LabelKind::muted, this)),
      plot_(new PlotView(tr("The household's day"), this)),
      tabs_(new QTabWidget(this)),
      model_(new IntervalModel(this)),
      table_(new QTableView(this)),
      meters_(new QTableWidget(0, 3, this)) {
  auto* header = new QHBoxLayout;
  header->setSpacing(10);
  header->addWidget(title_);
  header->addWidget(subtitle_);
  header->addStretch(1);
  header->addWidget(gateway_);
  body()->addLayout(header);
  auto* row = new QHBoxLayout;
  row->setSpacing(16);
  row->addWidget(plot_, 1);
  row->addWidget(tabs_, 2);
  body()->addLayout(row, 1);

  table_->setModel(model_);
  set_up_table(*table_, tr("Bills of the household by interval"));
  set_up_table(*meters_, tr("Meters of the household"));
  meters_->setHorizontalHeaderLabels({tr("Meter"), tr("Role"), tr("Device")});
  for (int column = 0; column < 3; ++column) meters_->horizontalHeaderItem(column)->setTextAlignment(Qt::AlignLeft);
  tabs_->addTab(table_, tr("Bills"));
  tabs_->addTab(meters_, tr("Meters"));
  tabs_->setAccessibleName(tr("Household details"));
  tabs_->tabBar()->setAccessibleName(tr("Bills or meters"));
  tabs_->setDocumentMode(true);
  tabs_->tabBar()->setDrawBase(false);
  clear();
}

void HouseholdDetailPane::updateTitle() {
  title_->setText(old_ ? tr("%1 (old)").arg(name_) : name_);
}

void HouseholdDetailPane::expect(const Household& household) {
  if (household.id != id_) {
    Plot plot = household_plot({}, 900);
    plot.empty_text = tr("Loading…");
    plot_->setPlot(plot);
    model_->setIntervals({}, {});
  }
  id_ = household.id;
  name_ = household.name;
  const QString zone = household.zone.isEmpty() ? QString() : tr(" · zone %1").arg(household.zone);
  subtitle_->setText(
      household.id + zone +
      tr(" · produced %1, used %2 in this run").arg(energy_text(household.produced), energy_text(household.used)));
  gateway_->setText(gateway_text(household.gateway));
  updateTitle();
}

void HouseholdDetailPane::setDetail(const HouseholdDetail& detail, const QString& currency,
                                    std::int64_t interval_seconds) {
  if (detail.household.id != id_) return;  // An answer that was overtaken by another selection.
  expect(detail.household);
  plot_->setPlot(household_plot(detail.intervals, interval_seconds));
  model_->setIntervals(detail.intervals, currency);
  const std::vector<Meter>& meters = detail.household.meters;
  meters_->setRowCount(static_cast<int>(meters.size()));
  for (int row = 0; row < meters_->rowCount(); ++row) {
    const Meter& meter = meters[static_cast<std::size_t>(row)];
    meters_->setItem(row, 0, new QTableWidgetItem(meter.id));
    meters_->setItem(row, 1, new QTableWidgetItem(meter.role));
    meters_->setItem(row, 2, new QTableWidgetItem(meter.device));
  }
}

void HouseholdDetailPane::setOld(bool old) {
  old_ = old;
  updateTitle();
}

void HouseholdDetailPane::clear() {
  id_.clear();
  name_ = tr("No household selected");
  subtitle_->setText(tr("Select one in the table to see its day, its bills and its meters."));
  gateway_->clear();
  Plot plot;
  plot_->setPlot(plot);
  model_->setIntervals({}, {});
  meters_->setRowCount(0);
  updateTitle();
}

}  // namespace commonwatt::ui
