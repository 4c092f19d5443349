#include "controller/command_output.hpp"

#include <filesystem>
#include <fstream>
#include <ostream>
#include <system_error>

namespace commonwatt {
namespace {

bool is_put_into(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return file.good();
}

/// A file that is there stays whole until the new one is: first beside it, then in its place.
bool is_written(const std::filesystem::path& path, const std::string& text) {
  std::error_code error;
  const std::filesystem::file_status before = std::filesystem::status(path, error);
  if (std::filesystem::exists(before) && !std::filesystem::is_regular_file(before)) return is_put_into(path, text);
  const std::filesystem::path place = std::filesystem::weakly_canonical(path, error);
  const std::filesystem::path beside = place.string() + ".new";
  bool done = !error && is_put_into(beside, text);
  if (done && std::filesystem::exists(before)) std::filesystem::permissions(beside, before.permissions(), error);
  if (done) std::filesystem::rename(beside, place, error);
  done = done && !error;
  if (!done) std::filesystem::remove(beside, error);
  return done;
}

}  // namespace

int complain(std::ostream& errors, const std::string& what, int status) {
  errors << "commonwatt: " << what << "\n";
  return status;
}

Fail<Refusal> refuse(std::string text, int status) {
  return Fail{Refusal{.text = std::move(text), .status = status}};
}

int write_result(const std::string& path, const std::string& text, std::ostream& out, std::ostream& errors) {
  if (path == "-") {
    out << text;
    return out.flush().good() ? 0 : complain(errors, "standard output cannot be written", 1);
  }
  return is_written(path, text) ? 0 : complain(errors, path + ": cannot be written", 1);
}

}  // namespace commonwatt
