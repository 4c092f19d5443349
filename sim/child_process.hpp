// The processes of the demo: started as in the field, started again when they die, and ended with it.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/result.hpp"

namespace commonwatt {

/// A program with its arguments; argv[0] is the program's path.
struct ChildCommand {
  std::string name;  ///< for people and for processes.json
  std::vector<std::string> argv;
  std::filesystem::path log;  ///< gets standard output and standard error
};

/// Starts children and keeps them running, as systemd would. A child that exits is started again after `restart_delay`.
/// Children do not outlive this process.
class Supervisor {
 public:
  /// `on_death` is told the pid of every child that ended. `list_file` always names the pids that run.
  Supervisor(std::filesystem::path list_file, std::function<void(int)> on_death);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  Result<Done, std::string> start(const ChildCommand& command);
  /// Starts a child that is not started again, such as a window somebody may close.
  Result<Done, std::string> start_once(const ChildCommand& command);
  /// Notes the dead and starts them again. The error names a child that dies at once, again and again.
  Result<Done, std::string> tend();
  /// Asks the children whose name begins with `prefix` to end, waits for `patience`, then kills the rest.
  void stop(const std::string& prefix, std::chrono::milliseconds patience);
  [[nodiscard]] int restarts() const { return restarts_; }

  static constexpr std::chrono::milliseconds restart_delay{300};

 private:
  struct Child {
    ChildCommand command;
    int pid = 0;
    bool once = false;
    int quick_deaths = 0;
    std::chrono::steady_clock::time_point since{};
  };
  Result<Done, std::string> launch(Child& child);
  void reap();
  void write_list() const;

  std::filesystem::path list_file_;
  std::function<void(int)> on_death_;
  std::vector<Child> children_;
  int restarts_ = 0;
};

/// Runs a program to its end and returns what it printed; its standard error goes into a log. The error names the
/// command, its exit status and the last line it wrote there.
Result<std::string, std::string> run_to_end(const ChildCommand& command);

}  // namespace commonwatt
