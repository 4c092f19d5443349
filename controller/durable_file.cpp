#include "controller/durable_file.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace commonwatt {
namespace {

/// Each of these returns 0 or the system's error.
int close_synced(int fd, int error) {
  if (error == 0 && ::fsync(fd) != 0) error = errno;
  if (::close(fd) != 0 && error == 0) error = errno;
  return error;
}

int write_synced(const std::filesystem::path& file, std::string_view text) {
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

Result<Done, std::string> write_durably(const std::filesystem::path& file, std::string_view text) {
  const std::filesystem::path fresh = file.string() + ".new";
  int error = write_synced(fresh, text);
  if (error == 0 && ::rename(fresh.c_str(), file.c_str()) != 0) error = errno;
  if (error == 0) error = sync_directory(file.parent_path());
  if (error == 0) return Done{};
  ::unlink(fresh.c_str());
  return Fail{file.string() + ": " + std::generic_category().message(error)};
}

}  // namespace commonwatt
