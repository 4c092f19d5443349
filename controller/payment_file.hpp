// The operator's file of payments, which its bank import appends to. Checked here; whether a payment can be booked is
// the heart's to say (step.hpp).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controller/payment.hpp"

namespace commonwatt {

inline constexpr std::string_view payment_header = "date,household,amount,reference";

/// "12.5", "-0.000000001": units of the currency, nine decimals at most. Nothing for zero, for more than payment_max
/// and for any other text.
std::optional<Money> amount_from_text(std::string_view text);
/// With nine decimals, or the two that are enough for whole hundredths.
std::string amount_text(Money amount);

struct PaymentRow {
  std::size_t line = 0;  ///< from 1
  PaymentBooked payment;
};
struct PaymentFault {
  std::size_t line = 0;
  std::string what;  ///< "COLUMN 'VALUE' ...": what is wrong and what to do
};
/// Rows and what is wrong with the others, both in order of line.
struct PaymentRows {
  std::vector<PaymentRow> rows;
  std::vector<PaymentFault> faults;
};

/// The first line is the header; empty lines and the header again are passed over, since files are put together from
/// several. Columns have this sequence; fields are not quoted. A last line without its end may be half written: it is a
/// fault, not a row. Of rows that are the same the first counts; a reference that comes again with another payment is a
/// fault.
PaymentRows read_payments(std::string_view text);

/// A row of such a file, with its end.
std::string payment_line(const PaymentBooked& payment);

}  // namespace commonwatt
