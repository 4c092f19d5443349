// A bill as one page of HTML: no script, nothing from elsewhere, made for paper and screen.
#pragma once

#include <string>

#include "controller/bill_texts.hpp"
#include "controller/household_bill.hpp"

namespace commonwatt {

/// `checked_key` is the log key under which every proof was checked, in hexadecimal; empty when none was.
std::string bill_page(const HouseholdBill& bill, const std::string& checked_key, Language language);

}  // namespace commonwatt
