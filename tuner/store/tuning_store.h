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

// A stored winner, with what a look-up needs. `kernel` has no cubin here.
struct StoredWinner {
  v1::Winner winner;             // winner.candidate has no samples here, only medians.
  v1::Kernel kernel;             // For a vendor winner: the best template's, if any.
  v1::Candidate fallback;        // For a vendor winner: the candidate of `kernel`.
  std::string problem_encoding;  // EncodeProblem of the canonical problem.
  std::string shapeless_key;     // ShapelessKey.
  std::string silicon_key;
  std::string environment_key;
};

// A winner in its stored form: the fields that an index needs, and the rest unparsed in `bytes`
// (UnpackWinner). Parsing 100,000 winners takes 0.3 s, beside the 0.4 s that a start has for
// loading them (store_load_bench). The views are valid only during the call that passes them.
struct PackedWinner {
  int64_t epoch = 0;
  std::string_view problem_encoding;
  std::string_view shapeless_key;
  std::string_view silicon_key;
  std::string_view environment_key;
  std::string_view content_hash;  // Empty for a vendor winner without a template beside it.
  std::string_view requirements;  // Serialized v1::Requirements of the kernel.
  int64_t m = 0;                  // For a fused dropout: rows, columns, 1, 1.
  int64_t n = 0;
  int64_t k = 0;
  int64_t batch = 0;
  bool measured = false;      // It ran on some GPU; else only the model ranked it.
  int arguments_version = 0;  // The kernel's launch plan has it.
  bool vendor = false;        // A cublasLt algorithm; the kernel is the template beside it.
  std::string_view signer;    // As Winner.signer.
  std::string_view bytes;
};

// The result of one finished tuning, written in one transaction.
struct TuningRecord {
  StoredWinner winner;                    // The store sets winner.epoch.
  std::vector<v1::Candidate> candidates;  // All of them, with samples.
  int legal_configs = 0;
};

// A kernel that must not run again on a silicon because it failed there.
struct QuarantineEntry {
  std::string_view content_hash;
  std::string_view silicon_key;
  std::string_view problem_key;  // ProblemKey of the problem it failed at; empty: it fails at all.
};

// A signer whose bundles may be imported.
struct TrustedSigner {
  std::string signer;  // Fingerprint: hex SHA-256 of the public key.
  std::string display_name;
  int64_t trust_seconds = 0;  // When it was trusted, seconds since 1970.
};

// The removed winners of one problem on one target. A pin to one of them gets no answer.
struct PrunedEpochs {
  std::string winner_key;  // v1::Winner.key.
  std::string shapeless_key;
  int64_t first = 0;
  int64_t last = 0;
};

struct PruneOptions {
  // The served epochs. Older ones with the same problem and target are superseded. If none of
  // theirs is served, the newest counts.
  std::vector<int64_t> served;
  int64_t max_bytes = 0;     // 0: only superseded winners go.
  int64_t served_since = 0;  // Seconds since 1970: kernels served since then stay.
  bool dry_run = false;
};

// What was removed, or what a dry run would remove.
struct Removed {
  std::vector<int64_t> epochs;  // The epochs of the winners.
  std::vector<PrunedEpochs> pruned;
  int64_t superseded = 0;  // Winners that later ones had replaced.
  int64_t kernels = 0;     // Kernels that nothing needs any more.
  int64_t bytes_before = 0;
  int64_t bytes_after = 0;
};

// Keeps tunings. Owned by main(). Any thread may call the methods, which may block on disk.
// Look-ups are served from memory (WinnerIndex), not from here. A damaged row is left out and
// logged, never returned.
class TuningStore {
 public:
  virtual ~TuningStore() = default;

  // Calls `visit` for every winner of every epoch, oldest first.
  virtual absl::Status ForEachWinner(std::function<void(const PackedWinner&)> visit) = 0;

  // Writes the record as a winner with a new epoch, and returns the epoch. REQUIRES: every kernel
  // that it names was put before. If it cannot be written, errors as StatusFromSqlite; serving goes
  // on read-only.
  virtual absl::StatusOr<int64_t> PutTuning(const TuningRecord& record) = 0;

