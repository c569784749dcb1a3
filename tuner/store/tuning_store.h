#ifndef TILEWRIGHT_TUNER_STORE_TUNING_STORE_H_
#define TILEWRIGHT_TUNER_STORE_TUNING_STORE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tilewright/v1/cache_service.pb.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tilewright/v1/tuning_service.pb.h"
#include "tuner/compile/compiler.h"

namespace tilewright {

// A winner as it is stored, with what a look-up needs. `kernel` has no cubin here.
struct StoredWinner {
  v1::Winner winner;             // winner.candidate has no samples here, medians only.
  v1::Kernel kernel;             // Of a vendor winner: the best template's; empty without one.
  v1::Candidate fallback;        // Of a vendor winner: the candidate that `kernel` belongs to.
  std::string problem_encoding;  // EncodeProblem of the canonical problem.
  std::string shapeless_key;     // ShapelessKey.
  std::string silicon_key;
  std::string environment_key;
};

// A winner as it lies in the store: what an index needs at hand, and the rest unparsed in
// `bytes` (UnpackWinner): parsing 100,000 winners takes 0.3 s on top of the 0.4 s that a start
// has for loading them (store_load_bench). The views hold for the call that hands it out.
struct PackedWinner {
  int64_t epoch = 0;
  std::string_view problem_encoding;
  std::string_view shapeless_key;
  std::string_view silicon_key;
  std::string_view environment_key;
  std::string_view content_hash;  // Empty for a vendor winner without a template beside it.
  std::string_view requirements;  // Serialized v1::Requirements of the kernel.
  int64_t m = 0;                  // Of a fused dropout: rows, columns, 1, 1.
  int64_t n = 0;
  int64_t k = 0;
  int64_t batch = 0;
  bool measured = false;      // It ran on some GPU; false where only the model ranked it.
  int arguments_version = 0;  // Of the kernel's launch plan.
  bool vendor = false;        // A cublasLt algorithm; the kernel is the template beside it.
  std::string_view signer;    // As Winner.signer.
  std::string_view bytes;
};

// Everything that one finished tuning leaves behind, written in one transaction.
struct TuningRecord {
  StoredWinner winner;                    // winner.epoch is set by the store.
  std::vector<v1::Candidate> candidates;  // All of them, with samples.
  int legal_configs = 0;
};

// A kernel that must not run again on a silicon: it failed there.
struct QuarantineEntry {
  std::string_view content_hash;
  std::string_view silicon_key;
  std::string_view problem_key;  // ProblemKey of the problem it failed at; empty: it fails at all.
};

// Who may sign what is imported.
struct TrustedSigner {
  std::string signer;  // Fingerprint: hex SHA-256 of the public key.
  std::string display_name;
  int64_t trust_seconds = 0;  // When it was trusted, seconds since 1970.
};

// Removed winners of one problem on one target: a pin that one of them answered gets no answer.
struct PrunedEpochs {
  std::string winner_key;  // v1::Winner.key.
  std::string shapeless_key;
  int64_t first = 0;
  int64_t last = 0;
};

struct PruneOptions {
  // Epochs that are served: what is older in their places is superseded. Where a place has none,
  // its newest counts.
  std::vector<int64_t> served;
  int64_t max_bytes = 0;     // 0: superseded winners alone go.
  int64_t served_since = 0;  // Seconds since 1970: kernels served from then on stay.
  bool dry_run = false;
};

// What was removed, or would be.
struct Removed {
  std::vector<int64_t> epochs;  // Of the winners.
  std::vector<PrunedEpochs> pruned;
  int64_t superseded = 0;  // Of the winners, those that later ones had replaced.
  int64_t kernels = 0;     // That nothing needs any more.
  int64_t bytes_before = 0;
  int64_t bytes_after = 0;
};

// Where tunings are kept. Owned by main(). Methods may block on disk and may be called
// from any thread; look-ups are served from memory (WinnerIndex), not from here.
// A damaged row is left out and logged, never returned.
class TuningStore {
 public:
  virtual ~TuningStore() = default;

  // Calls `visit` for every winner of every epoch, oldest first.
  virtual absl::Status ForEachWinner(std::function<void(const PackedWinner&)> visit) = 0;

