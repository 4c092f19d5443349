#include "ui/households_page.hpp"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLineEdit>
#include <QMessageBox>
#include <QPushButton>
#include <QSaveFile>
#include <QSplitter>
#include <QVBoxLayout>

#include "ui/household_csv.hpp"
#include "ui/link_text.hpp"

namespace commonwatt::ui {
namespace {

constexpr int page_margin = 18;

}  // namespace

HouseholdsPage::HouseholdsPage(DataSource& source, QWidget* parent)
    : QStackedWidget(parent),
      source_(source),
      notice_(new Notice(this)),
      model_(new HouseholdModel(this)),
      proxy_(new HouseholdProxy(this)) {
  proxy_->setSourceModel(model_);
  addWidget(notice_);
  addWidget(makeContent());
  updateNotice();
  connect(&source, &DataSource::stateArrived, this, &HouseholdsPage::takeState);
  connect(&source, &DataSource::householdsArrived, this, &HouseholdsPage::takeHouseholds);
  connect(&source, &DataSource::intervalArrived, this, &HouseholdsPage::takeInterval);
  connect(&source, &DataSource::householdArrived, this,
          [this](const HouseholdDetail& detail) { detail_->setDetail(detail, model_->currency(), interval_seconds_); });
  connect(proxy_, &QAbstractItemModel::rowsInserted, this, &HouseholdsPage::updateCount);
  connect(proxy_, &QAbstractItemModel::rowsRemoved, this, &HouseholdsPage::updateCount);
}

QWidget* HouseholdsPage::makeContent() {
  auto* content = new QWidget(this);
  auto* layout = new QVBoxLayout(content);
  layout->setContentsMargins(page_margin, page_margin - 4, page_margin, page_margin - 4);
  layout->setSpacing(12);

  auto* bar = new QHBoxLayout;
  bar->setSpacing(12);
  bar->addWidget(make_label(tr("Households"), LabelKind::heading, content));
  count_ = make_label(QString(), LabelKind::muted, content);
  bar->addWidget(count_);
  bar->addStretch(1);
  filter_ = new QLineEdit(content);
  filter_->setPlaceholderText(tr("Filter by name, zone or state (Ctrl+F)"));
  filter_->setAccessibleName(tr("Filter households"));
  filter_->setClearButtonEnabled(true);
  filter_->setMinimumWidth(330);
  filter_->setMaxLength(100);
  connect(filter_, &QLineEdit::textChanged, proxy_, &HouseholdProxy::setNeedle);
  bar->addWidget(filter_);
  export_ = new QPushButton(tr("Export CSV…"), content);
  export_->setAccessibleName(tr("Export the shown households as CSV"));
  connect(export_, &QPushButton::clicked, this, &HouseholdsPage::exportCsv);
  bar->addWidget(export_);
  layout->addLayout(bar);

  auto* splitter = new QSplitter(Qt::Vertical, content);
  splitter->setChildrenCollapsible(false);
  splitter->setHandleWidth(12);
  auto* card = new Card(QString(), splitter);
  card->body()->setContentsMargins(6, 6, 6, 6);
  table_ = new QTableView(card);
  table_->setObjectName(QStringLiteral("households"));
  table_->setModel(proxy_);
  set_up_table(*table_, tr("Households"));
  // The balance is the same sum with the other sign; the CSV file has both.
  table_->setColumnHidden(HouseholdModel::paid, true);
  table_->setSortingEnabled(true);
  table_->sortByColumn(HouseholdModel::name, Qt::AscendingOrder);
  connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &HouseholdsPage::select);
  card->body()->addWidget(table_);
  detail_ = new HouseholdDetailPane(splitter);
  splitter->addWidget(card);
  splitter->addWidget(detail_);
  splitter->setSizes({350, 350});
  splitter->setStretchFactor(0, 1);
  splitter->setStretchFactor(1, 1);
  layout->addWidget(splitter, 1);
  return content;
}

void HouseholdsPage::setLink(Link link, const QString& why) {
  link_ = link;
  why_ = why;
  const bool old = link != Link::live && link != Link::connecting;
  model_->setOld(old);
  detail_->setOld(old);
  updateNotice();
}

void HouseholdsPage::updateNotice() {
  NoticeText text = notice_text(link_, why_, source_.name());
  if (known_ && link_ == Link::live) {
    text = {tr("No household yet"), tr("A household appears here as soon as it is enrolled with the controller and its "
                                       "gateway has reported for the first time.")};
  }
  notice_->setNotice(text.title, text.text);
  setCurrentIndex(model_->rowCount() > 0 ? 1 : 0);
}

void HouseholdsPage::takeState(const State& state) {
  interval_seconds_ = state.interval_seconds;
  model_->setCurrency(state.currency);
}

void HouseholdsPage::takeHouseholds(const Households& households) {
  known_ = true;
  model_->setHouseholds(households);
  updateCount();
  updateNotice();
}

void HouseholdsPage::takeInterval(const MarketInterval& interval) {
  // A cleared interval has no bills yet, so nothing of the household changed.
  if (!selected_.isEmpty() && interval.state != SettlementState::cleared && isVisible()) {
    source_.requestHousehold(selected_);
  }
}

void HouseholdsPage::select(const QModelIndex& current) {
  if (!current.isValid()) {
    selected_.clear();
    return detail_->clear();
  }
  const Household& household = model_->household(proxy_->mapToSource(current).row());
  if (household.id == selected_) return;
  selected_ = household.id;
  detail_->expect(household);
  source_.requestHousehold(selected_);
}

void HouseholdsPage::selectFirst() {
  if (!table_->currentIndex().isValid() && proxy_->rowCount() > 0) table_->selectRow(0);
}

void HouseholdsPage::focusFilter() {
  filter_->setFocus(Qt::ShortcutFocusReason);
  filter_->selectAll();
}

void HouseholdsPage::updateCount() {
  const int shown = proxy_->rowCount();
  const int all = model_->rowCount();
  count_->setText(shown == all ? tr("%1 in all").arg(all) : tr("%1 of %2 shown").arg(shown).arg(all));
  export_->setEnabled(shown > 0);
}

void HouseholdsPage::exportCsv() {
  const QString path = QFileDialog::getSaveFileName(this, tr("Export households"), QStringLiteral("households.csv"),
                                                    tr("CSV files (*.csv)"));
  if (path.isEmpty()) return;
  QSaveFile file(path);
  const QByteArray csv = household_csv(*proxy_);
  if (file.open(QIODevice::WriteOnly) && file.write(csv) == csv.size() && file.commit()) return;
  QMessageBox box(QMessageBox::Warning, tr("Export households"),
                  tr("The file %1 could not be written: %2").arg(path, file.errorString()), QMessageBox::Ok, this);
  box.setTextFormat(Qt::PlainText);
  box.exec();
}

}  // namespace commonwatt::ui
