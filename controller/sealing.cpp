#include "controller/sealing.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include <openssl/evp.h>

#include "controller/signing_keys.hpp"
#include "core/cbor.hpp"
#include "core/sha256.hpp"

namespace commonwatt {
namespace {

constexpr std::size_t tag_size = 16;

struct Cipher {
  // Fetched once: looking the algorithm up costs more than sealing a reading.
  std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> algorithm{EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr),
                                                                    EVP_CIPHER_free};
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> state{EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
};
EVP_CIPHER_CTX* cipher_state() {
  thread_local const Cipher cipher;
  if (EVP_CipherInit_ex2(cipher.state.get(), cipher.algorithm.get(), nullptr, nullptr, 1, nullptr) != 1) std::abort();
  return cipher.state.get();
}

enum class Direction : std::uint8_t { open, seal };

/// Only an exhausted machine fails here; going on with half a cipher would be worse than a stop.
void must(bool ok) {
  if (!ok) std::abort();
}

/// Ready for the text: key and nonce are set, and whose and which record it is counts.
EVP_CIPHER_CTX* begin(const DataKey& key, const SealedRecord& sealed, ByteView about, Direction direction) {
  EVP_CIPHER_CTX* state = cipher_state();
  must(EVP_CipherInit_ex2(state, nullptr, key.secret.data(), sealed.nonce.data(), static_cast<int>(direction),
                          nullptr) == 1);
  int size = 0;
  for (const ByteView part : {about, as_bytes(sealed.household ? sealed.household->text() : "")})
    must(EVP_CipherUpdate(state, nullptr, &size, part.data(), static_cast<int>(part.size())) == 1);
  return state;
}

}  // namespace

KeyName DataKey::name() const {
  const Hash32 digest = sha256(secret);
  KeyName name{};
  std::copy_n(digest.begin(), name.size(), name.begin());
  return name;
}

SealedRecord seal_record(const DataKey& key, ByteView about, ByteView text) {
  SealedRecord sealed{
      .household = key.household, .key = key.name(), .nonce = {}, .text = Bytes(text.size() + tag_size)};
  fill_random(sealed.nonce);
  EVP_CIPHER_CTX* state = begin(key, sealed, about, Direction::seal);
  int size = 0;
  must(EVP_CipherUpdate(state, sealed.text.data(), &size, text.data(), static_cast<int>(text.size())) == 1);
  must(EVP_CipherFinal_ex(state, sealed.text.data() + text.size(), &size) == 1);
  must(EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_GET_TAG, tag_size, sealed.text.data() + text.size()) == 1);
  return sealed;
}

std::optional<Bytes> open_record(const DataKey& key, const SealedRecord& sealed, ByteView about) {
  if (sealed.household != key.household || sealed.text.size() < tag_size) return std::nullopt;
  const std::size_t text_size = sealed.text.size() - tag_size;
  Bytes tag(sealed.text.begin() + static_cast<std::ptrdiff_t>(text_size), sealed.text.end());
  Bytes text(text_size + 1);  // Never empty: OpenSSL wants a place to write to.
  EVP_CIPHER_CTX* state = begin(key, sealed, about, Direction::open);
  int size = 0;
  must(EVP_CipherUpdate(state, text.data(), &size, sealed.text.data(), static_cast<int>(text_size)) == 1);
  must(EVP_CIPHER_CTX_ctrl(state, EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()) == 1);
  if (EVP_CipherFinal_ex(state, text.data() + text_size, &size) != 1) return std::nullopt;
  text.pop_back();
  return text;
}

}  // namespace commonwatt
