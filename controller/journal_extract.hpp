// What attesters are told of the journal.
#pragma once

#include <string>

#include "controller/attestation.hpp"
#include "controller/sqlite.hpp"
#include "controller/stored_records.hpp"

namespace commonwatt {

/// The entries after `after`, as many as one extract holds, read with the data keys. Where an erasure came later, the
/// state after it. The error names an entry that does not open. Throws SqliteError.
Result<JournalExtract, std::string> journal_extract(SqliteDatabase& database, const DataKeys& keys, std::int64_t after);

}  // namespace commonwatt
