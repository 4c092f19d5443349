#include "controller/chain/contract_domain.hpp"

#include <algorithm>

#include "controller/chain/evm_key.hpp"
#include "controller/evm_words.hpp"

namespace commonwatt {

Hash32 contract_digest(const Hash32& message, std::int64_t chain_id, const Address& contract) {
  static const Hash32 type =
      keccak256(as_bytes("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"));
  const Hash32 separator = EvmWords(type)
                               .hash(keccak256(as_bytes("Commonwatt")))
                               .hash(keccak256(as_bytes("1")))
                               .integer(chain_id)
                               .hash(word_of(number_of(contract.bytes)))
                               .digest();
  Bytes bytes{0x19, 0x01};
  bytes.insert(bytes.end(), separator.begin(), separator.end());
  bytes.insert(bytes.end(), message.begin(), message.end());
  return keccak256(bytes);
}

Result<std::vector<Bytes>, std::string> rising_signatures(const Hash32& digest, std::vector<Bytes> signatures) {
  std::vector<std::pair<Address, Bytes>> signed_by;
  for (Bytes& signature : signatures) {
    const std::optional<Address> signer = recover_signer(digest, signature);
    if (!signer) {
      return Fail{"signature " + std::to_string(signed_by.size() + 1) +
                  " does not hold (65 bytes, lower s, v 27 or 28)"};
    }
    signed_by.emplace_back(*signer, std::move(signature));
  }
  std::sort(signed_by.begin(), signed_by.end());
  std::vector<Bytes> ordered;
  for (std::size_t i = 0; i < signed_by.size(); ++i) {
    if (i > 0 && signed_by[i - 1].first == signed_by[i].first) {
      return Fail{to_text(signed_by[i].first) + " signed twice"};
    }
    ordered.push_back(std::move(signed_by[i].second));
  }
  return ordered;
}

}  // namespace commonwatt
