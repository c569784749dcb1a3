#ifndef TILEWRIGHT_TUNER_STORE_SQLITE_STORE_H_
#define TILEWRIGHT_TUNER_STORE_SQLITE_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "tuner/store/cache_directory.h"
#include "tuner/store/sqlite_connection.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

struct SqliteStoreOptions {
  // Writes that would make the database larger fail as on a full disk. 0: no limit.
  int64_t max_database_bytes = 0;
};

// Tunings in <cache directory>/tilewright.db: SQLite in WAL mode, durable on return.
// One connection makes all writes and checkpoints (Debian's SQLite can damage a database
// where two connections checkpoint at once); a second one reads, so that fetching a cubin
// never waits for a disk flush. Owned by main(); any thread.
class SqliteStore final : public TuningStore {
 public:
  // FAILED_PRECONDITION: see CacheDirectory::Open; reason SCHEMA_TOO_NEW for a database of
  // a newer version. RESOURCE_EXHAUSTED, reason DISK_FULL.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(
      const std::string& cache_dir, const SqliteStoreOptions& options = {});

  // Says which damaged database was moved where; empty where none was.
  const std::string& recovery_note() const { return recovery_note_; }

  absl::Status ForEachWinner(std::function<void(const PackedWinner&)> visit) override;
  absl::StatusOr<int64_t> PutTuning(const TuningRecord& record) override;
  absl::StatusOr<std::vector<int64_t>> PutImport(
      const std::vector<std::string>& cubins,
      const std::vector<TuningRecord>& records) override;
  absl::StatusOr<TuningRecord> GetTuning(const std::string& problem_encoding,
                                         const std::string& silicon_key,
                                         const std::string& environment_key) override;
  absl::StatusOr<std::optional<CompiledCode>> FindCompiled(
      const std::string& compile_key) override;
  absl::Status PutCompiled(const std::string& compile_key, const CompiledCode& code) override;
  absl::StatusOr<std::string> GetCubin(const std::string& content_hash) override;
  absl::Status Quarantine(const std::string& content_hash, const std::string& silicon_key,
                          const v1::Failure& failure) override;
  absl::StatusOr<std::optional<v1::Failure>> FindQuarantined(
      const std::string& content_hash, const std::string& silicon_key) override;
  absl::Status ForEachQuarantined(
      std::function<void(std::string_view content_hash, std::string_view silicon_key)> visit)
      override;
  absl::Status PutSweep(const v1::Sweep& sweep, const v1::CreateSweepRequest& request) override;
  absl::StatusOr<v1::Sweep> GetSweep(const std::string& name) override;
  absl::StatusOr<std::vector<v1::CreateSweepRequest>> UnfinishedSweeps() override;
  absl::StatusOr<v1::CacheStats> Stats() override;

 private:
  SqliteStore(std::unique_ptr<CacheDirectory> directory, std::string database_path,
              std::string recovery_note, std::unique_ptr<SqliteConnection> writer,
              std::unique_ptr<SqliteConnection> reader);

  absl::StatusOr<int64_t> InsertTuning(const TuningRecord& record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  int64_t NextEpoch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  // What can be read of them; the rest is left as it was.
  absl::StatusOr<std::vector<v1::Candidate>> ReadCandidates(int64_t epoch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(read_mutex_);
  absl::Status ReadSweepEntries(int64_t id, v1::Sweep* sweep)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(read_mutex_);

  // Declared first, so that the lease outlives the connections.
  const std::unique_ptr<CacheDirectory> directory_;
  const std::string database_path_;
  const std::string recovery_note_;

  absl::Mutex write_mutex_;
  absl::Mutex read_mutex_;
  // Closed last, for then it checkpoints.
  const std::unique_ptr<SqliteConnection> writer_ ABSL_PT_GUARDED_BY(write_mutex_);
  const std::unique_ptr<SqliteConnection> reader_ ABSL_PT_GUARDED_BY(read_mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_SQLITE_STORE_H_
