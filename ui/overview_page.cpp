#include "ui/overview_page.hpp"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QScrollArea>
#include <QVBoxLayout>

#include "ui/link_text.hpp"
#include "ui/quantity_text.hpp"

namespace commonwatt::ui {
namespace {

constexpr int page_margin = 18;
constexpr int card_spacing = 12;

}  // namespace

OverviewPage::OverviewPage(DataSource& source, QWidget* parent)
    : QStackedWidget(parent), source_(source), notice_(new Notice(this)) {
  addWidget(notice_);
  content_ = makeContent();
  auto* scroll = new QScrollArea(this);
  scroll->setWidget(content_);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setFocusPolicy(Qt::NoFocus);
  scroll->viewport()->setAutoFillBackground(false);
  content_->setAutoFillBackground(false);
  addWidget(scroll);
  setLink(Link::connecting, {});
  connect(&source, &DataSource::stateArrived, this, &OverviewPage::takeState);
  connect(&source, &DataSource::intervalArrived, this, &OverviewPage::takeInterval);
  connect(&source, &DataSource::intervalsArrived, this, &OverviewPage::takeIntervals);
  connect(&source, &DataSource::bookArrived, this, &OverviewPage::takeBook);
  connect(&source, &DataSource::householdsArrived, this, &OverviewPage::takeHouseholds);
}

QWidget* OverviewPage::makeContent() {
  auto* content = new QWidget(this);
  auto* layout = new QVBoxLayout(content);
  layout->setContentsMargins(page_margin, page_margin - 4, page_margin, page_margin - 4);
  layout->setSpacing(card_spacing);
  sentence_ = make_label(QString(), LabelKind::heading, content);
  sentence_->setWordWrap(true);
  layout->addWidget(sentence_);
  alarm_ = new Banner(tr("Alarm"), content);
  layout->addWidget(alarm_);
  layout->addWidget(makeFigures());

  auto* middle = new QHBoxLayout;
  middle->setSpacing(card_spacing);
  auto* flow_card = new Card(tr("Power now"), content);
  flow_view_ = new FlowView(flow_card);
  flow_card->body()->addWidget(flow_view_, 1);
  middle->addWidget(flow_card, 3);
  middle->addWidget(makeSettlement(), 2);
  layout->addLayout(middle, 3);

  energy_plot_ = new PlotView(tr("Production and use per interval"), content);
  price_plot_ = new PlotView(tr("Clearing price and traded energy per interval"), content);
  book_plot_ = new PlotView(tr("Order book of the last clearing"), content);
  auto* plots = new QHBoxLayout;
  plots->setSpacing(card_spacing);
  plots->addWidget(makePlotCard(tr("Production and use per interval"), energy_plot_), 1);
  plots->addWidget(makePlotCard(tr("Price and trade per interval"), price_plot_), 1);
  Card* book = makePlotCard(QString(), book_plot_);
  book_title_ = make_label(tr("Order book"), LabelKind::title, book);
  book->body()->insertWidget(0, book_title_);
  plots->addWidget(book, 1);
  layout->addLayout(plots, 5);
  return content;
}

QWidget* OverviewPage::makeFigures() {
  auto* row = new QWidget(this);
  auto* layout = new QHBoxLayout(row);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(card_spacing);
  production_ = new KpiCard(tr("Production"), Ink::production, row);
  use_ = new KpiCard(tr("Use"), Ink::use, row);
  price_ = new KpiCard(tr("Clearing price"), Ink::price, row);
  traded_ = new KpiCard(tr("Traded energy"), Ink::volume, row);
  closure_ = new KpiCard(tr("Next gate closure"), Ink::muted, row);
  for (KpiCard* card : {production_, use_, price_, traded_, closure_}) layout->addWidget(card, 1);
  return row;
}

Card* OverviewPage::makeSettlement() {
  auto* card = new Card(tr("Settlement"), this);
  auto* grid = new QGridLayout;
  grid->setHorizontalSpacing(10);
  grid->setVerticalSpacing(9);
  using S = SettlementState;
  const std::array<std::pair<S, QString>, 4> stages{{
      {S::cleared, tr("price found, orders matched")},
      {S::settled, tr("billed from meter readings")},
      {S::signed_, tr("in the controller's signed log")},
      {S::witnessed, tr("cosigned by enough members")},
  }};
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const auto& [stage, meaning] = stages[i];
    const int row = static_cast<int>(i);
    grid->addWidget(
        make_label(settlement_mark(stage) + QStringLiteral("  ") + settlement_text(stage), LabelKind::body, card), row,
        0);
    stage_counts_[i] = make_label(absent_text(), LabelKind::title, card);
    stage_counts_[i]->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    grid->addWidget(stage_counts_[i], row, 1);
    stage_bars_[i] = new ShareBar(card);
    grid->addWidget(stage_bars_[i], row, 2);
    grid->addWidget(make_label(meaning, LabelKind::muted, card), row, 3);
  }
  grid->setColumnMinimumWidth(1, 40);
  grid->setColumnStretch(2, 1);
  card->body()->addSpacing(4);
  card->body()->addLayout(grid);
  card->body()->addStretch(1);
  log_line_ = make_label(QString(), LabelKind::muted, card);
  chain_line_ = make_label(QString(), LabelKind::muted, card);
  chain_line_->setWordWrap(true);
  ledger_line_ = make_label(QString(), LabelKind::muted, card);
  card->body()->addWidget(log_line_);
  card->body()->addWidget(chain_line_);
  gateway_line_ = make_label(tr("No gateway has reported yet"), LabelKind::muted, card);
  card->body()->addWidget(ledger_line_);
  card->body()->addWidget(gateway_line_);
  return card;
}

