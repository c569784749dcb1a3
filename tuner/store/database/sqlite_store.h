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

// Identifies the file at a path; nothing if there is none.
using FileIdentity = std::optional<std::pair<dev_t, ino_t>>;
FileIdentity IdentifyFile(const std::string& path);

// Tunings in <cache directory>/tilewright.db: SQLite in WAL mode, durable on return. One connection
// makes all writes and checkpoints, because Debian's SQLite can damage a database if two
// connections checkpoint at once. A second one reads, so that fetching a cubin never waits for a
// disk flush. Scans and backups take long and open another one for reading. Owned by main(); any
// thread.
class SqliteStore final : public TuningStore {
 public:
  // FAILED_PRECONDITION: see CacheDirectory::Open; reason SCHEMA_TOO_NEW: the database is of a
  // newer version. If the disk takes no write, the database is opened read-only, and for writing
  // when it takes one again; errors as StatusFromSqlite if there is nothing stored. A directory
  // that is not writable is served as it is.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const std::string& cache_dir,
                                                           const SqliteStoreOptions& options = {});

  // Says which damaged database was moved where on opening; empty if none was.
  std::string recovery_note() const;
  // Returns why every write fails: FAILED_PRECONDITION, reason READ_ONLY, or as StatusFromSqlite.
  // OK if the store is open for writing.
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
  // Opens for reading a database whose directory is not writable.
  absl::Status OpenUnwritableDirectory() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_, read_mutex_);
  // Call this after an open for writing that met an IsWriteFault.
  absl::Status OpenForReading(const absl::Status& cause)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_, read_mutex_);
  absl::Status OpenForWriting() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_, read_mutex_);
  // If the disk was full, tries from time to time whether it still is.
  absl::Status EnsureWriter() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  // Throws SQLite::Exception, of SQLITE_CANTOPEN, if there is none. Use it within AtBorder.
  SqliteConnection& Reader() ABSL_EXCLUSIVE_LOCKS_REQUIRED(read_mutex_);
  struct ReadPlace {
    std::string path;
    SqliteConnection::Mode mode;
  };
  // Says where to open one more connection for reading.
  ReadPlace WhereToRead() const;
  // Checks that the written files are where the next start looks for them.
  absl::Status CheckFiles() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  void SetWritable(const absl::Status& status);
  void NoteFiles() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  // Goes on, after a write met DATA_LOSS, with a new database of all that can be read.
  absl::Status Rebuild(const absl::Status& damage) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);

  // Runs `write` under the lock, as AtBorder. If it meets damage, runs it again on a rebuilt
  // database. Returns OK only if the next start finds what was stored.
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
  // Runs `read` under the lock with the reading connection, as ReadAtBorder.
  template <typename Result, typename Function>
  Result Read(std::string_view what, Result miss, Function read) {
    absl::MutexLock lock(&read_mutex_);
    return ReadAtBorder(what, std::move(miss), [&]() -> Result {
      read_mutex_.AssertHeld();
      return read(Reader());
    });
  }
  // While another process holds the database, later writes wait for only a moment.
  void NoteBusy(const absl::Status& result) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  static const absl::Status& ToStatus(const absl::Status& status) { return status; }
  template <typename Value>
  static const absl::Status& ToStatus(const absl::StatusOr<Value>& value) {
    return value.status();
  }

  absl::StatusOr<int64_t> InsertTuning(const TuningRecord& record)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  // Runs `remove`, which may throw, and frees its space. A dry run changes nothing.
  absl::StatusOr<Removed> RemoveInTransaction(bool dry_run,
                                              const std::function<void(Removed*)>& remove);
  void RemoveWinner(int64_t epoch, Removed* removed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);
  int64_t NextEpoch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(write_mutex_);

  // Declared first, so that the lease outlives the connections.
  const std::unique_ptr<CacheDirectory> directory_;
  const SqliteStoreOptions options_;
  const std::string database_path_;
  // Separate, so that a question whether writes are possible does not wait for a write.
  mutable absl::Mutex writable_mutex_;
  absl::Status writable_ ABSL_GUARDED_BY(writable_mutex_);
  // Held while a signer's name is looked for and written. Taken before the others.
  absl::Mutex signers_mutex_;
  // If both are held, write_mutex_ is taken first.
  absl::Mutex write_mutex_;
  mutable absl::Mutex read_mutex_;
  std::string recovery_note_ ABSL_GUARDED_BY(read_mutex_);
  // The path that is read: the database, or a copy of it with its log. It changes when a disk that
  // was full takes writes again.
  std::string read_path_ ABSL_GUARDED_BY(read_mutex_);
  SqliteConnection::Mode reader_mode_ ABSL_GUARDED_BY(read_mutex_) =
      SqliteConnection::Mode::kReadOnly;
  int64_t newest_epoch_ ABSL_GUARDED_BY(write_mutex_) = 0;  // This process's newest; 0: none.
  absl::Status removed_ ABSL_GUARDED_BY(write_mutex_);      // CACHE_REMOVED once it happened.
  bool busy_ ABSL_GUARDED_BY(write_mutex_) = false;
  SteadyTime next_open_ ABSL_GUARDED_BY(write_mutex_);
  // The database and its log, as they were opened.
  FileIdentity database_ ABSL_GUARDED_BY(write_mutex_);
  FileIdentity log_ ABSL_GUARDED_BY(write_mutex_);
  // Closed last, because then it checkpoints. Null if the store is read-only.
  std::unique_ptr<SqliteConnection> writer_ ABSL_GUARDED_BY(write_mutex_);
  // Null if it could be opened neither for writing nor for reading: see Reader.
  std::unique_ptr<SqliteConnection> reader_ ABSL_GUARDED_BY(read_mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_DATABASE_SQLITE_STORE_H_
