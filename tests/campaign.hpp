// How many random cases a test tries. A campaign tries more of them, from other seeds; CI tries the usual number.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

namespace commonwatt::test {

inline std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

/// The usual number, times COMMONWATT_CASES_TIMES.
inline std::uint64_t cases(std::uint64_t usual) {
  return usual * number_from_environment("COMMONWATT_CASES_TIMES", 1);
}

/// The seed of a test, moved by COMMONWATT_SEED_OFFSET.
inline std::uint64_t seed(std::uint64_t usual) {
  return usual + number_from_environment("COMMONWATT_SEED_OFFSET", 0);
}

}  // namespace commonwatt::test
