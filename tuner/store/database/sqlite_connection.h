// SQLite through SQLiteCpp. Everything here may throw SQLite::Exception. Every public method of the
// store catches it (AtBorder).
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

// A failure with the errno of the failed call. Destructors that run during the exception may change
// errno itself.
class SystemFailure final : public SQLite::Exception {
 public:
  SystemFailure(const SQLite::Exception& error, int system_error)
      : SQLite::Exception(error), system_error_(system_error) {}

  int system_error() const { return system_error_; }

 private:
  int system_error_;
};

// Runs `function`. Rethrows its SQLite::Exception as a SystemFailure. Reads errno and not
// sqlite3_system_errno, which is for the last I/O error or failed open and not for READONLY.
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

// A write transaction. It is rolled back unless it was committed.
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

// One use of a prepared statement: binds in order, steps, and resets it at the end.
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

  // Goes to the next row. Returns false after the last.
  bool Next() {
    return KeepSystemError([&] { return statement_.executeStep(); });
  }
  // For statements without rows.
  void Run() { Next(); }

  // Returns a view that is valid until the next step.
  std::string_view BlobAt(int column) const;
  int64_t IntAt(int column) const { return statement_.getColumn(column).getInt64(); }

 private:
  SQLite::Statement& statement_;
  int bound_ = 0;
};

// A connection with its statements. Each is prepared once and kept. Not thread-safe: the owner
// holds a mutex around it.
class SqliteConnection {
 public:
  // kHeapLog and kImmutable are for reading where not even the shared memory of the WAL can be
  // made. kHeapLog keeps it on the heap (SQLite's unix-excl), for all connections of this process.
  // kImmutable reads the database without its WAL. No other process may use the database.
  enum class Mode { kReadOnly, kReadWrite, kHeapLog, kImmutable };

  // The cache directory has one owner, so nobody else holds the database for long.
  static constexpr int kBusyTimeoutMilliseconds = 5000;

  SqliteConnection(const std::string& path, Mode mode);

  SQLite::Database& database() { return database_; }
  Query Use(const std::string& sql);

  // Sets how long a statement waits for another process that holds the database.
  void SetBusyTimeout(int milliseconds);

  // Sets whether closing the last connection merges the WAL into the database (the default).
  void SetCheckpointOnClose(bool checkpoint);

 private:
  SQLite::Database database_;
  std::unordered_map<std::string, std::unique_ptr<SQLite::Statement>> statements_;
};

// Returns whether `error` says that the database is damaged. An I/O error counts as damage, unless
// this process or machine has too little of something.
bool IsDamage(const SQLite::Exception& error);

// Returns errno of the failed call: the one that `error` keeps, else the present one.
int SystemErrorOf(const SQLite::Exception& error);

// The purpose of a statement, for the message.
enum class Purpose { kRead, kWrite };

// Makes a status with the reasons of CacheFaultOf, but DATABASE_UNWRITABLE for CACHE_UNUSABLE.
//   `system_error`: errno of the failed call; 0 if it is not known. A specific code of SQLite
//   (FULL, NOMEM, a detail of READONLY) decides, else `system_error`. An I/O error that
//   `system_error` does not explain is DISK_FAILING.
// RESOURCE_EXHAUSTED: DATABASE_BUSY - another process holds the database.
// DATA_LOSS: DATABASE_DAMAGED.
// INTERNAL: DATABASE_ERROR - all others.
absl::Status StatusFromSqlite(const SQLite::Exception& error, int system_error = 0,
                              Purpose purpose = Purpose::kWrite);

// Returns whether `status`, from an open for writing, may pass and the database is not at fault.
// Meanwhile the stored winners are served.
bool IsWriteFault(const absl::Status& status);

// Runs `function`, which returns a Status or StatusOr, and turns SQLite's exceptions into a status.
template <typename Function>
auto AtBorder(Purpose purpose, Function function) -> decltype(function()) {
  // An older value would be misleading.
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

// As AtBorder, for reads. If the database is damaged there, logs it and returns `miss`.
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