  // Writes the record, as a winner of a new epoch, which it returns. Every kernel it names
  // must have been put before. Where it cannot be written, as StatusFromSqlite: serving goes
  // on read-only.
  virtual absl::StatusOr<int64_t> PutTuning(const TuningRecord& record) = 0;

  // What came from elsewhere, all in one transaction or nothing: cubins by content, then
  // records as PutTuning takes them. The new epochs, in the order of `records`.
  virtual absl::StatusOr<std::vector<int64_t>> PutImport(
      const std::vector<std::string>& cubins, const std::vector<TuningRecord>& records) = 0;

  // The newest record of (problem, target). NOT_FOUND.
  virtual absl::StatusOr<TuningRecord> GetTuning(const std::string& problem_encoding,
                                                 const std::string& silicon_key,
                                                 const std::string& environment_key) = 0;

  // A compiled kernel by what it was compiled from; nothing on a miss. `compile_key` is
  // SHA-256 over source, architecture, NVRTC version and options.
  virtual absl::StatusOr<std::optional<CompiledCode>> FindCompiled(
      const std::string& compile_key) = 0;
  virtual absl::Status PutCompiled(const std::string& compile_key, const CompiledCode& code) = 0;

  // A cubin by SHA-256, re-hashed after reading. NOT_FOUND; DATA_LOSS where it is damaged.
  virtual absl::StatusOr<std::string> GetCubin(const std::string& content_hash) = 0;

  // Kernels that must not run again on a silicon, for one problem (ProblemKey) or, where
  // `problem_key` is empty, for all: they failed there.
  virtual absl::Status Quarantine(const std::string& content_hash, const std::string& silicon_key,
                                  const std::string& problem_key, const v1::Failure& failure) = 0;
  // Why the kernel must not run for this problem, be it for all.
  virtual absl::StatusOr<std::optional<v1::Failure>> FindQuarantined(
      const std::string& content_hash, const std::string& silicon_key,
      const std::string& problem_key) = 0;
  // Every one of them.
  virtual absl::Status ForEachQuarantined(
      std::function<void(const QuarantineEntry& entry)> visit) = 0;

  // Trusted signers, by fingerprint; without the key of this cache directory.
  virtual absl::StatusOr<std::vector<TrustedSigner>> Signers() = 0;
  // Adds one, or changes its name. ALREADY_EXISTS, reason NAME_TAKEN.
  virtual absl::Status PutSigner(const TrustedSigner& signer) = 0;
  // NOT_FOUND, reason SIGNER_NOT_FOUND.
  virtual absl::Status RemoveSigner(const std::string& signer) = 0;
  // Enters `signer` at every imported winner that has none. What they are now.
  virtual absl::StatusOr<std::vector<StoredWinner>> AdoptWinners(const std::string& signer) = 0;

  // Removes winners, with their samples, what they were compiled from, and kernels that nothing
  // else needs; in one transaction.
  virtual absl::StatusOr<Removed> Remove(const std::vector<int64_t>& epochs, bool dry_run) = 0;
  // Makes the database smaller: first superseded winners go, then cached compiles that no winner
  // needs, then the winners whose kernels were served least recently.
  virtual absl::StatusOr<Removed> Prune(const PruneOptions& options) = 0;
  // These kernels were served, at that time.
  virtual absl::Status NoteServed(const std::vector<std::string>& content_hashes,
                                  int64_t seconds) = 0;
  // All epochs that were removed.
  virtual absl::StatusOr<std::vector<PrunedEpochs>> Pruned() = 0;
  // Writes the database as it is now to a new file at `path`.
  virtual absl::Status Backup(const std::string& path) = 0;

  // Sweeps, as their resource.
  virtual absl::Status PutSweep(const v1::Sweep& sweep, const v1::CreateSweepRequest& request) = 0;
  virtual absl::StatusOr<v1::Sweep> GetSweep(const std::string& name) = 0;
  // The stored requests of sweeps that are not in a final state.
  virtual absl::StatusOr<std::vector<v1::CreateSweepRequest>> UnfinishedSweeps() = 0;

  virtual absl::StatusOr<v1::CacheStats> Stats() = 0;

  // FAILED_PRECONDITION, reason CACHE_REMOVED, where what is written does not get to where it
  // should lie any more: somebody removed it. For good: nothing is stored from then on.
  virtual absl::Status CheckPresent() { return absl::OkStatus(); }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_TUNING_STORE_H_
