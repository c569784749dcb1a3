#ifndef TILEWRIGHT_TUNER_BENCH_SESSION_H_
#define TILEWRIGHT_TUNER_BENCH_SESSION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/cuda_handles.h"
#include "proto/problem/tensor_use.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"
#include "tuner/bench/bench_device.h"
#include "tuner/bench/bench_worker.pb.h"
#include "tuner/bench/candidate_loader.h"
#include "tuner/bench/device_tensors.h"
#include "tuner/bench/judge.h"
#include "tuner/bench/reference.h"
#include "tuner/bench/reference_kernels.h"
#include "tuner/bench/rotation.h"

namespace tilewright {

// The parts of measuring that depend on the family of the problem.
struct BenchFamily {
  std::unique_ptr<Reference> reference;
  std::unique_ptr<CandidateLoader> loader;  // Its candidates use the reference's scalars.
};

// Returns the bytes that checking and timing the canonical `problem` allocate, without workspaces,
// canaries and copies of tensors. Only tests call this: they skip sizes that the GPU cannot hold.
double SessionBytes(const v1::Problem& problem);

// One problem on one GPU: the context, the inputs, the outputs and the loaded candidates. Lives in
// a bench worker, which has one session and no threads. After an error that ruins the context
// (ContextLost) no part of it can be used again.
class Session final {
 public:
  static absl::StatusOr<std::unique_ptr<Session>> Open(const v1::Problem& problem,
                                                       int device_ordinal);

  // Call it once, before any input is made. `cubins` are those of ReferenceUnits.
  absl::Status LoadReference(const std::vector<std::string>& cubins);

  absl::Status SetInput(bench::InputKind kind);

  // Empty if there is no cublasLt or it does not compute the problem.
  absl::StatusOr<std::vector<v1::VendorKernel>> Vendors(int64_t workspace_limit, int limit);

  absl::Status Load(const bench::LoadRequest& request);

  struct CheckResult {
    std::optional<v1::Failure> failure;
    double seconds = 0;  // The time of the first launch.
    double relative_error = 0;
  };
  absl::StatusOr<CheckResult> Check(int candidate, bool repeat);

  // Returns the seconds of one launch in a sample of `launches`, after an L2 flush.
  absl::StatusOr<double> TimeSample(int candidate, int launches);

  // Tells if the context is ruined.
  bool ContextLost() const { return device_.ContextLost(); }

 private:
  Session(BenchDevice device, const v1::Problem& problem, BenchFamily family);

  absl::Status Allocate();
  absl::StatusOr<const LoadedCandidate*> Find(int candidate) const;
  // On an error the loaded candidates keep the workspace that they had.
  absl::Status EnsureWorkspace(int64_t bytes);
  absl::Status EnsureRotation(int sets);
  // Returns the inputs, and the outputs of run 0 or 1.
  TensorPointers TensorsOfRun(int run) const;
  absl::StatusOr<PreparedLaunch> Prepare(const LoadedCandidate& candidate,
                                         TensorPointers tensors) const;
  absl::Status Poison(int run, unsigned char byte);
  absl::Status EnqueueChecks(const LoadedCandidate& candidate, bool repeat);
  absl::Status EnqueueOutputChecks(const LoadedCandidate& candidate, std::size_t output,
                                   bool repeat);
  absl::Status EnqueueGuard(int64_t workspace_bytes);
  absl::Status EnqueueChecksum();
  absl::StatusOr<CheckFindings> ReadFindings(bool repeat);
  absl::Status Read(CUdeviceptr from, void* to, std::size_t bytes, const char* what) const;
  // The counts of each output in counts_, then those of the workspace.
  CheckCounts* Counts(std::size_t output) const;

  BenchDevice device_;  // Comes first, because the context must go last.
  const v1::Problem problem_;
  const TensorUses uses_;
  BenchFamily family_;
  ReferenceKernels kernels_;
  DeviceTensors inputs_;
  DeviceTensors outputs_[2];
  GuardedBuffer workspace_;
  DeviceMemory checksum_;
  DeviceMemory counts_;
  bench::InputKind input_ = bench::INPUT_KIND_UNSPECIFIED;
  unsigned long long input_checksum_ = 0;
  std::optional<Rotation> rotation_;
  int rotation_wanted_ = 0;  // Requested sets; there is one if memory was short.
  std::map<int, LoadedCandidate> candidates_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_SESSION_H_
