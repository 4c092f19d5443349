#include "controller/proof_file.hpp"

#include <algorithm>

#include "controller/bill_files.hpp"
#include "controller/json_fields.hpp"
#include "controller/note_reader.hpp"
#include "market/merkle.hpp"

namespace commonwatt {
namespace {

constexpr const char* plain_format = "commonwatt bill proof 1";
constexpr const char* anchored_format = "commonwatt bill proof 2";
constexpr std::size_t proof_size_max = 1U << 20U;

LogEntry entry_of(const Bill& bill) {
  return {.interval = bill.statement.interval, .run = bill.statement.run, .batch_root = bill.batch_root};
}

NoteKey log_note_key(const ProofFile& proof) {
  return {.name = proof.bill.checkpoint.origin, .public_key = proof.log_key};
}

OrderedJson anchor_json(const ProofAnchor& anchor) {
  return {{"chain_id", anchor.chain_id},
          {"registry", "0x" + to_hex(anchor.registry)},
          {"epoch", anchor.epoch},
          {"transaction", "0x" + to_hex(anchor.transaction)},
          {"block", anchor.block},
          {"log_size", anchor.log_size},
          {"log_root", to_hex(anchor.log_root)},
          {"consistency", hex_list(anchor.consistency)}};
}

ProofAnchor read_anchor(JsonFields& fields) {
  JsonFields inner = fields.enter("anchor");
  ProofAnchor anchor;
  anchor.chain_id = inner.integer("chain_id");
  anchor.registry = inner.prefixed_hex<20>("registry");
  anchor.epoch = inner.integer("epoch");
  anchor.transaction = inner.prefixed_hex<32>("transaction");
  anchor.block = inner.integer("block");
  anchor.log_size = inner.integer("log_size");
  anchor.log_root = inner.hex_array<32>("log_root");
  anchor.consistency = inner.hashes("consistency");
  if (anchor.log_size < 1 || anchor.chain_id < 0 || anchor.epoch < 0 || anchor.block < 0)
    inner.fail("block", "or another number is negative");
  fields.leave("anchor", inner);
  return anchor;
}

template <class T>
T read_record(JsonFields& fields, const char* key) {
  Result<T, CborError> record = decode<T>(fields.hex(key));
  if (record) return std::move(*record);
  return fields.fail(key, to_text(record.error()).c_str()), T{};
}

/// The signed note holds the checkpoint and all signatures; `log_key` and `witness_keys` say whose they are. That
/// every line is signed by its key, and holds, proof_fault finds out.
void read_note(JsonFields& fields, ProofFile& proof) {
  const Result<ParsedNote, std::string> note = parse_note(fields.text("checkpoint"));
  if (!note) return fields.fail("checkpoint", note.error().c_str());
  const std::optional<NoteKey> log_key = key_of_verifier_key(fields.text("log_key"), NoteSigner::log);
  if (!log_key || log_key->name != note->checkpoint.origin)
    return fields.fail("log_key", "is not origin+hash+key of the checkpoint's log");
  proof.log_key = log_key->public_key;
  proof.bill.checkpoint = note->checkpoint;
  proof.bill.checkpoint_signature = note->signatures.front().payload;
  for (const std::string& text : fields.texts("witness_keys")) {
    std::optional<NoteKey> key = key_of_verifier_key(text, NoteSigner::witness);
    if (!key) return fields.fail("witness_keys", "holds what is not name+hash+key of a witness");
    proof.witnesses.push_back(std::move(*key));
  }
  if (proof.witnesses.size() + 1 != note->signatures.size())
    return fields.fail("witness_keys", "does not give one key for each cosignature");
  for (std::size_t i = 1; i < note->signatures.size(); ++i) {
    const Bytes& payload = note->signatures[i].payload;
    if (payload.size() < 8) return fields.fail("checkpoint", "has a cosignature without a time");
    std::uint64_t time = 0;
    for (std::size_t k = 0; k < 8; ++k) time = (time << 8U) | payload[k];
    constexpr std::uint64_t time_max = 9'000'000'000;  // beyond it a time does not fit its nanoseconds
    if (time > time_max) return fields.fail("checkpoint", "has a cosignature of an impossible time");
    proof.cosignatures.push_back({.witness = note->signatures[i].name,
                                  .time = static_cast<std::int64_t>(time),
                                  .signature = {payload.begin() + 8, payload.end()}});
  }
}

}  // namespace

std::string proof_text(const ProofFile& proof) {
  const Bill& bill = proof.bill;
  const Statement& statement = bill.statement;
  OrderedJson keys = OrderedJson::array();
  for (const NoteKey& key : proof.witnesses) keys.push_back(verifier_key(key, NoteSigner::witness));
  OrderedJson json{{"format", proof.anchor ? anchored_format : plain_format},
                   {"household", statement.household.text()},
                   {"interval", to_text(statement.interval.begin())},
                   {"run", to_text(statement.run)},
                   {"total", exact_decimal(statement.total)},
                   {"statement", to_hex(encode(statement))},
                   {"salt", to_hex(bill.salt)},
                   {"leaf_index", bill.leaf_index},
                   {"leaf_count", bill.leaf_count},
                   {"batch_path", hex_list(bill.batch_path)},
                   {"batch_root", to_hex(bill.batch_root)},
                   {"log_entry", to_hex(encode(entry_of(bill)))},
                   {"log_index", bill.log_index},
                   {"log_path", hex_list(bill.log_path)},
                   {"checkpoint", signed_note(bill.checkpoint, log_note_key(proof), bill.checkpoint_signature,
                                              proof.cosignatures, proof.witnesses)},
                   {"log_key", verifier_key(log_note_key(proof), NoteSigner::log)},
                   {"witness_keys", keys}};
  if (proof.anchor) json["anchor"] = anchor_json(*proof.anchor);
  return json.dump(1) + "\n";
}

bool looks_like_proof(std::string_view text) {
  return text.substr(0, 200).find("commonwatt bill proof") != std::string_view::npos;
}

Result<ProofFile, std::string> proof_from_text(std::string_view text) {
  JsonFields fields(text, proof_size_max);
  ProofFile proof;
  Bill& bill = proof.bill;
  const std::string format = fields.text("format");
  if (format != plain_format && format != anchored_format) fields.fail("format", "is not one this version reads");
  bill.statement = read_record<Statement>(fields, "statement");
  bill.salt = fields.hex_array<16>("salt");
  bill.leaf_index = fields.integer("leaf_index");
  bill.leaf_count = fields.integer("leaf_count");
  bill.batch_path = fields.hashes("batch_path");
  bill.batch_root = fields.hex_array<32>("batch_root");
  if (read_record<LogEntry>(fields, "log_entry") != entry_of(bill))
    fields.fail("log_entry", "is not that of the statement's interval and run with this batch root");
  bill.log_index = fields.integer("log_index");
  bill.log_path = fields.hashes("log_path");
  read_note(fields, proof);
  if (format == anchored_format) proof.anchor = read_anchor(fields);
  if (!fields.fault() && !statement_fits(bill.statement)) fields.fail("statement", "has a figure out of range");
  if (fields.fault()) return Fail{*fields.fault()};
  // One proof, one text: a field too many or twice, another sequence, other digits or spaces, a household or total that
  // is not the statement's, a signature line of another key than the one named for it.
  if (proof_text(proof) != text) {
    return Fail{
        std::string("its fields do not fit together, or it is not written as this format is; get the file "
                    "again from where it was made")};
  }
  return proof;
}

std::optional<std::string> proof_fault(const ProofFile& proof, const std::optional<Hash32>& log_key) {
  if (log_key && !std::equal(log_key->begin(), log_key->end(), proof.log_key.begin(), proof.log_key.end()))
    return "it is signed by another key than the one given: " + to_hex(proof.log_key);
  if (std::optional<std::string> fault = bill_fault(proof.bill, proof.log_key)) return fault;
  for (std::size_t i = 0; i < proof.cosignatures.size(); ++i) {
    if (!cosignature_holds(proof.witnesses[i].public_key, proof.bill.checkpoint, proof.cosignatures[i]))
      return "the cosignature of " + proof.cosignatures[i].witness + " does not hold";
  }
  return proof.anchor ? anchor_fault(*proof.anchor, proof.bill.checkpoint) : std::nullopt;
}

std::optional<std::string> anchor_fault(const ProofAnchor& anchor, const Checkpoint& checkpoint) {
  if (anchor.log_size < checkpoint.size) {
    return "the anchored log of " + std::to_string(anchor.log_size) + " entries is older than the checkpoint of " +
           std::to_string(checkpoint.size) + "; take the settlement of a later epoch";
  }
  if (anchor.log_size == checkpoint.size) {
    if (anchor.log_root == checkpoint.root && anchor.consistency.empty()) return std::nullopt;
    return "the anchored log has the checkpoint's size and another root";
  }
  if (consistency_holds(static_cast<std::uint64_t>(checkpoint.size), checkpoint.root,
                        static_cast<std::uint64_t>(anchor.log_size), anchor.log_root, anchor.consistency)) {
    return std::nullopt;
  }
  return "the consistency path does not lead from the checkpoint of " + std::to_string(checkpoint.size) +
         " entries to the anchored log of " + std::to_string(anchor.log_size) + "; is it the one between these sizes?";
}

std::string proof_words(const ProofFile& proof, const std::optional<Hash32>& log_key) {
  const Statement& statement = proof.bill.statement;
  const Checkpoint& checkpoint = proof.bill.checkpoint;
  const auto wh = [](Energy energy) { return std::to_string(energy.count) + " Wh"; };
  std::string words = "The bill of " + statement.household.text() + " for " + to_text(statement.interval.begin()) +
                      " to " + to_text(statement.interval.end()) + ", " + to_text(statement.run) + " run:\n";
  words += "  taken from the grid " + wh(statement.import) + ", given to it " + wh(statement.export_) +
           ", contracted with neighbours " + wh(statement.contract) + "\n";
  words += "  energy " + exact_decimal(statement.energy_amount) + ", imbalance " +
           exact_decimal(statement.imbalance_amount) + ", network fee " + exact_decimal(statement.fee_amount) +
           ", losses " + exact_decimal(statement.loss_amount) + ", taxes " + exact_decimal(statement.tax_amount) +
           "\n  total " + exact_decimal(statement.total) + " to pay" +
           (statement.total < Money{0} ? " (negative: to receive)" : "") + "\n";
  if (statement.quality != DeliveryQuality::good) words += "  rests on an estimate, not on readings alone\n";
  words +=
      "proved: the amounts follow from energy, price and tariff; the statement is in a sealed batch; the batch is "
      "entry " +
      std::to_string(proof.bill.log_index) + " of the evidence log " + checkpoint.origin + ", whose state of " +
      std::to_string(checkpoint.size) + " entries is signed by the key " + to_hex(proof.log_key) + "\n";
  for (const Cosignature& given : proof.cosignatures) {
    words += "cosigned by " + given.witness + " at " + to_text(UtcTime::from_seconds(given.time)) + "\n";
  }
  if (!log_key) {
    words +=
        "not proved: that this key is the controller's. The file names it itself; compare it with what the operator "
        "published, or give --log-key\n";
  }
  if (!proof.cosignatures.empty())
    words += "not proved: that the witnesses' keys are theirs. Compare them with the members'\n";
  if (proof.anchor) {
    words += "not checked without --rpc: the file says the log of " + std::to_string(proof.anchor->log_size) +
             " entries, which extends that state, stands on chain " + std::to_string(proof.anchor->chain_id) +
             ", block " + std::to_string(proof.anchor->block) + ", epoch " + std::to_string(proof.anchor->epoch) +
             ", transaction 0x" + to_hex(proof.anchor->transaction) + ", contract 0x" + to_hex(proof.anchor->registry) +
             "\n";
  }
  return words;
}

}  // namespace commonwatt
