// Whatever bytes arrive at a gateway, the controller or from the disk: either they are refused, or they are the one
// encoding of the value they give. What is computed from a message before its signature is known stays in range.
#include <cstdlib>

#include "controller/attestation.hpp"
#include "controller/bill.hpp"
#include "controller/message.hpp"
#include "controller/reading_chain.hpp"
#include "controller/settlement_proof.hpp"
#include "controller/state.hpp"
#include "market/certificate.hpp"

namespace {

using namespace commonwatt;

template <class T>
void check(ByteView bytes) {
  const Result<T, CborError> value = decode<T>(bytes);
  if (!value) return;
  const Bytes again = encode(*value);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
}

void check_bill(ByteView bytes) {
  const Result<Bill, CborError> bill = decode<Bill>(bytes);
  if (!bill) return;
  const Bytes key(32, 1);
  if (!bill_fault(*bill, key)) std::abort();  // Nobody has that key's secret.
  if (!statement_fits(bill->statement)) return;
  if (bill_from_line(bill_line(*bill)) != *bill) std::abort();
}

void check_clearing(ByteView bytes) {
  const Result<Clearing, CborError> clearing = decode<Clearing>(bytes);
  if (!clearing) return;
  const std::vector<BookOrder> book(clearing->fills.size(),
                                    BookOrder{.id = {}, .side = Side::buy, .quantity = Energy{7}, .limit = Price{7}});
  const bool right = !clearing_fault(book, *clearing);
  if (right && clearing->volume != Energy{0}) std::abort();  // Nobody sells.
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  check<SignedOrder>(bytes);
  check<SignedReading>(bytes);
  check<Receipt>(bytes);
  check<SignedReceipt>(bytes);
  check<CheckpointMessage>(bytes);
  check<Bill>(bytes);
  check<Request>(bytes);
  check<CosignatureMessage>(bytes);
  check<Attestation>(bytes);
  check<JournalExtract>(bytes);
  check<JournalPage>(bytes);
  check<SettlementProof>(bytes);
  check<Live>(bytes);
  check<GatewayStatus>(bytes);
  check<SignedHead>(bytes);
  check<ClearingRecord>(bytes);
  check<Event>(bytes);
  check<State>(bytes);
  check<Batch>(bytes);
  check_bill(bytes);
  check_clearing(bytes);
  const std::string text = as_text(bytes);
  if (const auto address = parse_up_topic(text); address && up_topic(address->household, address->topic) != text)
    std::abort();
  if (const auto bill = bill_from_line(text); bill && bill_line(*bill) != text) std::abort();
  return 0;
}
