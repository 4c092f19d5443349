#include "controller/chain/contract_code.hpp"

#include <fstream>

#include <nlohmann/json.hpp>

#include "controller/chain/evm_types.hpp"

namespace commonwatt {
namespace {

/// What deploys a contract may have at most 49,152 bytes (EIP-3860); the file holds them in hexadecimal, and the ABI.
constexpr std::size_t code_size_max = 49'152;
constexpr std::size_t file_size_max = 1U << 20U;

}  // namespace

Result<Bytes, std::string> bytecode_from_text(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("bytecode") || !json["bytecode"].is_string())
    return Fail{std::string("is not JSON with a \"bytecode\"")};
  std::optional<Bytes> code = data_from(json["bytecode"].get<std::string>());
  if (!code || code->empty()) return Fail{std::string("its \"bytecode\" is not 0x and hexadecimal digits")};
  if (code->size() > code_size_max) return Fail{std::string("its \"bytecode\" is more than a chain takes (EIP-3860)")};
  return std::move(*code);
}

Result<Bytes, std::string> contract_code(const std::filesystem::path& directory, const std::string& name) {
  const std::filesystem::path path = directory / "out" / (name + ".json");
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Fail{path.string() + ": cannot be read; compile the contracts with '" + (directory / "compile").string() +
                "', or name their directory with --contracts"};
  }
  std::string text(file_size_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > file_size_max) return Fail{path.string() + ": is larger than such a file can be"};
  Result<Bytes, std::string> code = bytecode_from_text(text);
  if (!code) return Fail{path.string() + ": " + code.error() + "; compile the contracts again"};
  return code;
}

}  // namespace commonwatt
