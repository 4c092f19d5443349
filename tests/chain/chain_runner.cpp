// A gateway's outbox as a process of its own: drafts the anchors of EPOCHS epochs, a few ahead of the chain, and ticks
// until all of them are final. It can be killed at any moment and started again. One JSON object a tick on standard
// output. CHAIN_RUNNER_COMMUNITY in the environment names another community: its anchors differ. CHAIN_RUNNER_AGAIN has
// the heads of vetoed anchors that are sent all the same, with blanks between.
//
//   chain_runner STORE RELAYER_KEY CHAIN_ID REGISTRY EPOCHS URL...
//   chain_runner heads EPOCHS      prints the struct hash of every anchor
//   chain_runner attesters         prints the attesters' addresses
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "controller/chain/outbox.hpp"
#include "controller/keccak.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;
constexpr std::int64_t ahead_max = 10;
constexpr std::chrono::milliseconds pause{50};

Hash32 hash_of_text(const std::string& text) {
  return keccak256(as_bytes(text));
}

std::vector<EvmKey> attesters() {
  std::vector<EvmKey> keys;
  for (int i = 0; i < 3; ++i) keys.push_back(EvmKey::from(hash_of_text("attester " + std::to_string(i))).value());
  return keys;
}

/// The anchor of an epoch: the same whenever it is asked for.
Anchor anchor_of(std::int64_t epoch, const Hash32& previous) {
  const std::string number = std::to_string(epoch);
  const char* community = std::getenv("CHAIN_RUNNER_COMMUNITY");
  return {.community = hash_of_text(community == nullptr ? "community" : community),
          .epoch = epoch,
          .previous = previous,
          .log_root = hash_of_text("log " + number),
          .log_size = epoch * 100,
          .settlement_root = hash_of_text("settlement " + number),
          .volume = Energy{epoch * 1000}};
}

std::vector<Hash32> anchor_again() {
  const char* heads = std::getenv("CHAIN_RUNNER_AGAIN");
  std::istringstream words(heads == nullptr ? "" : heads);
  std::vector<Hash32> again;
  for (std::string word; words >> word;) again.push_back(hash_from_data(word).value());
  return again;
}

int fail(const std::string& text) {
  std::cerr << text << '\n';
  return 1;
}

int print_heads(std::int64_t epochs) {
  Hash32 head{};
  for (std::int64_t epoch = 1; epoch <= epochs; ++epoch) {
    head = anchor_hash(anchor_of(epoch, head));
    std::cout << to_data(head) << '\n';
  }
  return 0;
}

Result<Done, std::string> draft_ahead(Outbox& outbox, const AnchorDomain& domain, std::int64_t on_chain,
                                      std::int64_t epochs) {
  const auto last = outbox.last_anchor();
  if (!last) return Fail{last.error()};
  Hash32 head = *last ? (*last)->head : Hash32{};
  std::int64_t epoch = *last ? (*last)->epoch : 0;
  while (epoch < std::min(on_chain + ahead_max, epochs)) {
    const Anchor anchor = anchor_of(++epoch, head);
    std::vector<Bytes> signatures;
    for (const EvmKey& key : attesters()) signatures.push_back(key.sign(anchor_digest(anchor, domain)).packed());
    if (auto done = outbox.draft(anchor, signatures); !done) return done;
    head = anchor_hash(anchor);
  }
  return Done{};
}

int run(Outbox& outbox, const AnchorDomain& domain, std::int64_t epochs) {
  std::int64_t on_chain = 0;
  for (;;) {
    if (const auto done = draft_ahead(outbox, domain, on_chain, epochs); !done) return fail(done.error());
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    const auto report = outbox.tick(UtcTime{std::chrono::nanoseconds(since_epoch).count()});
    if (!report) return fail(report.error());
    on_chain = std::max(on_chain, report->epoch);
    json alarms = json::array();
    for (const ChainAlarm& alarm : report->alarms) {
      alarms.push_back({{"kind", static_cast<int>(alarm.kind)}, {"text", alarm.text}});
    }
    std::cout << json{{"epoch", report->epoch},
                      {"final", report->finalized},
                      {"sent", report->transactions},
                      {"alarms", alarms}}
                     .dump()
              << std::endl;
    if (report->finalized >= epochs) return 0;
    std::this_thread::sleep_for(pause);
  }
}

int main_of(const std::vector<std::string>& words) {
  if (words.size() == 2 && words[0] == "heads") return print_heads(std::stoll(words[1]));
  if (words.size() == 1 && words[0] == "attesters") {
    for (const EvmKey& key : attesters()) std::cout << to_text(key.address()) << '\n';
    return 0;
  }
  if (words.size() < 6) return fail("see the head of chain_runner.cpp");
  const auto key = EvmSigner::open_payer(words[1]);
  if (!key) return fail(key.error());
  std::vector<RpcEndpoint> endpoints;
  for (std::size_t i = 5; i < words.size(); ++i) {
    auto endpoint = RpcEndpoint::open(words[i], {.connect = std::chrono::milliseconds(500),
                                                 .reply = std::chrono::milliseconds(1500),
                                                 .first_wait = std::chrono::milliseconds(20),
                                                 .tries = 3});
    if (!endpoint) return fail(endpoint.error());
    endpoints.push_back(std::move(endpoint.value()));
  }
  const std::size_t nodes = endpoints.size();
  RpcPool pool(std::move(endpoints), nodes);
  const AnchorDomain domain{.chain_id = std::stoll(words[2]), .registry = address_from(words[3]).value()};
  auto outbox = Outbox::open(
      words[0],
      {.domain = domain, .patience = std::chrono::seconds(2), .archive_depth = 8, .anchor_again = anchor_again()}, *key,
      pool);
  if (!outbox) return fail(outbox.error());
  return run(**outbox, domain, std::stoll(words[4]));
}

}  // namespace
}  // namespace commonwatt

int main(int count, char** words) {
  return commonwatt::main_of({words + 1, words + count});
}
