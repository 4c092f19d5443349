// The picture of a bill: what was bought and sold, day by day.
#pragma once

#include <string>

#include "controller/bill_texts.hpp"
#include "controller/household_bill.hpp"

namespace commonwatt {

/// An SVG element to stand in a page whose style gives the classes their colours: bars up for what was bought, down for
/// what was sold; a bar a day, or an interval where the bill has at most two days.
std::string bill_chart(const HouseholdBill& bill, Language language);

}  // namespace commonwatt
