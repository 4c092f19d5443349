// Whatever somebody put into a transaction as a call of the registry's anchor(a, signatures): it is refused, or the
// anchor is what stands there, and nobody has signed it for a registry nobody knows.
#include <algorithm>
#include <cstdlib>

#include "controller/chain/attester_evidence.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace commonwatt;
  const ByteView call(data, size);
  const std::optional<SignedAnchor> made = anchor_from_call(call);
  if (!made) return 0;
  constexpr std::size_t selector_size = 4;
  for (std::size_t i = 0; i < made->anchor.words.size(); ++i) {
    const Hash32& word = made->anchor.words[i];
    if (!std::equal(word.begin(), word.end(), data + selector_size + i * word.size())) std::abort();
  }
  for (const Bytes& signature : made->signatures) {
    if (signature.size() > size) std::abort();
  }
  const AnchorDomain domain{.chain_id = 1, .registry = Address{{1}}};
  for (const SignedTwice& by : signers_of_both(*made, *made, domain)) {
    if (by.first != by.second) std::abort();
    if (prove_attester_call(made->anchor, made->anchor, by).size() < 2 * 7 * sizeof(Hash32)) std::abort();
  }
  return 0;
}
