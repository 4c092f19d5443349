#include "ui/main_window.hpp"

#include <QApplication>
#include <QHBoxLayout>
#include <QListWidget>
#include <QPainter>
#include <QPushButton>
#include <QShortcut>
#include <QStackedWidget>
#include <QStatusBar>
#include <QStyledItemDelegate>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/households_page.hpp"
#include "ui/link_text.hpp"
#include "ui/overview_page.hpp"
#include "ui/plot_view.hpp"
#include "ui/quantity_text.hpp"

namespace commonwatt::ui {
namespace {

constexpr int navigation_width = 176;
constexpr int mark_size = 22;
constexpr int status_period_milliseconds = 500;
// Younger data reads "now", so that the bar does not flicker between 0 and 1 s.
constexpr std::chrono::milliseconds fresh_age{2000};

/// Draws an entry of the navigation: a style sheet would overlap the rows.
class NavigationDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;

  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const Tokens& tokens = tokens_of(*option.widget);
    const bool selected = option.state.testFlag(QStyle::State_Selected);
    const QRectF box = QRectF(option.rect).adjusted(8, 2, -8, -2);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const bool focused = option.state.testFlag(QStyle::State_HasFocus);
    painter->setPen(focused ? QPen(tokens.accent, 1) : QPen(Qt::NoPen));
    painter->setBrush(selected ? QBrush(tokens.selection) : QBrush(Qt::NoBrush));
    if (selected || focused) painter->drawRoundedRect(box, 6, 6);
    QFont font = option.font;
    if (selected) font.setWeight(QFont::DemiBold);
    painter->setFont(font);
    painter->setPen(selected ? tokens.on_selection : tokens.text);
    painter->drawText(box.adjusted(12, 0, -8, 0), Qt::AlignLeft | Qt::AlignVCenter, index.data().toString());
    painter->restore();
  }

  [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& /*index*/) const override {
    return {navigation_width, QFontMetrics(option.font).height() + 20};
  }
};

QPushButton* make_toggle(const QString& text, bool on, QWidget* parent) {
  auto* button = new QPushButton(text, parent);
  button->setAccessibleName(text);
  button->setCheckable(true);
  button->setChecked(on);
  return button;
}

}  // namespace

MainWindow::MainWindow(DataSource& source, Mode mode, QWidget* parent)
    : QMainWindow(parent), source_(source), mode_(mode) {
  install_chart_accessibility();
  setWindowTitle(tr("Commonwatt"));
  auto* central = new QWidget(this);
  auto* layout = new QHBoxLayout(central);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(makeNavigation());
  auto* right = new QVBoxLayout;
  right->setContentsMargins(0, 0, 0, 0);
  right->setSpacing(0);
  banner_row_ = new QHBoxLayout;
  banner_row_->setContentsMargins(18, 0, 18, 0);
  banner_ = new Banner(tr("Connection"), central);
  banner_row_->addWidget(banner_);
  right->addLayout(banner_row_);
  pages_ = new QStackedWidget(central);
  overview_ = new OverviewPage(source, pages_);
  households_ = new HouseholdsPage(source, pages_);
  pages_->addWidget(overview_);
  pages_->addWidget(households_);
  right->addWidget(pages_, 1);
  layout->addLayout(right, 1);
  setCentralWidget(central);
  makeStatusBar();
  makeShortcuts();
  connect(&source, &DataSource::linkChanged, this, &MainWindow::takeLink);
  connect(&source, &DataSource::stateArrived, this, &MainWindow::takeState);
  connect(&source, &DataSource::householdsArrived, this, [this] { households_known_ = true; });
  second_.setInterval(status_period_milliseconds);
  connect(&second_, &QTimer::timeout, this, &MainWindow::showStatus);
  second_.start();
  navigation_->setCurrentRow(0);
  showMark();
  resize(1280, 800);
  showStatus();
}

QWidget* MainWindow::makeNavigation() {
  auto* side = new QWidget(this);
  auto* layout = new QVBoxLayout(side);
  layout->setContentsMargins(0, 18, 0, 14);
  layout->setSpacing(8);
  auto* brand = make_label(tr("Commonwatt"), LabelKind::heading, side);
  mark_ = make_label(QString(), LabelKind::body, side);
  mark_->setFixedSize(mark_size, mark_size);
  auto* brand_row = new QHBoxLayout;
  brand_row->setContentsMargins(16, 0, 4, 8);
  brand_row->setSpacing(8);
  brand_row->addWidget(mark_);
  brand_row->addWidget(brand, 1);
  layout->addLayout(brand_row);
  side->setFixedWidth(std::max(navigation_width, brand_row->sizeHint().width()));
  navigation_ = new QListWidget(side);
  navigation_->setAccessibleName(tr("Pages"));
  navigation_->setItemDelegate(new NavigationDelegate(navigation_));
  navigation_->setFrameShape(QFrame::NoFrame);
  navigation_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  navigation_->viewport()->setAutoFillBackground(false);
  navigation_->addItem(tr("Overview"));
  navigation_->addItem(tr("Households"));
  navigation_->item(0)->setToolTip(tr("Ctrl+1"));
  navigation_->item(1)->setToolTip(tr("Ctrl+2"));
  connect(navigation_, &QListWidget::currentRowChanged, this, [this](int row) { pages_->setCurrentIndex(row); });
  layout->addWidget(navigation_, 1);
  dark_ = make_toggle(tr("Dark theme"), mode_ == Mode::dark, side);
  motion_ = make_toggle(tr("Animation"), true, side);
  connect(dark_, &QPushButton::toggled, this, [this](bool on) { setMode(on ? Mode::dark : Mode::light); });
  connect(motion_, &QPushButton::toggled, this, [this](bool on) { overview_->setAnimated(on); });
  for (QPushButton* button : {motion_, dark_}) {
    auto* row = new QHBoxLayout;
    row->setContentsMargins(14, 0, 8, 0);
    row->addWidget(button);
    layout->addLayout(row);
  }
  return side;
}

