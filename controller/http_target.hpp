// What a GET asks for: the target of an HTTP request (RFC 9112 section 3.2.1), taken apart.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace commonwatt {

struct HttpRequest {
  std::string path;                          ///< percent-decoded, begins with '/', without the query
  std::map<std::string, std::string> query;  ///< decoded; of a name given twice the first counts
};

/// The request of a target in origin form; nothing when an escape is broken, a character is NUL, or there are more than
/// 16 query fields.
std::optional<HttpRequest> parse_http_target(std::string_view target);

}  // namespace commonwatt
