#include <set>

#include <doctest/doctest.h>

#include "controller/bill_texts.hpp"

namespace commonwatt {
namespace {

std::set<char> placeholders(std::string_view text) {
  std::set<char> found;
  for (std::size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    REQUIRE(at + 2 < text.size());
    REQUIRE(text[at + 2] == '}');
    found.insert(text[at + 1]);
  }
  return found;
}

TEST_CASE("every text is there in both languages, with the same places to fill") {
  const std::set<BillText> alike{BillText::month_4, BillText::month_8, BillText::month_9, BillText::month_11};
  REQUIRE(bill_translations().size() == bill_text_count);
  for (std::size_t i = 0; i < bill_text_count; ++i) {
    const BillTranslation& text = bill_translations()[i];
    CAPTURE(i);
    CHECK(static_cast<std::size_t>(text.key) == i);
    CHECK_FALSE(std::string_view(text.en).empty());
    CHECK_FALSE(std::string_view(text.de).empty());
    CHECK((std::string_view(text.en) == text.de) == alike.contains(text.key));
    CHECK(placeholders(text.en) == placeholders(text.de));
  }
}

TEST_CASE("places are filled by number, in whatever sequence the language has them") {
  CHECK(text_of(BillText::words_sold, Language::en, {"3.2 kWh", "10:00", "14:00", "14.1 ct/kWh"}) ==
        "You sold 3.2 kWh to neighbours between 10:00 and 14:00 at 14.1 ct/kWh on average.");
  CHECK(text_of(BillText::words_sold, Language::de, {"3,2 kWh", "10:00", "14:00", "14,1 ct/kWh"}) ==
        "Zwischen 10:00 und 14:00 haben Sie 3,2 kWh an Nachbarn verkauft, im Mittel zu 14,1 ct/kWh.");
}

TEST_CASE("amounts are rounded half to even, and nothing is shown as minus zero") {
  CHECK(amount_text(Money{1'234'565'000'000}, Language::en) == "1,234.56");
  CHECK(amount_text(Money{1'234'575'000'000}, Language::en) == "1,234.58");
  CHECK(amount_text(Money{1'234'565'000'001}, Language::de) == "1.234,57");
  CHECK(amount_text(Money{-1'234'565'000'000}, Language::de) == "\u22121.234,56");
  CHECK(amount_text(Money{-5'000'000}, Language::en) == "0.00");
  CHECK(amount_text(Money{-5'000'001}, Language::en) == "\u22120.01");
  CHECK(amount_text(Money{std::numeric_limits<std::int64_t>::min()}, Language::en) == "\u22129,223,372,036.85");
  CHECK(shows_as_zero(Money{-5'000'000}));
  CHECK_FALSE(shows_as_zero(Money{5'000'001}));
  CHECK(decimal_text(999'999, 0, 0, Language::en) == "999,999");
  CHECK(decimal_text(-1'000, 0, 0, Language::de) == "\u22121.000");
}

TEST_CASE("money, energy and prices carry their units as the language writes them") {
  const std::string space = "\u00a0";
  CHECK(money_text(Money{12'300'000'000}, "EUR", Language::en) == "€12.30");
  CHECK(money_text(Money{-12'300'000'000}, "EUR", Language::en) == "\u2212€12.30");
  CHECK(money_text(Money{12'300'000'000}, "EUR", Language::de) == "12,30" + space + "€");
  CHECK(money_text(Money{12'300'000'000}, "CHF", Language::en) == "CHF" + space + "12.30");
  CHECK(energy_text(Energy{999}, Language::en) == "999" + space + "Wh");
  CHECK(energy_text(Energy{3'250}, Language::en) == "3.2" + space + "kWh");
  CHECK(energy_text(Energy{3'350}, Language::de) == "3,4" + space + "kWh");
  CHECK(kwh_text(Energy{1'234'567}, Language::de) == "1.234,567");
  CHECK(price_text(Price{141'250}, "EUR", Language::en) == "14.12");
  CHECK(price_text(Price{141'250}, "CHF", Language::de) == "0,1412");
  CHECK(price_unit("CHF") == "CHF/kWh");
  CHECK(average_text(Money{423'000'000}, Energy{3'000}, "EUR", Language::en) == "14.1" + space + "ct/kWh");
  CHECK(average_text(Money{-423'000'000}, Energy{3'000}, "CHF", Language::de) == "\u22120,1410" + space + "CHF/kWh");
  CHECK(is_currency("EUR"));
  for (const char* wrong : {"", "eur", "EURO", "E1R"}) CHECK_FALSE(is_currency(wrong));
}

TEST_CASE("dates are written as the language writes them") {
  const LocalDate date{.year = 2026, .month = 3, .day = 1};
  CHECK(date_text(date, Language::en) == "1 March 2026");
  CHECK(date_text(date, Language::de) == "1. März 2026");
  CHECK(month_text(date, Language::de) == "März 2026");
  CHECK(language_from_text("de") == Language::de);
  CHECK_FALSE(language_from_text("fr").has_value());
}

}  // namespace
}  // namespace commonwatt
