#include "controller/attestations.hpp"

#include <algorithm>

#include "controller/sqlite.hpp"

namespace commonwatt {
namespace {

constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS attestation(epoch INTEGER NOT NULL, attester TEXT NOT NULL, head BLOB NOT NULL, signature BLOB NOT NULL, PRIMARY KEY(epoch, attester)) STRICT;
CREATE TABLE IF NOT EXISTS attested(id INTEGER PRIMARY KEY CHECK(id=1), epoch INTEGER NOT NULL) STRICT;
)";

}  // namespace

struct Attestations::Tables {
  explicit Tables(const std::filesystem::path& path) : file(path), database(path, OpenMode::read_write, schema) {}
  [[nodiscard]] Fail<std::string> failed(const SqliteError& error) const {
    return Fail{file.string() + ": " + error.what()};
  }
  std::filesystem::path file;
  SqliteDatabase database;
};

Attestations::Attestations(std::unique_ptr<Tables> tables, const ChainConfig& config)
    : tables_(std::move(tables)), config_(config) {
  SqlStatement attested = tables_->database.prepare("SELECT epoch FROM attested");
  if (attested.row()) attested_ = attested.integer(0);
}
Attestations::~Attestations() = default;

Result<std::unique_ptr<Attestations>, std::string> Attestations::open(const std::filesystem::path& file,
                                                                      const ChainConfig& config) {
  try {
    return std::unique_ptr<Attestations>(new Attestations(std::make_unique<Tables>(file), config));
  } catch (const SqliteError& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

Result<Done, std::string> Attestations::expect(const Anchor& anchor, Time now) {
  Epoch epoch{.anchor = anchor,
              .head = anchor_hash(anchor),
              .digest = anchor_digest(anchor, config_.domain),
              .since = now,
              .signatures = {}};
  if (const auto known = epochs_.find(anchor.epoch); known != epochs_.end() && known->second.head == epoch.head)
    return Done{};
  std::vector<std::pair<HouseholdId, Attestation>> kept;
  try {
    SqlStatement query =
        tables_->database.prepare("SELECT attester, signature FROM attestation WHERE epoch=? AND head=?");
    query.with(anchor.epoch, epoch.head);
    while (query.row()) {
      const std::optional<HouseholdId> attester = HouseholdId::from(query.text(0));
      const ByteView signature = query.blob(1);
      if (attester)
        kept.emplace_back(*attester, Attestation{anchor.epoch, epoch.head, Bytes(signature.begin(), signature.end())});
    }
  } catch (const SqliteError& error) {
    return tables_->failed(error);
  }
  Epoch& expected = epochs_.insert_or_assign(anchor.epoch, std::move(epoch)).first->second;
  // An attester may have got another address since, or be one no more.
  for (const auto& [attester, attestation] : kept) {
    if (!fault(attester, attestation)) expected.signatures[attester] = attestation.signature;
  }
  return count();
}

std::optional<std::string> Attestations::fault(const HouseholdId& attester, const Attestation& given) const {
  const auto known = std::find_if(config_.attesters.begin(), config_.attesters.end(),
                                  [&](const AttesterRecord& record) { return record.name == attester; });
  const std::string who = attester.text() + ": its attestation of epoch " + std::to_string(given.epoch);
  if (known == config_.attesters.end()) return who + " is refused: it is no attester of the configuration";
  const auto epoch = epochs_.find(given.epoch);
  if (epoch == epochs_.end()) return who + " is refused: the market has made no such anchor";
  if (given.head != epoch->second.head) {
    return who + " is refused: it signed another anchor, " + to_hex(given.head) + ", than the " +
           to_hex(epoch->second.head) + " that follows from the journal";
  }
  if (recover_signer(epoch->second.digest, given.signature) != known->address) {
    return who + " is refused: it is not signed with the key of " + to_text(known->address) +
           " for this chain and registry";
  }
  return std::nullopt;
}

Result<std::optional<std::string>, std::string> Attestations::take(const HouseholdId& attester,
                                                                   const Attestation& given) {
  // What is attested for good, and forgotten, needs no answer.
  if (given.epoch <= attested_ && !epochs_.contains(given.epoch)) return std::optional<std::string>();
  if (std::optional<std::string> refusal = fault(attester, given)) {
    if (std::exchange(told_[attester], true)) return std::optional<std::string>();
    return refusal;
  }
  told_[attester] = false;
  auto& signatures = epochs_.at(given.epoch).signatures;
  if (!signatures.contains(attester)) {
    try {
      tables_->database.prepare("INSERT OR REPLACE INTO attestation VALUES(?,?,?,?)")
          .with(given.epoch, attester.text(), given.head, given.signature)
          .run();
    } catch (const SqliteError& error) {
      return tables_->failed(error);
    }
    // From here it is on the disk and counts.
    signatures.emplace(attester, given.signature);
  }
  if (const Result<Done, std::string> counted = count(); !counted) return Fail{counted.error()};
  return std::optional<std::string>();
}

/// Moves on to the last epoch with a quorum behind which there is no gap.
Result<Done, std::string> Attestations::count() {
  std::int64_t attested = attested_;
  for (auto next = epochs_.find(attested + 1);
       next != epochs_.end() && static_cast<std::int64_t>(next->second.signatures.size()) >= config_.quorum;
       next = epochs_.find(attested + 1)) {
    ++attested;
  }
  if (attested == attested_) return Done{};
  try {
    tables_->database.prepare("INSERT OR REPLACE INTO attested VALUES(1,?)").with(attested).run();
    attested_ = attested;
    return Done{};
  } catch (const SqliteError& error) {
    return tables_->failed(error);
  }
}

std::optional<Attestations::Attested> Attestations::attested_anchor(std::int64_t epoch) const {
  const auto found = epochs_.find(epoch);
  if (epoch > attested_ || found == epochs_.end()) return std::nullopt;
  Attested attested{.anchor = found->second.anchor, .signatures = {}};
  for (const auto& [attester, signature] : found->second.signatures) {
    if (static_cast<std::int64_t>(attested.signatures.size()) < config_.quorum)
      attested.signatures.push_back(signature);
  }
  return attested;
}

void Attestations::forget(std::int64_t epoch) {
  epochs_.erase(epochs_.begin(), epochs_.upper_bound(std::min(epoch, attested_) - late_epochs));
}

std::optional<std::string> Attestations::silence(Time now) {
  const auto oldest = epochs_.find(attested_ + 1);
  std::string text;
  if (oldest != epochs_.end() && now - oldest->second.since >= silence_max) {
    std::string missing;
    for (const AttesterRecord& attester : config_.attesters) {
      if (!oldest->second.signatures.contains(attester.name)) missing += " " + attester.name.text();
    }
    text = "no epoch is attested after " + std::to_string(attested_) + ": a good signature is missing of" + missing +
           "; see that they run and reach the broker";
  }
  if (text == std::exchange(told_silence_, text) || text.empty()) return std::nullopt;
  return text;
}

}  // namespace commonwatt
