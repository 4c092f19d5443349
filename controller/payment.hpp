// Money between a household and the operator's bank account, and why a payment is refused.
#pragma once

#include <string>
#include <string_view>
#include <tuple>

#include "core/id.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace commonwatt {

/// The most that one payment may move: a million units of the currency.
inline constexpr Money payment_max{1'000'000'000'000'000};
/// Payments alone bring no account further from zero than that.
inline constexpr Money payments_balance_max{1'000'000'000'000'000'000};
/// As long as the remittance information of a SEPA credit transfer (EPC125-05).
inline constexpr std::size_t payment_reference_max = 140;
/// 2200-01-01.
inline constexpr UtcTime payment_time_end = UtcTime::from_seconds(7'258'118'400);

/// What tells a payment from every other: 1 to 140 letters, digits, spaces and any of + - / : . _ # ' ( ) ?, the first
/// a letter or digit, the last no space. The books write it into text that commas, quotes and brackets would break.
bool is_payment_reference(std::string_view text);

/// A payment as the bank's statement has it.
struct PaymentBooked {
  HouseholdId household;
  Money amount;           ///< above zero: received from the household; below zero: paid out to it
  UtcTime time;           ///< the begin of the bank's day, in UTC
  std::string reference;  ///< is_payment_reference; no two payments have the same

  friend bool operator==(const PaymentBooked&, const PaymentBooked&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.household, self.amount, self.time, self.reference);
  }
};

/// Why a payment is not booked; the first rule that fails, in this order, names the refusal.
enum class PaymentReject : std::uint8_t {
  malformed,          ///< amount, time or reference out of range
  changed,            ///< another payment was booked under its reference
  unknown_household,  ///< neither a member nor one that left with a balance
  beyond_credit,      ///< a payout of more than the household has to its credit
  beyond_books,       ///< the balances would become too large to be summed
};
constexpr PaymentReject enum_last(PaymentReject) {
  return PaymentReject::beyond_books;
}
/// The reason as an operator would understand it, with what to do.
const char* explain(PaymentReject reject);

}  // namespace commonwatt
