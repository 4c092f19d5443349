#include "controller/settlement_shelf.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>

#include "controller/durable_file.hpp"

namespace commonwatt {
namespace {

constexpr std::string_view prefix = "settlement-";
constexpr std::string_view suffix = ".json";

}  // namespace

SettlementShelf::SettlementShelf(std::filesystem::path directory, const Hash32& community,
                                 std::set<EvmAddress> accounts)
    : directory_(std::move(directory)), community_(community), accounts_(std::move(accounts)) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(suffix)) continue;
    std::ostringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    const Result<SettlementProof, std::string> proof = settlement_proof_from_text(text.str());
    if (!proof || settlement_proof_fault(*proof) || proof->anchor.community != community_ ||
        !accounts_.contains(proof->account) || entry.path() != file_of(proof->anchor.epoch))
      continue;
    proofs_.emplace(proof->anchor.epoch, *proof);
  }
}

std::filesystem::path SettlementShelf::file_of(std::int64_t epoch) const {
  return directory_ / (std::string(prefix) + std::to_string(epoch) + std::string(suffix));
}

std::optional<std::string> SettlementShelf::fault(const SettlementProof& proof) const {
  if (std::optional<std::string> wrong = settlement_proof_fault(proof)) return wrong;
  if (proof.anchor.community != community_) return "it is of another community";
  if (!accounts_.contains(proof.account)) return "its account is not this household's";
  const std::int64_t epoch = proof.anchor.epoch;
  if (const auto same = proofs_.find(epoch); same != proofs_.end() && same->second != proof)
    return "it is another proof of an epoch than the one that came before";
  if (const auto before = proofs_.find(epoch - 1);
      before != proofs_.end() && (anchor_hash(before->second.anchor) != proof.anchor.previous ||
                                  before->second.anchor.log_size > proof.anchor.log_size))
    return "its anchor does not follow the one of the epoch before";
  if (const auto after = proofs_.find(epoch + 1);
      after != proofs_.end() && after->second.anchor.previous != anchor_hash(proof.anchor))
    return "the anchor of the epoch after does not follow it";
  return std::nullopt;
}

Result<Done, std::string> SettlementShelf::keep(const SettlementProof& proof) {
  const std::int64_t epoch = proof.anchor.epoch;
  const std::int64_t newest = proofs_.empty() ? epoch : std::max(epoch, proofs_.rbegin()->first);
  if (proofs_.contains(epoch) || epoch <= newest - kept_epochs) return Done{};
  if (auto done = write_durably(file_of(epoch), settlement_proof_text(proof)); !done) return done;
  proofs_.emplace(epoch, proof);
  while (proofs_.begin()->first <= newest - kept_epochs) {
    std::error_code ignored;
    std::filesystem::remove(file_of(proofs_.begin()->first), ignored);
    proofs_.erase(proofs_.begin());
  }
  return Done{};
}

std::int64_t SettlementShelf::complete_until() const {
  if (proofs_.empty()) return 0;
  std::int64_t epoch = proofs_.begin()->first;
  while (proofs_.contains(epoch + 1)) ++epoch;
  return epoch;
}

}  // namespace commonwatt
