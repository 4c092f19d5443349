#include "controller/chain/secret_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <sys/stat.h>

namespace commonwatt {
namespace {

bool is_credential(const std::filesystem::path& file) {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  return directory != nullptr && *directory != '\0' && file.parent_path() == std::filesystem::path(directory);
}

}  // namespace

Result<Done, std::string> check_secret_file(const std::filesystem::path& file, const std::string& what) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return Fail{file.string() + ": " + std::strerror(errno)};
  if ((status.st_mode & (is_credential(file) ? 07U : 077U)) != 0) {
    return Fail{file.string() + ": others may read this " + what + "; run 'chmod 600' on it and consider a new " +
                what};
  }
  return Done{};
}

}  // namespace commonwatt
