// The data keys in `data_keys.sqlite` beside the journal, mode 0600. They belong to no backup of the journal: who has
// both reads everything, who deletes a key has erased what it sealed.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "controller/sealing.hpp"
#include "controller/sqlite.hpp"

namespace commonwatt {

inline constexpr const char* data_key_file = "data_keys.sqlite";

using DataKeys = std::map<KeyName, DataKey>;
/// The keys beside a journal; none where there is no file. A damaged key is left out. Throws SqliteError.
DataKeys read_data_keys(const std::filesystem::path& directory);

/// The keys of a journal that is written. All of it throws SqliteError.
class DataKeyStore {
 public:
  explicit DataKeyStore(const std::filesystem::path& directory);

  [[nodiscard]] const DataKeys& keys() const { return keys_; }
  /// The newest key of a household, or of the market, for that month; if there is none, a new one is made and on disk
  /// before this returns.
  const DataKey& current(const std::optional<HouseholdId>& household, std::int64_t month, std::int64_t sequence);
  /// A new key, on disk.
  const DataKey& make(const std::optional<HouseholdId>& household, std::int64_t month, std::int64_t sequence);
  /// Deletes keys for good: SQLite overwrites them with zeros and rewrites the file.
  void erase(const std::function<bool(const DataKey&)>& goes);

 private:
  SqliteDatabase database_;
  DataKeys keys_;
  std::map<std::pair<std::string, std::int64_t>, const DataKey*> current_;  // by household and month
};

}  // namespace commonwatt
