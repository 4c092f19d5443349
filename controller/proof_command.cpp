#include "controller/proof_command.hpp"

#include <algorithm>

#include "controller/bill.hpp"
#include "controller/command_output.hpp"
#include "controller/csv_rows.hpp"
#include "controller/split_view.hpp"

namespace commonwatt {
namespace {

constexpr const char* key_wanted =
    " is not the controller's public key, 64 hexadecimal digits ('commonwatt keys show' prints it)";

Result<NoteKey, std::string> witness_of(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::optional<Hash32> key =
      equals == std::string::npos ? std::nullopt : hash_from_hex(std::string_view(text).substr(equals + 1));
  if (!key || equals == 0) return Fail{"--witness '" + text + "' is not NAME=HEX64"};
  return NoteKey{.name = text.substr(0, equals), .public_key = {key->begin(), key->end()}};
}

Result<ParsedNote, std::string> read_note(const std::string& file) {
  const Result<std::string, std::string> text = read_text(file);
  if (!text) return Fail{text.error()};
  Result<ParsedNote, std::string> note = parse_note(*text);
  if (!note) return Fail{file + ": " + note.error()};
  return note;
}

/// Whether one of the bills in the file is the one that is proved.
std::optional<std::string> beside_fault(const std::string& file, const Bill& proved) {
  const Result<std::string, std::string> text = read_text(file);
  if (!text) return text.error();
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::optional<Bill> bill = bill_from_line(line);
    if (!bill) return file + ": a line is no bill, or a damaged one";
    if (bill->statement == proved.statement && bill->batch_root == proved.batch_root) return std::nullopt;
  }
  return "the proof is of another bill than those in " + file;
}

int verify_split_view(const VerifyFileOptions& options, const std::string& text, std::ostream& out) {
  const Result<SplitView, std::string> evidence = split_view_from_text(text);
  if (!evidence) {
    out << "WRONG " << options.file << ": " << evidence.error() << "\n";
    return 1;
  }
  const std::optional<Hash32> key = hash_from_hex(options.log_key);
  if (key && !std::equal(key->begin(), key->end(), evidence->log_key.begin(), evidence->log_key.end())) {
    out << "WRONG " << options.file
        << ": is evidence against another key than the one given: " << to_hex(evidence->log_key) << "\n";
    return 1;
  }
  const Checkpoint& older = evidence->older.checkpoint;
  const Checkpoint& newer = evidence->newer.checkpoint;
  out << older.origin << ", signed by the key " << to_hex(evidence->log_key) << (key ? "" : ", which the file names")
      << ":\n  " << older.size << " entries, root " << to_hex(older.root) << "\n  " << newer.size << " entries, root "
      << to_hex(newer.root) << "\n"
      << explain(relation_of(older, newer, evidence->path)) << "\n";
  return 1;
}

Result<std::vector<Hash32>, std::string> read_path(const std::string& file) {
  std::vector<Hash32> path;
  if (file.empty()) return path;
  const Result<std::string, std::string> text = read_text(file);
  if (!text) return Fail{text.error()};
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::optional<Hash32> hash = hash_from_hex(line);
    if (!hash) return Fail{file + ":" + std::to_string(path.size() + 1) + ": is not a hash of 64 hexadecimal digits"};
    path.push_back(*hash);
  }
  return path;
}

/// From a signed state of the log to the anchored one.
Result<std::vector<Hash32>, std::string> path_to_anchor(const Checkpoint& checkpoint, const ProofParts& parts) {
  const std::int64_t size = parts.anchor->log_size;
  if (!parts.consistency.empty() || parts.log.empty() || checkpoint.size >= size) return read_path(parts.consistency);
  if (static_cast<std::int64_t>(parts.log.size()) < size) {
    return Fail{"the gateway's copy of the log has " + std::to_string(parts.log.size()) + " leaves, the anchored log " +
                std::to_string(size) + "; let the gateway run until it has them, or give --consistency"};
  }
  const std::span<const Hash32> anchored = std::span(parts.log).first(static_cast<std::size_t>(size));
  return consistency_path(anchored, static_cast<std::size_t>(checkpoint.size));
}

}  // namespace

