// Reads a TOML file strictly: every key that is not asked for, every value of the wrong kind or out of range is an
// error with file, line and column. Nothing falls back to a default because it was misspelt.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"

namespace commonwatt {

struct IntegerRange {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

/// A table of the file. Missing optional keys give the default; everything else wrong is noted and a harmless value
/// returned, so that one run shows all faults.
class ConfigTable {
 public:
  /// Opens the file. Faults, that of a file that cannot be read or parsed included, are in `faults`.
  static ConfigTable open(const std::filesystem::path& file);
  /// The same for text that is at hand; `file` stands in the faults, and paths are relative to its directory.
  static ConfigTable from_text(const std::filesystem::path& file, std::string_view text);

  std::string text(const char* key, std::optional<std::string> otherwise = std::nullopt);
  /// A list of texts; empty when it is missing.
  std::vector<std::string> texts(const char* key);
  bool boolean(const char* key, bool otherwise);
  std::int64_t integer(const char* key, IntegerRange range, std::optional<std::int64_t> otherwise = std::nullopt);
  /// A number with or without a fraction; nothing when it is missing.
  std::optional<double> real(const char* key, double low, double high);
  /// Bytes written in hexadecimal, of the given length.
  Bytes hex(const char* key, std::size_t size);
  /// A file or directory; relative to the directory of the configuration file.
  std::filesystem::path path(const char* key, std::optional<std::string> otherwise = std::nullopt);
  [[nodiscard]] bool has(const char* key) const;
  /// Whether the key is there and its value a text, for keys that take a text or a number.
  [[nodiscard]] bool is_text(const char* key) const;
  /// All keys of the table in alphabetical order, for tables whose keys are names.
  [[nodiscard]] std::vector<std::string> keys() const;
  /// A subtable; an empty one when it is missing and optional.
  ConfigTable table(const char* key);
  std::vector<ConfigTable> tables(const char* key);

  /// Notes a fault at a key of this table: "FILE:LINE:COLUMN: KEY: what".
  void fault(const char* key, const std::string& what);
  /// How many faults of the file are noted so far.
  [[nodiscard]] std::size_t fault_count() const;
  /// Notes every key nobody asked for, here and in the subtables taken, and returns all faults of the file.
  [[nodiscard]] std::vector<std::string> finish();

 private:
  struct Document;
  struct Node;
  template <class Parse>
  static ConfigTable parsed(const std::filesystem::path& file, Parse parse);
  ConfigTable(std::shared_ptr<Document> document, std::shared_ptr<Node> node)
      : document_(std::move(document)), node_(std::move(node)) {}
  std::shared_ptr<Document> document_;
  std::shared_ptr<Node> node_;
};

}  // namespace commonwatt
