// The reader of payments.csv on arbitrary text: every row is one the heart can judge and is read again as it is
// written, every fault has a line and words.
#include <cassert>

#include "controller/payment_file.hpp"
#include "core/bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  const PaymentRows read = read_payments(as_text(ByteView(data, size)));
  std::string again = std::string(payment_header) + "\n";
  std::size_t line = 0;
  for (const auto& [at, payment] : read.rows) {
    assert(at > line);
    line = at;
    assert(payment.amount != Money{0} && payment.amount <= payment_max && payment.amount >= -payment_max);
    assert(payment.time >= UtcTime{} && payment.time < payment_time_end && is_payment_reference(payment.reference));
    again += payment_line(payment);
  }
  for (const PaymentFault& fault : read.faults) assert(fault.line > 0 && !fault.what.empty());
  const PaymentRows written = read_payments(again);
  assert(written.faults.empty() && written.rows.size() == read.rows.size());
  for (std::size_t i = 0; i < read.rows.size(); ++i) assert(written.rows[i].payment == read.rows[i].payment);
  return 0;
}
