// The neighbourhood at a glance: a sentence, the figures, where the power goes, the day's charts, the settlement.
#pragma once

#include <QStackedWidget>
#include <array>
#include <optional>

#include "ui/card.hpp"
#include "ui/data_source.hpp"
#include "ui/flow_view.hpp"
#include "ui/overview_text.hpp"
#include "ui/plot_view.hpp"

namespace commonwatt::ui {

class OverviewPage : public QStackedWidget {
  Q_OBJECT
 public:
  explicit OverviewPage(DataSource& source, QWidget* parent = nullptr);
  void setLink(Link link, const QString& why);
  void setAnimated(bool animated);

 private:
  [[nodiscard]] QWidget* makeContent();
  [[nodiscard]] QWidget* makeFigures();
  [[nodiscard]] Card* makeSettlement();
  [[nodiscard]] Card* makePlotCard(const QString& title, PlotView* plot);
  void takeState(const State& state);
  void takeInterval(const MarketInterval& interval);
  void takeIntervals(const std::vector<MarketInterval>& intervals);
  void takeBook(const Book& book);
  void takeHouseholds(const Households& households);
  void showFigures();
  void showSettlement();
  void showFlow();
  void showPlots();

  DataSource& source_;
  Notice* notice_ = nullptr;
  QWidget* content_ = nullptr;
  QLabel* sentence_ = nullptr;
  Banner* alarm_ = nullptr;
  KpiCard *production_ = nullptr, *use_ = nullptr, *price_ = nullptr, *closure_ = nullptr, *traded_ = nullptr;
  FlowView* flow_view_ = nullptr;
  PlotView *energy_plot_ = nullptr, *price_plot_ = nullptr, *book_plot_ = nullptr;
  QLabel* book_title_ = nullptr;
  std::array<QLabel*, 4> stage_counts_{};
  std::array<ShareBar*, 4> stage_bars_{};
  QLabel *log_line_ = nullptr, *chain_line_ = nullptr, *ledger_line_ = nullptr, *gateway_line_ = nullptr;
  std::optional<State> state_;
  std::optional<UtcTime> book_interval_;
  Intervals intervals_;
  bool old_ = false;
};

}  // namespace commonwatt::ui
