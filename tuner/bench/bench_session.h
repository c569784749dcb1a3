#ifndef TILEWRIGHT_TUNER_BENCH_BENCH_SESSION_H_
#define TILEWRIGHT_TUNER_BENCH_BENCH_SESSION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/cuda_handles.h"
#include "kernel_templates/launch/vendor/vendor_launcher.h"
#include "tuner/bench/bench_device.h"
#include "tuner/bench/bench_inputs.h"
#include "tuner/bench/bench_worker.pb.h"
#include "tuner/bench/guarded_buffer.h"
#include "tuner/bench/judge.h"
#include "tuner/bench/loaded_candidate.h"
#include "tuner/bench/reference_kernels.h"
#include "tuner/bench/rotating_operands.h"
#include "tuner/bench/session.h"

namespace tilewright {

// The session of a GEMM.
class BenchSession : public Session {
 public:
  static absl::StatusOr<std::unique_ptr<BenchSession>> Open(const v1::GemmProblem& problem,
                                                            int device_ordinal);

  absl::Status LoadReference(const std::vector<std::string>& cubins) override;
  absl::Status SetInput(bench::InputKind kind) override;
  absl::StatusOr<std::vector<v1::VendorKernel>> Vendors(int64_t workspace_limit,
                                                        int limit) override;
  absl::Status Load(const bench::LoadRequest& request) override;
  absl::StatusOr<CheckResult> Check(int candidate, bool repeat) override;
  absl::StatusOr<double> TimeSample(int candidate, int launches) override;
  bool ContextLost() const override;

 private:
  struct Outputs {
    GuardedBuffer d;
    GuardedBuffer aux;
    GuardedBuffer mask;
    GuardedBuffer bias_gradient;
  };

  BenchSession(BenchDevice device, BenchInputs inputs);

  absl::Status AllocateOutputs();
  absl::StatusOr<LoadedCandidate*> Find(int candidate);
  absl::Status EnsureWorkspace(int64_t bytes);
  GemmArguments OperandsFor(const LoadedCandidate& candidate, const Outputs& outputs) const;
  absl::Status PoisonAll(const Outputs& outputs, unsigned char byte);
  absl::Status EnqueueChecks(const LoadedCandidate& candidate, bool repeat);
  absl::Status EnqueueScan(const MatrixLayout& layout, const GuardedBuffer& buffer,
                           CheckCounts* counts);
  absl::Status EnqueueRuns(const MatrixLayout& layout, const GuardedBuffer& first,
                           const GuardedBuffer& second, CheckCounts* counts);
  absl::Status EnqueueGuard(const GuardedBuffer& buffer, int64_t bytes, CheckCounts* counts);
  absl::Status EnqueueOutputChecks(const LoadedCandidate& candidate, v1::Operand operand,
                                   bool repeat);
  absl::Status EnqueueMaskChecks();
  absl::Status EnqueueBiasGradientChecks(bool repeat);
  absl::StatusOr<CheckFindings> ReadFindings(bool repeat);
  absl::Status EnsureRotation(const GemmArguments& operands, int sets);

  BenchDevice device_;  // First: the context goes last.
  ReferenceKernels kernels_;
  v1::GemmProblem problem_;
  BenchInputs inputs_;
  Outputs outputs_[2];
  GuardedBuffer workspace_;
  DeviceMemory flags_;  // amax, the non-finite flag, the checksum, the counts.
  unsigned long long input_checksum_ = 0;
  std::optional<RotatingOperands> rotation_;
  int rotation_wanted_ = 0;  // Sets asked for; fewer where memory was short.
  std::unique_ptr<VendorLauncher> vendor_;
  std::map<int, LoadedCandidate> candidates_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_TUNER_BENCH_BENCH_SESSION_H_
