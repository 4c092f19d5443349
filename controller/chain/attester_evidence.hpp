// Anchors with signatures over them, from where somebody holds them who sees an attester sign two of one epoch: a
// transaction, which the chain keeps also when the registry refused it; the data of a call that got into no block; a
// controller's directory.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controller/chain/registry_events.hpp"
#include "controller/chain/signed_anchor.hpp"

namespace commonwatt {

struct SignedAnchor {
  ChainAnchor anchor;
  std::vector<Bytes> signatures;
};

/// What is in the data of a call anchor(a, signatures), whatever its sender made of the encoding's freedom; nothing
/// where a contract would find no such arguments in it.
std::optional<SignedAnchor> anchor_from_call(ByteView data);
/// The same of a text with that data in hexadecimal digits, with or without 0x. The error names the file.
Result<SignedAnchor, std::string> read_anchor_file(const std::filesystem::path& file);
/// The same of a transaction's, to whomever it was sent.
Result<SignedAnchor, std::string> read_anchor_transaction(RpcPool& pool, const Hash32& transaction);
/// The anchor of an epoch and the attestations of it that a controller keeps in `directory`. Reads without writing.
Result<SignedAnchor, std::string> read_attested_anchor(const std::filesystem::path& directory, std::int64_t epoch);

/// Two anchors, and the signature of one signer over each.
struct SignedTwice {
  Address signer;
  Bytes first;
  Bytes second;
};
/// Who signed both, for a registry, in the sequence of the first's signatures, once each. What is no signature is
/// passed over.
std::vector<SignedTwice> signers_of_both(const SignedAnchor& first, const SignedAnchor& second,
                                         const AnchorDomain& domain);

/// The data of the call proveAttester(a, b, byA, byB).
Bytes prove_attester_call(const ChainAnchor& first, const ChainAnchor& second, const SignedTwice& by);

}  // namespace commonwatt
