#include "controller/chain/transaction.hpp"

#include <cassert>

#include "controller/chain/rlp.hpp"
#include "controller/keccak.hpp"

namespace commonwatt {
namespace {

/// The envelope of EIP-2718: the type before the list. Without a signature it is what is signed.
Bytes envelope(const EvmTransaction& transaction, const EvmSignature* signature) {
  const Bytes to = transaction.to ? rlp_string(transaction.to->bytes) : rlp_string({});
  const Bytes chain_id = rlp_integer(transaction.chain_id);
  const Bytes nonce = rlp_integer(transaction.nonce);
  const Bytes tip_max = rlp_integer(transaction.tip_max);
  const Bytes fee_max = rlp_integer(transaction.fee_max);
  const Bytes gas_limit = rlp_integer(transaction.gas_limit);
  const Bytes value = rlp_integer(transaction.value);
  const Bytes data = rlp_string(transaction.data);
  const Bytes access_list = rlp_list({});
  Bytes list;
  if (signature == nullptr) {
    list = rlp_list({chain_id, nonce, tip_max, fee_max, gas_limit, to, value, data, access_list});
  } else {
    // r and s are numbers here: their leading zero bytes go.
    const Bytes y_parity = rlp_integer(signature->y_parity);
    const Bytes r = rlp_integer(number_of(signature->r));
    const Bytes s = rlp_integer(number_of(signature->s));
    list = rlp_list({chain_id, nonce, tip_max, fee_max, gas_limit, to, value, data, access_list, y_parity, r, s});
  }
  list.insert(list.begin(), 0x02);
  return list;
}

}  // namespace

Result<SignedTransaction, std::string> sign_transaction(const EvmTransaction& transaction, const EvmSigner& signer) {
  assert(transaction.chain_id > 0 && transaction.nonce >= 0 && transaction.gas_limit > 0);
  const Result<EvmSignature, std::string> signature = signer.sign(keccak256(envelope(transaction, nullptr)));
  if (!signature) return Fail{signature.error()};
  SignedTransaction made{.raw = envelope(transaction, &*signature)};
  made.hash = keccak256(made.raw);
  return made;
}

}  // namespace commonwatt
