#include "controller/bill_page.hpp"

#include "controller/bill_chart.hpp"
#include "controller/bill_tables.hpp"
#include "controller/bill_words.hpp"
#include "controller/svg.hpp"

namespace commonwatt {
namespace {

constexpr const char* style = R"(
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #5b6570; --paper: #ffffff; --band: #f3f5f7; --rule: #cfd6dd;
  --accent: #0b6e4f; --from-neighbours: #1f8a70; --from-grid: #6b7785; --to-neighbours: #d98b1f; --to-grid: #e8c98e; --warn: #9a3b00; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #e7eaee; --soft: #9aa5b1; --paper: #14181d; --band: #1e242b;
  --rule: #39424d; --accent: #58c9a3; --from-neighbours: #3fbf9b; --from-grid: #8793a1; --to-neighbours: #e9a63f; --to-grid: #8f7443; --warn: #ffa066; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); } .warn { color: var(--warn); }
header { border-bottom: 2px solid var(--accent); padding-bottom: .7rem; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; }
.figures div { background: var(--band); border-radius: .4rem; padding: .6rem 1rem; min-width: 10rem; }
.figures b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; } .figures .main b { color: var(--accent); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .76rem; font-variant-numeric: tabular-nums; }
table.short { width: auto; min-width: 16rem; }
th, td { padding: .18rem .3rem; text-align: left; vertical-align: bottom; border-bottom: 1px solid var(--rule); }
th { font-weight: 600; hyphens: manual; } td { white-space: nowrap; } .number { text-align: right; }
tbody tr:nth-child(even) { background: var(--band); } tfoot td { font-weight: 600; border-top: 2px solid var(--rule); }
table.proof { font: .62rem/1.3 "DejaVu Sans Mono", monospace; table-layout: fixed; } table.proof td { white-space: normal; word-break: break-all; vertical-align: top; }
table.proof .number { padding-right: 1em; } table.proof th:nth-child(1) { width: 14%; } table.proof th:nth-child(2) { width: 7%; } table.proof th:nth-child(3) { width: 37%; }
code { font-family: "DejaVu Sans Mono", monospace; font-size: .85em; background: var(--band); padding: .1rem .3rem; word-break: break-all; }
.chart { width: 100%; height: auto; } .chart .label { font-size: 10px; fill: var(--soft); }
.chart .grid { stroke: var(--rule); stroke-width: .5; } .chart .zero { stroke: var(--ink); stroke-width: 1; }
.chart .from-neighbours { fill: var(--from-neighbours); } .chart .from-grid { fill: var(--from-grid); }
.chart .to-neighbours { fill: var(--to-neighbours); } .chart .to-grid { fill: var(--to-grid); }
@page { size: A4; margin: 14mm 12mm; }
@media print { body { padding: 0; max-width: none; font-size: 9.5pt; } table { font-size: 7pt; } th, td { padding: 1pt 2.5pt; }
  table.proof { font-size: 4.6pt; } table.proof th, table.proof td { padding: .5pt 2pt; } thead { display: table-header-group; } tfoot { display: table-row-group; } tr, .figures, .chart { break-inside: avoid; }
  h2, h3 { break-after: avoid; } .appendix { break-before: page; } .scroll { overflow: visible; }
  .figures div, tbody tr:nth-child(even) { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
)";

std::string element(const char* name, const std::string& content) {
  return "<" + std::string(name) + ">" + svg_escaped(content) + "</" + name + ">\n";
}

std::string paragraphs(const std::vector<std::string>& words) {
  std::string html;
  for (const std::string& sentence : words) html += element("p", sentence);
  return html;
}

/// All sentences in one paragraph.
std::string paragraph(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& sentence : words) all += (all.empty() ? "" : " ") + sentence;
  return element("p", all);
}

std::string row_html(const BillTable& table, const std::vector<std::string>& cells) {
  std::string html = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i)
    html += (table.columns[i].is_number ? "<td class=\"number\">" : "<td>") + svg_escaped(cells[i]) + "</td>";
  return html + "</tr>\n";
}

std::string table_html(const BillTable& table, const char* kind) {
  std::string html = "<div class=\"scroll\"><table class=\"" + std::string(kind) + "\">\n<thead><tr>";
  for (const BillColumn& column : table.columns) {
    html += (column.is_number ? "<th scope=\"col\" class=\"number\">" : "<th scope=\"col\">") +
            svg_escaped(column.head) + "</th>";
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) html += row_html(table, row);
  html += "</tbody>\n";
  if (!table.sums.empty()) html += "<tfoot>\n" + row_html(table, table.sums) + "</tfoot>\n";
  return html + "</table></div>\n";
}

