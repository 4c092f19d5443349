#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "market/delivery.hpp"

namespace commonwatt {
namespace {

TEST_CASE("every reason has a name and an explanation of its own") {
  std::vector<std::string> texts;
  for (int i = 0; i <= static_cast<int>(enum_last(ReadingReject{})); ++i) {
    texts.emplace_back(to_text(static_cast<ReadingReject>(i)));
    texts.emplace_back(explain(static_cast<ReadingReject>(i)));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    CHECK_FALSE(texts[i].empty());
    for (std::size_t j = 0; j < i; ++j) CHECK(texts[i] != texts[j]);
  }
}

}  // namespace
}  // namespace commonwatt
