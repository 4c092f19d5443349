// Register dumps of real devices, which are not part of the project: where they are, and how to serve one from memory.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "meter/sunspec.hpp"
#include "sim/register_image.hpp"

namespace commonwatt {

inline std::filesystem::path sunspec_dumps() {
  const char* const configured = std::getenv("COMMONWATT_REFERENCE_DATA");
  const std::filesystem::path root = configured != nullptr ? configured : COMMONWATT_SOURCE_DIR "/../shared/data";
  return root / "meters" / "sunspec";
}

/// The runs of "address: hex words" lines, joined where they touch.
inline std::vector<RegisterImage> read_dump(const std::filesystem::path& path) {
  std::vector<RegisterImage> runs;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t colon = line.find(':');
    const auto address = static_cast<std::uint16_t>(std::stoul(line.substr(0, colon)));
    if (runs.empty() || runs.back().address + runs.back().words.size() != address) runs.push_back({address, {}});
    std::istringstream words(line.substr(colon + 1));
    for (std::string word; words >> word;) {
      runs.back().words.push_back(static_cast<std::uint16_t>(std::stoul(word, nullptr, 16)));
    }
  }
  return runs;
}

/// A device with these registers and no others, which takes requests of up to 125.
inline ReadRegisters reader_of(std::vector<RegisterImage> runs) {
  return [runs = std::move(runs)](std::uint16_t address,
                                  std::uint16_t count) -> Result<std::vector<std::uint16_t>, MeterError> {
    for (const RegisterImage& run : runs) {
      if (count > sunspec_request_words_max || address < run.address) continue;
      if (address + count > run.address + static_cast<int>(run.words.size())) continue;
      const auto first = run.words.begin() + (address - run.address);
      return std::vector<std::uint16_t>(first, first + count);
    }
    return Fail{MeterError{MeterFault::refused, "exception 2"}};
  };
}

}  // namespace commonwatt
