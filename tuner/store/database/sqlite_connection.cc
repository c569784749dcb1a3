#include "tuner/store/database/sqlite_connection.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "proto/support/errors.h"
#include "proto/support/private_files.h"
#include "spdlog/spdlog.h"

namespace tilewright {
namespace {

using Mode = SqliteConnection::Mode;

int FlagsOf(Mode mode) {
  // The lock of unix-excl needs a file that is open for writing.
  const bool writable = mode == Mode::kReadWrite || mode == Mode::kHeapLog;
  return (writable ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY) | SQLite::OPEN_NOMUTEX |
         SQLite::OPEN_PRIVATECACHE | (mode == Mode::kImmutable ? SQLite::OPEN_URI : 0);
}

std::string NameOf(const std::string& path, Mode mode) {
  if (mode != Mode::kImmutable) return path;
  return absl::StrCat(
      "file:", absl::StrReplaceAll(path, {{"%", "%25"}, {"?", "%3f"}, {"#", "%23"}}),
      "?immutable=1");
}

// Returns whether CacheFaultOf has a specific reason for this errno.
bool IsKnown(int system_error) {
  return std::string_view(CacheFaultOf(system_error).reason) != CacheFaultOf(0).reason ||
         system_error == EACCES || system_error == EPERM;
}

// Returns the extended error code if SQLite gave one.
int DetailedCode(const SQLite::Exception& error) {
  const int detailed = error.getExtendedErrorCode();
  const bool is_of_this = detailed > 0 && (detailed & 0xff) == (error.getErrorCode() & 0xff);
  return is_of_this ? detailed : error.getErrorCode();
}

absl::Status FaultStatus(const SQLite::Exception& error, int system_error, const CacheFault& fault,
                         Purpose purpose = Purpose::kWrite) {
  // The directory can be used: the stored winners are served.
  const bool may_serve = std::string_view(fault.reason) == CacheFaultOf(0).reason;
  return MakeError(
      fault.code, may_serve ? "DATABASE_UNWRITABLE" : fault.reason,
      absl::StrCat("the cache cannot be ", purpose == Purpose::kRead ? "read" : "written", " (",
                   error.what(), system_error == 0 ? "" : ": ",
                   system_error == 0 ? "" : std::strerror(system_error), "): ", fault.advice));
}

absl::Status SystemFault(const SQLite::Exception& error, int system_error,
                         Purpose purpose = Purpose::kWrite) {
  return FaultStatus(error, system_error, CacheFaultOf(system_error), purpose);
}

// Reports a database that SQLite cannot write to: by errno if it says why, else by SQLite's code.
absl::Status ReadOnlyFault(const SQLite::Exception& error, int system_error) {
  constexpr auto kCode = absl::StatusCode::kFailedPrecondition;
  switch (system_error) {
    case EROFS:
      return SystemFault(error, EROFS);
    case EACCES:
    case EPERM:
      return SystemFault(error, EACCES);
    default:
      break;
  }
  switch (DetailedCode(error)) {
    case SQLITE_READONLY_DBMOVED:
      return FaultStatus(error, 0,
                         {kCode, "DATABASE_UNWRITABLE",
                          "the database was moved or removed while it was open: put it back, or "
                          "start tilewrightd again"});
    case SQLITE_READONLY_RECOVERY:
    case SQLITE_READONLY_CANTLOCK:
    case SQLITE_READONLY_CANTINIT:
      return FaultStatus(error, 0,
                         {kCode, "DATABASE_UNWRITABLE",
                          "the index of its log, tilewright.db-shm, cannot be written to: check "
                          "its owner and mode"});
    case SQLITE_READONLY_ROLLBACK:
      return FaultStatus(error, 0,
                         {kCode, "DATABASE_UNWRITABLE",
                          "an interrupted write must be undone first, and the database "
                          "cannot be written to: check its owner and mode"});
    case SQLITE_READONLY_DIRECTORY:
      return FaultStatus(
          error, 0,
          {kCode, "READ_ONLY", "its directory cannot be written to: check its owner and mode"});
    default:
      return FaultStatus(error, 0,
                         {kCode, "READ_ONLY",
                          "the database was opened only for reading: check its owner and mode, "
                          "and how its filesystem is mounted"});
  }
}

// Returns the errno that explains an I/O error, as far as it is known, else 0.
int CauseOfIoError(const SQLite::Exception& error, int system_error) {
  if (DetailedCode(error) == SQLITE_IOERR_NOMEM) return ENOMEM;
  return IsKnown(system_error) ? system_error : 0;
}

}  // namespace

Query::~Query() {
  statement_.tryReset();
  statement_.clearBindings();  // Never fails.
}

Query& Query::Blob(std::string_view bytes) {
  // A null pointer would bind NULL.
  statement_.bind(++bound_, bytes.data() == nullptr ? "" : bytes.data(),
                  static_cast<int>(bytes.size()));
  return *this;
}

Query& Query::Text(const std::string& text) {
  statement_.bind(++bound_, text);
  return *this;
}

Query& Query::Int(int64_t value) {
  statement_.bind(++bound_, value);
  return *this;
}

Query& Query::Double(double value) {
  statement_.bind(++bound_, value);
  return *this;
}

Query& Query::Null() {
  statement_.bind(++bound_);
  return *this;
}

std::string_view Query::BlobAt(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  const auto* bytes = static_cast<const char*>(value.getBlob());
  return bytes == nullptr ? std::string_view()
                          : std::string_view(bytes, static_cast<std::size_t>(value.getBytes()));
}

SqliteConnection::SqliteConnection(const std::string& path, Mode mode)
    : database_(NameOf(path, mode), FlagsOf(mode), kBusyTimeoutMilliseconds,
                mode == Mode::kHeapLog ? "unix-excl" : "") {
  KeepSystemError([&] {
    // These find damaged pages when they are read, and keep a planted schema from calling out.
    database_.exec("PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF");
    if (mode == Mode::kHeapLog) database_.exec("PRAGMA query_only=ON");
  });
  // The last connection to close would merge the WAL and delete it by name. By then that name may
  // be another database's.
  if (mode != Mode::kReadWrite) SetCheckpointOnClose(false);
}

Query SqliteConnection::Use(const std::string& sql) {
  std::unique_ptr<SQLite::Statement>& statement = statements_[sql];
  if (statement == nullptr) {
    KeepSystemError([&] { statement = std::make_unique<SQLite::Statement>(database_, sql); });
  }
  return Query(*statement);
}

void SqliteConnection::SetBusyTimeout(int milliseconds) { database_.setBusyTimeout(milliseconds); }

void SqliteConnection::SetCheckpointOnClose(bool checkpoint) {
  sqlite3_db_config(database_.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, checkpoint ? 0 : 1,
                    nullptr);
}

bool IsDamage(const SQLite::Exception& error) {
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return true;
    case SQLITE_IOERR: {
      const int cause = CauseOfIoError(error, SystemErrorOf(error));
      return cause != ENOMEM && cause != EMFILE && cause != ENFILE;
    }
    default:
      return false;
  }
}

