#include "controller/settlement_shelf.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace commonwatt {
namespace {

constexpr std::string_view prefix = "settlement-";
constexpr std::string_view suffix = ".json";

/// Each of these returns 0 or the system's error.
int close_synced(int fd, int error) {
  if (error == 0 && ::fsync(fd) != 0) error = errno;
  if (::close(fd) != 0 && error == 0) error = errno;
  return error;
}

int write_durably(const std::filesystem::path& file, std::string_view text) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  int error = 0;
  while (error == 0 && !text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size > 0) text.remove_prefix(static_cast<std::size_t>(size));
    if (size <= 0) error = size < 0 ? errno : ENOSPC;
  }
  return close_synced(fd, error);
}

/// A new name is there for good when the directory is.
int sync_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? errno : close_synced(fd, 0);
}

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
  const std::filesystem::path file = file_of(epoch);
  const std::filesystem::path fresh = file.string() + ".new";
  int error = write_durably(fresh, settlement_proof_text(proof));
  if (error == 0 && ::rename(fresh.c_str(), file.c_str()) != 0) error = errno;
  if (error == 0) error = sync_directory(directory_);
  if (error != 0) {
    ::unlink(fresh.c_str());
    return Fail{file.string() + ": " + std::generic_category().message(error)};
  }
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
