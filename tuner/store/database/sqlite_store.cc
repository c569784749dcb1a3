#include "tuner/store/database/sqlite_store.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "proto/support/text.h"
#include "tuner/store/database/database_file.h"
#include "tuner/store/database/sqlite_rows.h"

namespace tilewright {
namespace {

// How often to try a disk that was full, and how long a write waits for another process that held
// the database at the write before.
constexpr absl::Duration kReopenInterval = absl::Seconds(5);
constexpr int kBusyAgainMilliseconds = 50;

int64_t FileBytes(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenReader(const std::string& path) {
  return AtBorder(Purpose::kRead, [&]() -> absl::StatusOr<std::unique_ptr<SqliteConnection>> {
    return std::make_unique<SqliteConnection>(path, SqliteConnection::Mode::kReadOnly);
  });
}

absl::Status LimitSize(int64_t max_bytes, SqliteConnection& connection) {
  if (max_bytes <= 0) return absl::OkStatus();
  return AtBorder([&]() -> absl::Status {
    SQLite::Database& database = connection.database();
    const int64_t page_bytes = database.execAndGet("PRAGMA page_size").getInt64();
    database.exec(absl::StrCat("PRAGMA max_page_count=", max_bytes / page_bytes));
    return absl::OkStatus();
  });
}

absl::Status NotWritable(const absl::Status& cause) {
  return WithMessage(
      cause, absl::StrCat(cause.message(),
                          "; until then, stored winners are served and nothing new is stored"));
}

absl::Status NothingReadable(const std::string& directory, const absl::Status& reading) {
  return MakeError(
      absl::StatusCode::kFailedPrecondition, "READ_ONLY",
      absl::StrCat("cache directory ", directory,
                   " cannot be written to, and has nothing to serve: ", reading.message()),
      {{"directory", directory}});
}

absl::Status NothingToServe(const absl::Status& cause, const absl::Status& reading) {
  return WithMessage(cause, absl::StrCat(cause.message(),
                                         "; nor can it be served read-only: ", reading.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& cache_dir,
                                                               const SqliteStoreOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<CacheDirectory> directory, CacheDirectory::Open(cache_dir));
  directory->RemoveUnfinished();
  std::unique_ptr<SqliteStore> store(new SqliteStore(std::move(directory), options));
  RETURN_IF_ERROR(store->OpenConnections());
  return store;
}

SqliteStore::SqliteStore(std::unique_ptr<CacheDirectory> directory,
                         const SqliteStoreOptions& options)
    : directory_(std::move(directory)),
      options_(options),
      database_path_(directory_->PathOf(kDatabaseFile)) {}

absl::Status SqliteStore::OpenConnections() {
  absl::MutexLock write_lock(&write_mutex_);
  absl::MutexLock read_lock(&read_mutex_);
  if (directory_->read_only()) return OpenUnwritableDirectory();
  const absl::Status opened = OpenForWriting();
  return IsWriteFault(opened) ? OpenForReading(opened) : opened;
}

absl::Status SqliteStore::OpenForWriting() {
  ASSIGN_OR_RETURN(OpenedDatabase opened, OpenDatabaseFile(database_path_, absl::Now()));
  RETURN_IF_ERROR(LimitSize(options_.max_database_bytes, *opened.connection));
  ASSIGN_OR_RETURN(reader_, OpenReader(database_path_));
  writer_ = std::move(opened.connection);
  recovery_note_ = std::move(opened.recovery_note);
  read_path_ = database_path_;
  reader_mode_ = SqliteConnection::Mode::kReadOnly;
  SetWritable(absl::OkStatus());
  NoteFiles();
  return absl::OkStatus();
}

absl::Status SqliteStore::OpenForReading(const absl::Status& cause) {
  auto read_only = OpenReadOnly(database_path_);
  if (!read_only.ok()) return NothingToServe(cause, read_only.status());
  reader_ = std::move(read_only->connection);
  reader_mode_ = read_only->mode;
  read_path_ = read_only->path;
  SetWritable(NotWritable(cause));
  return absl::OkStatus();
}

absl::Status SqliteStore::OpenUnwritableDirectory() {
  auto opened = OpenUnwritable(database_path_, RuntimeStem(directory_->path()) + ".db");
  if (!opened.ok()) return NothingReadable(directory_->path(), opened.status());
  reader_ = std::move(opened->connection);
  reader_mode_ = opened->mode;
  read_path_ = opened->path;
  SetWritable(MakeError(
      absl::StatusCode::kFailedPrecondition, "READ_ONLY",
      absl::StrCat("cache directory ", directory_->path(),
                   " cannot be written to: stored winners are served, and nothing new is stored"),
      {{"directory", directory_->path()}}));
  return absl::OkStatus();
}

absl::Status SqliteStore::EnsureWriter() {
  RETURN_IF_ERROR(removed_);
  const SteadyTime now = SteadyTime::Now();
  const absl::Status before = writable();
  if (before.ok() || directory_->read_only() || now < next_open_) return before;
  next_open_ = now + kReopenInterval;
  absl::MutexLock lock(&read_mutex_);
  // The reader holds the database in a way that allows no writer beside it.
  reader_.reset();
  const absl::Status opened = OpenForWriting();
  if (opened.ok()) return opened;
  RETURN_IF_ERROR(OpenForReading(opened));
  return writable();
}

SqliteConnection& SqliteStore::Reader() {
  if (reader_ == nullptr) {
    throw SQLite::Exception("the database could not be opened again", SQLITE_CANTOPEN);
  }
  return *reader_;
}

SqliteStore::ReadPlace SqliteStore::WhereToRead() const {
  absl::MutexLock lock(&read_mutex_);
  return {read_path_, reader_mode_};
}

std::string SqliteStore::recovery_note() const {
  absl::MutexLock lock(&read_mutex_);
  return recovery_note_;
}

absl::Status SqliteStore::writable() const {
  absl::MutexLock lock(&writable_mutex_);
  return writable_;
}

void SqliteStore::SetWritable(const absl::Status& status) {
  absl::MutexLock lock(&writable_mutex_);
  writable_ = status;
}

FileIdentity IdentifyFile(const std::string& path) {
  struct stat info;
  if (::lstat(path.c_str(), &info) != 0) return std::nullopt;
  return std::pair{info.st_dev, info.st_ino};
}

void SqliteStore::NoteFiles() {
  database_ = IdentifyFile(database_path_);
  log_ = IdentifyFile(database_path_ + "-wal");
}

absl::Status SqliteStore::CheckFiles() {
  RETURN_IF_ERROR(removed_);
  if (writer_ == nullptr) return absl::OkStatus();
  removed_ = directory_->CheckHeld();
  if (removed_.ok() && IdentifyFile(database_path_) != database_) {
    removed_ = CacheRemoved(directory_->path(), database_path_);
  }
  const std::string log_path = database_path_ + "-wal";
  // SQLite makes the log at the first write.
  if (!log_) log_ = IdentifyFile(log_path);
  if (removed_.ok() && log_ && IdentifyFile(log_path) != log_) {
    removed_ = CacheRemoved(directory_->path(), log_path);
  }
  if (removed_.ok()) return removed_;
  // Acknowledged rows are in a log that has no name any more. So merge it into the database while
  // that still exists. On close the connection must not touch the files that are there now.
  if (IdentifyFile(database_path_) == database_) {
    AtBorder([&writer = *writer_]() -> absl::Status {
      writer.database().exec("PRAGMA wal_checkpoint(FULL)");
      return absl::OkStatus();
    }).IgnoreError();
  }
  writer_->SetCheckpointOnClose(false);
  return removed_;
}

absl::Status SqliteStore::CheckPresent() {
  absl::MutexLock lock(&write_mutex_);
  return CheckFiles();
}

void SqliteStore::NoteBusy(const absl::Status& result) {
  const bool busy = ReasonOf(result) == "DATABASE_BUSY";
  if (busy == busy_ || (!busy && !result.ok())) return;
  busy_ = busy;
  writer_->SetBusyTimeout(busy ? kBusyAgainMilliseconds
                               : SqliteConnection::kBusyTimeoutMilliseconds);
}

absl::Status SqliteStore::Rebuild(const absl::Status& damage) {
  absl::MutexLock lock(&read_mutex_);
  auto rebuilt = RebuildDatabaseFile(
      database_path_, absl::Now(),
      std::string_view(damage.message().data(), damage.message().size()), newest_epoch_);
  RETURN_IF_ERROR(rebuilt.status());
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> reader, OpenReader(database_path_));
  // The files that they would merge are aside now, under another name.
  writer_->SetCheckpointOnClose(false);
  reader_ = std::move(reader);
  writer_ = std::move(rebuilt->connection);
  NoteFiles();
  return LimitSize(options_.max_database_bytes, *writer_);
}

absl::StatusOr<v1::CacheStats> SqliteStore::Stats() {
  const absl::Status write = writable();
  const std::string note = recovery_note();
  return Read(
      "count", absl::StatusOr<v1::CacheStats>(v1::CacheStats()),
      [&](SqliteConnection& reader) -> absl::StatusOr<v1::CacheStats> {
        v1::CacheStats stats;
        stats.set_recovery_note(ToUtf8(note));
        if (!write.ok()) stats.set_read_only(std::string(write.message()));
        {
          Query counts = reader.Use(
              "SELECT count(*), coalesce(sum(samples), 0), coalesce(max(newest), 0),"
              " coalesce(min(oldest), 0) FROM"
              " (SELECT sum(sample_count) AS samples, max(epoch) AS newest,"
              "  min(epoch) AS oldest FROM winners INDEXED BY winners_by_target"
              "  GROUP BY problem_id, silicon_id, environment_id)");
          counts.Next();
          stats.set_winners(counts.IntAt(0));
          stats.set_samples(counts.IntAt(1));
          stats.set_epoch(counts.IntAt(2));
          if (counts.IntAt(3) > 0) {
            if (const auto oldest = ReadWinner(reader, counts.IntAt(3))) {
              *stats.mutable_oldest_winner_time() = oldest->winner.create_time();
            }
          }
        }
        Query kernels = reader.Use("SELECT count(*) FROM kernels");
        kernels.Next();
        stats.set_kernels(kernels.IntAt(0));
        Query quarantined = reader.Use("SELECT count(*) FROM quarantine");
        quarantined.Next();
        stats.set_quarantined(quarantined.IntAt(0));
        stats.set_database_bytes(FileBytes(database_path_) + FileBytes(database_path_ + "-wal"));
        return stats;
      });
}

}  // namespace tilewright