int SystemErrorOf(const SQLite::Exception& error) {
  const auto* failure = dynamic_cast<const SystemFailure*>(&error);
  return failure == nullptr ? errno : failure->system_error();
}

void LogDamage(std::string_view what, std::string_view error) {
  spdlog::warn("a damaged {} is left out: {}", what, error);
}

absl::Status StatusFromSqlite(const SQLite::Exception& error, int system_error, Purpose purpose) {
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_FULL:
      return SystemFault(error, ENOSPC, purpose);
    case SQLITE_NOMEM:
      return SystemFault(error, ENOMEM, purpose);
    case SQLITE_READONLY:
      return ReadOnlyFault(error, system_error);
    case SQLITE_IOERR: {
      const int cause = CauseOfIoError(error, system_error);
      return SystemFault(error, cause == 0 ? EIO : cause, purpose);
    }
    case SQLITE_CANTOPEN:
      return SystemFault(error, system_error, purpose);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return MakeError(absl::StatusCode::kResourceExhausted, "DATABASE_BUSY",
                       absl::StrCat("another program holds the cache database (", error.what(),
                                    "): close it; try again in 1000 ms"),
                       {{"retry_delay_ms", "1000"}});
    // A write always fits the stored rows unless they are damaged: a row, or an entry of an index,
    // is missing.
    case SQLITE_CONSTRAINT:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return MakeError(absl::StatusCode::kDataLoss, "DATABASE_DAMAGED",
                       absl::StrCat("the cache database is damaged (", error.what(), ")"));
    default:
      return MakeError(absl::StatusCode::kInternal, "DATABASE_ERROR",
                       absl::StrCat("the cache database failed: ", error.what()));
  }
}

bool IsWriteFault(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  for (const char* fault : {"DISK_FULL", "DISK_QUOTA", "FILE_SIZE_LIMIT", "NO_DESCRIPTOR",
                            "OUT_OF_MEMORY", "READ_ONLY", "DISK_FAILING", "DATABASE_UNWRITABLE"}) {
    if (reason == fault) return true;
  }
  return false;
}

}  // namespace tilewright
