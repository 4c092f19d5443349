// Asks whether a piece of code stops the program, by letting a child process run it.
#pragma once

#include <csignal>
#include <cstdlib>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace commonwatt {

/// True when `work` ends in abort(), as a failed assert or an overflow does; false when it returns.
template <class Work>
bool stops(Work work) {
  const pid_t child = fork();
  if (child == 0) {
    // Neither doctest's report nor a core file: the parent only wants the way the child ended.
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    std::signal(SIGABRT, SIG_DFL);
    close(STDERR_FILENO);
    work();
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return false;
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

}  // namespace commonwatt
