// Telegrams and dumps of real devices, which are not part of the project: where they are, and what is in them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/bytes.hpp"

namespace commonwatt {

/// A folder of the reference data; it need not exist.
inline std::filesystem::path reference_data(const std::filesystem::path& folder) {
  const char* const configured = std::getenv("COMMONWATT_REFERENCE_DATA");
  const std::filesystem::path root = configured != nullptr ? configured : COMMONWATT_SOURCE_DIR "/../shared/data";
  return root / folder;
}

inline Bytes octets_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

}  // namespace commonwatt
