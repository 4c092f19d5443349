// Whatever file somebody hands a household as a proof, a signed note or evidence: it is refused, or it is the one text
// of what it says; and nothing is proved by a key nobody has.
#include <cstdlib>

#include "controller/note_reader.hpp"
#include "controller/proof_file.hpp"
#include "controller/settlement_proof.hpp"
#include "controller/split_view.hpp"

namespace {

using namespace commonwatt;

void check_proof(std::string_view text) {
  const Result<ProofFile, std::string> proof = proof_from_text(text);
  if (!proof) return;
  if (proof_text(*proof) != text) std::abort();
  Hash32 nobody{};
  nobody.fill(1);
  if (!proof_fault(*proof, nobody)) std::abort();
  if (!proof_fault(*proof, std::nullopt) && proof_words(*proof, std::nullopt).empty()) std::abort();
}

void check_note(std::string_view text) {
  const Result<ParsedNote, std::string> note = parse_note(text);
  if (!note) return;
  if (note_of(*note) != text) std::abort();
  if (signed_by(*note, Bytes(32, 1)).ok()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = as_text(ByteView(data, size));
  check_proof(text);
  check_note(text);
  if (const auto proof = settlement_proof_from_text(text); proof.ok() && settlement_proof_text(*proof) != text)
    std::abort();
  if (const auto evidence = split_view_from_text(text); evidence.ok() && split_view_text(*evidence) != text)
    std::abort();
  for (const NoteSigner signer : {NoteSigner::log, NoteSigner::witness}) {
    if (const auto key = key_of_verifier_key(text, signer); key && verifier_key(*key, signer) != text) std::abort();
  }
  return 0;
}
