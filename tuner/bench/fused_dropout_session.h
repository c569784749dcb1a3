#ifndef TILEWRIGHT_TUNER_BENCH_FUSED_DROPOUT_SESSION_H_
#define TILEWRIGHT_TUNER_BENCH_FUSED_DROPOUT_SESSION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/cuda_handles.h"
#include "kernel_templates/launch/fused_dropout/fused_dropout_launcher.h"
#include "tuner/bench/bench_device.h"
#include "tuner/bench/fused_dropout_inputs.h"
#include "tuner/bench/session.h"

namespace tilewright {

// The session of a fused dropout. It has no vendor.
class FusedDropoutSession : public Session {
 public:
  static absl::StatusOr<std::unique_ptr<FusedDropoutSession>> Open(
      const v1::FusedDropoutProblem& problem, int device_ordinal);

  absl::Status LoadReference(const std::vector<std::string>& cubins) override;
  absl::Status SetInput(bench::InputKind kind) override;
  absl::StatusOr<std::vector<v1::VendorKernel>> Vendors(int64_t workspace_limit,
                                                        int limit) override;
  absl::Status Load(const bench::LoadRequest& request) override;
  absl::StatusOr<CheckResult> Check(int candidate, bool repeat) override;
  absl::StatusOr<double> TimeSample(int candidate, int launches) override;
  bool ContextLost() const override;

 private:
  using Prepared = std::shared_ptr<const FusedDropoutLauncher::PreparedLaunch>;

  FusedDropoutSession(BenchDevice device, FusedDropoutInputs inputs);

  absl::Status AllocateOutputs();
  absl::Status EnsureWorkspace(int64_t bytes);
  absl::StatusOr<const FusedDropoutLauncher*> Find(int candidate) const;
  // With the outputs of run 0 or 1.
  FusedDropoutArguments OperandsFor(const FusedDropoutLauncher& launcher, int run) const;
  absl::Status Poison(int run, unsigned char byte);
  absl::Status EnqueueChecks(const FusedDropoutLauncher& launcher, bool repeat);
  absl::StatusOr<CheckResult> ReadChecks(bool repeat);
  // The checksum comes first in flags_, then the counts of each output, then the workspace's.
  unsigned long long* Checksum() const;
  CheckCounts* Counts(std::size_t output) const;
  absl::Status EnsureRotation(const FusedDropoutArguments& operands, int sets);

  BenchDevice device_;  // First: the context goes last.
  ReferenceKernels kernels_;
  v1::FusedDropoutProblem problem_;
  FusedDropoutInputs inputs_;
  std::vector<FusedBuffer> outputs_[2];
  GuardedBuffer workspace_;
  DeviceMemory flags_;
  unsigned long long input_checksum_ = 0;
  std::vector<FusedDropoutArguments> rotation_;
  std::vector<DeviceMemory> rotation_memory_;
  int rotation_wanted_ = 0;  // Sets asked for; fewer where memory was short.
  std::map<int, std::unique_ptr<FusedDropoutLauncher>> candidates_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_FUSED_DROPOUT_SESSION_H_
