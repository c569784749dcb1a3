#include "tuner/store/sqlite_store.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/support/errors.h"
#include "proto/support/status_macros.h"
#include "tuner/store/database_file.h"
#include "tuner/store/sqlite_rows.h"

namespace tilewright {
namespace {

int64_t FileBytes(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(size);
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenReader(const std::string& path) {
  return AtBorder([&]() -> absl::StatusOr<std::unique_ptr<SqliteConnection>> {
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

absl::Status ReadOnly(const absl::Status& cause) {
  return MakeError(absl::StatusCode::kResourceExhausted, "DISK_FULL",
                   absl::StrCat(cause.message(),
                                "; until the daemon is started again, what is "
                                "stored is served and nothing new is kept"));
}

absl::Status NothingToServe(const absl::Status& cause, const absl::Status& reading) {
  return MakeError(
      absl::StatusCode::kResourceExhausted, "DISK_FULL",
      absl::StrCat(cause.message(), "; nor can it be served read-only: ", reading.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& cache_dir,
                                                               const SqliteStoreOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<CacheDirectory> directory, CacheDirectory::Open(cache_dir));
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
  auto opened = OpenDatabaseFile(database_path_, absl::Now());
  if (absl::IsResourceExhausted(opened.status())) {
    auto read_only = OpenReadOnly(database_path_);
    if (!read_only.ok()) return NothingToServe(opened.status(), read_only.status());
    reader_ = std::move(read_only->connection);
    reader_mode_ = read_only->mode;
    writable_ = ReadOnly(opened.status());
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(opened.status());
  writer_ = std::move(opened->connection);
  recovery_note_ = std::move(opened->recovery_note);
  RETURN_IF_ERROR(LimitSize(options_.max_database_bytes, *writer_));
  ASSIGN_OR_RETURN(reader_, OpenReader(database_path_));
  return absl::OkStatus();
}

absl::Status SqliteStore::Rebuild(const absl::Status& damage) {
  absl::MutexLock lock(&read_mutex_);
  auto rebuilt = RebuildDatabaseFile(
      database_path_, absl::Now(),
      std::string_view(damage.message().data(), damage.message().size()), newest_epoch_);
  RETURN_IF_ERROR(rebuilt.status());
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> reader, OpenReader(database_path_));
  // What they would fold in lies aside now, under another name.
  writer_->SetCheckpointOnClose(false);
  reader_ = std::move(reader);
  writer_ = std::move(rebuilt->connection);
  return LimitSize(options_.max_database_bytes, *writer_);
}

absl::StatusOr<v1::CacheStats> SqliteStore::Stats() {
  absl::MutexLock lock(&read_mutex_);
  return ReadAtBorder(
      "count", absl::StatusOr<v1::CacheStats>(v1::CacheStats()),
      [&]() -> absl::StatusOr<v1::CacheStats> {
        v1::CacheStats stats;
        stats.set_recovery_note(recovery_note_);
        {
          Query counts = reader_->Use(
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
            if (const auto oldest = ReadWinner(*reader_, counts.IntAt(3))) {
              *stats.mutable_oldest_winner_time() = oldest->winner.create_time();
            }
          }
        }
        Query kernels = reader_->Use("SELECT count(*) FROM kernels");
        kernels.Next();
        stats.set_kernels(kernels.IntAt(0));
        Query quarantined = reader_->Use("SELECT count(*) FROM quarantine");
        quarantined.Next();
        stats.set_quarantined(quarantined.IntAt(0));
        stats.set_database_bytes(FileBytes(database_path_) + FileBytes(database_path_ + "-wal"));
        return stats;
      });
}

}  // namespace tilewright
