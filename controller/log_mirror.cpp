#include "controller/log_mirror.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace commonwatt {
namespace {

constexpr std::size_t leaf_size = Hash32{}.size();

/// Puts leaves behind the first `count`; what else there was is gone. What is lost with the power is asked for again.
/// Returns 0 or the system's error.
int write_leaves(const std::filesystem::path& file, std::int64_t count, std::span<const Hash32> leaves) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  const auto begin = static_cast<off_t>(count * static_cast<std::int64_t>(leaf_size));
  int error = ::ftruncate(fd, begin) == 0 ? 0 : errno;
  for (std::size_t done = 0; error == 0 && done < leaves.size() * leaf_size;) {
    const ssize_t size =
        ::pwrite(fd, leaves.front().data() + done, leaves.size() * leaf_size - done, begin + static_cast<off_t>(done));
    if (size > 0) done += static_cast<std::size_t>(size);
    if (size <= 0) error = size < 0 ? errno : ENOSPC;
  }
  if (::close(fd) != 0 && error == 0) error = errno;
  return error;
}

}  // namespace

std::vector<Hash32> read_log_leaves(const std::filesystem::path& file) {
  std::vector<Hash32> leaves;
  std::ifstream in(file, std::ios::binary);
  for (Hash32 leaf{}; in.read(reinterpret_cast<char*>(leaf.data()), leaf_size);) leaves.push_back(leaf);
  return leaves;
}

LogMirror::LogMirror(std::filesystem::path file) : file_(std::move(file)) {
  for (const Hash32& leaf : read_log_leaves(file_)) kept_.append(leaf);
}

void LogMirror::aim(const Checkpoint& checkpoint) {
  if (checkpoint.size <= target_.size) return;
  target_ = checkpoint;
  is_full_ = false;
  if (kept_.size() > target_.size) kept_ = {};  // Of another log, or damaged.
}

std::optional<std::int64_t> LogMirror::wanted() const {
  return !gave_up_ && !is_full_ && known() < target_.size ? std::optional(known()) : std::nullopt;
}

Result<Done, std::string> LogMirror::take(std::int64_t first, std::span<const Hash32> leaves) {
  if (gave_up_ || first != known()) return Done{};
  fresh_.insert(fresh_.end(), leaves.begin(), leaves.end());
  return known() >= target_.size && kept_.size() < target_.size ? keep() : Done{};
}

Result<Done, std::string> LogMirror::keep() {
  std::vector<Hash32> fresh = std::exchange(fresh_, {});
  fresh.resize(static_cast<std::size_t>(target_.size - kept_.size()));
  GrowingTree tree = kept_;
  for (const Hash32& leaf : fresh) tree.append(leaf);
  if (tree.root() == target_.root) {
    if (const int error = write_leaves(file_, kept_.size(), fresh); error != 0) {
      is_full_ = true;
      return Fail{file_.string() + ": " + std::generic_category().message(error)};
    }
    kept_ = std::move(tree);
    return Done{};
  }
  if (kept_.size() == 0) {
    gave_up_ = true;
    return Fail{"the log's leaves, as the controller hands them out, do not lead to the state of " +
                std::to_string(target_.size) + " entries that it signed"};
  }
  // The file was changed or is of another log: everything is asked for again.
  kept_ = {};
  return Done{};
}

}  // namespace commonwatt
