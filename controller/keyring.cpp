#include "controller/keyring.hpp"

namespace commonwatt {

std::filesystem::path key_file(const std::filesystem::path& directory, KeyKind kind) {
  return directory / (std::string(to_text(kind)) + ".key");
}

Result<HouseholdKeys, std::string> HouseholdKeys::load(const std::filesystem::path& directory) {
  Result<SigningKey, std::string> order = SigningKey::load(KeyKind::order, key_file(directory, KeyKind::order));
  if (!order) return Fail{order.error()};
  Result<SigningKey, std::string> reading = SigningKey::load(KeyKind::reading, key_file(directory, KeyKind::reading));
  if (!reading) return Fail{reading.error()};
  Result<SigningKey, std::string> witness = SigningKey::load(KeyKind::log, key_file(directory, KeyKind::log));
  if (!witness) return Fail{witness.error()};
  return HouseholdKeys{.order = std::move(*order), .reading = std::move(*reading), .witness = std::move(*witness)};
}

Result<Done, std::string> make_keys(const std::filesystem::path& directory, const std::vector<KeyKind>& kinds) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error) std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (error) return Fail{directory.string() + ": " + error.message()};
  for (const KeyKind kind : kinds) {
    const std::filesystem::path file = key_file(directory, kind);
    if (std::filesystem::exists(file)) continue;
    Result<Done, std::string> saved = SigningKey::make(kind).save(file);
    if (!saved) return saved;
  }
  return Done{};
}

std::vector<Bytes> public_keys_ever(const std::filesystem::path& directory, KeyKind kind) {
  const std::string name = key_file(directory, kind).filename().string();
  std::vector<Bytes> keys;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string found = entry.path().filename().string();
    if (found != name && !found.starts_with(name + ".until-")) continue;
    const Result<SigningKey, std::string> key = SigningKey::load(kind, entry.path());
    if (key) keys.push_back(key->public_key());
  }
  return keys;
}

Result<SigningKey, std::string> rotate_key(const std::filesystem::path& directory, KeyKind kind, UtcTime now) {
  const std::filesystem::path file = key_file(directory, kind);
  const Result<SigningKey, std::string> old = SigningKey::load(kind, file);
  if (!old) return Fail{old.error()};
  const std::filesystem::path fresh_file = file.string() + ".new";
  SigningKey fresh = SigningKey::make(kind);
  // What a rotation that was cut short left there has never been in use.
  std::error_code error;
  std::filesystem::remove(fresh_file, error);
  const Result<Done, std::string> saved = fresh.save(fresh_file);
  if (!saved) return Fail{saved.error()};
  // The old key gets its second name first: at no moment is there no key.
  std::filesystem::create_hard_link(file, file.string() + ".until-" + std::to_string(now.seconds()), error);
  if (!error) std::filesystem::rename(fresh_file, file, error);
  if (error) return Fail{file.string() + ": " + error.message()};
  return fresh;
}

}  // namespace commonwatt
