#include "controller/chain/anchored_proof.hpp"

#include "controller/chain/abi.hpp"
#include "controller/chain/command_options.hpp"
#include "controller/chain/receipt.hpp"
#include "controller/command_output.hpp"
#include "controller/csv_rows.hpp"
#include "controller/settlement_tree.hpp"

namespace commonwatt {
namespace {

constexpr const char* anchored_signature = "Anchored(uint64,bytes32,bytes32,uint64,bytes32,uint256)";

/// The figures of an Anchored event that a bill's proof rests on.
struct AnchoredLog {
  std::int64_t epoch = 0;
  Hash32 head{};
  Hash32 log_root{};
  std::int64_t log_size = 0;
};

std::optional<AnchoredLog> anchored_log(const ReceiptLog& event) {
  if (event.topics.size() != 2) return std::nullopt;
  AbiReader topic(event.topics[1]);
  AbiReader data(event.data);
  AnchoredLog log;
  log.epoch = topic.small_number();
  log.head = data.word();
  log.log_root = data.word();
  log.log_size = data.small_number();
  if (topic.failed() || data.failed()) return std::nullopt;
  return log;
}

std::string epoch_text(const ProofAnchor& anchor) {
  return "epoch " + std::to_string(anchor.epoch);
}

/// Whether the chain's blocks have the transaction where the proof says, for good.
std::optional<std::string> block_fault(const ProofAnchor& anchor, const TransactionReceipt& receipt, RpcPool& pool) {
  if (!receipt.is_done) return "the transaction was reverted: it anchored nothing";
  if (receipt.block != anchor.block) {
    return "the transaction is in block " + std::to_string(receipt.block) + ", the proof says " +
           std::to_string(anchor.block);
  }
  const auto block = pool.block(anchor.block);
  if (!block) return block.error().text;
  if (!*block || (*block)->hash != receipt.block_hash) return "the chain has another block there now; try again later";
  const auto finalized = pool.common_height("finalized");
  if (!finalized) return finalized.error().text;
  if (anchor.block <= *finalized) return std::nullopt;
  return "block " + std::to_string(anchor.block) + " is not final yet: the chain's newest final block is " +
         std::to_string(*finalized) + "; ask again later";
}

/// Whether the registry is this log's, still has the anchor, and nobody can veto it any more.
std::optional<std::string> registry_fault(const ProofFile& proof, const Address& registry, const AnchoredLog& log,
                                          ContractViews& views) {
  const ProofAnchor& anchor = *proof.anchor;
  const Result<RegistryState, std::string> state = views.registry(registry);
  if (!state) return state.error();
  if (state->community != community_of(proof.bill.checkpoint.origin))
    return "the registry " + to_text(registry) + " is not that of the log " + proof.bill.checkpoint.origin;
  if (state->is_paused) return "the registry is paused: somebody found something wrong; ask the operator";
  if (anchor.epoch > state->final_epoch) {
    return epoch_text(anchor) + " is not final yet: it can be vetoed until " + std::to_string(state->veto_window) +
           " s after its block; the newest final epoch is " + std::to_string(state->final_epoch);
  }
  const auto newest = views.anchored(registry, anchor.epoch, anchor.block);
  if (!newest) return newest.error();
  if (!*newest || (*newest)->transaction != anchor.transaction || (*newest)->head != log.head)
    return epoch_text(anchor) + " was vetoed and anchored again by another transaction; get a new proof";
  return std::nullopt;
}

Result<AnchoredLog, std::string> anchored_in(const TransactionReceipt& receipt, const ProofAnchor& anchor,
                                             const Address& registry) {
  const ReceiptLog* event = receipt.event(registry, anchored_signature);
  const std::optional<AnchoredLog> log = event != nullptr ? anchored_log(*event) : std::nullopt;
  if (!log) return Fail{"the transaction anchored nothing in the registry " + to_text(registry)};
  if (log->epoch != anchor.epoch) {
    return Fail{"the transaction anchored epoch " + std::to_string(log->epoch) + ", the proof says " +
                std::to_string(anchor.epoch)};
  }
  if (log->log_root != anchor.log_root || log->log_size != anchor.log_size) {
    return Fail{epoch_text(anchor) + " is anchored with another log: " + std::to_string(log->log_size) +
                " entries, root " + to_hex(log->log_root) + "; the proof says " + std::to_string(anchor.log_size) +
                " entries, root " + to_hex(anchor.log_root)};
  }
  return *log;
}

}  // namespace

Result<std::string, std::string> check_on_chain(const ProofFile& proof, RpcPool& pool,
                                                const std::optional<Address>& registry) {
  const ProofAnchor& anchor = *proof.anchor;
  const Address named{.bytes = anchor.registry};
  if (registry && *registry != named) {
    return Fail{"the proof is of the registry " + to_text(named) + ", not of " + to_text(*registry)};
  }
  Result<ContractViews, std::string> views = ContractViews::open(pool);
  if (!views) return Fail{views.error()};
  if (views->chain_id() != anchor.chain_id) {
    return Fail{"the nodes are of chain " + std::to_string(views->chain_id()) + ", the proof is of chain " +
                std::to_string(anchor.chain_id)};
  }
  const Result<Uint256, std::string> epoch = views.value().epoch(named);
  if (!epoch) return Fail{epoch.error()};
  if (*epoch < anchor.epoch) {
    return Fail{epoch_text(anchor) + " is not anchored: the registry's newest is " + epoch->str()};
  }
  const Result<std::optional<TransactionReceipt>, RpcError> receipt = read_receipt(pool, anchor.transaction);
  if (!receipt) return Fail{receipt.error().text};
  if (!*receipt) return Fail{"the chain has no transaction " + to_data(anchor.transaction)};
  const Result<AnchoredLog, std::string> log = anchored_in(**receipt, anchor, named);
  if (!log) return Fail{log.error()};
  if (std::optional<std::string> fault = block_fault(anchor, **receipt, pool)) return Fail{std::move(*fault)};
  if (std::optional<std::string> fault = registry_fault(proof, named, *log, views.value()))
    return Fail{std::move(*fault)};
  std::string words = "proved by the chain " + std::to_string(anchor.chain_id) + ": " + epoch_text(anchor) +
                      " of the registry " + to_text(named) + " holds the log of " + std::to_string(anchor.log_size) +
                      " entries, root " + to_hex(anchor.log_root) + ", in block " + std::to_string(anchor.block) +
                      ", which is final and can no longer be vetoed\n";
  if (!registry) {
    words +=
        "not proved: that this registry is the community's. The file names it itself; compare it with what the "
        "operator published, or give --registry\n";
  }
  return words;
}

int run_verify_on_chain(const std::string& file, const AnchoredProofOptions& options, std::ostream& out,
                        std::ostream& errors) {
  std::optional<Address> registry;
  if (!options.registry.empty()) {
    const Result<Address, std::string> given = address_option("--registry", options.registry);
    if (!given) return complain(errors, given.error(), status_usage);
    registry = *given;
  }
  Result<RpcPool, std::string> pool = open_pool(options.rpc);
  if (!pool) return complain(errors, pool.error(), status_usage);
  const Result<std::string, std::string> text = read_text(file);
  if (!text) return complain(errors, text.error(), status_data);
  const Result<ProofFile, std::string> proof = proof_from_text(*text);
  if (!proof) return complain(errors, file + ": " + proof.error(), status_data);
  if (!proof->anchor) {
    return complain(errors,
                    file + ": names no anchor to look for; 'commonwatt bill --proof' with --settlement puts one in",
                    status_data);
  }
  const Result<std::string, std::string> words = check_on_chain(*proof, pool.value(), registry);
  if (!words) {
    out << "WRONG " << file << ": " << words.error() << "\n";
    return 1;
  }
  out << *words;
  return 0;
}

Result<ProofAnchor, std::string> find_anchor(const AnchorSearch& search) {
  const Result<Address, std::string> registry = address_option("--registry", search.registry);
  if (!registry) return Fail{registry.error()};
  const Result<std::string, std::string> text = read_text(search.settlement);
  if (!text) return Fail{text.error()};
  const Result<SettlementProof, std::string> settlement = settlement_proof_from_text(*text);
  if (!settlement) return Fail{search.settlement + ": " + settlement.error()};
  Result<RpcPool, std::string> pool = open_pool(search.rpc);
  if (!pool) return Fail{pool.error()};
  Result<ContractViews, std::string> views = ContractViews::open(pool.value());
  if (!views) return Fail{views.error()};
  const Anchor& anchor = settlement->anchor;
  const auto event = views.value().anchored(*registry, anchor.epoch, search.first_block);
  if (!event) return Fail{event.error()};
  if (!*event || (*event)->head != anchor_hash(anchor)) {
    return Fail{search.settlement + ": the registry " + to_text(*registry) + " has " +
                (*event ? "another anchor for" : "no anchor of") + " epoch " + std::to_string(anchor.epoch)};
  }
  return ProofAnchor{.chain_id = views->chain_id(),
                     .registry = registry->bytes,
                     .epoch = anchor.epoch,
                     .transaction = (*event)->transaction,
                     .block = (*event)->block_number,
                     .log_size = anchor.log_size,
                     .log_root = anchor.log_root,
                     .consistency = {}};
}

}  // namespace commonwatt
