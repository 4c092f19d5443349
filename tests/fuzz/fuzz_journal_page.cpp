// Whatever a controller tells an attester, as a page or as what lies in one: it is refused, or followed; nothing is
// followed that does not come next, and the balances sum to zero.
#include <cstdlib>

#include "controller/journal_follower.hpp"
#include "core/sha256.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace {

using namespace commonwatt;

void take(JournalFollower& follower, const JournalPage& page) {
  const std::int64_t before = follower.after();
  const auto step = follower.take(page);
  if (step && step->moved != (follower.after() > before)) std::abort();
  if (follower.place().state.ledger.sum() != Money{0}) std::abort();
}

JournalPage page_of(const JournalExtract& extract) {
  const Bytes encoding = encode(extract);
  return {.after = extract.after,
          .extract_hash = sha256(encoding),
          .size = static_cast<std::int64_t>(encoding.size()),
          .offset = 0,
          .part = encoding,
          .entries = 1'000'000,
          .attested = 0};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const MarketConfigured configured = test::street_configuration();
  JournalFollower follower({.origin = configured.origin, .log_key = configured.log_key}, {});
  const JournalLine first{.number = 1, .time = UtcTime::from_seconds(test::street_begin - 120), .event = configured};
  take(follower, page_of({.after = 0, .before = {}, .base = {}, .lines = {first}, .last = 1, .tip = {}}));
  if (follower.after() != 1) std::abort();
  if (const auto page = decode<JournalPage>(bytes)) take(follower, *page);
  if (const auto extract = decode<JournalExtract>(bytes)) take(follower, page_of(*extract));
  if (const auto lines = decode<std::vector<JournalLine>>(bytes))
    take(follower, page_of({.after = 1, .before = {}, .base = {}, .lines = *lines, .last = 9, .tip = {}}));
  return 0;
}
