// A bill in sentences.
#pragma once

#include <string>
#include <vector>

#include "controller/bill_texts.hpp"
#include "controller/household_bill.hpp"

namespace commonwatt {

/// "10:15", and "02:15 +01:00" where the offset is wanted.
std::string clock_text(const LocalTime& time, bool with_offset);
/// "June 2026" for a whole local month, else from the first to the last day or instant.
std::string period_text(const HouseholdBill& bill, Language language);

/// The period in a few sentences: used, bought, sold, and what it would have cost without the market.
std::vector<std::string> summary_words(const HouseholdBill& bill, Language language);
/// What a day's rows did: intervals that follow each other and did the same become one sentence.
std::vector<std::string> day_words(const HouseholdBill& bill, const BillSpan& day, Language language);
/// What is estimated and why it may change, what is missing.
std::vector<std::string> estimate_words(const HouseholdBill& bill, Language language);
/// What is owed at the end, by the bill's account, which there is.
std::vector<std::string> account_words(const HouseholdBill& bill, Language language);
/// What to know to read the figures: signs, rounding, what was not charged.
std::vector<std::string> reading_words(const HouseholdBill& bill, Language language);

}  // namespace commonwatt
