// Ledgers with balances drawn by lot, and an order key for each household in them.
#pragma once

#include <map>
#include <vector>

#include <secp256k1.h>

#include "core/sha256.hpp"
#include "market/ledger.hpp"
#include "tests/market/books.hpp"

namespace commonwatt::test {

/// Some postings between households, utility and the operator's accounts; escrow stays empty.
inline Ledger random_ledger(Random& random, std::size_t households) {
  std::vector<Account> accounts;
  for (std::size_t i = 0; i < households; ++i) {
    accounts.push_back({.kind = AccountKind::household, .household = HouseholdId::from("hh" + std::to_string(i))});
  }
  for (const AccountKind kind :
       {AccountKind::utility, AccountKind::fees, AccountKind::losses, AccountKind::rounding, AccountKind::bank}) {
    accounts.push_back({.kind = kind, .household = {}});
  }
  const auto last = static_cast<std::int64_t>(accounts.size()) - 1;
  std::vector<Posting> postings;
  for (std::size_t i = 0; i < 4 * accounts.size(); ++i) {
    // Every account takes part, the rest by lot.
    const auto debit = i < accounts.size() ? i : static_cast<std::size_t>(between(random, 0, last));
    const auto credit = (debit + static_cast<std::size_t>(between(random, 1, last))) % accounts.size();
    postings.push_back({.debit = accounts[debit],
                        .credit = accounts[credit],
                        .amount = Money{between(random, 1, std::int64_t{1} << between(random, 1, 55))},
                        .kind = PostingKind::energy});
  }
  Ledger ledger;
  ledger.post(postings);
  return ledger;
}

/// The public key whose secret is the SHA-256 of the household's name.
inline std::map<HouseholdId, Bytes> order_keys_of(const Ledger& ledger) {
  std::map<HouseholdId, Bytes> keys;
  secp256k1_context* curve = secp256k1_context_create(SECP256K1_CONTEXT_SIGN);
  for (const auto& [account, balance] : ledger.balances()) {
    if (!account.household) continue;
    const Hash32 secret = sha256(as_bytes(account.household->text()));
    secp256k1_pubkey point;
    if (secp256k1_ec_pubkey_create(curve, &point, secret.data()) != 1) std::abort();
    Bytes& key = keys[*account.household];
    key.resize(33);
    std::size_t size = key.size();
    secp256k1_ec_pubkey_serialize(curve, key.data(), &size, &point, SECP256K1_EC_COMPRESSED);
  }
  secp256k1_context_destroy(curve);
  return keys;
}

}  // namespace commonwatt::test
