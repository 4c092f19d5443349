#include <fstream>
#include <iterator>
#include <sstream>

#include <doctest/doctest.h>

#include "controller/command_output.hpp"
#include "tests/controller/temporary_directory.hpp"

namespace commonwatt {
namespace {

TEST_CASE("a result goes to standard output for -, else into the file, and nowhere else") {
  const test::TemporaryDirectory directory;
  std::ostringstream out;
  std::ostringstream errors;
  CHECK(write_result("-", "figures\n", out, errors) == 0);
  CHECK(out.str() == "figures\n");
  const std::string file = (directory / "result").string();
  CHECK(write_result(file, "more\n", out, errors) == 0);
  CHECK(out.str() == "figures\n");
  std::ifstream in(file);
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == "more\n");
  CHECK(errors.str().empty());
}

TEST_CASE("what cannot be written is named, and ends with another status") {
  std::ostringstream out;
  std::ostringstream errors;
  CHECK(write_result("/nowhere/result", "text", out, errors) == 1);
  CHECK(errors.str() == "commonwatt: /nowhere/result: cannot be written\n");
  CHECK(write_result("/dev/full", "text", out, errors) == 1);  // A disk without room.
  CHECK(errors.str().ends_with("commonwatt: /dev/full: cannot be written\n"));
  out.setstate(std::ios::badbit);
  CHECK(write_result("-", "text", out, errors) == 1);
  CHECK(complain(errors, "no", status_data) == status_data);
}

}  // namespace
}  // namespace commonwatt
