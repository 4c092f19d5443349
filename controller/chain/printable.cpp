#include "controller/chain/printable.hpp"

#include <algorithm>

namespace commonwatt {

std::string printable(std::string_view text) {
  constexpr std::size_t length_max = 200;
  std::string kept(text.substr(0, length_max));
  std::replace_if(
      kept.begin(), kept.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  if (text.size() > length_max) kept += "...";
  return kept;
}

}  // namespace commonwatt
