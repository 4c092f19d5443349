#include "controller/step_parts.hpp"
#include "core/sha256.hpp"

namespace commonwatt {
namespace {

Account account_of(const PaymentBooked& payment) {
  return {.kind = AccountKind::household, .household = payment.household};
}
Account bank() {
  return {.kind = AccountKind::bank, .household = {}};
}

bool is_malformed(const PaymentBooked& payment) {
  return payment.amount == Money{0} || payment.amount > payment_max || payment.amount < -payment_max ||
         payment.time < UtcTime{} || payment.time >= payment_time_end || !is_payment_reference(payment.reference);
}

}  // namespace

bool is_booked(const State& state, const PaymentBooked& payment) {
  const auto booked = state.payments.find(sha256(as_bytes(payment.reference)));
  return booked != state.payments.end() && booked->second == sha256(encode(payment));
}

std::optional<PaymentReject> payment_fault(const State& state, const PaymentBooked& payment) {
  if (is_malformed(payment)) return PaymentReject::malformed;
  const auto booked = state.payments.find(sha256(as_bytes(payment.reference)));
  if (booked != state.payments.end() && booked->second != sha256(encode(payment))) return PaymentReject::changed;
  if (booked != state.payments.end()) return std::nullopt;
  const Account account = account_of(payment);
  if (!state.households.contains(payment.household) && !state.ledger.balances().contains(account))
    return PaymentReject::unknown_household;
  const Money balance = state.ledger.balance(account);
  if (payment.amount < Money{0} && unpaid_balance(state, payment.household) < -payment.amount)
    return PaymentReject::beyond_credit;
  if (payment.amount > Money{0} &&
      (balance > payments_balance_max || state.ledger.balance(bank()) < -payments_balance_max))
    return PaymentReject::beyond_books;
  return std::nullopt;
}

Posting posting_of(const PaymentBooked& payment) {
  const Account account = account_of(payment);
  const bool is_deposit = payment.amount > Money{0};
  return {.debit = is_deposit ? bank() : account,
          .credit = is_deposit ? account : bank(),
          .amount = is_deposit ? payment.amount : -payment.amount,
          .kind = is_deposit ? PostingKind::deposit : PostingKind::payout};
}

Effects take_payment(State& state, const PaymentBooked& payment) {
  if (const std::optional<PaymentReject> fault = payment_fault(state, payment)) {
    return {RaiseAlarm{.severity = Severity::alarm,
                       .source = payment.household.text(),
                       .text = std::string("a payment was not booked: it ") + explain(*fault)}};
  }
  if (is_booked(state, payment)) return {};
  // From here it is booked.
  state.payments[sha256(as_bytes(payment.reference))] = sha256(encode(payment));
  const Posting posting = posting_of(payment);
  state.ledger.post({&posting, 1});
  return {StorePayment{.number = static_cast<std::int64_t>(state.payments.size()), .payment = payment}};
}

}  // namespace commonwatt
