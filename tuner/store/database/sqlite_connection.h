// SQLite through SQLiteCpp, which throws: everything here may throw SQLite::Exception, and
// every public method of the store catches it (AtBorder).
#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_SQLITE_CONNECTION_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_SQLITE_CONNECTION_H_

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "SQLiteCpp/SQLiteCpp.h"
#include "absl/status/status.h"

namespace tilewright {

// A failure with errno as the failed call left it. What is closed while the exception is on its way
// may overwrite errno.
class SystemFailure final : public SQLite::Exception {
 public:
  SystemFailure(const SQLite::Exception& error, int system_error)
      : SQLite::Exception(error), system_error_(system_error) {}

  int system_error() const { return system_error_; }

 private:
  int system_error_;
};

// Runs `function`, and throws what it throws: a SQLite::Exception as a SystemFailure. errno is read
// and not sqlite3_system_errno: that is of the last I/O error or failed open, and not of READONLY.
template <typename Function>
auto KeepSystemError(Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const SystemFailure&) {
    throw;
  } catch (const SQLite::Exception& error) {
    throw SystemFailure(error, errno);
  }
}

// A transaction that writes. Rolled back unless it was committed.
class WriteTransaction {
 public:
  explicit WriteTransaction(SQLite::Database& database)
      : transaction_(database, SQLite::TransactionBehavior::IMMEDIATE) {}

  void Commit() {
    KeepSystemError([&] { transaction_.commit(); });
  }

 private:
  SQLite::Transaction transaction_;
};

// One use of a prepared statement: binds in order, steps, and leaves it reset.
class Query {
 public:
  explicit Query(SQLite::Statement& statement) : statement_(statement) {}
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& Blob(std::string_view bytes);
  Query& Text(const std::string& text);
  Query& Int(int64_t value);
  Query& Double(double value);
  Query& Null();

  // To the next row; false after the last.
  bool Next() {
    return KeepSystemError([&] { return statement_.executeStep(); });
  }
  // For statements without rows.
  void Run() { Next(); }

  // Valid until the next step.
  std::string_view BlobAt(int column) const;
  int64_t IntAt(int column) const { return statement_.getColumn(column).getInt64(); }

 private:
  SQLite::Statement& statement_;
  int bound_ = 0;
};

// A connection with its statements, each prepared once and kept. Not thread-safe: its
// owner holds a mutex around it.
class SqliteConnection {
 public:
  // kHeapLog and kImmutable read where not even the shared memory of the WAL can be made.
  // The first keeps it on the heap (SQLite's unix-excl), for all connections of this process;
  // the second reads the database without its WAL. No other process may use the database.
  enum class Mode { kReadOnly, kReadWrite, kHeapLog, kImmutable };

  // The cache directory has one owner: nobody else holds the database for long.
  static constexpr int kBusyTimeoutMilliseconds = 5000;

  SqliteConnection(const std::string& path, Mode mode);

  SQLite::Database& database() { return database_; }
  Query Use(const std::string& sql);

  // How long a statement waits for another process that holds the database.
  void SetBusyTimeout(int milliseconds);

  // Whether closing the last connection folds the WAL into the database (the default).
  void SetCheckpointOnClose(bool checkpoint);

 private:
  SQLite::Database database_;
  std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>> statements_;
};

// Whether `error` says that what was read is damaged. An I/O error is, unless it is for the lack of
// something that this process or machine has too little of.
bool IsDamage(const SQLite::Exception& error);

// errno as the failed call left it: what `error` keeps, else errno as it is now.
int SystemErrorOf(const SQLite::Exception& error);

// What a statement was for: the message says it.
enum class Purpose { kRead, kWrite };

// `system_error`: errno, as the failed call left it; 0 where it is not known.
// The reasons of CacheFaultOf, with DATABASE_UNWRITABLE in the place of CACHE_UNUSABLE. A code of
//   SQLite that is specific (FULL, NOMEM, a detail of READONLY) decides, and `system_error`
//   elsewhere. An I/O error that `system_error` does not explain is DISK_FAILING.
// RESOURCE_EXHAUSTED: DATABASE_BUSY - another process holds the database.
// DATA_LOSS: DATABASE_DAMAGED.
// INTERNAL: DATABASE_ERROR - all others.
absl::Status StatusFromSqlite(const SQLite::Exception& error, int system_error = 0,
                              Purpose purpose = Purpose::kWrite);

// Whether `status`, of an open for writing, may pass without the database being at fault: what is
// stored is served meanwhile.
bool IsWriteFault(const absl::Status& status);

// Runs `function`, which returns a Status or StatusOr, and turns SQLite's exceptions into
// a status.
template <typename Function>
auto AtBorder(Purpose purpose, Function function) -> decltype(function()) {
  // What it was before says nothing of this.
  errno = 0;
  try {
    return function();
  } catch (const SQLite::Exception& error) {
    return StatusFromSqlite(error, SystemErrorOf(error), purpose);
  }
}

template <typename Function>
auto AtBorder(Function function) -> decltype(function()) {
  return AtBorder(Purpose::kWrite, std::move(function));
}

// Logs that `what` was left out because of `error`.
void LogDamage(std::string_view what, std::string_view error);

// As AtBorder, for reads: where what was read is damaged, logs it and returns `miss`.
template <typename Result, typename Function>
Result ReadAtBorder(std::string_view what, Result miss, Function function) {
  errno = 0;
  try {
    return function();
  } catch (const SQLite::Exception& error) {
    if (!IsDamage(error)) {
      return StatusFromSqlite(error, SystemErrorOf(error), Purpose::kRead);
    }
    LogDamage(what, error.what());
    return miss;
  }
}

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_SQLITE_CONNECTION_H_
