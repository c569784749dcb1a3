#ifndef TILEWRIGHT_TESTS_FAKES_MEMORY_STORE_H_
#define TILEWRIGHT_TESTS_FAKES_MEMORY_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "tuner/store/tuning_store.h"

namespace tilewright {

// Tunings kept in memory alone, for tests and for services that are to leave no trace. It
// answers as SqliteStore does. Any thread.
class MemoryStore : public TuningStore {
 public:
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
  // Problem encoding, silicon key, environment key; three parts of a key in general.
  using TargetKey = std::tuple<std::string, std::string, std::string>;
  struct Tuning {
    std::string packed;  // PackWinner
    std::vector<v1::Candidate> candidates;
  };
  struct StoredSweep {
    int64_t order = 0;
    v1::Sweep sweep;
    v1::CreateSweepRequest request;
  };

  int64_t Append(const TuningRecord& record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckKernel(const TuningRecord& record) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<int64_t, Tuning> tunings_ ABSL_GUARDED_BY(mutex_);  // By epoch.
  int64_t newest_epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<TargetKey, std::vector<int64_t>> epochs_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> cubins_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, CompiledCode> compiled_ ABSL_GUARDED_BY(mutex_);
  // By content hash, silicon key and problem key.
  std::map<TargetKey, v1::Failure> quarantine_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, TrustedSigner> signers_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, PrunedEpochs> pruned_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, StoredSweep> sweeps_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TESTS_FAKES_MEMORY_STORE_H_
