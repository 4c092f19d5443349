#include "controller/chain/attester_evidence.hpp"

#include <algorithm>

#include "controller/attestation.hpp"
#include "controller/chain/contract_domain.hpp"
#include "controller/csv_rows.hpp"
#include "controller/journal_anchors.hpp"

namespace commonwatt {
namespace {

using nlohmann::json;

constexpr std::size_t selector_size = 4;
/// An anchor has a few attesters; what claims more is no call of an honest or lying one.
constexpr std::int64_t signatures_max = 1'000;

ChainAnchor chain_anchor(const Anchor& anchor) {
  return {.epoch = anchor.epoch,
          .head = anchor_hash(anchor),
          .words = {anchor.community, word_of(anchor.epoch), anchor.previous, anchor.log_root, word_of(anchor.log_size),
                    anchor.settlement_root, word_of(anchor.volume.count)}};
}

/// The items of a bytes[] that begins there.
std::optional<std::vector<Bytes>> signatures_from(ByteView list) {
  AbiReader head(list);
  const std::int64_t count = head.small_number();
  if (head.failed() || count > signatures_max) return std::nullopt;
  AbiReader items(list.subspan(sizeof(Hash32)));
  std::vector<Bytes> signatures;
  for (std::int64_t i = 0; i < count; ++i) {
    const ByteView item = items.byte_string();
    signatures.emplace_back(item.begin(), item.end());
  }
  if (items.failed()) return std::nullopt;
  return signatures;
}

std::optional<Bytes> digits_of(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  return text.starts_with("0x") ? data_from(text) : from_hex(text);
}

}  // namespace

std::optional<SignedAnchor> anchor_from_call(ByteView data) {
  static const Bytes selector = abi_selector(std::string("anchor(") + anchor_abi_type + ",bytes[])");
  if (data.size() < selector_size || !std::equal(selector.begin(), selector.end(), data.begin())) return std::nullopt;
  const ByteView arguments = data.subspan(selector_size);
  AbiReader reader(arguments);
  SignedAnchor made;
  for (Hash32& word : made.anchor.words) word = reader.word();
  const std::int64_t offset = reader.small_number();
  AbiReader epoch(made.anchor.words[1]);
  made.anchor.epoch = epoch.small_number();
  made.anchor.head = anchor_hash(made.anchor.words);
  if (reader.failed() || epoch.failed() || offset > static_cast<std::int64_t>(arguments.size())) return std::nullopt;
  std::optional<std::vector<Bytes>> signatures = signatures_from(arguments.subspan(static_cast<std::size_t>(offset)));
  if (!signatures) return std::nullopt;
  made.signatures = std::move(*signatures);
  return made;
}

Result<SignedAnchor, std::string> read_anchor_file(const std::filesystem::path& file) {
  const Result<std::string, std::string> text = read_text(file.string());
  if (!text) return Fail{text.error()};
  const std::optional<Bytes> data = digits_of(*text);
  if (!data) return Fail{file.string() + ": is not the data of a call in hexadecimal digits"};
  std::optional<SignedAnchor> made = anchor_from_call(*data);
  if (!made) return Fail{file.string() + ": is not the data of a call of the registry's anchor(a, signatures)"};
  return std::move(*made);
}

Result<SignedAnchor, std::string> read_anchor_transaction(RpcPool& pool, const Hash32& transaction) {
  const std::string name = "transaction " + to_data(transaction);
  // The signatures in it speak for themselves: one node's word will do.
  const auto said = pool.any("eth_getTransactionByHash", json::array({to_data(transaction)}));
  if (!said) return Fail{name + ": " + said.error().text};
  if (!said->is_object() || !said->contains("input") || !(*said)["input"].is_string())
    return Fail{name + ": the node does not know it; ask another, or give the data of its call in a file"};
  const std::optional<Bytes> data = data_from((*said)["input"].get<std::string>());
  std::optional<SignedAnchor> made = data ? anchor_from_call(*data) : std::nullopt;
  if (!made) return Fail{name + ": does not call the registry's anchor(a, signatures)"};
  return std::move(*made);
}

Result<SignedAnchor, std::string> read_attested_anchor(const std::filesystem::path& directory, std::int64_t epoch) {
  const auto anchor = read_anchor(directory / journal_file, epoch);
  if (!anchor) return Fail{anchor.error()};
  const std::string name = "an anchor of epoch " + std::to_string(epoch);
  if (!*anchor) return Fail{(directory / journal_file).string() + ": has not made " + name};
  SignedAnchor made{.anchor = chain_anchor((*anchor)->anchor), .signatures = {}};
  const std::filesystem::path file = directory / attestations_file;
  try {
    SqliteDatabase database(file, OpenMode::read_only, "");
    SqlStatement query = database.prepare("SELECT signature FROM attestation WHERE epoch=? AND head=?");
    query.with(epoch, made.anchor.head);
    while (query.row()) made.signatures.emplace_back(query.blob(0).begin(), query.blob(0).end());
  } catch (const SqliteError& error) {
    return Fail{file.string() + ": " + error.what()};
  }
  if (made.signatures.empty()) return Fail{file.string() + ": nobody has attested " + name + " that the journal made"};
  return made;
}

std::vector<SignedTwice> signers_of_both(const SignedAnchor& first, const SignedAnchor& second,
                                         const AnchorDomain& domain) {
  const Hash32 first_digest = contract_digest(first.anchor.head, domain.chain_id, domain.registry);
  const Hash32 second_digest = contract_digest(second.anchor.head, domain.chain_id, domain.registry);
  std::vector<SignedTwice> both;
  for (const Bytes& one : first.signatures) {
    const std::optional<Address> signer = recover_signer(first_digest, one);
    if (!signer) continue;
    const auto other = std::find_if(second.signatures.begin(), second.signatures.end(),
                                    [&](const Bytes& each) { return recover_signer(second_digest, each) == signer; });
    const bool is_known =
        std::any_of(both.begin(), both.end(), [&](const SignedTwice& each) { return each.signer == *signer; });
    if (other != second.signatures.end() && !is_known)
      both.push_back({.signer = *signer, .first = one, .second = *other});
  }
  return both;
}

Bytes prove_attester_call(const ChainAnchor& first, const ChainAnchor& second, const SignedTwice& by) {
  const std::string type = anchor_abi_type;
  return abi_call("proveAttester(" + type + "," + type + ",bytes,bytes)",
                  {abi_anchor(first), abi_anchor(second), abi_bytes(by.first), abi_bytes(by.second)});
}

}  // namespace commonwatt
