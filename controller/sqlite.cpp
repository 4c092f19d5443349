#include "controller/sqlite.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

namespace commonwatt {
namespace {

[[noreturn]] void refuse(sqlite3* handle, const char* doing) {
  throw SqliteError(std::string(doing) + ": " + sqlite3_errmsg(handle));
}

}  // namespace

SqlStatement::SqlStatement(sqlite3* database, const char* sql) : database_(database) {
  sqlite3_stmt* made = nullptr;
  if (sqlite3_prepare_v2(database, sql, -1, &made, nullptr) != SQLITE_OK) refuse(database, sql);
  statement_.reset(made);
}

void SqlStatement::Finalizer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void SqlStatement::reset() {
  sqlite3_reset(statement_.get());
}

bool SqlStatement::row() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) refuse(database_, sqlite3_sql(statement_.get()));
  reset();
  return false;
}

void SqlStatement::run() {
  while (row()) {
  }
}

std::int64_t SqlStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

ByteView SqlStatement::blob(int column) const {
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string SqlStatement::text(int column) const {
  return as_text(blob(column));
}

void SqlStatement::bind(int index, std::int64_t value) {
  if (sqlite3_bind_int64(statement_.get(), index, value) != SQLITE_OK) refuse(database_, "bind");
}

void SqlStatement::bind(int index, ByteView value) {
  // An empty blob must not become NULL.
  const void* bytes = value.empty() ? static_cast<const void*>("") : value.data();
  if (sqlite3_bind_blob(statement_.get(), index, bytes, static_cast<int>(value.size()), SQLITE_TRANSIENT) !=
      SQLITE_OK) {
    refuse(database_, "bind");
  }
}

void SqlStatement::bind(int index, const std::string& value) {
  if (sqlite3_bind_text(statement_.get(), index, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT) !=
      SQLITE_OK) {
    refuse(database_, "bind");
  }
}

void SqliteDatabase::Closer::operator()(sqlite3* handle) const {
  sqlite3_close_v2(handle);
}

SqliteDatabase::SqliteDatabase(const std::filesystem::path& file, OpenMode mode, const char* schema) {
  const bool writes = mode != OpenMode::read_only;
  const mode_t before = ::umask(077);
  sqlite3* opened = nullptr;
  const int flags = writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const int code = sqlite3_open_v2(file.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  ::umask(before);
  handle_.reset(opened);
  if (code != SQLITE_OK) refuse(opened, "open");
  constexpr int busy_milliseconds = 5000;
  sqlite3_busy_timeout(opened, busy_milliseconds);
  if (!writes) return;
  if (mode == OpenMode::single_file) {
    execute("PRAGMA journal_mode=DELETE");
    execute("PRAGMA synchronous=EXTRA");  // FULL would let a power cut bring the last transaction's state before back.
    execute("PRAGMA secure_delete=ON");
  } else {
    execute("PRAGMA journal_mode=WAL");
    execute("PRAGMA synchronous=FULL");
  }
  execute("PRAGMA cache_size=-512");  // KiB: gateways are small
  execute("PRAGMA foreign_keys=ON");
  execute(schema);
}

void SqliteDatabase::execute(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) refuse(handle_.get(), sql);
}

void SqliteDatabase::Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

SqliteDatabase::Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.execute("ROLLBACK");
  } catch (const SqliteError&) {  // NOLINT(bugprone-empty-catch)
    // On a full disk SQLite has rolled back by itself and says that no transaction is open.
  }
}

}  // namespace commonwatt
