// A thin hold on SQLite: a database opened the way money needs it, statements, transactions. A failing disk stops the
// caller's work with an error it can show; nothing is half written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "core/bytes.hpp"
#include "core/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace commonwatt {

/// Thrown inside the stores when SQLite refuses; their public functions turn it into an error with the file's name.
class SqliteError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// `single_file` is for what must not be left in a write-ahead log: deleted content is overwritten with zeros.
enum class OpenMode : std::uint8_t { read_write, single_file, read_only };

class SqlStatement {
 public:
  SqlStatement(sqlite3* database, const char* sql);
  SqlStatement(SqlStatement&&) noexcept = default;
  SqlStatement& operator=(SqlStatement&&) noexcept = default;

  /// Binds the parameters in their sequence and starts anew.
  template <class... T>
  SqlStatement& with(const T&... values) {
    reset();
    int index = 0;
    (bind(++index, values), ...);
    return *this;
  }
  /// Runs a statement that returns nothing.
  void run();
  /// The next row, if there is one.
  bool row();
  [[nodiscard]] std::int64_t integer(int column) const;
  /// A view that holds until the next row.
  [[nodiscard]] ByteView blob(int column) const;
  [[nodiscard]] std::string text(int column) const;
  void reset();

 private:
  void bind(int index, std::int64_t value);
  void bind(int index, ByteView value);
  void bind(int index, const Bytes& value) { bind(index, ByteView(value)); }
  void bind(int index, const Hash32& value) { bind(index, ByteView(value)); }
  void bind(int index, const std::string& value);

  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  sqlite3* database_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

class SqliteDatabase {
 public:
  /// Opens or makes a database: WAL, synchronous FULL, mode 0600, a small page cache. `schema` is run when writing;
  /// its tables are made if missing. Read-only opening never writes beside the file. Throws SqliteError.
  SqliteDatabase(const std::filesystem::path& file, OpenMode mode, const char* schema);

  SqlStatement prepare(const char* sql) { return {handle_.get(), sql}; }
  void execute(const char* sql);

  /// Commits on `commit`, rolls back when it goes out of scope before.
  class Transaction {
   public:
    explicit Transaction(SqliteDatabase& database) : database_(database) { database_.execute("BEGIN IMMEDIATE"); }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();
    void commit();

   private:
    SqliteDatabase& database_;
    bool open_ = true;
  };

 private:
  struct Closer {
    void operator()(sqlite3* handle) const;
  };
  std::unique_ptr<sqlite3, Closer> handle_;
};

}  // namespace commonwatt
