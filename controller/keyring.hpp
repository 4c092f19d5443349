// The three keys of a household, or the one of a controller, in a directory.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "controller/signing_keys.hpp"
#include "core/time.hpp"

namespace commonwatt {

struct HouseholdKeys {
  SigningKey order;
  SigningKey reading;
  SigningKey witness;

  static Result<HouseholdKeys, std::string> load(const std::filesystem::path& directory);
};

std::filesystem::path key_file(const std::filesystem::path& directory, KeyKind kind);

/// Makes the keys that are missing, in a directory of mode 0700.
Result<Done, std::string> make_keys(const std::filesystem::path& directory, const std::vector<KeyKind>& kinds);

/// The public keys of the key there and of those it took the place of (rotate_key). Files that hold none are passed
/// over.
std::vector<Bytes> public_keys_ever(const std::filesystem::path& directory, KeyKind kind);

/// Puts a new key in the place of the old one, which stays beside it as KIND.key.until-TIME: what it signed must stay
/// provable. The new public key has to be registered with the operator before it is used.
Result<SigningKey, std::string> rotate_key(const std::filesystem::path& directory, KeyKind kind, UtcTime now);

}  // namespace commonwatt
