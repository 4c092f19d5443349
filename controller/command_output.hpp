// How a command of the program ends: its exit status, what it complains of, and where its result goes.
#pragma once

#include <iosfwd>
#include <string>

#include "core/result.hpp"

namespace commonwatt {

/// Exit statuses as sysexits.h has them: a wrong option, and a file that is not as it should be.
inline constexpr int status_usage = 64;
inline constexpr int status_data = 65;

/// Says what is wrong, on a line of its own under the program's name, and returns the status.
int complain(std::ostream& errors, const std::string& what, int status);

/// Why a command ends, and with what status.
struct Refusal {
  std::string text;
  int status = 1;
};
Fail<Refusal> refuse(std::string text, int status = 1);

/// Writes a result to a file, or to `out` for `-`; a file that is there keeps what it has until the new one is whole.
/// Returns the exit status: 0, or 1 after saying what cannot be written.
int write_result(const std::string& path, const std::string& text, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
