#include "controller/data_keys.hpp"

#include <algorithm>

#include "controller/signing_keys.hpp"

namespace commonwatt {
namespace {

// The market's keys have an empty household.
constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS data_key(name BLOB PRIMARY KEY, household TEXT NOT NULL, month INTEGER NOT NULL, "
    "first_sequence INTEGER NOT NULL, secret BLOB NOT NULL) STRICT;";

std::string owner_text(const std::optional<HouseholdId>& household) {
  return household ? household->text() : "";
}

DataKeys read_keys(SqliteDatabase& database) {
  DataKeys keys;
  SqlStatement all =
      database.prepare("SELECT name, household, month, first_sequence, secret FROM data_key ORDER BY first_sequence");
  while (all.row()) {
    DataKey key{.household = HouseholdId::from(all.text(1)),
                .month = all.integer(2),
                .first_sequence = all.integer(3),
                .secret = {}};
    const ByteView secret = all.blob(4);
    if (secret.size() != key.secret.size()) continue;
    std::copy(secret.begin(), secret.end(), key.secret.begin());
    const KeyName name = key.name();
    const ByteView kept = all.blob(0);
    if (std::equal(name.begin(), name.end(), kept.begin(), kept.end())) keys[name] = key;
  }
  return keys;
}

}  // namespace

DataKeys read_data_keys(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / data_key_file;
  if (!std::filesystem::exists(file)) return {};
  SqliteDatabase database(file, OpenMode::read_only, "");
  return read_keys(database);
}

DataKeyStore::DataKeyStore(const std::filesystem::path& directory)
    : database_(directory / data_key_file, OpenMode::single_file, schema) {
  keys_ = read_keys(database_);
  for (const auto& [name, key] : keys_) {
    const DataKey*& newest = current_[{owner_text(key.household), key.month}];
    if (newest == nullptr || newest->first_sequence < key.first_sequence) newest = &key;
  }
}

const DataKey& DataKeyStore::current(const std::optional<HouseholdId>& household, std::int64_t month,
                                     std::int64_t sequence) {
  const auto found = current_.find({owner_text(household), month});
  return found == current_.end() ? make(household, month, sequence) : *found->second;
}

const DataKey& DataKeyStore::make(const std::optional<HouseholdId>& household, std::int64_t month,
                                  std::int64_t sequence) {
  const DataKey key{.household = household, .month = month, .first_sequence = sequence, .secret = random_hash()};
  const KeyName name = key.name();
  database_.prepare("INSERT INTO data_key VALUES(?,?,?,?,?)")
      .with(ByteView(name), owner_text(household), month, sequence, key.secret)
      .run();
  const DataKey& kept = keys_[name] = key;
  current_[{owner_text(household), month}] = &kept;
  return kept;
}

void DataKeyStore::erase(const std::function<bool(const DataKey&)>& goes) {
  SqlStatement remove = database_.prepare("DELETE FROM data_key WHERE name=?");
  std::size_t removed = 0;
  for (const auto& [name, key] : keys_) {
    if (!goes(key)) continue;
    remove.with(ByteView(name)).run();
    ++removed;
  }
  if (removed == 0) return;
  database_.execute("VACUUM");
  std::erase_if(current_, [&](const auto& entry) { return goes(*entry.second); });
  std::erase_if(keys_, [&](const auto& entry) { return goes(entry.second); });
}

}  // namespace commonwatt
