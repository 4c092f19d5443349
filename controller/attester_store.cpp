#include "controller/attester_store.hpp"

#include <algorithm>

#include "controller/sqlite.hpp"

namespace commonwatt {
namespace {

constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS place(id INTEGER PRIMARY KEY CHECK(id=1), place BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS signed_anchor(epoch INTEGER PRIMARY KEY, head BLOB NOT NULL, anchor BLOB NOT NULL, signature BLOB NOT NULL) STRICT;
)";

Attestation attestation_of(const SqlStatement& row) {
  Attestation attestation{.epoch = row.integer(0), .head = {}, .signature = {}};
  const ByteView head = row.blob(1);
  if (head.size() != attestation.head.size()) throw SqliteError("the head of a signed anchor is damaged");
  std::copy(head.begin(), head.end(), attestation.head.begin());
  attestation.signature.assign(row.blob(2).begin(), row.blob(2).end());
  return attestation;
}

}  // namespace

struct AttesterStore::Tables {
  explicit Tables(const std::filesystem::path& path) : file(path), database(path, OpenMode::single_file, schema) {}
  [[nodiscard]] Fail<std::string> failed(const SqliteError& error) const {
    return Fail{file.string() + ": " + error.what()};
  }
  std::filesystem::path file;
  SqliteDatabase database;
};

AttesterStore::AttesterStore(std::unique_ptr<Tables> tables) : tables_(std::move(tables)) {}
AttesterStore::~AttesterStore() = default;

Result<std::unique_ptr<AttesterStore>, std::string> AttesterStore::open(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / attester_file;
  try {
    std::filesystem::create_directories(directory);
    return std::unique_ptr<AttesterStore>(new AttesterStore(std::make_unique<Tables>(file)));
  } catch (const std::exception& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

Result<JournalPlace, std::string> AttesterStore::restore() {
  try {
    SqlStatement query = tables_->database.prepare("SELECT place FROM place");
    if (!query.row()) return JournalPlace{};
    Result<JournalPlace, CborError> place = decode<JournalPlace>(query.blob(0));
    if (place) return std::move(*place);
    return Fail{tables_->file.string() + ": its state is damaged (" + to_text(place.error()) +
                "); delete the row of the table place, and the journal is followed from its begin again"};
  } catch (const SqliteError& error) {
    return tables_->failed(error);
  }
}

Result<Done, std::string> AttesterStore::save(const JournalPlace& place) {
  try {
    tables_->database.prepare("INSERT OR REPLACE INTO place VALUES(1,?)").with(encode(place)).run();
    return Done{};
  } catch (const SqliteError& error) {
    return tables_->failed(error);
  }
}

Result<std::optional<Attestation>, NotSigned> AttesterStore::sign_once(
    const Anchor& anchor, const std::function<std::optional<Bytes>(const Anchor&)>& sign) {
  try {
    const Hash32 head = anchor_hash(anchor);
    SqlStatement known = tables_->database.prepare("SELECT epoch, head, signature FROM signed_anchor WHERE epoch=?");
    known.with(anchor.epoch);
    if (known.row()) {
      Attestation before = attestation_of(known);
      if (before.head == head) return std::optional(before);
      return Fail{NotSigned{.fault = SigningFault::signed_another,
                            .text = "epoch " + std::to_string(anchor.epoch) + ": the anchor " + to_hex(before.head) +
                                    " was signed before, the journal now gives " + to_hex(head)}};
    }
    std::optional<Bytes> signature = sign(anchor);
    if (!signature) return std::optional<Attestation>();
    Attestation made{.epoch = anchor.epoch, .head = head, .signature = std::move(*signature)};
    tables_->database.prepare("INSERT INTO signed_anchor VALUES(?,?,?,?)")
        .with(anchor.epoch, head, encode(anchor), made.signature)
        .run();
    return std::optional(made);
  } catch (const SqliteError& error) {
    return Fail{NotSigned{.fault = SigningFault::store, .text = tables_->failed(error).error}};
  }
}

Result<std::vector<Attestation>, std::string> AttesterStore::attestations_after(std::int64_t epoch,
                                                                                std::int64_t count) {
  try {
    std::vector<Attestation> attestations;
    SqlStatement all = tables_->database.prepare(
        "SELECT epoch, head, signature FROM signed_anchor WHERE epoch>? ORDER BY epoch LIMIT ?");
    all.with(epoch, count);
    while (all.row()) attestations.push_back(attestation_of(all));
    return attestations;
  } catch (const SqliteError& error) {
    return tables_->failed(error);
  }
}

}  // namespace commonwatt
