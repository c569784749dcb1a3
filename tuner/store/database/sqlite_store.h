#ifndef TILEWRIGHT_TUNER_STORE_DATABASE_SQLITE_STORE_H_
#define TILEWRIGHT_TUNER_STORE_DATABASE_SQLITE_STORE_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "proto/support/status_macros.h"
#include "proto/support/steady_time.h"
#include "tuner/store/database/cache_directory.h"
#include "tuner/store/database/sqlite_connection.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

struct SqliteStoreOptions {
  // Writes that would make the database larger fail as on a full disk. 0: no limit.
  int64_t max_database_bytes = 0;
};

// Which file lies at a path; nothing where there is none.
using FileIdentity = std::optional<std::pair<dev_t, ino_t>>;
FileIdentity IdentifyFile(const std::string& path);

// Tunings in <cache directory>/tilewright.db: SQLite in WAL mode, durable on return.
// One connection makes all writes and checkpoints (Debian's SQLite can damage a database
// where two connections checkpoint at once); a second one reads, so that fetching a cubin
// never waits for a disk flush. Scans and backups, which take long, open one more for reading.
// Owned by main(); any thread.
class SqliteStore final : public TuningStore {
 public:
  // FAILED_PRECONDITION: see CacheDirectory::Open; reason SCHEMA_TOO_NEW for a database of
  // a newer version. Where the disk takes no write, what is stored is opened read-only, and for
  // writing when it takes one again; an error as StatusFromSqlite where there is nothing.
  // A directory that cannot be written to is served as it is.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const std::string& cache_dir,
                                                           const SqliteStoreOptions& options = {});

  // Says which damaged database was moved where on opening; empty where none was.
  std::string recovery_note() const;
  // Why every write fails: FAILED_PRECONDITION, reason READ_ONLY, or as StatusFromSqlite. OK where
  // the store is open for writing.
  absl::Status writable() const;

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
  absl::Status CheckPresent() override;

 private:
  SqliteStore(std::unique_ptr<CacheDirectory> directory, const SqliteStoreOptions& options);

  absl::Status OpenConnections();
  // Reads what lies in a directory that cannot be written to.
  absl::Status OpenUnwritableDirectory() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_, read_mutex_);
  // After an open for writing that met an IsWriteFault.
  absl::Status OpenForReading(const absl::Status& cause)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_, read_mutex_);
  absl::Status OpenForWriting() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_, read_mutex_);
  // Where the disk was full: tries now and then whether it is still.
  absl::Status EnsureWriter() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  // Throws SQLite::Exception, of SQLITE_CANTOPEN, where there is none: for use within AtBorder.
  SqliteConnection& Reader() ABSL_EXCLUSIVE_LOCKS_REQUIRED(read_mutex_);
  struct ReadPlace {
    std::string path;
    SqliteConnection::Mode mode;
  };
  // For a connection of one's own.
  ReadPlace WhereToRead() const;
  // What was written must lie where the next start looks for it.
  absl::Status CheckFiles() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  void SetWritable(const absl::Status& status);
  void NoteFiles() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  // For the DATA_LOSS of a write: goes on with a new database of what can be read.
  absl::Status Rebuild(const absl::Status& damage) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);

  // Runs `write` under the lock, as AtBorder; where it comes upon damage, once more on a
  // rebuilt database. OK only for what is stored where the next start finds it.
  template <typename Function>
  auto Write(Function write) -> decltype(write()) {
    absl::MutexLock lock(&write_mutex_);
    RETURN_IF_ERROR(EnsureWriter());
    auto result = AtBorder(write);
    if (absl::IsDataLoss(ToStatus(result))) {
      RETURN_IF_ERROR(Rebuild(ToStatus(result)));
      result = AtBorder(write);
    }
    NoteBusy(ToStatus(result));
    if (ToStatus(result).ok()) RETURN_IF_ERROR(CheckFiles());
    return result;
  }
  // Runs `read` under the lock, with the connection for reads, as ReadAtBorder.
  template <typename Result, typename Function>
  Result Read(std::string_view what, Result miss, Function read) {
    absl::MutexLock lock(&read_mutex_);
    return ReadAtBorder(what, std::move(miss), [&]() -> Result {
      read_mutex_.AssertHeld();
      return read(Reader());
    });
  }
  // While another process holds the database, those that follow wait for moments only.
  void NoteBusy(const absl::Status& result) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
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

  // Declared first, so that the lease outlives the connections.
  const std::unique_ptr<CacheDirectory> directory_;
  const SqliteStoreOptions options_;
  const std::string database_path_;
  // Apart, so that nobody waits for a write who only asks whether there can be one.
  mutable absl::Mutex writable_mutex_;
  absl::Status writable_ ABSL_GUARDED_BY(writable_mutex_);
  // Held over looking for a signer's name and writing it; taken before the others.
  absl::Mutex signers_mutex_;
  // Where both are held, write_mutex_ was taken first.
  absl::Mutex write_mutex_;
  mutable absl::Mutex read_mutex_;
  std::string recovery_note_ ABSL_GUARDED_BY(read_mutex_);
  // Of what is read: the database, or a copy of it with its log. Another one where a disk that was
  // full takes writes again.
  std::string read_path_ ABSL_GUARDED_BY(read_mutex_);
  SqliteConnection::Mode reader_mode_ ABSL_GUARDED_BY(read_mutex_) =
      SqliteConnection::Mode::kReadOnly;
  int64_t newest_epoch_ ABSL_GUARDED_BY(write_mutex_) = 0;  // Of this process; 0: none.
  absl::Status removed_ ABSL_GUARDED_BY(write_mutex_);      // CACHE_REMOVED, from then on.
  bool busy_ ABSL_GUARDED_BY(write_mutex_) = false;
  SteadyTime next_open_ ABSL_GUARDED_BY(write_mutex_);
  // Of the database and of its log, as they were opened.
  FileIdentity database_ ABSL_GUARDED_BY(write_mutex_);
  FileIdentity log_ ABSL_GUARDED_BY(write_mutex_);
  // Closed last, for then it checkpoints. Null where the store is read-only.
  std::unique_ptr<SqliteConnection> writer_ ABSL_GUARDED_BY(write_mutex_);
  // Null where neither opening for writing nor for reading succeeded: see Reader.
  std::unique_ptr<SqliteConnection> reader_ ABSL_GUARDED_BY(read_mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_SQLITE_STORE_H_
