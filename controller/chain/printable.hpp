// Texts that strangers wrote, made fit for an error or a log.
#pragma once

#include <string>
#include <string_view>

namespace commonwatt {

/// At most 200 characters; whatever is not printable ASCII is a '?'.
std::string printable(std::string_view text);

}  // namespace commonwatt
