// Asks the controller's HTTP API, as any other program would.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace commonwatt {

class ApiReader {
 public:
  /// `base` is "http://127.0.0.1:PORT".
  explicit ApiReader(std::string base);
  ~ApiReader();
  ApiReader(const ApiReader&) = delete;
  ApiReader& operator=(const ApiReader&) = delete;

  /// The body of an answer with status 200; nothing otherwise.
  std::optional<std::string> get(const std::string& path);

 private:
  std::string base_;
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace commonwatt
