// A controller that lies, as somebody finds it on its disk: the journal of a street that traded four intervals, of
// which all but the first are forged before they are sealed, and the anchors over it that a quorum signed. One JSON
// object a line on standard output: what is in the intervals, then the anchors.
//
//   forged_journal DIR CHAIN_ID REGISTRY ATTESTER_KEY_FILE...
//
//   interval 0: as the heart settled it
//   interval 1: an order of hh04 that a stranger signed, in the book and among the leaves
//   interval 2: a fill of hh01 that is more than it asked for
//   interval 3: an order of hh02 for interval 2, signed by itself, among the leaves
//
// The first anchor is over intervals 0 and 1, each of the next two over one more; the journal has them, and the
// directory the attestations of all attesters. The last line has an anchor that contradicts the third, signed by the
// last attester alone.
#include <iostream>

#include <nlohmann/json.hpp>

#include "controller/attestations.hpp"
#include "controller/journal.hpp"
#include "controller/journal_trades.hpp"
#include "controller/settlement_tree.hpp"
#include "tests/controller/neighbourhood.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;

constexpr std::int64_t intervals = 4;

SignedOrder stranger_order() {
  Order order = test::street_order(3, 1);
  order.sequence += 1'000;
  order.salt = test::numbered_salt(4'711);
  const SigningKey stranger = test::key_of_name(KeyKind::order, "stranger");
  return {.order = order, .signature = stranger.sign_digest(order_digest(order))};
}

SignedOrder other_interval_order() {
  Order order = test::street_order(1, 2);
  order.sequence += 1'000;
  order.salt = test::numbered_salt(4'712);
  return test::signed_order(1, order);
}

/// Puts an order among the leaves, and if it is to be one of the book there, too.
void slip_in(Batch& batch, const SignedOrder& order, bool in_book) {
  if (!in_book) {
    batch.order_leaves.push_back(order_leaf(order));
    return;
  }
  ClearingRecord& record = batch.record;
  const BookOrder line = book_order(order.order);
  const auto place = std::find_if(record.book.begin(), record.book.end(),
                                  [&line](const BookOrder& each) { return line.id < each.id; });
  const auto offset = place - record.book.begin();
  record.book.insert(place, line);
  record.clearing.fills.insert(record.clearing.fills.begin() + offset, Energy{10});
  batch.order_leaves.insert(batch.order_leaves.begin() + offset, order_leaf(order));
}

Energy overfill(Batch& batch, const Order& order) {
  ClearingRecord& record = batch.record;
  const auto line = std::find_if(record.book.begin(), record.book.end(),
                                 [&order](const BookOrder& each) { return each.id == order_id(order); });
  Energy& fill = record.clearing.fills[static_cast<std::size_t>(line - record.book.begin())];
  fill = order.quantity + Energy{1};
  return fill;
}

struct Forgery {
  std::vector<StoreBatch> batches;
  std::vector<TimedEvent> events;
  json told;
};

Forgery forge(const test::Neighbourhood& street) {
  Forgery forged{.batches = street.batches, .events = {}, .told = json::array()};
  for (const auto& [time, event] : street.events) forged.events.push_back({time, event});
  const SignedOrder stranger = stranger_order();
  const SignedOrder other = other_interval_order();
  slip_in(forged.batches[1].batch, stranger, true);
  const Energy fill = overfill(forged.batches[2].batch, test::street_order(0, 2));
  slip_in(forged.batches[3].batch, other, false);
  const UtcTime end = forged.events.back().time;
  forged.events.push_back({end, OrderReceived{stranger.order.household, stranger}});
  forged.events.push_back({end, OrderReceived{other.order.household, other}});
  const std::array<OrderId, intervals> orders{order_id(test::street_order(0, 0)), order_id(stranger.order),
                                              order_id(test::street_order(0, 2)), order_id(other.order)};
  for (std::size_t i = 0; i < forged.batches.size(); ++i) {
    StoreBatch& store = forged.batches[i];
    store.entry.batch_root = batch_root(store.batch);
    forged.told.push_back({{"begin", store.entry.interval.begin_seconds()},
                           {"batch", to_data(store.entry.batch_root)},
                           {"order", to_data(orders.at(i))},
                           {"fill", fill.count}});
  }
  return forged;
}

std::vector<Anchor> anchors_of(const std::vector<StoreBatch>& batches) {
  std::vector<Anchor> anchors;
  Anchor anchor{.community = community_of(test::street_configuration().origin), .volume = Energy{1'234}};
  GrowingTree log;
  for (const StoreBatch& store : batches) {
    log.append(log_leaf(store.entry));
    if (log.size() == 1) continue;
    anchor.previous = anchors.empty() ? Hash32{} : anchor_hash(anchor);
    ++anchor.epoch;
    anchor.log_root = log.root();
    anchor.log_size = log.size();
    anchor.settlement_root = sha256(as_bytes("balances " + std::to_string(anchor.epoch)));
    anchors.push_back(anchor);
  }
  return anchors;
}

/// As a controller with these attesters keeps what they send it.
void attest(const std::filesystem::path& file, const std::vector<Anchor>& anchors, const AnchorDomain& domain,
            std::span<const EvmKey> attesters) {
  ChainConfig config;
  config.domain = domain;
  config.quorum = static_cast<std::int64_t>(attesters.size());
  const auto name_of = [](std::size_t i) { return *HouseholdId::from("attester" + std::to_string(i)); };
  for (std::size_t i = 0; i < attesters.size(); ++i) config.attesters.push_back({name_of(i), attesters[i].address()});
  const auto attestations = std::move(Attestations::open(file, config)).value();
  for (const Anchor& anchor : anchors) {
    if (!attestations->expect(anchor, {})) std::abort();
    for (std::size_t i = 0; i < attesters.size(); ++i) {
      const Bytes signature = attesters[i].sign(anchor_digest(anchor, domain)).packed();
      if (attestations->take(name_of(i), {anchor.epoch, anchor_hash(anchor), signature}).value()) std::abort();
    }
  }
}

void print(const Anchor& anchor, const AnchorDomain& domain, std::span<const EvmKey> attesters) {
  std::vector<Bytes> signatures;
  for (const EvmKey& attester : attesters) signatures.push_back(attester.sign(anchor_digest(anchor, domain)).packed());
  const Bytes call = anchor_call(anchor, order_signatures(anchor, domain, signatures).value());
  std::cout << json{{"epoch", anchor.epoch}, {"head", to_data(anchor_hash(anchor))}, {"call", to_data(call)}}.dump()
            << '\n';
}

int run(const std::vector<std::string>& words) {
  if (words.size() < 4) {
    std::cerr << "see the head of forged_journal.cpp\n";
    return 1;
  }
  const AnchorDomain domain{.chain_id = std::stoll(words[1]), .registry = address_from(words[2]).value()};
  std::vector<EvmKey> attesters;
  for (std::size_t i = 3; i < words.size(); ++i)
    attesters.push_back(std::move(EvmKey::load(EvmKeyKind::attester, words[i]).value()));
  test::Neighbourhood street;
  street.live(intervals);
  const Forgery forged = forge(street);
  const std::vector<Anchor> anchors = anchors_of(forged.batches);
  std::vector<StoreAnchor> kept;
  for (const Anchor& anchor : anchors) kept.push_back({anchor, {}});
  const auto journal = std::move(Journal::open(words[0])).value();
  if (const auto written = journal->append(forged.events, forged.batches, {}, kept); !written) {
    std::cerr << written.error() << '\n';
    return 1;
  }
  attest(std::filesystem::path(words[0]) / attestations_file, anchors, domain, attesters);
  json houses = json::object();
  for (const test::StreetHouse& house : test::street_houses()) {
    const Address address{.bytes = address_of_order_key(house.order_key.public_key()).value()};
    houses[house.id.text()] = to_text(address);
  }
  std::cout << json{{"origin", street.state.origin}, {"houses", houses}, {"intervals", forged.told}}.dump() << '\n';
  for (const Anchor& anchor : anchors) print(anchor, domain, attesters);
  Anchor contradiction = anchors.back();
  contradiction.settlement_root = sha256(as_bytes("other balances"));
  print(contradiction, domain, std::span(attesters).last(1));
  return 0;
}

}  // namespace
}  // namespace commonwatt

int main(int count, char** words) {
  return commonwatt::run({words + 1, words + count});
}