Card* OverviewPage::makePlotCard(const QString& title, PlotView* plot) {
  auto* card = new Card(title, this);
  card->body()->addWidget(plot, 1);
  return card;
}

void OverviewPage::setLink(Link link, const QString& why) {
  const NoticeText text = notice_text(link, why, source_.name());
  notice_->setNotice(text.title, text.text);
  old_ = link != Link::live && link != Link::connecting;
  for (KpiCard* card : {production_, use_, price_, closure_, traded_}) card->setOld(old_);
  sentence_->setForegroundRole(old_ ? QPalette::PlaceholderText : QPalette::WindowText);
  showFlow();
}

void OverviewPage::setAnimated(bool animated) {
  flow_view_->setAnimated(animated);
}

void OverviewPage::takeState(const State& state) {
  state_ = state;
  setCurrentIndex(1);
  sentence_->setText(state_sentence(state));
  const QString alarm = alarm_text(state.alarms);
  if (alarm.isEmpty()) {
    alarm_->clear();
  } else {
    bool grave = false;
    for (const Alarm& a : state.alarms) grave = grave || a.severity == Severity::alarm;
    alarm_->say(grave ? Banner::Kind::alarm : Banner::Kind::warning, alarm);
  }
  showFigures();
  showSettlement();
  showFlow();
  const std::optional<UtcTime> cleared =
      state.last_clearing ? std::optional(state.last_clearing->interval) : std::nullopt;
  if (cleared && cleared != book_interval_) {
    book_interval_ = cleared;
    source_.requestBook(*cleared);
  }
  showPlots();
}

void OverviewPage::takeInterval(const MarketInterval& interval) {
  intervals_[interval.interval.seconds()] = interval;
  while (intervals_.size() > intervals_max) intervals_.erase(intervals_.begin());
  showPlots();
}

void OverviewPage::takeIntervals(const std::vector<MarketInterval>& intervals) {
  intervals_.clear();
  for (const MarketInterval& interval : intervals) intervals_[interval.interval.seconds()] = interval;
  while (intervals_.size() > intervals_max) intervals_.erase(intervals_.begin());
  showPlots();
}

