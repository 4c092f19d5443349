#include <cassert>

#include "controller/step_parts.hpp"
#include "market/certificate.hpp"

namespace commonwatt {

Effects close_gate(State& state, const GateClosed& closed, UtcTime now) {
  if (!gate_is_due(state, now) || closed.interval != *state.next_gate) {
    return {RaiseAlarm{.severity = Severity::alarm,
                       .source = "controller",
                       .text = "a gate closed out of turn: " + to_text(closed.interval.begin())}};
  }
  OpenInterval& open = state.open[closed.interval];
  ClearingRecord record{.interval = closed.interval,
                        .run = Run::initial,
                        .previous_batch = {},
                        .seed = {},
                        .seed_batch = state.last_batch,
                        .rule = state.rules.clearing,
                        .terms = *state.rules.terms(closed.interval),
                        .book = {},
                        .clearing = {}};
  for (const auto& [id, entry] : open.orders) record.book.push_back(book_order(entry.order));
  record.seed = clearing_seed(closed.interval, state.last_batch, record.book);
  record.clearing = clear(record.book, record.rule, record.seed);
  assert(!clearing_fault(record.book, record.clearing));
  open.cleared = record;
  state.next_gate = closed.interval.next();
  ++state.totals.intervals_cleared;
  state.totals.traded += record.clearing.volume;
  return {PublishClearing{record}};
}

}  // namespace commonwatt
