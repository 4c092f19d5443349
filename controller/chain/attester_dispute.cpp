#include "controller/chain/attester_dispute.hpp"

#include <filesystem>
#include <optional>

#include "controller/chain/attester_evidence.hpp"
#include "controller/command_output.hpp"

namespace commonwatt {
namespace {

using Evidence = Result<SignedAnchor, Refusal>;

/// A transaction's hash or a file, which say by themselves what they are of.
Evidence read_named(Court& court, const std::string& from) {
  const std::optional<Hash32> transaction = hash_from_data(from);
  if (transaction) {
    auto found = read_anchor_transaction(court.pool(), *transaction);
    return found ? Evidence(std::move(found.value())) : refuse("--anchor: " + found.error());
  }
  auto found = read_anchor_file(from);
  return found ? Evidence(std::move(found.value())) : refuse("--anchor: " + found.error(), status_data);
}

struct Pair {
  SignedAnchor first;
  SignedAnchor second;
};

Result<Pair, Refusal> read_pair(Court& court, const std::vector<std::string>& anchors) {
  const bool swaps = std::filesystem::is_directory(anchors[0]);
  Evidence first = read_named(court, anchors[swaps ? 1 : 0]);
  if (!first) return Fail{first.error()};
  const std::string& other = anchors[swaps ? 0 : 1];
  if (!std::filesystem::is_directory(other)) {
    Evidence second = read_named(court, other);
    if (!second) return Fail{second.error()};
    return Pair{.first = std::move(first.value()), .second = std::move(second.value())};
  }
  auto second = read_attested_anchor(other, first->anchor.epoch);
  if (!second) return refuse("--anchor: " + second.error(), status_data);
  return Pair{.first = std::move(first.value()), .second = std::move(second.value())};
}

/// Why a pair proves nothing against anybody, whoever signed it.
std::optional<std::string> pair_fault(const Pair& pair, const RegistryState& state) {
  const ChainAnchor& first = pair.first.anchor;
  const ChainAnchor& second = pair.second.anchor;
  if (first.words[0] != state.community || second.words[0] != state.community)
    return "an anchor is of another community than the registry's";
  if (first.epoch != second.epoch) {
    return "the anchors are of epochs " + std::to_string(first.epoch) + " and " + std::to_string(second.epoch) +
           ", and of each an attester signs one";
  }
  if (first.head == second.head) return "both are the same anchor, " + to_data(first.head);
  return std::nullopt;
}

Outcome prove(Court& court, const Pair& pair) {
  const ChainAnchor& first = pair.first.anchor;
  const ChainAnchor& second = pair.second.anchor;
  const std::string epoch = std::to_string(first.epoch);
  const AnchorDomain domain{.chain_id = court.views().chain_id(), .registry = court.registry()};
  const std::vector<SignedTwice> both = signers_of_both(pair.first, pair.second, domain);
  if (both.empty()) {
    return refuse("nothing to prove: nobody signed both anchors of epoch " + epoch + " for the registry " +
                  to_text(court.registry()));
  }
  std::string refusals;
  for (const SignedTwice& by : both) {
    const Bytes call = prove_attester_call(first, second, by);
    const Result<Verdict, Refusal> verdict = court.hear(call);
    if (!verdict) return Fail{verdict.error()};
    if (!verdict->is_taken()) {
      refusals += "; " + to_text(by.signer) + " signed both, but the contract refuses the proof: " + verdict->reason;
      continue;
    }
    Report report{.json = {{"proof", "attester"},
                           {"attester", to_text(by.signer)},
                           {"epoch", first.epoch},
                           {"anchors", {to_data(first.head), to_data(second.head)}}},
                  .words = to_text(by.signer) + " signed two anchors of epoch " + epoch + ", " + to_data(first.head) +
                           " and " + to_data(second.head) +
                           ". The proof stops the registry until the owner's 'commonwatt chain unpause'\n"};
    return court.submit(call, "AttesterEquivocated(address,uint64,bytes32,bytes32)", std::move(report));
  }
  return refuse("nothing is proved of epoch " + epoch + refusals);
}

}  // namespace

Outcome dispute_attester(const CourtOptions& options, const std::vector<std::string>& anchors) {
  if (anchors.size() != 2) return refuse("--anchor is given twice: two anchors of one epoch", status_usage);
  if (std::filesystem::is_directory(anchors[0]) && std::filesystem::is_directory(anchors[1]))
    return refuse("--anchor: one of the two is a transaction or a file, which says of which epoch", status_usage);
  Result<Court, Refusal> court = Court::open(options);
  if (!court) return Fail{court.error()};
  const Result<Pair, Refusal> pair = read_pair(court.value(), anchors);
  if (!pair) return Fail{pair.error()};
  if (const auto fault = pair_fault(*pair, court->state())) return refuse("nothing to prove: " + *fault);
  return prove(court.value(), *pair);
}

}  // namespace commonwatt