std::string figure(const char* kind, const std::string& name, const std::string& value) {
  return "<div class=\"" + std::string(kind) + "\">" + svg_escaped(name) + "<b>" + svg_escaped(value) + "</b></div>\n";
}

std::string figures(const HouseholdBill& bill, Language language) {
  const auto money = [&](Money amount) { return money_text(amount, bill.currency, language); };
  const BillSums& sums = bill.sums;
  const bool gets = sums.total < Money{0};
  const bool lost = sums.saved() < Money{0} && !shows_as_zero(sums.saved());
  return "<div class=\"figures\">\n" +
         figure("main", text_of(gets ? BillText::you_get : BillText::you_pay, language),
                money(gets ? -sums.total : sums.total)) +
         figure("", text_of(BillText::without_market, language), money(sums.without_market)) +
         figure("", text_of(lost ? BillText::lost : BillText::saved, language),
                money(lost ? -sums.saved() : sums.saved())) +
         "</div>\n";
}

std::string head(const HouseholdBill& bill, Language language) {
  const auto labelled = [&](BillText label, const std::string& value) {
    return "<p><span class=\"soft\">" + svg_escaped(text_of(label, language)) + "</span> " + svg_escaped(value) +
           "</p>\n";
  };
  return "<header>\n" + element("h1", text_of(BillText::title, language)) +
         labelled(BillText::household, bill.household.text()) +
         labelled(BillText::period, period_text(bill, language)) + labelled(BillText::time_zone, bill.zone.name()) +
         "</header>\n";
}

std::string proof(const HouseholdBill& bill, const std::string& checked_key, Language language) {
  const std::string file = bill.household.text() + ".jsonl";
  const std::string key = checked_key.empty() ? "KEY" : checked_key;
  return "<section class=\"appendix\">\n" + element("h2", text_of(BillText::proof, language)) +
         element("p", text_of(BillText::proof_words, language)) + "<p><code>" +
         svg_escaped("commonwatt verify --bill " + file + " --log-key " + key) + "</code></p>\n" +
         element("p", checked_key.empty() ? std::string(text_of(BillText::proof_not_checked, language))
                                          : text_of(BillText::proof_checked, language, {checked_key})) +
         element("p", text_of(BillText::proof_how, language)) + table_html(proof_table(bill, language), "proof") +
         "</section>\n";
}

}  // namespace

std::string bill_page(const HouseholdBill& bill, const std::string& checked_key, Language language) {
  std::string html = "<!DOCTYPE html>\n<html lang=\"" + std::string(to_text(language)) +
                     "\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, "
                     "initial-scale=1\"/>\n" +
                     element("title", std::string(text_of(BillText::title, language)) + " " + bill.household.text() +
                                          ", " + period_text(bill, language)) +
                     "<style>" + style + "</style>\n</head>\n<body>\n";
  html += head(bill, language) + figures(bill, language) + paragraph(summary_words(bill, language));
  html += "<div class=\"" + std::string(bill.sums.estimated > 0 || bill.missing_seconds > 0 ? "warn" : "soft") +
          "\">\n" + paragraphs(estimate_words(bill, language)) + "</div>\n";
  html += element("h2", text_of(BillText::chart, language)) + bill_chart(bill, language);
  html += element("h2", text_of(BillText::amounts, language)) + table_html(amounts_table(bill, language), "short");
  html += "<div class=\"soft\">\n" + paragraphs(reading_words(bill, language)) + "</div>\n";
  if (bill.account) {
    html += element("h2", text_of(BillText::account, language)) + paragraphs(account_words(bill, language)) +
            table_html(account_table(bill, language), "short");
  }
  if (bill.months.size() > 1) {
    html += element("h2", text_of(BillText::months, language)) +
            table_html(span_table(bill, bill.months, BillText::column_month, language), "spans");
  }
  html += element("h2", text_of(BillText::days, language)) +
          table_html(span_table(bill, bill.days, BillText::column_day, language), "spans");
  html += element("h2", text_of(BillText::quarter_hours, language));
  for (const BillSpan& day : bill.days) {
    html += "<section>\n" + element("h3", date_text(day.date, language)) + paragraphs(day_words(bill, day, language)) +
            table_html(day_table(bill, day, language), "day") + "</section>\n";
  }
  return html + proof(bill, checked_key, language) + "</body>\n</html>\n";
}

}  // namespace commonwatt
