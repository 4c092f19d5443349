#include "controller/command_output.hpp"

#include <fstream>
#include <ostream>

namespace commonwatt {

int complain(std::ostream& errors, const std::string& what, int status) {
  errors << "commonwatt: " << what << "\n";
  return status;
}

int write_result(const std::string& path, const std::string& text, std::ostream& out, std::ostream& errors) {
  if (path == "-") {
    out << text;
    return out.flush().good() ? 0 : complain(errors, "standard output cannot be written", 1);
  }
  std::ofstream file(path, std::ios::binary);
  file << text;
  return file.flush().good() ? 0 : complain(errors, path + ": cannot be written", 1);
}

}  // namespace commonwatt
