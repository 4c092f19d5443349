#include "controller/payment.hpp"

#include <algorithm>

namespace commonwatt {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

bool is_payment_reference(std::string_view text) {
  constexpr std::string_view others = " +-/:._#'()?";
  if (text.empty() || text.size() > payment_reference_max) return false;
  if (!is_letter_or_digit(text.front()) || text.back() == ' ') return false;
  return std::all_of(text.begin(), text.end(),
                     [others](char c) { return is_letter_or_digit(c) || others.find(c) != std::string_view::npos; });
}

const char* explain(PaymentReject reject) {
  switch (reject) {
    case PaymentReject::malformed:
      return "amount, date or reference is out of range; correct the row";
    case PaymentReject::changed:
      return "is that of a payment booked with another date, household or amount; what is booked never changes: give "
             "this one a reference of its own";
    case PaymentReject::unknown_household:
      return "is no household of this market; correct the name, or add it to the configuration first";
    case PaymentReject::beyond_credit:
      return "is more than the household has to its credit; correct the row, or leave it: it is looked at again when "
             "the file changes";
    case PaymentReject::beyond_books:
      return "brings an account above a thousand million units, more than the books can sum; correct the row";
  }
  return "";
}

}  // namespace commonwatt
