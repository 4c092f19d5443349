#include "controller/payment_watch.hpp"

#include <fstream>
#include <set>
#include <sstream>

#include "controller/step.hpp"

namespace commonwatt {
namespace {

/// What changes when the file does; nothing when it is not there.
std::string likeness(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error) return "is not there or cannot be read: " + error.message();
  const auto written = std::filesystem::last_write_time(file, error);
  return std::to_string(size) + " " + std::to_string(written.time_since_epoch().count());
}

std::string refusal_text(const State& state, const PaymentBooked& payment, PaymentReject reject) {
  std::string why = explain(reject);
  switch (reject) {
    case PaymentReject::malformed:
      return why;
    case PaymentReject::changed:
      return "reference '" + payment.reference + "' " + why;
    case PaymentReject::unknown_household:
      return "household '" + payment.household.text() + "' " + why;
    case PaymentReject::beyond_credit:
    case PaymentReject::beyond_books:
      break;
  }
  const Money balance = state.ledger.balance({.kind = AccountKind::household, .household = payment.household});
  return "amount '" + amount_text(payment.amount) + "' " + why + "; the balance of " + payment.household.text() +
         " is " + amount_text(balance);
}

}  // namespace

void PaymentWatch::complain(PaymentsDue& due, std::size_t line, const std::string& what) {
  if (++complaints_ > alarms_max) return;
  due.alarms.push_back(file_.string() + ":" + std::to_string(line) + ": " + what);
}

bool PaymentWatch::look(PaymentsDue& due) {
  const std::string like = likeness(file_);
  if (like == seen_) return false;
  seen_ = like;
  rows_.clear();
  complaints_ = 0;
  std::error_code error;
  const auto size = std::filesystem::file_size(file_, error);
  if (error) {
    due.alarms.push_back(file_.string() + ": " + like + "; no payment is booked until it can be");
    return false;
  }
  if (size > bytes_max) {
    due.alarms.push_back(file_.string() + ": is larger than 16 MiB; put it aside and begin a new one");
    return false;
  }
  std::ifstream in(file_, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    due.alarms.push_back(file_.string() + ": cannot be read; let the controller's user read it");
    return false;
  }
  PaymentRows read = read_payments(text.view());
  for (const PaymentFault& fault : read.faults) complain(due, fault.line, fault.what);
  rows_.assign(std::make_move_iterator(read.rows.begin()), std::make_move_iterator(read.rows.end()));
  return true;
}

PaymentsDue PaymentWatch::due(const State& state, std::chrono::steady_clock::time_point now) {
  PaymentsDue due;
  if (file_.empty()) return due;
  if (rows_.empty()) {
    if (now < next_look_) return due;
    next_look_ = now + period;
    if (!look(due)) return due;
  }
  // Whether a household may be paid out rests on its payments before: a payout waits until those are booked.
  std::set<HouseholdId> households;
  for (std::size_t i = 0; i < rows_max && !rows_.empty() && due.payments.size() < payments_max; ++i) {
    const PaymentBooked& payment = rows_.front().payment;
    if (!is_booked(state, payment)) {
      if (payment.amount < Money{0} && households.contains(payment.household)) break;
      if (const std::optional<PaymentReject> fault = payment_fault(state, payment)) {
        complain(due, rows_.front().line, refusal_text(state, payment, *fault));
      } else {
        households.insert(payment.household);
        due.payments.push_back(payment);
      }
    }
    rows_.pop_front();
  }
  if (rows_.empty() && complaints_ > alarms_max) {
    due.alarms.push_back(file_.string() + ": " + std::to_string(complaints_ - alarms_max) +
                         " more rows are not booked");
  }
  return due;
}

}  // namespace commonwatt
