// While it lives no file of this process grows beyond a size, as on a disk that is full.
#pragma once

#include <csignal>
#include <stdexcept>

#include <sys/resource.h>

namespace commonwatt::test {

class FullDisk {
 public:
  explicit FullDisk(rlim_t size = 0) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    if (::getrlimit(RLIMIT_FSIZE, &before_) != 0) throw std::runtime_error("getrlimit");
    const rlimit full{.rlim_cur = size, .rlim_max = before_.rlim_max};
    if (::setrlimit(RLIMIT_FSIZE, &full) != 0) throw std::runtime_error("setrlimit");
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace commonwatt::test
