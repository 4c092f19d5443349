#include "controller/csv_rows.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

namespace commonwatt {

Result<std::string, std::string> read_text(const std::string& path) {
  const auto all_of = [](std::istream& in) {
    return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  };
  if (path == "-") {
    std::string text = all_of(std::cin);
    if (std::cin.bad()) return Fail{std::string("standard input cannot be read")};
    return text;
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return Fail{path + ": is a directory"};
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail{path + ": " + std::strerror(errno)};
  std::string text = all_of(file);
  if (file.bad() || text.empty()) return Fail{path + ": nothing can be read from it"};
  return text;
}

std::string quoted(const char* text) {
  constexpr std::size_t shown_max = 60;
  const std::string all(text);
  return "'" + (all.size() > shown_max ? all.substr(0, shown_max) + "..." : all) + "'";
}

std::int64_t whole_number(const char* column, const char* text, std::int64_t low, std::int64_t high) {
  std::int64_t number = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, number);
  const bool is_number = stop == end && stop != text;
  if (is_number && error == std::errc() && number >= low && number <= high) return number;
  throw RowError{std::string(column) + " " + quoted(text) + " is not a whole number from " + std::to_string(low) +
                 " to " + std::to_string(high)};
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"") == std::string::npos) return text;
  std::string field = "\"";
  for (const char character : text) field += character == '"' ? std::string("\"\"") : std::string(1, character);
  return field + "\"";
}

std::optional<std::string> zero_byte(const std::string& name, const std::string& text) {
  const std::size_t at = text.find('\0');
  if (at == std::string::npos) return std::nullopt;
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  return name + ":" + std::to_string(line) + ": a zero byte; this is not a text file";
}

}  // namespace commonwatt
