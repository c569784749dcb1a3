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
#include "proto/support/status_macros.h"
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
  // a newer version. Where the disk takes no write, what is stored is opened read-only;
  // RESOURCE_EXHAUSTED, reason DISK_FULL, where there is nothing.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const std::string& cache_dir,
                                                           const SqliteStoreOptions& options = {});

  // Says which damaged database was moved where on opening; empty where none was.
  const std::string& recovery_note() const { return recovery_note_; }
  // Why every write fails until the next start; OK where the store was opened for writing.
  const absl::Status& writable() const { return writable_; }

  absl::Status ForEachWinner(std::function<void(const PackedWinner&)> visit) override;
  absl::StatusOr<int64_t> PutTuning(const TuningRecord& record) override;
  absl::StatusOr<std::vector<int64_t>> PutImport(const std::vector<std::string>& cubins,
                                                 const std::vector<TuningRecord>& records) override;
  absl::StatusOr<TuningRecord> GetTuning(const std::string& problem_encoding,
                                         const std::string& silicon_key,
                                         const std::string& environment_key) override;
  absl::StatusOr<std::optional<CompiledCode>> FindCompiled(const std::string& compile_key) override;
  absl::Status PutCompiled(const std::string& compile_key, const CompiledCode& code) override;
  absl::StatusOr<std::string> GetCubin(const std::string& content_hash) override;
  absl::Status Quarantine(const std::string& content_hash, const std::string& silicon_key,
                          const std::string& problem_key, const v1::Failure& failure) override;
  absl::StatusOr<std::optional<v1::Failure>> FindQuarantined(
      const std::string& content_hash, const std::string& silicon_key,
      const std::string& problem_key) override;
  absl::Status ForEachQuarantined(std::function<void(const QuarantineEntry& entry)> visit) override;
  absl::StatusOr<std::vector<TrustedSigner>> Signers() override;
  absl::Status PutSigner(const TrustedSigner& signer) override;
  absl::Status RemoveSigner(const std::string& signer) override;
  absl::StatusOr<std::vector<StoredWinner>> AdoptWinners(const std::string& signer) override;
  absl::StatusOr<Removed> Remove(const std::vector<int64_t>& epochs, bool dry_run) override;
  absl::StatusOr<Removed> Prune(const PruneOptions& options) override;
  absl::Status NoteServed(const std::vector<std::string>& content_hashes, int64_t seconds) override;
  absl::StatusOr<std::vector<PrunedEpochs>> Pruned() override;
  absl::Status Backup(const std::string& path) override;
  absl::Status PutSweep(const v1::Sweep& sweep, const v1::CreateSweepRequest& request) override;
  absl::StatusOr<v1::Sweep> GetSweep(const std::string& name) override;
  absl::StatusOr<std::vector<v1::CreateSweepRequest>> UnfinishedSweeps() override;
  absl::StatusOr<v1::CacheStats> Stats() override;

 private:
  SqliteStore(std::unique_ptr<CacheDirectory> directory, const SqliteStoreOptions& options);

  absl::Status OpenConnections();
  // For the DATA_LOSS of a write: goes on with a new database of what can be read.
  absl::Status Rebuild(const absl::Status& damage) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);

  // Runs `write` under the lock, as AtBorder; where it comes upon damage, once more on a
  // rebuilt database.
  template <typename Function>
  auto Write(Function write) -> decltype(write()) {
    RETURN_IF_ERROR(writable_);
    absl::MutexLock lock(&write_mutex_);
    auto result = AtBorder(write);
    if (!absl::IsDataLoss(ToStatus(result))) return result;
    RETURN_IF_ERROR(Rebuild(ToStatus(result)));
    return AtBorder(write);
  }
  static const absl::Status& ToStatus(const absl::Status& status) { return status; }
  template <typename Value>
  static const absl::Status& ToStatus(const absl::StatusOr<Value>& value) {
    return value.status();
  }

  absl::StatusOr<int64_t> InsertTuning(const TuningRecord& record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  // Runs `remove`, which may throw, and gives back what it freed; nothing changes in a dry run.
  absl::StatusOr<Removed> RemoveInTransaction(bool dry_run,
                                              const std::function<void(Removed*)>& remove);
  void RemoveWinner(int64_t epoch, Removed* removed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  int64_t NextEpoch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  // What can be read of them; the rest is left as it was.
  absl::StatusOr<std::vector<v1::Candidate>> ReadCandidates(int64_t epoch)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(read_mutex_);
  absl::Status ReadSweepEntries(int64_t id, v1::Sweep* sweep)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(read_mutex_);

  // Declared first, so that the lease outlives the connections.
  const std::unique_ptr<CacheDirectory> directory_;
  const SqliteStoreOptions options_;
  const std::string database_path_;
  // Set by OpenConnections, before any other thread knows the store.
  std::string recovery_note_;
  absl::Status writable_;
  SqliteConnection::Mode reader_mode_ = SqliteConnection::Mode::kReadOnly;

  // Held over looking for a signer's name and writing it; taken before the others.
  absl::Mutex signers_mutex_;
  // Where both are held, write_mutex_ was taken first.
  absl::Mutex write_mutex_;
  absl::Mutex read_mutex_;
  int64_t newest_epoch_ ABSL_GUARDED_BY(write_mutex_) = 0;  // Of this process; 0: none.
  // Closed last, for then it checkpoints. Null where the store is read-only.
  std::unique_ptr<SqliteConnection> writer_ ABSL_GUARDED_BY(write_mutex_);
  std::unique_ptr<SqliteConnection> reader_ ABSL_GUARDED_BY(read_mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_SQLITE_STORE_H_
