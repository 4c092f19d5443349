#include "sim/child_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace commonwatt {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int quick_deaths_max = 5;
constexpr std::chrono::seconds quick{2};

[[noreturn]] void become(std::vector<char*>& argv, int out, int log, int parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);  // The parent died before the line above.
  ::setpgid(0, 0);                        // Ctrl-C reaches the demo alone, which ends the children in order.
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execvp(argv.front(), argv.data());
  ::_exit(127);
}

/// Starts a command whose standard output goes to `out`, or into its log when that is below zero. Returns its pid.
Result<int, std::string> spawn(ChildCommand command, int out) {
  const int log = ::open(command.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return Fail{command.log.string() + ": " + std::strerror(errno)};
  std::vector<char*> argv;
  for (std::string& argument : command.argv) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const int parent = ::getpid();
  const int pid = ::fork();
  if (pid == 0) become(argv, out < 0 ? log : out, log, parent);
  ::close(log);
  if (pid < 0) return Fail{command.name + " cannot be started: " + std::strerror(errno)};
  return pid;
}

std::string last_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string last;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace

Result<std::string, std::string> run_to_end(const ChildCommand& command) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return Fail{command.name + ": " + std::strerror(errno)};
  const Result<int, std::string> pid = spawn(command, ends[1]);
  ::close(ends[1]);
  std::string said;
  std::array<char, 4096> part{};
  for (ssize_t got = 0; pid && (got = ::read(ends[0], part.data(), part.size())) > 0;)
    said.append(part.data(), static_cast<std::size_t>(got));
  ::close(ends[0]);
  if (!pid) return Fail{pid.error()};
  int status = 0;
  ::waitpid(*pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return said;
  const std::string how = WIFEXITED(status) ? "ended with " + std::to_string(WEXITSTATUS(status)) : "was killed";
  return Fail{command.name + " " + how + ": " + last_line(command.log)};
}

Supervisor::Supervisor(std::filesystem::path list_file, std::function<void(int)> on_death)
    : list_file_(std::move(list_file)), on_death_(std::move(on_death)) {}

Supervisor::~Supervisor() {
  stop("", std::chrono::milliseconds(3000));
}

Result<Done, std::string> Supervisor::launch(Child& child) {
  const Result<int, std::string> pid = spawn(child.command, -1);
  if (!pid) return Fail{pid.error()};
  child.pid = *pid;
  child.since = SteadyClock::now();
  write_list();
  return Done{};
}

Result<Done, std::string> Supervisor::start(const ChildCommand& command) {
  children_.push_back({.command = command});
  return launch(children_.back());
}

Result<Done, std::string> Supervisor::start_once(const ChildCommand& command) {
  children_.push_back({.command = command, .once = true});
  return launch(children_.back());
}

void Supervisor::reap() {
  for (Child& child : children_) {
    int status = 0;
    if (child.pid == 0 || ::waitpid(child.pid, &status, WNOHANG) != child.pid) continue;
    on_death_(child.pid);
    const bool was_quick = SteadyClock::now() - child.since < quick;
    child.quick_deaths = was_quick ? child.quick_deaths + 1 : 0;
    child.pid = 0;
    child.since = SteadyClock::now();
    write_list();
  }
}

Result<Done, std::string> Supervisor::tend() {
  reap();
  for (Child& child : children_) {
    if (child.pid != 0 || child.once || SteadyClock::now() - child.since < restart_delay) continue;
    if (child.quick_deaths >= quick_deaths_max) {
      return Fail{child.command.name + " dies as soon as it is started; its log is " + child.command.log.string()};
    }
    ++restarts_;
    Result<Done, std::string> launched = launch(child);
    if (!launched) return launched;
  }
  return Done{};
}

void Supervisor::stop(const std::string& prefix, std::chrono::milliseconds patience) {
  const auto chosen = [&](const Child& child) { return child.command.name.starts_with(prefix); };
  for (const Child& child : children_) {
    if (chosen(child) && child.pid != 0) ::kill(child.pid, SIGTERM);
  }
  const auto runs = [&](const Child& child) { return chosen(child) && child.pid != 0; };
  const auto until = SteadyClock::now() + patience;
  while (std::any_of(children_.begin(), children_.end(), runs) && SteadyClock::now() < until) {
    reap();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  for (const Child& child : children_) {
    if (!runs(child)) continue;
    ::kill(child.pid, SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
    on_death_(child.pid);
  }
  std::erase_if(children_, chosen);
  write_list();
}

void Supervisor::write_list() const {
  const std::filesystem::path fresh = list_file_.string() + ".new";
  std::ofstream out(fresh);
  out << "{";
  const char* separator = "";
  for (const Child& child : children_) {
    if (child.pid == 0) continue;
    out << separator << "\"" << child.command.name << "\": " << child.pid;
    separator = ", ";
  }
  out << "}\n";
  out.close();
  std::error_code ignored;
  std::filesystem::rename(fresh, list_file_, ignored);
}

}  // namespace commonwatt
