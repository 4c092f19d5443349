#include "meter/register_file.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>

namespace commonwatt {
namespace {

using Words = std::map<std::uint16_t, std::uint16_t>;

std::string_view next_token(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t\r"), line.size());
  const std::size_t end = std::min(line.find_first_of(" \t\r", begin), line.size());
  const std::string_view token = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return token;
}

template <class Number>
std::optional<Number> whole(std::string_view text, int base) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Puts a line's registers into its table. Fails in words.
Result<Done, std::string> take_line(std::string_view line, Words& holding, Words& input) {
  std::string_view token = next_token(line);
  if (token.empty()) return Done{};
  Words& table = token == "input" ? input : holding;
  if (token == "input" || token == "holding") token = next_token(line);
  if (!token.ends_with(':')) return Fail{"\"" + std::string(token) + "\" is not an address: write 40000: 5375 6E53"};
  const std::optional<std::uint16_t> first = whole<std::uint16_t>(token.substr(0, token.size() - 1), 10);
  if (!first) return Fail{"\"" + std::string(token) + "\" is not a wire address from 0 to 65535"};
  unsigned address = *first;
  for (token = next_token(line); !token.empty(); token = next_token(line), ++address) {
    const std::optional<std::uint16_t> word = token.size() == 4 ? whole<std::uint16_t>(token, 16) : std::nullopt;
    if (!word) return Fail{"\"" + std::string(token) + "\" is not a word of four hexadecimal digits"};
    if (address > 65535) return Fail{std::string("the line goes beyond address 65535")};
    if (!table.emplace(static_cast<std::uint16_t>(address), *word).second) {
      return Fail{"register " + std::to_string(address) + " is given twice"};
    }
  }
  return Done{};
}

std::vector<RegisterImage> runs_of(const Words& words) {
  std::vector<RegisterImage> runs;
  for (const auto& [address, word] : words) {
    if (runs.empty() || runs.back().address + runs.back().words.size() != address) runs.push_back({address, {}});
    runs.back().words.push_back(word);
  }
  return runs;
}

}  // namespace

Result<RegisterFile, std::string> parse_register_file(std::string_view text, std::string_view file_name) {
  Words holding;
  Words input;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    if (const Result<Done, std::string> taken = take_line(line, holding, input); !taken) {
      return Fail{std::string(file_name) + ":" + std::to_string(number) + ": " + taken.error()};
    }
  }
  if (holding.empty() && input.empty()) {
    return Fail{std::string(file_name) + ": no registers: write lines like 40000: 5375 6E53"};
  }
  return RegisterFile{.holding = runs_of(holding), .input = runs_of(input)};
}

DeviceRegisters device_of(RegisterFile file, std::uint8_t unit) {
  const auto shared = std::make_shared<const RegisterFile>(std::move(file));
  return {.unit = unit, .images = [shared](std::uint8_t function) {
            return function == 4 && !shared->input.empty() ? shared->input : shared->holding;
          }};
}

}  // namespace commonwatt
