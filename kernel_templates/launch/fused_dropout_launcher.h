#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_LAUNCHER_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_LAUNCHER_H_

#include <cuda.h>

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver_api.h"
#include "kernel_templates/launch/fused_dropout_layout.h"
#include "kernel_templates/launch/kernel_launcher.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// What a caller passes to one launch of a fused dropout: device pointers and scalars. Which tensors
// a form needs is what problem.proto, FusedDropoutProblem, says; the others are not looked at.
struct FusedDropoutOperands {
  const void* x = nullptr;
  const void* bias = nullptr;
  const void* residual = nullptr;
  const void* weight = nullptr;
  const void* shift = nullptr;
  void* y = nullptr;
  const void* dy = nullptr;
  const void* pre_norm_gradient = nullptr;
  void* dx = nullptr;
  void* residual_gradient = nullptr;
  void* pre_norm = nullptr;  // Backward: an input, as mask, mean and inverse_root.
  void* mask = nullptr;
  float* mean = nullptr;
  float* inverse_root = nullptr;
  float* bias_gradient = nullptr;
  float* weight_gradient = nullptr;
  float* shift_gradient = nullptr;
  int64_t mask_bytes = 0;     // What mask has, to be checked; 0: not told.
  void* workspace = nullptr;  // At least WorkspaceBytes(), 16-byte aligned.
  int64_t workspace_bytes = 0;
  float epsilon = 1e-5f;
  uint64_t seed = 0;
  uint64_t offset = kNoOffset;  // Below 2^48, another for each launch: docs/dropout.md.
};

// The operand of a tensor.
const void* PointerOf(FusedTensor tensor, const FusedDropoutOperands& operands);
void SetPointer(FusedTensor tensor, void* pointer, FusedDropoutOperands& operands);

// The operands against the problem and what the plan requires. INVALID_ARGUMENT names the operand:
// "operands.dy". Pure; any thread.
absl::Status CheckFusedDropoutOperands(const v1::LaunchPlan& plan,
                                       const v1::FusedDropoutProblem& problem,
                                       const FusedDropoutOperands& operands);

// As KernelLauncher, of a fused-dropout kernel: loaded into the current CUDA context, thread-safe
// once made, to be destroyed before the context.
class FusedDropoutLauncher {
 public:
  // As KernelLauncher::Create.
  static absl::StatusOr<std::unique_ptr<FusedDropoutLauncher>> Create(const DriverApi& driver,
                                                                      const v1::Kernel& kernel);
  ~FusedDropoutLauncher();

  // Bytes of workspace that `problem` needs.
  int64_t WorkspaceBytes(const v1::FusedDropoutProblem& problem) const;

  // Checks the operands, packs the arguments and launches every step on `stream`. `problem` is
  // canonical; its shape may differ from the one tuned for if the requirements hold.
  absl::Status Launch(const v1::FusedDropoutProblem& problem, const FusedDropoutOperands& operands,
                      CUstream stream) const;

  // The same in two parts, for repeated launches with no checks and no allocation.
  struct PreparedLaunch;
  absl::StatusOr<std::shared_ptr<const PreparedLaunch>> Prepare(
      const v1::FusedDropoutProblem& problem, const FusedDropoutOperands& operands) const;
  absl::Status Launch(const PreparedLaunch& prepared, CUstream stream) const;

 private:
  struct Impl;
  explicit FusedDropoutLauncher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_LAUNCHER_H_
