#include "controller/anchor_desk.hpp"

#include <algorithm>

#include "controller/journal_anchors.hpp"
#include "controller/log.hpp"
#include "controller/settlement_proof.hpp"
#include "core/sha256.hpp"

namespace commonwatt {
namespace {

std::optional<EvmAddress> account_of(const State& state, const HouseholdId& household) {
  const auto key = state.account_keys.find(household);
  return key == state.account_keys.end() ? std::nullopt : address_of_order_key(key->second);
}

VaultAccounts vault_accounts(const State& state) {
  VaultAccounts accounts{.households = {}, .known = state.vault_funds};
  for (const auto& [id, household] : state.households) {
    if (const std::optional<EvmAddress> account = account_of(state, id))
      accounts.households.emplace(Address{*account}, id);
  }
  return accounts;
}

}  // namespace

Result<std::unique_ptr<AnchorDesk>, std::string> AnchorDesk::open(const ChainConfig& config,
                                                                  const std::filesystem::path& directory,
                                                                  Journal& journal, Outgoing& outgoing,
                                                                  const State& state) {
  Result<std::unique_ptr<Anchoring>, std::string> anchoring =
      Anchoring::start(config, directory, vault_accounts(state));
  if (!anchoring) return Fail{anchoring.error()};
  std::unique_ptr<AnchorDesk> desk(new AnchorDesk(journal, outgoing));
  for (const AttesterRecord& attester : config.attesters) desk->attesters_.insert(attester.name);
  desk->anchoring_ = std::move(*anchoring);
  if (const Result<Done, std::string> done = desk->expect_stored(); !done) return Fail{done.error()};
  return desk;
}

/// What is not on the chain yet, from the journal: that is what a restart goes on with.
Result<Done, std::string> AnchorDesk::expect_stored() {
  for (std::int64_t epoch = anchoring_->first_wanted();; ++epoch) {
    const Result<std::optional<StoreAnchor>, std::string> stored = journal_.anchor(epoch);
    if (!stored) return Fail{stored.error()};
    if (!*stored) return Done{};
    anchoring_->expect((*stored)->anchor);
  }
}

void AnchorDesk::take(const HouseholdId& attester, UpTopic topic, const Bytes& payload) {
  if (topic == UpTopic::attestation) {
    const Result<Attestation, CborError> given = decode<Attestation>(payload);
    return given ? anchoring_->take(attester, *given) : refuse_unreadable(attester, topic);
  }
  if (topic != UpTopic::request) return;
  const Result<Request, CborError> request = decode<Request>(payload);
  if (!request) return refuse_unreadable(attester, topic);
  if (request->kind == RequestKind::journal) send_page(attester, *request);
}

void AnchorDesk::refuse_unreadable(const HouseholdId& attester, UpTopic topic) {
  if (!told_.insert(attester).second) return;
  log_line(Severity::warning, attester.text(),
           std::string("an unreadable message on ") + to_text(topic) + " was refused; update the attester");
}

void AnchorDesk::send_page(const HouseholdId& attester, const Request& request) {
  if (request.after < 0 || request.offset < 0) return;
  const Result<JournalExtract, std::string> extract = journal_.extract(request.after);
  if (!extract) {
    if (told_.insert(attester).second)
      log_line(Severity::alarm, attester.text(), "cannot be told of the journal: " + extract.error());
    return;
  }
  const Bytes encoding = encode(*extract);
  const auto size = static_cast<std::int64_t>(encoding.size());
  JournalPage page{.after = request.after,
                   .extract_hash = sha256(encoding),
                   .size = size,
                   .offset = std::min(request.offset, size),
                   .part = {},
                   .entries = journal_.sequence(),
                   .attested = anchoring_->status().attested};
  const auto begin = encoding.begin() + page.offset;
  page.part.assign(begin, begin + std::min(size - page.offset, static_cast<std::int64_t>(journal_part_max)));
  outgoing_.add(down_topic(attester, DownTopic::journal), encode(page));
}

void AnchorDesk::publish(const StoreAnchor& store, const State& state) {
  anchoring_->expect(store.anchor);
  const SettlementTree tree(store.leaves);
  for (const auto& [id, household] : state.households) {
    const std::optional<EvmAddress> account = account_of(state, id);
    if (!account) continue;
    const std::optional<SettlementProof> proof = settlement_proof_of(store.anchor, store.leaves, tree, *account);
    if (proof) outgoing_.add(down_topic(id, DownTopic::settlement), encode(*proof));
  }
}

void AnchorDesk::publish_newest(const State& state) {
  const Result<std::optional<StoreAnchor>, std::string> stored = journal_.anchor(state.anchor_tip.epoch);
  if (stored && *stored && !(*stored)->leaves.empty()) publish(**stored, state);
}

void AnchorDesk::send_settlements(const HouseholdId& household, std::int64_t after, const State& state) {
  const std::optional<EvmAddress> account = account_of(state, household);
  if (!account) return;
  const std::int64_t newest = state.anchor_tip.epoch;
  for (std::int64_t epoch = std::max(after, newest - kept_leaves_epochs) + 1; epoch <= newest; ++epoch) {
    const Result<std::optional<StoreAnchor>, std::string> stored = journal_.anchor(epoch);
    if (!stored || !*stored || (*stored)->leaves.empty()) continue;
    const SettlementTree tree((*stored)->leaves);
    const std::optional<SettlementProof> proof =
        settlement_proof_of((*stored)->anchor, (*stored)->leaves, tree, *account);
    if (proof) outgoing_.add(down_topic(household, DownTopic::settlement), encode(*proof));
  }
}

}  // namespace commonwatt