Result<ProofFile, std::string> make_proof(const Bill& bill, const ProofParts& parts) {
  const std::optional<Hash32> key = hash_from_hex(parts.log_key);
  if (!key) return Fail{"--log-key '" + parts.log_key + "'" + key_wanted};
  ProofFile proof{
      .bill = bill, .log_key = {key->begin(), key->end()}, .cosignatures = {}, .witnesses = {}, .anchor = std::nullopt};
  if (!parts.note.empty()) {
    const Result<ParsedNote, std::string> note = read_note(parts.note);
    if (!note) return Fail{note.error()};
    if (note->checkpoint != bill.checkpoint) {
      return Fail{parts.note + ": is of the log's " + std::to_string(note->checkpoint.size) +
                  " entries, the bill leads to another state of " + std::to_string(bill.checkpoint.size)};
    }
    std::vector<NoteKey> keys;
    for (const std::string& text : parts.witnesses) {
      Result<NoteKey, std::string> witness = witness_of(text);
      if (!witness) return Fail{witness.error()};
      keys.push_back(std::move(*witness));
    }
    proof.cosignatures = cosigned_by(*note, keys);
    for (const Cosignature& given : proof.cosignatures) {
      proof.witnesses.push_back(*std::find_if(keys.begin(), keys.end(), [&](const NoteKey& witness) {
        return witness.name == given.witness && cosignature_holds(witness.public_key, bill.checkpoint, given);
      }));
    }
  }
  if (parts.anchor) {
    proof.anchor = parts.anchor;
    Result<std::vector<Hash32>, std::string> path = path_to_anchor(bill.checkpoint, parts);
    if (!path) return Fail{path.error()};
    proof.anchor->consistency = std::move(path.value());
  }
  if (std::optional<std::string> fault = proof_fault(proof, key)) return Fail{std::move(*fault)};
  return proof;
}

int run_verify_file(const VerifyFileOptions& options, std::ostream& out, std::ostream& errors) {
  const std::optional<Hash32> key = hash_from_hex(options.log_key);
  if (!key && !options.log_key.empty())
    return complain(errors, "--log-key '" + options.log_key + "'" + key_wanted, status_usage);
  const Result<std::string, std::string> text = read_text(options.file);
  if (!text) return complain(errors, text.error(), status_data);
  if (text->substr(0, 200).find("commonwatt split view") != std::string::npos)
    return verify_split_view(options, *text, out);
  if (!looks_like_proof(*text)) {
    return complain(errors, options.file + ": is neither a bill's proof nor evidence of a split view", status_data);
  }
  const Result<ProofFile, std::string> proof = proof_from_text(*text);
  std::optional<std::string> fault = proof ? proof_fault(*proof, key) : proof.error();
  if (!fault && !options.bill.empty()) fault = beside_fault(options.bill, proof->bill);
  if (fault) {
    out << "WRONG " << options.file << ": " << *fault << "\n";
    return 1;
  }
  out << proof_words(*proof, key);
  return 0;
}

int run_compare(const CompareOptions& options, std::ostream& out, std::ostream& errors) {
  const std::optional<Hash32> key = hash_from_hex(options.log_key);
  if (!key) return complain(errors, "--log-key '" + options.log_key + "'" + key_wanted, status_usage);
  if (options.notes.size() != 2) return complain(errors, "--compare needs two files of signed notes", status_usage);
  std::vector<SignedCheckpoint> states;
  for (const std::string& file : options.notes) {
    const Result<ParsedNote, std::string> note = read_note(file);
    if (!note) return complain(errors, note.error(), status_data);
    const Result<SignedCheckpoint, std::string> state = signed_by(*note, *key);
    if (!state) return complain(errors, file + ": " + state.error(), status_data);
    states.push_back(*state);
  }
  if (states[0].checkpoint.origin != states[1].checkpoint.origin)
    return complain(errors, "the notes are of two logs, which need not agree", status_data);
  if (states[0].checkpoint.size > states[1].checkpoint.size) std::swap(states[0], states[1]);
  const Result<std::vector<Hash32>, std::string> path = read_path(options.proof);
  if (!path) return complain(errors, path.error(), status_data);
  const LogRelation relation = relation_of(states[0].checkpoint, states[1].checkpoint, *path);
  out << states[0].checkpoint.size << " and " << states[1].checkpoint.size << " entries of "
      << states[0].checkpoint.origin << ": " << explain(relation) << "\n";
  if (relation == LogRelation::same || relation == LogRelation::extended) return 0;
  if (options.evidence.empty()) return 1;
  const SplitView evidence{
      .log_key = {key->begin(), key->end()}, .older = states[0], .newer = states[1], .path = *path};
  if (const int status = write_result(options.evidence, split_view_text(evidence), out, errors); status != 0)
    return status;
  return 1;
}

}  // namespace commonwatt
