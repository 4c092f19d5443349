#include "core/sha256.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>

#include <openssl/evp.h>

namespace commonwatt {
namespace {

struct Context {
  // Fetched once: the one-shot SHA256() of OpenSSL 3 looks the algorithm up anew for every call.
  std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm{EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free};
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> state{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

}  // namespace

Hash32 sha256(std::initializer_list<ByteView> parts) {
  thread_local const Context context;
  // Small parts are joined first: a call of OpenSSL costs more than copying what a tree's node is made of.
  std::array<std::uint8_t, 256> joined;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  std::size_t used = 0;
  Hash32 digest{};
  bool ok = EVP_DigestInit_ex(context.state.get(), context.algorithm.get(), nullptr) == 1;
  const auto update = [&ok](const std::uint8_t* bytes, std::size_t size) {
    ok = ok && EVP_DigestUpdate(context.state.get(), bytes, size) == 1;
  };
  for (const ByteView part : parts) {
    if (part.size() > joined.size() - used) {
      update(joined.data(), used);
      used = 0;
    }
    if (part.size() > joined.size()) {
      update(part.data(), part.size());
    } else {
      std::copy(part.begin(), part.end(), joined.begin() + static_cast<std::ptrdiff_t>(used));
      used += part.size();
    }
  }
  update(joined.data(), used);
  ok = ok && EVP_DigestFinal_ex(context.state.get(), digest.data(), nullptr) == 1;
  if (!ok) std::abort();  // Only an exhausted machine gets here; a wrong digest would be worse than a stop.
  return digest;
}

}  // namespace commonwatt
