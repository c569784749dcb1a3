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
  std::string family_key;        // ProblemFamilyKey.
  std::string silicon_key;
  std::string environment_key;
};

// A winner as it lies in the store: what an index needs at hand, and the rest unparsed in
// `bytes` (UnpackWinner): parsing 100,000 winners takes 0.3 s on top of the 0.4 s that a start
// has for loading them (store_load_bench). The views hold for the call that hands it out.
struct PackedWinner {
  int64_t epoch = 0;
  std::string_view problem_encoding;
  std::string_view family_key;
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
  std::string_view bytes;
};

// Everything that one finished tuning leaves behind, written in one transaction.
struct TuningRecord {
  StoredWinner winner;                    // winner.epoch is set by the store.
  std::vector<v1::Candidate> candidates;  // All of them, with samples.
  int legal_configs = 0;
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
  // must have been put before. RESOURCE_EXHAUSTED, reason DISK_FULL: serving goes on
  // read-only.
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

  // Variants that must not be run again on this target: they failed on it.
  virtual absl::Status Quarantine(const std::string& content_hash, const std::string& silicon_key,
                                  const v1::Failure& failure) = 0;
  virtual absl::StatusOr<std::optional<v1::Failure>> FindQuarantined(
      const std::string& content_hash, const std::string& silicon_key) = 0;
  // Every one of them.
  virtual absl::Status ForEachQuarantined(
      std::function<void(std::string_view content_hash, std::string_view silicon_key)> visit) = 0;

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
