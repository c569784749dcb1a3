#ifndef TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_LAUNCHER_H_
#define TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_LAUNCHER_H_

#include <cuda.h>

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernel_templates/launch/driver/driver_api.h"
#include "kernel_templates/launch/fused_dropout/fused_dropout_operands.h"
#include "tilewright/v1/kernel.pb.h"
#include "tilewright/v1/problem.pb.h"

namespace tilewright {

// As GemmLauncher, of a fused-dropout kernel: loaded into the current CUDA context, thread-safe
// once made, to be destroyed before the context.
class FusedDropoutLauncher {
 public:
  // As GemmLauncher::Create.
  static absl::StatusOr<std::unique_ptr<FusedDropoutLauncher>> Create(const DriverApi& driver,
                                                                      const v1::Kernel& kernel);
  ~FusedDropoutLauncher();

  // Bytes of workspace that `problem` needs. REQUIRES: a canonical problem, here and below.
  int64_t WorkspaceBytes(const v1::FusedDropoutProblem& problem) const;

  // Checks the operands, packs the arguments and launches every step on `stream`. The shape of
  // `problem` may differ from the one tuned for if the requirements hold.
  absl::Status Launch(const v1::FusedDropoutProblem& problem, const FusedDropoutArguments& operands,
                      CUstream stream) const;

  // The same in two parts, for repeated launches with no checks and no allocation.
  struct PreparedLaunch;
  absl::StatusOr<std::shared_ptr<const PreparedLaunch>> Prepare(
      const v1::FusedDropoutProblem& problem, const FusedDropoutArguments& operands) const;
  absl::Status Launch(const PreparedLaunch& prepared, CUstream stream) const;

 private:
  struct Impl;
  explicit FusedDropoutLauncher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tilewright

#endif  // TILEWRIGHT_KERNEL_TEMPLATES_LAUNCH_FUSED_DROPOUT_FUSED_DROPOUT_LAUNCHER_H_
