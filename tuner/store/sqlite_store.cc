#include "tuner/store/sqlite_store.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/support/status_macros.h"
#include "tuner/store/database_file.h"
#include "tuner/store/sqlite_rows.h"

namespace tilewright {
namespace {

constexpr char kDatabaseFile[] = "tilewright.db";

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

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(
    const std::string& cache_dir, const SqliteStoreOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<CacheDirectory> directory, CacheDirectory::Open(cache_dir));
  std::string path = directory->PathOf(kDatabaseFile);
  ASSIGN_OR_RETURN(OpenedDatabase opened, OpenDatabaseFile(path, absl::Now()));
  RETURN_IF_ERROR(LimitSize(options.max_database_bytes, *opened.connection));
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> reader, OpenReader(path));
  return std::unique_ptr<SqliteStore>(
      new SqliteStore(std::move(directory), std::move(path), std::move(opened.recovery_note),
                      std::move(opened.connection), std::move(reader)));
}

SqliteStore::SqliteStore(std::unique_ptr<CacheDirectory> directory, std::string database_path,
                         std::string recovery_note, std::unique_ptr<SqliteConnection> writer,
                         std::unique_ptr<SqliteConnection> reader)
    : directory_(std::move(directory)),
      database_path_(std::move(database_path)),
      recovery_note_(std::move(recovery_note)),
      writer_(std::move(writer)),
      reader_(std::move(reader)) {}

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
