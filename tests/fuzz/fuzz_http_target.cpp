// The target of any request that reaches the HTTP API.
#include <cstdint>
#include <cstdlib>

#include "controller/http_target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  const std::optional<commonwatt::HttpRequest> request = commonwatt::parse_http_target(target);
  if (request &&
      (request->path.empty() || request->path.front() != '/' || request->path.find('\0') != std::string::npos))
    std::abort();
  return 0;
}