void MainWindow::makeStatusBar() {
  link_label_ = make_label(QString(), LabelKind::body);
  age_label_ = make_label(QString(), LabelKind::muted);
  time_label_ = make_label(QString(), LabelKind::body);
  speed_label_ = make_label(QString(), LabelKind::title);
  for (QLabel* label : {link_label_, age_label_, time_label_, speed_label_}) label->setContentsMargins(10, 3, 10, 3);
  statusBar()->setSizeGripEnabled(false);
  statusBar()->addWidget(link_label_);
  statusBar()->addWidget(age_label_);
  statusBar()->addPermanentWidget(time_label_);
  statusBar()->addPermanentWidget(speed_label_);
}

void MainWindow::makeShortcuts() {
  const auto shortcut = [this](const QKeySequence& keys, auto action) {
    connect(new QShortcut(keys, this), &QShortcut::activated, this, action);
  };
  shortcut(QKeySequence(Qt::CTRL | Qt::Key_1), [this] { showPage(Page::overview); });
  shortcut(QKeySequence(Qt::CTRL | Qt::Key_2), [this] { showPage(Page::households); });
  shortcut(QKeySequence(Qt::CTRL | Qt::Key_F), [this] {
    showPage(Page::households);
    households_->focusFilter();
  });
  shortcut(QKeySequence(Qt::Key_F5), [this] { source_.refresh(); });
  shortcut(QKeySequence(Qt::CTRL | Qt::Key_Q), [] { QApplication::quit(); });
}

void MainWindow::showPage(Page page) {
  navigation_->setCurrentRow(static_cast<int>(page));
  if (page == Page::households) households_->selectFirst();
}

Page MainWindow::page() const {
  return static_cast<Page>(pages_->currentIndex());
}

void MainWindow::setAnimated(bool animated) {
  motion_->setChecked(animated);
}

void MainWindow::setMode(Mode mode) {
  mode_ = mode;
  apply_theme(*qApp, mode);
  showMark();
}

void MainWindow::showMark() {
  const Tokens& tokens = tokens_of(mode_);
  mark_->setPixmap(brand_mark(tokens, mark_size, devicePixelRatioF()));
  setWindowIcon(brand_mark(tokens, 64, 1));
}

void MainWindow::takeLink(Link link, const QString& why) {
  link_ = link;
  why_ = why;
  overview_->setLink(link, why);
  households_->setLink(link, why);
  const QString text = banner_text(link, why);
  // Without any data the pages themselves say what is wrong.
  if (text.isEmpty() || !state_) {
    banner_->clear();
  } else {
    banner_->say(link == Link::stale ? Banner::Kind::warning : Banner::Kind::alarm, text);
  }
  // An empty row takes no room.
  banner_row_->setContentsMargins(18, banner_->isHidden() ? 0 : 12, 18, 0);
  banner_->parentWidget()->layout()->activate();
  showStatus();
}

void MainWindow::takeState(const State& state) {
  state_ = state;
  showStatus();
}

void MainWindow::showStatus() {
  const auto set = [](QLabel* label, const QString& text) {
    if (label->text() != text) label->setText(text);
  };
  const QString mark = link_ == Link::live ? QStringLiteral("● ") : QStringLiteral("○ ");
  set(link_label_, mark + link_text(link_));
  link_label_->setToolTip(source_.name());
  const std::optional<std::chrono::milliseconds> age = source_.dataAge();
  if (!age) {
    set(age_label_, tr("no data yet"));
  } else if (*age < fresh_age) {
    set(age_label_, tr("data: now"));
  } else {
    set(age_label_, tr("data: %1 old").arg(span_text(age->count() / 1000)));
  }
  if (!state_) return;
  set(time_label_, tr("market time %1").arg(date_time_text(state_->time)));
  set(speed_label_, state_->speed == 1 ? tr("live") : tr("simulation ×%1").arg(state_->speed));
}

}  // namespace commonwatt::ui