  // Stores an import, all in one transaction or nothing: cubins by content, then records as
  // PutTuning takes them. Returns the new epochs in the order of `records`.
  virtual absl::StatusOr<std::vector<int64_t>> PutImport(
      const std::vector<std::string>& cubins, const std::vector<TuningRecord>& records) = 0;

  // Returns the newest record of (problem, target). NOT_FOUND.
  virtual absl::StatusOr<TuningRecord> GetTuning(const std::string& problem_encoding,
                                                 const std::string& silicon_key,
                                                 const std::string& environment_key) = 0;

  // Returns a compiled kernel by what it was compiled from; nothing on a miss. `compile_key` is
  // SHA-256 over source, architecture, NVRTC version and options.
  virtual absl::StatusOr<std::optional<CompiledCode>> FindCompiled(
      const std::string& compile_key) = 0;
  virtual absl::Status PutCompiled(const std::string& compile_key, const CompiledCode& code) = 0;

  // Returns a cubin by SHA-256, hashed again after reading. NOT_FOUND; DATA_LOSS if it is damaged.
  virtual absl::StatusOr<std::string> GetCubin(const std::string& content_hash) = 0;

  // Forbids a kernel on a silicon, because it failed there: for one problem (ProblemKey) or, if
  // `problem_key` is empty, for all.
  virtual absl::Status Quarantine(const std::string& content_hash, const std::string& silicon_key,
                                  const std::string& problem_key, const v1::Failure& failure) = 0;
  // Returns why the kernel must not run for this problem or for all.
  virtual absl::StatusOr<std::optional<v1::Failure>> FindQuarantined(
      const std::string& content_hash, const std::string& silicon_key,
      const std::string& problem_key) = 0;
  // Visits every quarantined kernel.
  virtual absl::Status ForEachQuarantined(
      std::function<void(const QuarantineEntry& entry)> visit) = 0;

  // Returns the trusted signers, by fingerprint, without the key of this cache directory.
  virtual absl::StatusOr<std::vector<TrustedSigner>> Signers() = 0;
  // Adds a signer, or changes its name. ALREADY_EXISTS, reason NAME_TAKEN.
  virtual absl::Status PutSigner(const TrustedSigner& signer) = 0;
  // NOT_FOUND, reason SIGNER_NOT_FOUND.
  virtual absl::Status RemoveSigner(const std::string& signer) = 0;
  // Sets `signer` in every imported winner that has none. Returns these winners.
  virtual absl::StatusOr<std::vector<StoredWinner>> AdoptWinners(const std::string& signer) = 0;

  // Removes winners with their samples, their compiles, and kernels that nothing else needs, in one
  // transaction.
  virtual absl::StatusOr<Removed> Remove(const std::vector<int64_t>& epochs, bool dry_run) = 0;
  // Makes the database smaller. It removes superseded winners, then cached compiles that no winner
  // needs, then the winners whose kernels were served least recently.
  virtual absl::StatusOr<Removed> Prune(const PruneOptions& options) = 0;
  // Notes that these kernels were served at that time.
  virtual absl::Status NoteServed(const std::vector<std::string>& content_hashes,
                                  int64_t seconds) = 0;
  // Returns all removed epochs.
  virtual absl::StatusOr<std::vector<PrunedEpochs>> Pruned() = 0;
  // Writes the present database to a new file at `path`.
  virtual absl::Status Backup(const std::string& path) = 0;

  // Stores a sweep as its resource.
  virtual absl::Status PutSweep(const v1::Sweep& sweep, const v1::CreateSweepRequest& request) = 0;
  virtual absl::StatusOr<v1::Sweep> GetSweep(const std::string& name) = 0;
  // Returns the stored requests of sweeps that are not in a final state.
  virtual absl::StatusOr<std::vector<v1::CreateSweepRequest>> UnfinishedSweeps() = 0;

  virtual absl::StatusOr<v1::CacheStats> Stats() = 0;

  // FAILED_PRECONDITION, reason CACHE_REMOVED, if somebody removed the files, so that writes do not
  // reach their place any more. This is final: nothing is stored from then on.
  virtual absl::Status CheckPresent() { return absl::OkStatus(); }
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_STORE_TUNING_STORE_H_