void OverviewPage::takeBook(const Book& book) {
  book_title_->setText(tr("Order book for %1").arg(clock_text(book.interval)));
  book_plot_->setPlot(book_plot(book, state_ ? state_->currency : QString()));
}

void OverviewPage::takeHouseholds(const Households& households) {
  gateway_line_->setText(gateways_text(households));
}

void OverviewPage::showFigures() {
  const State& s = *state_;
  const QString reporting = tr("%1 of %2 homes report").arg(count_text(s.reporting), count_text(s.households));
  production_->setFigure(power_text(s.production), reporting);
  QString net = absent_text();
  if (s.net) {
    const QString magnitude = power_text(Power{s.net->count < 0 ? -s.net->count : s.net->count});
    net = s.net->count < 0 ? tr("%1 to the grid").arg(magnitude) : tr("%1 from the grid").arg(magnitude);
  }
  use_->setFigure(power_text(s.consumption), s.network == Network::islanded ? tr("running as an island") : net);
  const auto bare = [&s](std::optional<Price> price) {
    return price_text(price, s.currency).section(QLatin1Char(' '), 0, 0);
  };
  const bool traded = s.last_clearing && s.last_clearing->price;
  price_->setFigure(traded ? price_text(s.last_clearing->price, s.currency) : absent_text(),
                    tr("grid buys %1, sells %2").arg(bare(s.feed_in_price), bare(s.retail_price)));
  std::optional<std::int64_t> wait;
  if (s.next_gate_closure) wait = s.next_gate_closure->seconds() - s.time.seconds();
  closure_->setFigure(span_text(wait), s.next_gate_closure
                                           ? tr("at %1 market time").arg(clock_text(s.next_gate_closure))
                                           : tr("no further interval"));
  traded_->setFigure(energy_text(s.totals.traded),
                     tr("local share of use %1").arg(permille_text(local_share(intervals_))));
}

void OverviewPage::showSettlement() {
  const State& s = *state_;
  const std::array<std::optional<std::int64_t>, 4> counts{s.totals.intervals_cleared, s.totals.intervals_settled,
                                                          s.log.signed_size ? s.log.signed_size : s.log.size,
                                                          s.log.witnessed_size};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    stage_counts_[i]->setText(count_text(counts[i]));
    stage_bars_[i]->setShare(counts[i].value_or(0), counts[0].value_or(0));
  }
  log_line_->setText(
      tr("Evidence log %1 · %2 cosignatures, %3 needed")
          .arg(short_hash(s.log.root), count_text(s.log.cosignatures), count_text(s.log.witnesses_required)));
  log_line_->setToolTip(tr("Root of the evidence log: %1").arg(s.log.root));
  chain_line_->setText(chain_text(s.chain));
  chain_line_->setVisible(s.chain.has_value());
  if (s.chain) chain_line_->setToolTip(tr("Registry: %1").arg(s.chain->registry));
  const bool balanced = s.totals.ledger_sum && s.totals.ledger_sum->count == 0;
  ledger_line_->setText(!s.totals.ledger_sum ? tr("Ledger sum not known")
                        : balanced
                            ? tr("✓ The ledger sums to zero")
                            : tr("✗ The ledger is off by %1").arg(money_text(s.totals.ledger_sum, s.currency, 4)));
}

void OverviewPage::showFlow() {
  if (!state_) return;
  Flow flow{state_->production, state_->consumption, state_->net, state_->network, {}, old_};
  flow.trade_text = state_->last_clearing && state_->last_clearing->volume
                        ? tr("%1 traded").arg(energy_text(state_->last_clearing->volume))
                        : tr("nothing traded yet");
  flow_view_->setFlow(flow);
}

void OverviewPage::showPlots() {
  if (!state_) return;
  energy_plot_->setPlot(energy_plot(intervals_, *state_));
  price_plot_->setPlot(price_plot(intervals_, *state_));
  showFigures();
}

}  // namespace commonwatt::ui
